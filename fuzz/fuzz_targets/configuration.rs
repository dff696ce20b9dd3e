//! ravelin.toml and stunnel.conf: whatever is in a file, it is a configuration or a fault that can be shown; what is
//! imported can be read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_tunnel::config::{Configuration, Diagnostic, File, diagnostic::Source, import};

fn show(fault: &Diagnostic) {
    assert!(!fault.message().is_empty());
    assert!(!fault.render(false).is_empty());
}

fuzz_target!(|text: &str| {
    let source = Source::new("a.toml", text);
    match File::parse(&source) {
        Ok(file) => {
            if let Err(fault) = Configuration::from_file(file).admin() {
                show(&fault);
            }
        }
        Err(fault) => show(&fault),
    }
    match import::stunnel(&source) {
        Ok(imported) if imported.services > 0 => {
            let source = Source::new("b.toml", imported.text);
            if let Err(fault) = File::parse(&source) {
                panic!("{}", fault.render(false));
            }
        }
        Ok(_) => {}
        Err(fault) => show(&fault),
    }
});
