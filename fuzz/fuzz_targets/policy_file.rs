//! Socket policy files: whatever a server sends grants no more than it says, to nobody else, and a cut file grants nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_net::socket::{
    Origin, Sandbox,
    policy_file::{Answer, Inquiry, MASTER_PORT, MAX_POLICY_FILE, PolicyFile, Ruling, SiteControl},
};

fuzz_target!(|bytes: &[u8]| {
    let remote = Sandbox::Remote(Origin::new("www.example", false));
    let secure = Sandbox::Remote(Origin::new("www.example", true));
    let parsed = PolicyFile::parse(bytes);
    if let Ok(file) = &parsed {
        assert!(bytes.len() <= MAX_POLICY_FILE);
        for port in [0, 80, 443, 1023, 1024, 8443, 65535] {
            // Who answers at a high port speaks for no low one.
            assert!(!file.grants(&remote, port, 8443) || port >= 1024);
            if file.grants(&remote, port, MASTER_PORT) {
                assert!(file.grants(&secure, port, MASTER_PORT), "TLS takes nothing away");
                let text = bytes.windows(7);
                assert!(text.clone().any(|word| word == b"to-port"), "without a word of ports");
            }
            // What is for local code is for everybody.
            if file.grants(&Sandbox::LocalTrusted, port, MASTER_PORT) {
                assert!(file.grants(&remote, port, MASTER_PORT));
            }
        }
        // The root's end is the last that counts: without it there is no file.
        let end = bytes.iter().rposition(|byte| *byte == b'>').expect("a document has an end");
        let closing = bytes[..=end].ends_with(b"-->") || bytes[..=end].ends_with(b"?>");
        assert!(closing || PolicyFile::parse(&bytes[..end]).is_err());
    }
    let mut inquiry = Inquiry::new(remote, "a.example", 8443);
    assert_eq!(inquiry.ruling(), Ruling::Ask(MASTER_PORT));
    inquiry.answered(Answer::of(bytes));
    match (inquiry.ruling(), parsed) {
        (Ruling::Granted, file) => {
            assert!(file.is_ok_and(|file| file.site_control() != SiteControl::Nothing));
        }
        (Ruling::Ask(port), parsed) => {
            assert_eq!(port, 8443);
            assert!(
                bytes.is_empty()
                    || parsed.is_ok_and(|file| file.site_control() == SiteControl::All)
            );
            inquiry.answered(Answer::Nothing("no".into()));
            assert!(matches!(inquiry.ruling(), Ruling::Refused(_)));
        }
        (Ruling::Refused(why), _) => assert!(why.len() < 1000),
    }
});
