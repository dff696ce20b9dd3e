use super::*;
use ravelin_xmldsig::{
    air::RevocationCheck,
    verify::{Choice, ReferencesValidation},
};

#[test]
fn x11_namespaces_around_the_signature_count() {
    // In canonical SignedInfo they stand, as they are in scope.
    let document = "<a xmlns:far=\"urn:far\"><b xmlns=\"urn:b\" xmlns:near=\"urn:near\"/></a>";
    let signed = enveloped(document, &[&leaf()]);
    assert_eq!(verified(&mut trusting(), &signed), [VALID; 4]);
    let changed = signed.replacen("urn:far", "urn:elsewhere", 1);
    assert_eq!(verified(&mut trusting(), &changed), [INVALID, UNKNOWN, UNKNOWN, INVALID]);
}

#[test]
fn x11_one_event_ends_it_and_complete_does_not_mean_valid() {
    let mut validator = trusting();
    let signed = enveloped(ORDER, &[&leaf()]);
    begin(&mut validator, &signed.replacen("unchanged", "changed", 1)).unwrap();
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(validator.validity_status(), Ok(INVALID));
    assert!(validator.step().is_none(), "there is one event and no other");
    begin(&mut validator, &detached(&["a", "b"], &[&leaf()]).replacen("\"a\"", "\"missing\"", 1))
        .unwrap();
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(validator.digest_status(), Ok(INVALID), "the URI is signed");
}

#[test]
fn x11_what_cannot_be_finished_is_an_error_with_a_text() {
    struct Gone;
    impl Dereference for Gone {
        fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            Err(DereferenceError::not_found(uri.unwrap_or_default()))
        }
    }
    let mut validator = trusting();
    validator.set_uri_dereferencer(Gone).unwrap();
    let document = detached(&["a"], &[&leaf()]);
    begin(&mut validator, &document).unwrap();
    let (event, _) = finish(&mut validator);
    let Event::Error { text } = &event else { panic!("{event}") };
    assert!(text.contains("nothing is given for `a`"), "{text}");
    assert_eq!(event.word(), "error");
    assert_eq!(statuses(&validator), [VALID, VALID, UNKNOWN, UNKNOWN]);
    assert!(validator.report().unwrap().is_none());
    // The same object goes on afterwards.
    validator.set_uri_dereferencer(Files::default()).unwrap();
    assert_eq!(verified(&mut validator, &document), [VALID; 4]);
    // Two elements with one identifier: nobody can tell which is meant.
    let signed = signing(&[&leaf()])
        .object(Object::xml(b"<a/>").unwrap().id("a"))
        .reference(Reference::object("a"))
        .sign()
        .unwrap();
    let signed = String::from_utf8(signed).unwrap();
    let twice = signed.replacen("</Signature>", "<Object Id=\"a\"/></Signature>", 1);
    begin(&mut validator, &twice).unwrap();
    assert_eq!(finish(&mut validator).0.word(), "error");
}

#[test]
fn x12_what_is_wrong_with_the_document_is_said_at_once() {
    let signed = enveloped(ORDER, &[&leaf()]);
    for (document, said) in [
        ("<a><b></a>".to_owned(), ""),
        (signed.replacen("</order>", "", 1), ""),
        (ORDER.to_owned(), "there is no Signature in the document"),
        (signed.replacen("http://www.w3.org/2000/09/xmldsig#\"", "urn:other\"", 1), "no Signature"),
        (signed.replacen("<SignedInfo>", "<Object/><SignedInfo>", 1), ""),
        (signed.replacen("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md4", 1), ""),
        (signed.replacen("<KeyInfo>", "<KeyInfo><KeyName>n</KeyName>", 1), "profile `air`"),
        (String::new(), ""),
    ] {
        let error = refused(&document);
        assert!(error.contains(said), "{error}: {said}");
    }
}

