//! xmlsec1 signs, AIR's validator verifies.

use super::*;
use ravelin_test::has_program;
use std::{fs, process::Command};

#[test]
fn x03_x04_what_xmlsec1_signed_with_white_space_and_redefined_namespaces() {
    if !has_program("xmlsec1", &["--version"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = ravelin_test::pki::to_pem("PRIVATE KEY", HOUSE.signer.key.pkcs8());
    fs::write(path("key.pem"), key).unwrap();
    fs::write(path("certificate.pem"), ravelin_test::pki::pem(&leaf())).unwrap();
    for (method, opt_in) in
        [("2001/04/xmldsig-more#rsa-sha256", false), ("2000/09/xmldsig#rsa-sha1", true)]
    {
        let template = format!(
            "<o:a xmlns:o=\"urn:a\" xmlns=\"urn:b\">\n <b xmlns:o=\"urn:c\">\n\t<o:c xmlns=\"\"/> </b>\n\
            <ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\n <ds:SignedInfo>\n  \
            <ds:CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"/>\n  \
            <ds:SignatureMethod Algorithm=\"http://www.w3.org/{method}\"/>\n  <ds:Reference URI=\"\">\n  <ds:Transforms>\
            <ds:Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/></ds:Transforms>\n  \
            <ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>\n  <ds:DigestValue/>\n  \
            </ds:Reference>\n </ds:SignedInfo>\n <ds:SignatureValue/>\n <ds:KeyInfo><ds:X509Data><ds:X509Certificate/>\
            </ds:X509Data></ds:KeyInfo>\n</ds:Signature>\n</o:a>\n"
        );
        fs::write(path("template.xml"), template).unwrap();
        let keys = format!("{},{}", path("key.pem").display(), path("certificate.pem").display());
        let output = Command::new("xmlsec1")
            .args(["--sign", "--privkey-pem", &keys, "--output"])
            .args([path("signed.xml"), path("template.xml")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let signed = fs::read_to_string(path("signed.xml")).unwrap();
        let mut validator = trusting();
        validator.set_rsa_sha1(opt_in).unwrap();
        assert_eq!(verified(&mut validator, &signed), [VALID; 4], "{method}");
        let changed = signed.replacen("\n <b", "\n<b", 1);
        assert_eq!(verified(&mut validator, &changed), [VALID, VALID, INVALID, INVALID]);
    }
}
