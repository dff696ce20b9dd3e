use super::*;
use ravelin_xmldsig::{
    algorithm::DigestAlgorithm,
    c14n::{Flavour, Method},
};

/// Signs a document with whatever `how` changes, under the signer's certificate.
fn signed(how: impl FnOnce(Signing) -> Signing) -> String {
    let mut into = Vec::new();
    how(signing(&[&leaf()])).sign_enveloped(Cursor::new(ORDER), &mut into).unwrap();
    String::from_utf8(into).unwrap()
}

fn whole() -> Reference {
    Reference::document().enveloped()
}

#[test]
fn x01_the_subset_is_taken() {
    let all = signing(&[&leaf()])
        .object(Object::xml(b"<a/>").unwrap().id("a"))
        .reference(Reference::object("a").canonicalized(Method::inclusive()))
        .reference(Reference::uri("b"))
        .manifest(Manifest::new("m").reference(Reference::uri("c")))
        .sign_with(&mut Files::default())
        .unwrap();
    let all = String::from_utf8(all).unwrap();
    assert_eq!(verified(&mut trusting(), &all), [VALID; 4]);
    assert_eq!(verified(&mut trusting(), &enveloped(ORDER, &[&leaf()])), [VALID; 4]);
}

#[test]
fn x01_what_is_outside_the_subset_is_refused_at_once() {
    let comments = Method { comments: true, ..Method::inclusive() };
    let exclusive =
        Method { flavour: Flavour::Exclusive { prefixes: Vec::new() }, ..Method::inclusive() };
    let key = "key information other than X509Certificate elements";
    let with =
        |signed: String, part: &str| signed.replacen("<KeyInfo>", &format!("<KeyInfo>{part}"), 1);
    for (document, said) in [
        (
            signed(|signing| signing.canonicalization(comments.clone()).reference(whole())),
            "a canonicalization other than Canonical XML 1.0 without comments",
        ),
        (
            signed(|signing| signing.canonicalization(exclusive).reference(whole())),
            "a canonicalization other than Canonical XML 1.0 without comments",
        ),
        (
            signed(|signing| signing.reference(whole().canonicalized(comments))),
            "a transform other than enveloped-signature and Canonical XML 1.0",
        ),
        (signed(|signing| signing.reference(whole().digest(DigestAlgorithm::Sha512))), "SHA-512"),
        (signed(|signing| signing.key_value().reference(whole())), key),
        (signed(|signing| signing.key_name("somebody").reference(whole())), key),
        (
            with(
                enveloped(ORDER, &[&leaf()]),
                "<RetrievalMethod URI=\"#other\" Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"/>",
            ),
            key,
        ),
        (
            with(
                enveloped(ORDER, &[&leaf()]),
                "<X509Data><X509SubjectName>CN=Signer</X509SubjectName></X509Data>",
            ),
            key,
        ),
    ] {
        let error = refused(&document);
        assert!(error.contains(said) && error.contains("profile `air`"), "{error}: {said}");
    }
    let bare = enveloped(ORDER, &[&leaf()]);
    let (start, end) = (bare.find("<KeyInfo>").unwrap(), bare.find("</KeyInfo>").unwrap());
    let without = format!("{}{}", &bare[..start], &bare[end + "</KeyInfo>".len()..]);
    assert!(refused(&without).contains(key));
}

#[test]
fn x02_support_can_be_asked_for_beforehand() {
    assert!(XmlSignatureValidator::is_supported());
    let mut validator = trusting();
    begin(&mut validator, &enveloped(ORDER, &[&leaf()])).unwrap();
    assert!(XmlSignatureValidator::is_supported(), "while one runs, too");
}

/// Where AIR's own canonical form was another.
const SPACED: &str = "<o:order xmlns:o=\"urn:order\" xmlns=\"urn:a\">\n  <o:item>\n\t<x xmlns:o=\"urn:other\" xmlns=\"urn:b\">\n\
    <o:y xmlns=\"\"> <z xmlns:o=\"urn:order\"/> </o:y></x>\n </o:item>\n\n  <o:item xmlns:o=\"urn:order\" xmlns=\"urn:a\"/>\n</o:order>\n";