#[test]
fn x12_while_it_runs_members_are_illegal() {
    let mut validator = trusting();
    let signed = enveloped(ORDER, &[&with_list(template()).signed_by(&HOUSE.root)]);
    begin(&mut validator, &signed).unwrap();
    let Some(Step::Fetch(wanted)) = validator.step() else { panic!("it asks for the list") };
    let v = &mut validator;
    let illegal: Vec<(&str, Result<(), ValidatorError>)> = vec![
        ("verify", begin(v, &signed)),
        ("addCertificate", v.add_certificate(&root(), true)),
        ("digestStatus", v.digest_status().map(drop)),
        ("identityStatus", v.identity_status().map(drop)),
        ("referencesStatus", v.references_status().map(drop)),
        ("validityStatus", v.validity_status().map(drop)),
        ("signerExtendedKeyUsages", v.signer_extended_key_usages().map(drop)),
        ("signerTrustSettings", v.signer_trust_settings().map(drop)),
        ("uriDereferencer", v.uri_dereferencer().map(drop)),
        ("uriDereferencer", v.set_uri_dereferencer(Files::default())),
        ("uriDereferencer", v.take_uri_dereferencer().map(drop)),
        ("useSystemTrustStore", v.use_system_trust_store().map(drop)),
        ("useSystemTrustStore", v.set_use_system_trust_store(true)),
        ("referencesValidationSetting", v.references_validation_setting().map(drop)),
        (
            "referencesValidationSetting",
            v.set_references_validation_setting(ReferencesValidation::Never),
        ),
        ("referencesValidationSetting", v.set_references_validation_setting("nonsense")),
        ("revocationCheckSetting", v.revocation_check_setting().map(drop)),
        ("revocationCheckSetting", v.set_revocation_check_setting(RevocationCheck::Never)),
    ];
    for (member, outcome) in illegal {
        let error = outcome.unwrap_err();
        assert_eq!(error, ValidatorError::Running(member));
        assert_eq!(error.class(), "IllegalOperationError", "{member}");
    }
    assert_eq!(validator.signer_cn().as_deref(), Some("Signer"));
    assert_eq!(validator.signer_dn().as_deref(), Some("CN=Signer"));
    assert!(XmlSignatureValidator::is_supported());
    validator.missing(wanted, "there is no network");
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(statuses(&validator), [VALID; 4], "nothing of that changed anything");
}

#[test]
fn x12_afterwards_the_same_object_verifies_again() {
    let mut validator = trusting();
    let signed = enveloped(ORDER, &[&leaf()]);
    assert_eq!(verified(&mut validator, &signed), [VALID; 4]);
    let changed = signed.replacen("unchanged", "changed", 1);
    assert_eq!(verified(&mut validator, &changed), [VALID, VALID, INVALID, INVALID]);
    assert_eq!(verified(&mut validator, &signed), [VALID; 4]);
    // A document that is refused is not taken for the one before.
    begin(&mut validator, "<a/>").unwrap_err();
    assert_eq!(statuses(&validator), [UNKNOWN; 4]);
    assert_eq!((validator.signer_cn(), validator.signer_dn()), (None, None));
}

#[test]
fn x13_signature_then_signer_then_references() {
    let files = Files::default();
    let mut validator = trusting();
    validator.set_uri_dereferencer(files.clone()).unwrap();
    let document = detached(&["a", "b"], &[&with_list(template()).signed_by(&HOUSE.root)]);
    begin(&mut validator, &document).unwrap();
    assert_eq!(validator.signer_cn().as_deref(), Some("Signer"), "the signature is verified");
    let Some(Step::Fetch(wanted)) = validator.step() else { panic!("the signer is judged") };
    assert_eq!(files.asked(), [""; 0], "no reference is looked at before the signer is");
    validator.missing(wanted, "there is no network");
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(files.asked(), ["a", "b"], "in their order");
    // Who fails before is not asked about what comes behind.
    let broken = document.replacen("\"b\"", "\"c\"", 1);
    begin(&mut validator, &broken).unwrap();
    assert_eq!(finish(&mut validator), (Event::Complete, Vec::new()), "no list is asked for");
    assert_eq!(files.asked(), [""; 0]);
}

