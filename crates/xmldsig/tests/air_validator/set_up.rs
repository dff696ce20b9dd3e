use super::*;
use ravelin_xmldsig::{
    air::RevocationCheck,
    verify::{ReferencesValidation, SameDocument},
};

#[test]
fn x05_without_a_dereferencer_verifying_fails_at_once() {
    let mut validator = XmlSignatureValidator::new();
    assert!(validator.uri_dereferencer().unwrap().is_none());
    let error = begin(&mut validator, &enveloped(ORDER, &[&leaf()])).unwrap_err();
    assert_eq!((&error, error.class()), (&ValidatorError::NoDereferencer, "Error"));
    assert!(validator.step().is_none(), "nothing runs");
    validator.set_uri_dereferencer(SameDocument).unwrap();
    assert_eq!(verified(&mut validator, &enveloped(ORDER, &[&leaf()]))[0], VALID);
    assert!(validator.uri_dereferencer().unwrap().is_some(), "it stays");
    assert!(validator.take_uri_dereferencer().unwrap().is_some());
    assert_eq!(begin(&mut validator, ORDER), Err(ValidatorError::NoDereferencer));
}

#[test]
fn x05_the_dereferencer_alone_interprets_uris() {
    /// Calls the document by another name, and says that `""` is something else.
    struct Odd;
    impl Dereference for Odd {
        fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
            Ok(match uri {
                Some("") => Body::from_bytes(b"not the document"),
                _ => Body::from_bytes(b"file ../../etc/passwd%00"),
            })
        }
    }
    let document = detached(&["../../etc/passwd%00"], &[&leaf()]);
    let mut validator = trusting();
    validator.set_uri_dereferencer(Odd).unwrap();
    assert_eq!(verified(&mut validator, &document), [VALID; 4]);
    let files = Files::default();
    validator.set_uri_dereferencer(files.clone()).unwrap();
    assert_eq!(verified(&mut validator, &document), [VALID; 4]);
    assert_eq!(files.asked(), ["../../etc/passwd%00"], "as it is written");
}

#[test]
fn x06_added_certificates_build_chains_and_trusted_ones_end_them() {
    let end = template().signed_by(&HOUSE.intermediate);
    let document = enveloped(ORDER, &[&end]);
    let whole = enveloped(ORDER, &[&end, &intermediate(), &root()]);
    let identity = |document: &str, added: &[(&[u8], bool)]| {
        let mut validator = stranger();
        for (der, trusted) in added {
            validator.add_certificate(der, *trusted).unwrap();
        }
        verified(&mut validator, document)[1]
    };
    let (root, intermediate) = (root(), intermediate());
    assert_eq!(identity(&document, &[]), UNKNOWN);
    assert_eq!(identity(&document, &[(&root, true)]), UNKNOWN, "the chain has a gap");
    assert_eq!(identity(&document, &[(&root, true), (&intermediate, false)]), VALID);
    assert_eq!(identity(&document, &[(&root, false), (&intermediate, false)]), UNKNOWN);
    assert_eq!(identity(&document, &[(&intermediate, true)]), VALID);
    // Those of the signature build chains, and are anchors only if they were added as such.
    assert_eq!(identity(&whole, &[]), UNKNOWN);
    assert_eq!(identity(&whole, &[(&root, true)]), VALID);
    // The signer's own.
    let own = self_signed();
    assert_eq!(identity(&enveloped(ORDER, &[&own]), &[(&own, false)]), UNKNOWN);
    assert_eq!(identity(&enveloped(ORDER, &[&own]), &[(&own, true)]), VALID);
}