#[test]
fn x03_white_space_and_redefined_namespaces_are_signed_as_they_are() {
    let signed = enveloped(SPACED, &[&leaf()]);
    assert_eq!(verified(&mut trusting(), &signed), [VALID; 4]);
    for (from, to) in [
        ("\n  <o:item>", "\n <o:item>"),
        ("</o:item>\n\n", "</o:item>\n"),
        ("xmlns:o=\"urn:other\"", "xmlns:o=\"urn:another\""),
        (" <z xmlns:o=\"urn:order\"/>", " <z/>"),
        ("<o:y xmlns=\"\">", "<o:y>"),
    ] {
        let changed = signed.replacen(from, to, 1);
        assert_ne!(changed, signed, "{from}");
        assert_eq!(verified(&mut trusting(), &changed), [VALID, VALID, INVALID, INVALID], "{to}");
    }
    // What means the same is the same.
    for (from, to) in [
        ("<o:item xmlns:o=\"urn:order\" xmlns=\"urn:a\"/>", "<o:item></o:item>"),
        (
            "<o:order xmlns:o=\"urn:order\" xmlns=\"urn:a\">",
            "<o:order xmlns='urn:a'  xmlns:o='urn:order' >",
        ),
    ] {
        let same = signed.replacen(from, to, 1);
        assert_ne!(same, signed, "{from}");
        assert_eq!(verified(&mut trusting(), &same), [VALID; 4], "{to}");
    }
}

#[test]
fn x03_detached_documents_keep_their_white_space_and_namespaces_too() {
    struct Beside(&'static str);
    impl Dereference for Beside {
        fn dereference(&mut self, _: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            Ok(Body::from_bytes(self.0.as_bytes()))
        }
    }
    let signed = signing(&[&leaf()])
        .reference(Reference::uri("order.xml").canonicalized(Method::inclusive()))
        .sign_with(&mut Beside(SPACED))
        .unwrap();
    let signed = String::from_utf8(signed).unwrap();
    let mut validator = trusting();
    validator.set_uri_dereferencer(Beside(SPACED)).unwrap();
    assert_eq!(verified(&mut validator, &signed), [VALID; 4]);
    let changed = SPACED.replacen("\n  <o:item>", "\n<o:item>", 1);
    validator.set_uri_dereferencer(Beside(changed.leak())).unwrap();
    assert_eq!(verified(&mut validator, &signed), [VALID, VALID, INVALID, INVALID]);
}

#[test]
fn x04_the_validator_takes_the_signature_out_of_the_document() {
    let files = Files::default();
    let mut validator = trusting();
    validator.set_uri_dereferencer(files.clone()).unwrap();
    let signed = enveloped(ORDER, &[&leaf()]);
    assert_eq!(verified(&mut validator, &signed), [VALID; 4]);
    assert_eq!(files.asked(), [""], "the dereferencer gives the whole document");
    // Beside the Signature nothing is taken out.
    let more = signed.replacen("</Signature>", "</Signature><item/>", 1);
    assert_eq!(verified(&mut validator, &more), [VALID, VALID, INVALID, INVALID]);
}

#[test]
fn x04_sha1_only_by_name_and_under_the_signature_alone() {
    // What is signed so is accepted in the tests with xmlsec1, which still makes it.
    let signed = enveloped(ORDER, &[&leaf()]);
    let signature =
        signed.replacen("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1", 1);
    assert!(refused(&signature).contains("SHA-1 is not allowed"), "{}", refused(&signature));
    let mut validator = trusting();
    validator.set_rsa_sha1(true).unwrap();
    assert_eq!(verified(&mut validator, &signature), [INVALID, UNKNOWN, UNKNOWN, INVALID]);
    let digest = signed.replacen("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1", 1);
    assert_ne!(digest, signed);
    let error = begin(&mut validator, &digest).unwrap_err();
    assert!(error.to_string().contains("SHA-1 is not part of profile `air`"), "{error}");
}