#[test]
fn x14_the_status_of_the_digest() {
    let mut validator = trusting();
    assert_eq!(statuses(&validator), [UNKNOWN; 4], "nothing was verified");
    let signed = enveloped(ORDER, &[&leaf()]);
    assert_eq!(verified(&mut validator, &signed)[0], VALID);
    let value = signed.find("<SignatureValue>").unwrap() + "<SignatureValue>".len();
    let mut forged = signed.clone();
    let other = if forged.as_bytes()[value] == b'A' { "B" } else { "A" };
    forged.replace_range(value..=value, other);
    assert_eq!(verified(&mut validator, &forged), [INVALID, UNKNOWN, UNKNOWN, INVALID]);
    assert_eq!(validator.signer_cn(), None, "nobody is known to have signed it");
}

#[test]
fn x15_the_status_of_the_identity() {
    let (early, late) = (NOW - 30 * HOUR, NOW + 30 * HOUR);
    let identity = |certificate: Vec<u8>| {
        let mut validator = trusting();
        validator.set_references_validation_setting("validOrUnknownIdentity").unwrap();
        let statuses = verified(&mut validator, &enveloped(ORDER, &[&certificate]));
        assert_eq!(statuses[0], VALID);
        assert_eq!(statuses[2], if statuses[1] == INVALID { UNKNOWN } else { VALID });
        statuses[1]
    };
    let by_root = |template: Template| template.signed_by(&HOUSE.root);
    assert_eq!(identity(by_root(template())), VALID);
    assert_eq!(identity(self_signed()), UNKNOWN);
    assert_eq!(identity(by_root(template().valid(early, NOW - 1))), INVALID, "expired");
    assert_eq!(identity(by_root(template().valid(early, NOW))), VALID, "at its last second");
    assert_eq!(identity(by_root(template().valid(NOW + 1, late))), INVALID, "not yet valid");
    // Worse than not to lead to anybody.
    assert_eq!(identity(template().valid(early, NOW - 1).signed_by(&HOUSE.signer)), INVALID);
    let not_for_signing = template().with(extension::key_usage(&[extension::KEY_CERT_SIGN]));
    assert_eq!(identity(by_root(not_for_signing)), INVALID);
    let mut altered = leaf();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    assert_ne!(identity(altered), VALID);
    // What is wrong with the chain says nothing against the signer.
    let no_authority = Template::end(&HOUSE.intermediate).signed_by(&HOUSE.root);
    let mut validator = trusting();
    let end = template().signed_by(&HOUSE.intermediate);
    let document = enveloped(ORDER, &[&end, &no_authority]);
    assert_eq!(verified(&mut validator, &document)[1], UNKNOWN);
}

#[test]
fn x16_the_status_of_the_references() {
    struct Changed(&'static [&'static str]);
    impl Dereference for Changed {
        fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            let uri = uri.unwrap_or_default();
            let changed = if self.0.contains(&uri) { "!" } else { "" };
            Ok(Body::from_reader(Cursor::new(format!("file {uri}{changed}"))))
        }
    }
    let document = detached(&["a", "b", "c"], &[&leaf()]);
    for (changed, status) in
        [(&[][..], VALID), (&["b"], INVALID), (&["a", "b", "c"], INVALID), (&["d"], VALID)]
    {
        let mut validator = trusting();
        validator.set_uri_dereferencer(Changed(changed)).unwrap();
        assert_eq!(verified(&mut validator, &document), [VALID, VALID, status, status]);
        let report = validator.report().unwrap().unwrap();
        for reference in report.references() {
            let uri = reference.uri.as_deref().unwrap();
            assert_eq!(reference.status, if changed.contains(&uri) { INVALID } else { VALID });
        }
    }
    // Not checked: nothing verified, a bad signature, a bad signer, an unknown one, `never`.
    assert_eq!(trusting().references_status(), Ok(UNKNOWN));
    let forged = document.replacen("\"b\"", "\"d\"", 1);
    assert_eq!(verified(&mut trusting(), &forged)[2], UNKNOWN);
    let expired = template().valid(NOW - HOUR, NOW - 1).signed_by(&HOUSE.root);
    assert_eq!(verified(&mut trusting(), &detached(&["a"], &[&expired]))[2], UNKNOWN);
    assert_eq!(verified(&mut stranger(), &document)[2], UNKNOWN);
    let mut never = trusting();
    never.set_references_validation_setting("never").unwrap();
    assert_eq!(verified(&mut never, &document)[2], UNKNOWN);
}

