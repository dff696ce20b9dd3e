//! A folder with a certificate authority, a signer, and documents that it signed.

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{fmt::Write as _, process::Output};

#[path = "../support/mod.rs"]
mod support;

pub use support::{Folder, text};

/// When signatures are verified.
pub const TIME: &str = "2026-11-22T00:00:00Z";

pub const ECDSA: &str = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
pub const HMAC: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A reference: its URI, what it covers in canonical form, and whether the signature stands inside.
pub struct Reference<'a> {
    pub uri: &'a str,
    pub octets: &'a str,
    pub enveloped: bool,
}

impl Folder {
    /// With a root, and a signer whom it vouches for.
    pub fn new() -> Folder {
        let folder = Folder::empty();
        folder.cert(
            "self-sign --ca --new-key root.key --subject CN=Root --out root.pem --not-before 2026-01-01T00:00:00Z \
             --not-after 2036-01-01T00:00:00Z",
        );
        folder.cert("new-key --out signer.key");
        folder.issue("signer.pem", "");
        folder
    }

    /// A certificate of the signer.
    pub fn issue(&self, out: &str, options: &str) {
        self.cert(&format!(
            "issue --ca root.pem --ca-key root.key --key signer.key --subject CN=Signer,O=Example --serial 0a --out {out} \
             --purpose code-signing --not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z \
             --time 2026-06-01T00:00:00Z {options}"
        ));
    }

    pub fn cert(&self, words: &str) {
        let output = self.command(&format!("cert {words}")).output().unwrap();
        assert!(output.status.success(), "{words}: {}", text(&output.stderr));
    }

    /// `ravelin xml verify …`, at the usual time.
    pub fn verify(&self, words: &str) -> Output {
        self.command(&format!("xml verify --time {TIME} {words}")).output().unwrap()
    }

    /// The DER of a PEM file, as base64.
    fn base64(&self, name: &str) -> String {
        let pem = self.read(name);
        pem.lines().filter(|line| !line.starts_with("-----")).collect()
    }

    /// A Signature by the signer, whose certificate is in it.
    pub fn signature(&self, certificate: &str, references: &[Reference<'_>]) -> String {
        let der = STANDARD.decode(self.base64("signer.key")).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        let sign =
            |octets: &[u8]| key.sign(&SystemRandom::new(), octets).unwrap().as_ref().to_vec();
        let info = format!(
            "<KeyInfo><X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo>",
            self.base64(certificate)
        );
        signature(ECDSA, references, &info, sign)
    }

    /// An order that is signed as a whole.
    pub fn order(&self, name: &str) {
        self.write(name, enveloped(|references| self.signature("signer.pem", references)));
    }
}

/// A Signature without key information, by a secret.
pub fn by_secret(secret: &[u8], references: &[Reference<'_>]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    signature(HMAC, references, "", |octets| hmac::sign(&key, octets).as_ref().to_vec())
}

/// An order that is signed as a whole.
pub fn enveloped(sign: impl FnOnce(&[Reference<'_>]) -> String) -> String {
    let whole = "<order xmlns=\"urn:order\"><item Id=\"i\">1</item></order>";
    let reference = Reference { uri: "", octets: whole, enveloped: true };
    let signature = sign(&[reference]);
    whole.replace("</order>", &format!("{signature}</order>"))
}

/// An order of which only the first item is signed.
pub fn item_only(sign: impl FnOnce(&[Reference<'_>]) -> String) -> String {
    let octets = "<item xmlns=\"urn:order\" Id=\"i\">1</item>";
    let signature = sign(&[Reference { uri: "#i", octets, enveloped: false }]);
    format!("<order xmlns=\"urn:order\"><item Id=\"i\">1</item><item>2</item>{signature}</order>")
}

fn signature(
    algorithm: &str,
    references: &[Reference<'_>],
    key_info: &str,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> String {
    let mut info = format!(
        "<SignedInfo xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><CanonicalizationMethod \
         Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod><SignatureMethod \
         Algorithm=\"{algorithm}\"></SignatureMethod>"
    );
    for one in references {
        let transforms = if one.enveloped {
            format!("<Transforms><Transform Algorithm=\"{ENVELOPED}\"></Transform></Transforms>")
        } else {
            String::new()
        };
        let value = STANDARD.encode(digest(&SHA256, one.octets.as_bytes()));
        write!(
            info,
            "<Reference URI=\"{}\">{transforms}<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\">\
             </DigestMethod><DigestValue>{value}</DigestValue></Reference>",
            one.uri
        )
        .unwrap();
    }
    info += "</SignedInfo>";
    let value = STANDARD.encode(sign(info.as_bytes()));
    let info = info.replace(" xmlns=\"http://www.w3.org/2000/09/xmldsig#\"", "");
    format!(
        "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"s\">{info}<SignatureValue>{value}</SignatureValue>\
         {key_info}</Signature>"
    )
}
