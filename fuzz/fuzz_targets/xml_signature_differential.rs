//! Documents that were signed and then changed, for Ravelin and for bergshamra: whatever only one of them calls good is
//! explained in differences.md.
#![no_main]

use bergshamra_dsig::DsigContext;
use bergshamra_keys::{KeysManager, loader};
use libfuzzer_sys::fuzz_target;
use ravelin_fuzz::{
    differences,
    mutation::mutate,
    signed::{self, Honest, Keys, SECRET, Signed, settings},
};
use ravelin_xmldsig::verify::{Choice, KeySource, Settings, SignatureStatus, verify};
use std::{io::Cursor, sync::LazyLock};

static START: LazyLock<(Vec<Signed>, KeySource)> = LazyLock::new(|| {
    differences::check_explained();
    let keys = Keys::new();
    let mut all = signed::all(&keys);
    all.retain(|signed| signed.is_plain);
    let [given, ..] = keys.sources();
    CONTEXT.with(|context| *context.borrow_mut() = Some(self::context(&keys)));
    for signed in &all {
        let text = std::str::from_utf8(&signed.document).expect("UTF-8");
        let theirs = CONTEXT.with(|context| theirs(context.borrow().as_ref().unwrap(), text));
        assert_eq!(theirs, Ok(()), "{text}");
    }
    (all, given)
});

thread_local! {
    static CONTEXT: std::cell::RefCell<Option<DsigContext>> = const { std::cell::RefCell::new(None) };
}

fuzz_target!(|input: (u8, &[u8])| {
    let (which, program) = input;
    let (all, given) = &*START;
    let signed = &all[usize::from(which) % all.len()];
    let mut document = signed.document.clone();
    mutate(&mut document, program);
    let Ok(text) = std::str::from_utf8(&document) else { return };
    let settings = Settings { signature: Choice::First, ..settings() };
    let ours = verify(Cursor::new(&document), &settings, given, &mut Honest);
    let ours = match ours {
        Err(error) => Err(error.to_string()),
        Ok(report) => {
            let statuses = [report.digest_status(), report.references_status()];
            if statuses == [SignatureStatus::Valid; 2] {
                Ok(())
            } else {
                Err(format!("{report:?}"))
            }
        }
    };
    let theirs = CONTEXT.with(|context| theirs(context.borrow().as_ref().unwrap(), text));
    match (ours, theirs) {
        (Ok(()), Err(theirs)) if !differences::they_may_refuse(text, &theirs) => {
            panic!("bergshamra refuses it: {theirs}: {text}")
        }
        (Err(ours), Ok(())) if !differences::we_may_refuse(text, &ours) => {
            panic!("Ravelin refuses it: {ours}: {text}")
        }
        _ => {}
    }
});

fn context(keys: &Keys) -> DsigContext {
    let mut manager = KeysManager::new();
    manager.add_key(loader::load_hmac_key(SECRET).expect("a secret"));
    manager.add_key(loader::load_spki_der(&keys.spki).expect("a key"));
    DsigContext::new_permissive(manager).with_trusted_keys_only(true)
}

fn theirs(context: &DsigContext, text: &str) -> Result<(), String> {
    match bergshamra_dsig::verify::verify(context, text) {
        Ok(result) if result.all_reference_digests_verified() => Ok(()),
        other => Err(format!("{other:?}")),
    }
}