#[test]
fn x17_the_status_of_the_whole() {
    let good = enveloped(ORDER, &[&leaf()]);
    let own = enveloped(ORDER, &[&self_signed()]);
    let changed = own.replacen("unchanged", "changed", 1);
    let run = |validator: &mut XmlSignatureValidator, setting: &str, document: &str| {
        validator.set_references_validation_setting(setting).unwrap();
        verified(validator, document)
    };
    assert_eq!(run(&mut trusting(), "validIdentity", &good), [VALID; 4]);
    assert_eq!(run(&mut trusting(), "never", &good), [VALID, VALID, UNKNOWN, UNKNOWN]);
    let either = "validOrUnknownIdentity";
    assert_eq!(run(&mut stranger(), either, &own), [VALID, UNKNOWN, VALID, UNKNOWN]);
    assert_eq!(run(&mut stranger(), either, &changed), [VALID, UNKNOWN, INVALID, INVALID]);
    let forged = good.replacen("<DigestValue>", "<DigestValue> ", 1);
    assert_eq!(run(&mut trusting(), either, &forged), [INVALID, UNKNOWN, UNKNOWN, INVALID]);
}

#[test]
fn x18_a_manifest_is_covered_and_its_files_are_left_alone() {
    let files = Files::default();
    let signed = signing(&[&leaf()])
        .manifest(
            Manifest::new("list").reference(Reference::uri("a")).reference(Reference::uri("b")),
        )
        .sign_with(&mut Files::default())
        .unwrap();
    let signed = String::from_utf8(signed).unwrap();
    let mut validator = trusting();
    validator.set_uri_dereferencer(files.clone()).unwrap();
    assert_eq!(verified(&mut validator, &signed), [VALID; 4]);
    assert_eq!(files.asked(), ["#list"]);
    assert!(validator.report().unwrap().unwrap().references()[0].manifest.is_empty());
    // The list itself is signed, whether or not its files are there.
    let changed = signed.replacen("URI=\"b\"", "URI=\"missing\"", 1);
    assert_eq!(verified(&mut validator, &changed), [VALID, VALID, INVALID, INVALID]);
    assert_eq!(files.asked(), ["#list"]);
}

#[test]
fn x19_the_last_signature_or_the_document_element() {
    let part = |id: &str| {
        let signed = signing(&[&leaf()])
            .id(id)
            .object(
                Object::xml(format!("<data>{id} unchanged</data>").as_bytes())
                    .unwrap()
                    .id(format!("o-{id}")),
            )
            .reference(Reference::object(&format!("o-{id}")))
            .sign()
            .unwrap();
        String::from_utf8(signed).unwrap()
    };
    let (first, last) = (part("first"), part("last"));
    let both = |first: &str, last: &str| format!("<all>{first}{last}</all>");
    let bad = |part: &str| part.replacen("unchanged", "changed", 1);
    let mut validator = trusting();
    assert_eq!(verified(&mut validator, &both(&bad(&first), &last)), [VALID; 4]);
    assert_eq!(validator.report().unwrap().unwrap().signature_id(), Some("last"));
    assert_eq!(verified(&mut validator, &both(&first, &bad(&last)))[3], INVALID);
    // A Signature that is the document is taken, whatever stands in it.
    let outer = signing(&[&leaf()])
        .id("outer")
        .object(Object::xml(bad(&first).as_bytes()).unwrap().id("o"))
        .reference(Reference::object("o"))
        .sign()
        .unwrap();
    assert_eq!(verified(&mut validator, &String::from_utf8(outer).unwrap()), [VALID; 4]);
    assert_eq!(validator.report().unwrap().unwrap().signature_id(), Some("outer"));
    // Any other by name.
    let document = Cursor::new(both(&first, &bad(&last)));
    validator.verify_signature(document, Choice::Id("first".to_owned()), now()).unwrap();
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(statuses(&validator), [VALID; 4]);
}