#[test]
fn x06_nothing_is_fetched_unless_it_is_asked_for() {
    let name = der::primitive(6, "http://issuer.example/");
    let access = der::sequence([der::sequence([der::oid("1.3.6.1.5.5.7.48.2"), name])]);
    let end = template().with(extension::extension("1.3.6.1.5.5.7.1.1", false, &access));
    let document = enveloped(ORDER, &[&end.signed_by(&HOUSE.intermediate)]);
    let mut validator = trusting();
    begin(&mut validator, &document).unwrap();
    assert_eq!(finish(&mut validator), (Event::Complete, Vec::new()));
    assert_eq!(validator.identity_status(), Ok(UNKNOWN));
    validator.set_fetch_issuers(true).unwrap();
    begin(&mut validator, &document).unwrap();
    match validator.step() {
        Some(Step::Fetch(wanted)) => validator.supply(wanted, intermediate()),
        other => panic!("{other:?}"),
    }
    assert_eq!(finish(&mut validator).0, Event::Complete);
    assert_eq!(statuses(&validator), [VALID; 4]);
}

#[test]
fn x06_only_one_whole_certificate_in_der_is_taken() {
    let der = leaf();
    let spki = HOUSE.signer.key.info().to_vec();
    let pem = ravelin_test::pki::pem(&der).into_bytes();
    let mut validator = stranger();
    for bad in
        [&b""[..], b"garbage", &pem, &der[..der.len() - 1], &[&der[..], b"\0"].concat(), &spki]
    {
        for trusted in [true, false] {
            let error = validator.add_certificate(bad, trusted).unwrap_err();
            assert_eq!(error.class(), "ArgumentError", "{error}");
        }
    }
    assert!(validator.add_certificate(&pem, true).unwrap_err().to_string().contains("PEM"));
}

#[test]
fn x07_the_systems_store_counts_only_if_it_is_to() {
    let store =
        XmlSignatureValidator::system_trust_store([root(), intermediate(), b"odd".to_vec()]);
    assert_eq!(store.len(), 1, "what is no root only helps");
    let store = Arc::new(store);
    let document = enveloped(ORDER, &[&template().signed_by(&HOUSE.intermediate)]);
    let mut validator = stranger();
    validator.set_system_trust_store(store.clone()).unwrap();
    assert_eq!(validator.use_system_trust_store(), Ok(false), "by default");
    assert_eq!(verified(&mut validator, &document), [VALID, UNKNOWN, UNKNOWN, UNKNOWN]);
    validator.set_use_system_trust_store(true).unwrap();
    assert_eq!(validator.use_system_trust_store(), Ok(true));
    assert_eq!(verified(&mut validator, &document), [VALID; 4], "with its intermediate");
    validator.set_use_system_trust_store(false).unwrap();
    assert_eq!(verified(&mut validator, &document)[1], UNKNOWN);
    // Both together: an intermediate from the store, an anchor of one's own.
    let helps = XmlSignatureValidator::system_trust_store([intermediate()]);
    let mut validator = trusting();
    validator.set_system_trust_store(helps).unwrap();
    assert_eq!(verified(&mut validator, &document)[1], UNKNOWN);
    validator.set_use_system_trust_store(true).unwrap();
    assert_eq!(verified(&mut validator, &document)[1], VALID);
}

#[test]
fn x08_when_references_are_looked_at() {
    use ReferencesValidation::{Never, ValidIdentity, ValidOrUnknownIdentity};
    let trusted = detached(&["a"], &[&leaf()]);
    let unknown = detached(&["a"], &[&self_signed()]);
    let run = |setting: ReferencesValidation, document: &str| {
        let files = Files::default();
        let mut validator = trusting();
        validator.set_uri_dereferencer(files.clone()).unwrap();
        validator.set_references_validation_setting(setting).unwrap();
        assert_eq!(validator.references_validation_setting(), Ok(setting));
        let statuses = verified(&mut validator, document);
        (statuses[2], statuses[3], files.asked().len())
    };
    assert_eq!(run(ValidIdentity, &trusted), (VALID, VALID, 1));
    assert_eq!(run(ValidIdentity, &unknown), (UNKNOWN, UNKNOWN, 0));
    assert_eq!(run(ValidOrUnknownIdentity, &trusted), (VALID, VALID, 1));
    assert_eq!(run(ValidOrUnknownIdentity, &unknown), (VALID, UNKNOWN, 1));
    assert_eq!(run(Never, &trusted), (UNKNOWN, UNKNOWN, 0));
    assert_eq!(run(Never, &unknown), (UNKNOWN, UNKNOWN, 0));
}

