//! Whole verifications. Any bytes as a document, under any settings, keys and dereferencer: an answer within the budgets,
//! the same in pieces. And documents that were signed and then changed: whenever a signature is called good, what is
//! covered is what was signed, and stands where it is said to.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::{
    mutation::mutate,
    signed::{self, Hostile, Keys, Signed, check_report, check_valid, settings},
    slow::Slow,
};
use ravelin_xmldsig::{
    algorithm::{Allowed, Switch},
    verify::{Choice, KeySource, Profile, ReferencesValidation, Settings, SignatureStatus, verify},
    xml::Doctype,
};
use std::{io::Cursor, sync::LazyLock};

static START: LazyLock<(Vec<Signed>, [KeySource; 3])> = LazyLock::new(|| {
    let keys = Keys::new();
    (signed::all(&keys), keys.sources())
});

fuzz_target!(|input: (u8, u8, u8, &[u8])| {
    let (which, how, whim, bytes) = input;
    let (all, sources) = &*START;
    if which & 0x80 != 0 {
        let source = &sources[usize::from(which) % sources.len()];
        any(bytes, &settings_of(how), source, whim);
        return;
    }
    let signed = &all[usize::from(which & 0x3f) % all.len()];
    if which & 0x40 != 0 {
        let mut document = signed.document.clone();
        mutate(&mut document, bytes);
        any(&document, &settings_of(how), &sources[usize::from(whim) % sources.len()], whim);
        return;
    }
    let source = &sources[signed.sources[usize::from(how >> 2) % signed.sources.len()]];
    let mut document = signed.document.clone();
    mutate(&mut document, bytes);
    let choice = [Choice::Last, Choice::First, Choice::Id("s".to_owned())];
    let settings = Settings { signature: choice[usize::from(how & 3) % 3].clone(), ..settings() };
    // Whoever gives what is referred to may say anything.
    let dereference = &mut Hostile(whim);
    let report = verify(Cursor::new(&document), &settings, source, dereference);
    let dereference = &mut Hostile(whim);
    let slow = Slow::new(&document, usize::from(whim) * 16);
    let in_pieces = verify(slow, &settings, source, dereference);
    assert_eq!(format!("{in_pieces:?}"), format!("{report:?}"));
    let Ok(report) = report else { return };
    check_report(&report, document.len());
    if report.digest_status() == SignatureStatus::Valid
        && report.references_status() == SignatureStatus::Valid
    {
        check_valid(&report, &document, signed, &settings.signature);
    }
});

fn any(bytes: &[u8], settings: &Settings, source: &KeySource, whim: u8) {
    let report = verify(Cursor::new(bytes), settings, source, &mut Hostile(whim));
    if let Err(error) = &report {
        assert!(!error.to_string().is_empty());
        if let Some(position) = error.position {
            assert!(position.offset <= bytes.len() as u64, "{error}");
        }
    }
    let slow = Slow::new(bytes, usize::from(whim));
    let in_pieces = verify(slow, settings, source, &mut Hostile(whim));
    assert_eq!(format!("{in_pieces:?}"), format!("{report:?}"));
    if let Ok(report) = report {
        check_report(&report, bytes.len());
    }
}

fn settings_of(how: u8) -> Settings {
    let bit = |bit: u8| how & 1 << bit != 0;
    let allowed = Allowed::default();
    Settings {
        profile: if bit(0) { Profile::Air } else { Profile::Extended },
        allowed: if bit(1) { allowed.with(Switch::LegacySha1) } else { allowed },
        doctype: if bit(2) { Doctype::Refuse } else { Doctype::InternalSubset },
        signature: if bit(3) { Choice::First } else { Choice::Last },
        references: match how >> 4 & 3 {
            0 => ReferencesValidation::Never,
            1 => ReferencesValidation::ValidIdentity,
            _ => ReferencesValidation::ValidOrUnknownIdentity,
        },
        manifests: bit(6),
        keep_octets: if bit(7) { 100 } else { 0 },
        ..settings()
    }
}
