//! Writes inputs to begin with into the folder that is named: for each target with XML a folder, as cargo-fuzz has them.
//!
//! `cargo run --example seeds -- corpus`

use ravelin_fuzz::signed::{self, Keys};
use rcgen::{
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256,
    PublicKeyData,
};
use std::{fs, io, path::Path};

const DOCUMENTS: [&str; 4] = [
    "<a xmlns='urn:a' xmlns:p='urn:p' p:b='1' c='2'><p:d Id='a' xml:lang='en'>t &amp; &#13;</p:d><!-- c --><?x y?></a>",
    "<!DOCTYPE r [<!ENTITY e '<x/>'><!ATTLIST r Id ID #IMPLIED d CDATA '1'>]><r Id='i'>&e;</r><!-- after --><?z?>",
    "<r xml:base='http://a/b/' xml:space='preserve'><s xml:base='../c' xmlns:q='urn:q'><t ID='t' xml:base='d' q:u='v'/></s></r>",
    "<?xml version='1.0'?>\n<?pi one?><!-- before --><r id='x' xmlns:a='urn:a'><a:b xmlns:a='urn:b'><a:c xmlns:a='urn:a' id='y'/></a:b><![CDATA[<&>]]></r>\n",
];

const EXPRESSIONS: [&str; 3] = [
    "//a[@b='1']/following::*|id('i')\n<a b='1' id='i'><c/>t</a>",
    "count(//*) > 2 and not(self::p:x)\n<a xmlns:p='urn:p'><p:x/></a>",
    "string-length(normalize-space(substring-before(., 'b')))\n<a>a b</a>",
];

fn main() -> io::Result<()> {
    let folder =
        std::env::args_os().nth(1).ok_or_else(|| io::Error::other("say into which folder"))?;
    let folder = Path::new(&folder);
    // The bytes in front are the arguments of the targets.
    for document in DOCUMENTS {
        write(folder, "c14n", &[0, 3], document.as_bytes())?;
        write(folder, "xml_reader", &[0, 3], document.as_bytes())?;
        write(folder, "xml_signature", &[0x80, 0, 3], document.as_bytes())?;
    }
    for expression in EXPRESSIONS {
        write(folder, "xpath", &[], expression.as_bytes())?;
    }
    let signed = signed::all(&Keys::new());
    for (i, signed) in (0..).zip(&signed) {
        write(folder, "c14n", &[0, 3], &signed.document)?;
        write(folder, "xml_signature", &[0x80, 0x20, 0xff], &signed.document)?;
        write(folder, "xml_signature", &[i, 0, 0xff], &[])?;
        write(folder, "xml_signature_differential", &[i], &[])?;
    }
    for algorithm in
        [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_RSA_SHA256]
    {
        let key = KeyPair::generate_for(algorithm).map_err(io::Error::other)?;
        write(folder, "xml_keys", &[0, 0], &key.subject_public_key_info())?;
        write(folder, "xml_keys", &[1, 0], key.public_key_pem().as_bytes())?;
        write(folder, "xml_keys", &[7, 0], &key.serialize_der())?;
        write(folder, "xml_keys", &[7, 0], key.serialize_pem().as_bytes())?;
    }
    write(folder, "xml_keys", &[9, 3], b"aGVs\n bG8=")
}

fn write(folder: &Path, target: &str, arguments: &[u8], input: &[u8]) -> io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    let count = fs::read_dir(&folder)?.count();
    fs::write(folder.join(format!("seed-{count}")), [arguments, input].concat())
}
