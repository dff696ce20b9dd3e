use super::*;
use ravelin_test::pki;
use ravelin_trust::{Anchor, AnchorLimits, Anchors, Purpose};
use ravelin_xmldsig::verify::TrustSetting::{self, CodeSigning, PlaylistSigning, Signing};

const PLAYLIST: &str = "1.2.840.113583.1.1.9";

fn with_purposes(purposes: &[&str]) -> Vec<u8> {
    template().with(extension::extended_key_usage(purposes)).signed_by(&HOUSE.root)
}

fn trust_settings(validator: &mut XmlSignatureValidator, certificate: &[u8]) -> Vec<TrustSetting> {
    let statuses = verified(validator, &enveloped(ORDER, &[certificate]));
    assert_eq!(statuses[0], VALID);
    validator.signer_trust_settings().unwrap()
}

#[test]
fn x20_names_and_purposes_of_the_signer() {
    let mut validator = trusting();
    assert_eq!((validator.signer_cn(), validator.signer_dn()), (None, None));
    assert_eq!(validator.signer_extended_key_usages(), Ok(Vec::new()));
    let mut template = template().with(extension::extended_key_usage(&[CODE_SIGNING, PLAYLIST]));
    template.subject = pki::name(&[
        ("2.5.4.6", "DE"),
        ("2.5.4.10", "A, B & C"),
        ("2.5.4.3", "General"),
        ("2.5.4.3", "Particular"),
    ]);
    let certificate = template.signed_by(&HOUSE.root);
    assert_eq!(verified(&mut validator, &enveloped(ORDER, &[&certificate])), [VALID; 4]);
    assert_eq!(validator.signer_cn().as_deref(), Some("Particular"));
    assert_eq!(
        validator.signer_dn().as_deref(),
        Some("CN=Particular,CN=General,O=A\\, B & C,C=DE")
    );
    assert_eq!(validator.signer_extended_key_usages().unwrap(), [CODE_SIGNING, PLAYLIST]);
    // Whose key it is, wherever it stands.
    assert_eq!(
        verified(&mut validator, &{
            let (start, other) = ("<X509Certificate>", ravelin_xmldsig::base64::encode(&root()));
            let before = format!("{start}{other}</X509Certificate>{start}");
            enveloped(ORDER, &[&certificate]).replacen(start, &before, 1)
        }),
        [VALID; 4]
    );
    assert_eq!(validator.signer_cn().as_deref(), Some("Particular"));
    template.subject = pki::name(&[("2.5.4.10", "Nameless")]);
    let nameless = template.signed_by(&HOUSE.root);
    verified(&mut validator, &enveloped(ORDER, &[&nameless]));
    assert_eq!(
        (validator.signer_cn(), validator.signer_dn().as_deref()),
        (None, Some("O=Nameless"))
    );
}

#[test]
fn x21_what_the_signer_is_trusted_for() {
    let mut validator = trusting();
    assert_eq!(trust_settings(&mut validator, &leaf()), [Signing]);
    let code = with_purposes(&[CODE_SIGNING]);
    assert_eq!(trust_settings(&mut validator, &code), [Signing, CodeSigning]);
    let any = with_purposes(&["2.5.29.37.0"]);
    assert_eq!(trust_settings(&mut validator, &any), [Signing], "any purpose is not that one");
    // Nobody knows the object identifier for playlists but who sets it.
    let playlist = with_purposes(&[PLAYLIST]);
    assert_eq!(trust_settings(&mut validator, &playlist), [Signing]);
    validator.set_playlist_signing(Some(PLAYLIST)).unwrap();
    assert_eq!(trust_settings(&mut validator, &playlist), [Signing, PlaylistSigning]);
    let words = [Signing, CodeSigning, PlaylistSigning].map(TrustSetting::word);
    assert_eq!(words, ["signing", "codeSigning", "playlistSigning"]);
}

#[test]
fn x21_a_root_that_is_not_for_code_gives_no_code_signing() {
    let code = with_purposes(&[CODE_SIGNING]);
    for (purposes, expected) in [
        (vec![Purpose::Any, Purpose::CodeSigning], &[Signing, CodeSigning][..]),
        (vec![Purpose::Any], &[Signing]),
        (vec![Purpose::ServerAuth], &[]),
    ] {
        let mut limits = AnchorLimits::default();
        limits.purposes = purposes;
        let mut anchors = Anchors::new();
        anchors.add_anchor(Anchor::certificate(&root()).unwrap().with_limits(limits));
        let mut validator = stranger();
        validator.set_system_trust_store(anchors).unwrap();
        validator.set_use_system_trust_store(true).unwrap();
        assert_eq!(trust_settings(&mut validator, &code), expected);
    }
}

#[test]
fn x21_empty_unless_the_identity_is_valid_and_a_copy() {
    let unknown = template().with(extension::extended_key_usage(&[CODE_SIGNING]));
    assert_eq!(trust_settings(&mut trusting(), &unknown.signed_by(&HOUSE.signer)), []);
    let expired = unknown.valid(NOW - HOUR, NOW - 1).signed_by(&HOUSE.root);
    assert_eq!(trust_settings(&mut trusting(), &expired), []);
    assert_eq!(trusting().signer_trust_settings(), Ok(Vec::new()));
    let mut validator = trusting();
    let mut copy = trust_settings(&mut validator, &with_purposes(&[CODE_SIGNING]));
    copy.clear();
    assert_eq!(validator.signer_trust_settings().unwrap(), [Signing, CodeSigning]);
}

#[test]
fn x22_the_words_for_signatures() {
    assert_eq!(
        [VALID, INVALID, UNKNOWN].map(SignatureStatus::word),
        ["valid", "invalid", "unknown"]
    );
    assert_eq!(SignatureStatus::default(), UNKNOWN);
    // The certificate's own word stands in the report.
    for (certificate, word) in [
        (leaf(), "trusted"),
        (self_signed(), "untrustedSigners"),
        (template().valid(NOW - HOUR, NOW - 1).signed_by(&HOUSE.root), "expired"),
        (template().valid(NOW + 1, NOW + HOUR).signed_by(&HOUSE.root), "notYetValid"),
    ] {
        let mut validator = trusting();
        verified(&mut validator, &enveloped(ORDER, &[&certificate]));
        let report = validator.report().unwrap().unwrap();
        assert_eq!(report.signer().unwrap().verdict().unwrap().status().word(), word);
    }
}
