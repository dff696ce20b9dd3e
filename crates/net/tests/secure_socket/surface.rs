//! What a secure socket lets in from outside, by its sources: nothing that could weaken it.

/// Everything that makes a `SecureSocket` what it is.
const SOURCES: [(&str, &str); 5] = [
    ("secure.rs", include_str!("../../src/socket/secure.rs")),
    ("typed.rs", include_str!("../../src/socket/typed.rs")),
    ("drive.rs", include_str!("../../src/socket/drive.rs")),
    ("io.rs", include_str!("../../src/socket/io.rs")),
    ("trust.rs", include_str!("../../src/socket/trust.rs")),
];

/// The public functions of a source, whole heads.
fn heads(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let lines: Vec<&str> = code.lines().filter(|line| !line.trim().starts_with("//")).collect();
    let code = lines.join(" ");
    let mut heads = Vec::new();
    for part in code.split("pub ").skip(1) {
        let is_function = part.starts_with("fn ") || part.starts_with("async fn ");
        if is_function {
            let head = part.split('{').next().unwrap();
            heads.push(head.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    heads
}

fn name(head: &str) -> &str {
    head.trim_start_matches("async ").trim_start_matches("fn ").split(['(', '<']).next().unwrap()
}

#[test]
fn s12_these_and_no_others_are_the_methods_of_a_secure_socket() {
    let of = |file: &str| {
        let source = SOURCES.iter().find(|(name, _)| *name == file).unwrap().1;
        let mut names: Vec<_> = heads(source).iter().map(|head| name(head).to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(
        of("secure.rs"),
        [
            "add_chain_building_certificate",
            "add_trust_anchor",
            "distrust",
            "handshake",
            "is_supported",
            "new",
            "report",
            "server_certificate",
            "server_certificate_status",
            "set_ocsp",
            "set_profile",
            "set_revocation_check",
            "with_fetcher",
        ]
    );
    assert_eq!(
        of("drive.rs"),
        ["close", "connect", "connect_without_host", "flush", "next_event", "poll_event", "run"]
    );
    assert_eq!(
        of("typed.rs"),
        [
            "add_event_listener",
            "bytes_available",
            "bytes_pending",
            "connected",
            "dispatch_event",
            "has_event_listener",
            "id",
            "input_limit",
            "local_address",
            "local_port",
            "remote_address",
            "remote_port",
            "remove_event_listener",
            "sandbox",
            "set_input_limit",
            "set_timeout",
            "timeout",
            "will_trigger",
            "with_dialer",
        ]
    );
    assert_eq!(of("trust.rs"), [""; 0]);
    assert!(of("io.rs").iter().all(|name| {
        name == "$name"
            || name.starts_with("set_")
            || matches!(&name[..], "endian" | "object_encoding")
    }));
}

#[test]
fn s12_no_method_takes_what_could_weaken_it() {
    for (file, source) in SOURCES {
        for head in heads(source) {
            let arguments = head.split(" -> ").next().unwrap();
            for word in [
                "Trust",
                "Profile",
                "Policy",
                "Level",
                "Rule",
                "TlsConnector",
                "ClientConfig",
                "ClientContext",
                "Verdict",
                "Duration",
                "Time",
                "dangerous",
                "insecure",
                "verify",
                "ignore",
                "accept",
                "Fn",
            ] {
                // The named rules are as they are, and time to connect is no time to judge at.
                let known = (word == "Profile"
                    && arguments.contains("profile: CertificateProfile"))
                    || (word == "Duration" && arguments.contains("timeout: Duration"));
                assert!(known || !arguments.contains(word), "{file}: {head}");
            }
        }
        assert!(!source.contains("dangerous_accept_untrusted =") || file == "secure.rs", "{file}");
        let code = source.lines().filter(|line| !line.trim().starts_with("//"));
        assert!(!code.clone().any(|line| line.contains("dangerous")), "{file}");
        assert!(!code.clone().any(|line| line.contains("env::")), "{file}");
    }
}

#[test]
fn the_reader_of_sources_sees_what_it_is_to_see() {
    let source = "/// pub fn hidden()\npub(super) fn inner() {}\npub fn one(a: Trust) -> B {}\n    pub async fn two<F: Fn()>(\n a: A) {}\n#[cfg(test)]\npub fn three() {}";
    assert_eq!(heads(source), ["fn one(a: Trust) -> B", "async fn two<F: Fn()>( a: A)"]);
    assert_eq!(heads(source).iter().map(|head| name(head)).collect::<Vec<_>>(), ["one", "two"]);
}