#[test]
fn x08_words_and_nothing_else() {
    let mut validator = XmlSignatureValidator::new();
    let default = validator.references_validation_setting().unwrap();
    assert_eq!(default.word(), "validIdentity");
    for word in ["validIdentity", "validOrUnknownIdentity", "never"] {
        validator.set_references_validation_setting(word).unwrap();
        assert_eq!(validator.references_validation_setting().unwrap().to_string(), word);
    }
    for word in ["", "Never", "valid", "validIdentity ", "bestEffort"] {
        let error = validator.set_references_validation_setting(word).unwrap_err();
        assert_eq!(error.class(), "ArgumentError");
        assert!(error.to_string().contains("referencesValidationSetting"), "{error}");
    }
    assert_eq!(validator.references_validation_setting().unwrap().word(), "never", "as before");
}

#[test]
fn x09_four_settings_for_revocation() {
    let mut validator = XmlSignatureValidator::new();
    assert_eq!(validator.revocation_check_setting(), Ok(RevocationCheck::BestEffort), "by default");
    for (word, setting) in [
        ("never", RevocationCheck::Never),
        ("bestEffort", RevocationCheck::BestEffort),
        ("requiredIfInfoAvailable", RevocationCheck::RequiredIfAvailable),
        ("alwaysRequired", RevocationCheck::AlwaysRequired),
    ] {
        validator.set_revocation_check_setting(word).unwrap();
        assert_eq!(validator.revocation_check_setting(), Ok(setting));
        assert_eq!(setting.to_string(), word);
    }
    let error = validator.set_revocation_check_setting("requiredIfAvailable").unwrap_err();
    assert_eq!(error.class(), "ArgumentError");
    assert_eq!(validator.revocation_check_setting(), Ok(RevocationCheck::AlwaysRequired));
}

#[test]
fn x10_what_each_setting_for_revocation_means() {
    let told = with_list(template());
    let untold = template();
    // The identity under each setting: never, bestEffort, requiredIfInfoAvailable, alwaysRequired.
    for (name, template, list, expected) in [
        ("good", &told, Some(crl(&[])), [VALID; 4]),
        ("revoked", &told, Some(crl(&[&told])), [VALID, INVALID, INVALID, INVALID]),
        ("undetermined", &told, None, [VALID, VALID, INVALID, INVALID]),
        ("no information", &untold, None, [VALID, VALID, VALID, INVALID]),
    ] {
        let document = enveloped(ORDER, &[&template.signed_by(&HOUSE.root)]);
        for (setting, expected) in RevocationCheck::ALL.into_iter().zip(expected) {
            let mut validator = trusting();
            validator.set_revocation_check_setting(setting).unwrap();
            if let Some(list) = &list {
                validator.add_crl(list).unwrap();
            }
            begin(&mut validator, &document).unwrap();
            let (event, wanted) = finish(&mut validator);
            assert_eq!(event, Event::Complete);
            let asks = name == "undetermined" && setting != RevocationCheck::Never;
            assert_eq!(wanted.is_empty(), !asks, "{name} {setting}: {wanted:?}");
            let references = if expected == VALID { VALID } else { UNKNOWN };
            assert_eq!(
                statuses(&validator),
                [VALID, expected, references, expected],
                "{name} {setting}"
            );
        }
    }
}

#[test]
fn x10_what_is_fetched_decides() {
    let told = with_list(template());
    let document = enveloped(ORDER, &[&told.signed_by(&HOUSE.root)]);
    for (list, expected) in [(crl(&[]), VALID), (crl(&[&told]), INVALID)] {
        let mut validator = trusting();
        validator.set_revocation_check_setting("alwaysRequired").unwrap();
        begin(&mut validator, &document).unwrap();
        match validator.step() {
            Some(Step::Fetch(wanted)) => validator.supply(wanted, list),
            other => panic!("{other:?}"),
        }
        assert_eq!(finish(&mut validator), (Event::Complete, Vec::new()));
        assert_eq!(validator.identity_status(), Ok(expected));
    }
}
