use super::*;
use proptest::prelude::*;

fn from(host: &str) -> Sandbox {
    Sandbox::Remote(Origin::new(host, false))
}

fn file(rules: &str) -> PolicyFile {
    PolicyFile::parse(format!("<cross-domain-policy>{rules}</cross-domain-policy>").as_bytes())
        .unwrap()
}

fn allow(domain: &str, ports: &str) -> PolicyFile {
    file(&format!("<allow-access-from domain=\"{domain}\" to-ports=\"{ports}\"/>"))
}

#[test]
fn s31_domains_are_hosts_wild_cards_or_everybody() {
    for (domain, host, granted) in [
        ("*", "www.example", true),
        ("www.example", "www.example", true),
        ("WWW.Example", "www.eXample.", true),
        ("www.example", "example", false),
        ("www.example", "a.www.example", false),
        ("*.example", "www.example", true),
        ("*.example", "a.b.example", true),
        ("*.example", "example", true),
        ("*.example", "anexample", false),
        ("*.example", "example.org", false),
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "::ffff:192.0.2.1", true),
        ("*.2.1", "192.0.2.1", true),
        ("*.192.0.2.1", "192.0.2.1", false),
        ("2001:db8::1", "[2001:DB8:0::1]", true),
        ("www.*", "www.example", false),
        ("*example", "www.example", false),
        ("*.*", "www.example", false),
        ("", "www.example", false),
        ("http://www.example", "www.example", false),
    ] {
        assert_eq!(allow(domain, "*").grants(&from(host), 80, 843), granted, "{domain} {host}");
    }
    for local in [Sandbox::LocalTrusted, Sandbox::LocalWithNetworking] {
        assert!(allow("*", "*").grants(&local, 80, 843));
        assert!(!allow("localhost", "*").grants(&local, 80, 843));
    }
}

#[test]
fn s31_ports_are_lists_of_numbers_and_ranges() {
    for (ports, port, granted) in [
        ("*", 0, true),
        ("*", 65535, true),
        ("507", 507, true),
        ("507", 508, false),
        ("507,516-523", 516, true),
        ("507, 516 - 523 ", 523, true),
        ("507,516-523", 524, false),
        ("507,*", 507, false),
        ("523-516", 520, false),
        ("65536", 0, false),
        ("+507", 507, false),
        ("-507", 507, false),
        ("507-", 507, false),
        ("507,", 507, false),
        ("", 0, false),
        ("0x1fb", 507, false),
    ] {
        assert_eq!(allow("*", ports).grants(&from("a"), port, 843), granted, "{ports} {port}");
    }
    let many = |count: usize| vec!["507"; count].join(",");
    assert!(allow("*", &many(MAX_PORTS)).grants(&from("a"), 507, 843));
    assert!(!allow("*", &many(MAX_PORTS + 1)).grants(&from("a"), 507, 843));
}

#[test]
fn s31_high_ports_speak_for_high_ports_only() {
    let all = allow("*", "*");
    for (port, answering, granted) in
        [(1023, 1023, true), (1023, 1024, false), (1024, 1024, true), (1024, 843, true)]
    {
        assert_eq!(all.grants(&from("a"), port, answering), granted, "{port} {answering}");
    }
}

#[test]
fn s31_code_must_have_come_through_tls_where_that_is_said() {
    let secure = Sandbox::Remote(Origin::new("a", true));
    for (attribute, insecurely, securely) in [
        ("secure=\"true\"", false, true),
        ("secure=\"false\"", true, true),
        ("secure=\"maybe\"", false, false),
    ] {
        let file = file(&format!("<allow-access-from domain=\"a\" to-ports=\"1\" {attribute}/>"));
        assert_eq!(file.grants(&from("a"), 1, 843), insecurely, "{attribute}");
        assert_eq!(file.grants(&secure, 1, 843), securely, "{attribute}");
    }
}

#[test]
fn s31_the_strictest_site_control_counts() {
    let control = |words: &[&str]| {
        let elements = words
            .iter()
            .map(|word| format!("<site-control permitted-cross-domain-policies=\"{word}\"/>"));
        file(&elements.collect::<String>()).site_control()
    };
    assert_eq!(control(&[]), SiteControl::All);
    assert_eq!(control(&["all"]), SiteControl::All);
    assert_eq!(control(&["master-only"]), SiteControl::MasterOnly);
    assert_eq!(control(&["none"]), SiteControl::Nothing);
    assert_eq!(control(&["by-content-type"]), SiteControl::Nothing);
    assert_eq!(control(&["master-only", "all"]), SiteControl::MasterOnly);
    assert_eq!(control(&["none", "master-only"]), SiteControl::Nothing);
}

#[test]
fn s31_what_servers_send_is_read() {
    let text = "\u{feff}<?xml version=\"1.0\"?>\r\n\
        <!DOCTYPE cross-domain-policy SYSTEM \"http://www.example/cross-domain-policy.dtd\">\n\
        <!-- <allow-access-from domain='*' to-ports='*'/> -->\n\
        <cross-domain-policy >text\n\
        <site-control permitted-cross-domain-policies='master-only' ></site-control>\n\
        <allow-http-request-headers-from domain='*' headers='X'/>\n\
        <allow-access-from-identity><signatory><certificate fingerprint='0'/></signatory></allow-access-from-identity>\n\
        <other><allow-access-from domain='*' to-ports='*'/></other>\n\
        <allow-access-from\tdomain = 'a&#x2e;example' to-ports='50&#55;'  unknown='&lt;&amp;&gt;&quot;&apos;'/>\n\
        </cross-domain-policy>\n<?end?><!---->\n";
    let file = PolicyFile::parse(text.as_bytes()).unwrap();
    assert_eq!(file.site_control(), SiteControl::MasterOnly);
    assert!(file.grants(&from("a.example"), 507, 843));
    assert!(!file.grants(&from("b.example"), 507, 843), "comments and others grant nothing");
}

#[test]
fn s31_what_is_no_policy_file_is_refused_with_its_place() {
    let deep = format!("<cross-domain-policy>{}", "<a>".repeat(20));
    let wide: Vec<_> = (0..40).map(|number| format!("a{number}=''")).collect();
    let wide = format!("<cross-domain-policy {}/>", wide.join(" "));
    let rules = "<allow-access-from domain='*' to-ports='1'/>".repeat(MAX_RULES + 1);
    let rules = format!("<cross-domain-policy>{rules}</cross-domain-policy>");
    for (text, offset, detail) in [
        ("", 0, "the document is cut short"),
        ("HTTP/1.1 400 Bad Request", 0, "there is text outside the root element"),
        ("<html/>", 0, "the root element is not cross-domain-policy"),
        ("<cross-domain-policy>", 21, "the document is cut short"),
        ("<cross-domain-policy></a>", 21, "the element that ends here is not open"),
        ("<cross-domain-policy/>x", 22, "there is text outside the root element"),
        ("<cross-domain-policy/><a/>", 22, "there is more than one root element"),
        ("<cross-domain-policy a=''a=''/>", 25, "a space is missing"),
        ("<cross-domain-policy a='' a=''/>", 26, "the attribute is there twice"),
        ("<cross-domain-policy a=1/>", 23, "a quotation mark is missing"),
        ("<cross-domain-policy a/>", 22, "an equals sign is missing"),
        ("<cross-domain-policy a='/>", 24, "the value has no end"),
        ("<cross-domain-policy a='b&c;'/>", 25, "the entity is not known"),
        ("<cross-domain-policy a='&#xd800;'/>", 24, "the entity is not known"),
        ("<cross-domain-policy a='&#-1;'/>", 24, "the entity is not known"),
        (
            "<cross-domain-policy a='b<'/>",
            25,
            "the value has something in it that must not be there",
        ),
        (
            "<cross-domain-policy a='&'/>",
            24,
            "the value has something in it that must not be there",
        ),
        (
            "<!DOCTYPE a [<!ENTITY b 'c'>]><cross-domain-policy/>",
            12,
            "document types that declare something are refused",
        ),
        ("<!-- ", 0, "the comment has no end"),
        ("<?xml ", 0, "the XML declaration has no end"),
        ("<1/>", 1, "there is no name"),
        (&deep, 66, "elements are nested too deeply"),
        (&wide, 235, "the element has too many attributes"),
        (&rules, 21 + 44 * MAX_RULES, "there are too many allow-access-from"),
    ] {
        let error = PolicyFile::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.offset, error.detail), (offset, detail), "{text:.60}");
    }
    let error = PolicyFile::parse(b"<cross-domain-policy>\xff").unwrap_err();
    assert_eq!(error.to_string(), "policy file, byte 21: this is not UTF-8");
    let error = PolicyFile::parse(&vec![b' '; MAX_POLICY_FILE + 1]).unwrap_err();
    assert_eq!((error.offset, error.detail), (MAX_POLICY_FILE, "the file is too large"));
}

/// What an inquiry about port 443 or 8443 comes to, whom it asked, and what each port answers.
fn inquired(port: u16, master: &Answer, own: &Answer) -> (bool, Vec<u16>) {
    let mut inquiry = Inquiry::new(from("www.example"), "a.example", port);
    let mut asked = Vec::new();
    loop {
        match inquiry.ruling() {
            Ruling::Granted => return (true, asked),
            Ruling::Refused(_) => return (false, asked),
            Ruling::Ask(port) => {
                asked.push(port);
                inquiry.answered(if port == MASTER_PORT { master.clone() } else { own.clone() });
            }
        }
    }
}

#[test]
fn s31_every_pair_of_answers_comes_to_what_it_must() {
    let control = |word: &str, more: &str| {
        let control = format!("<site-control permitted-cross-domain-policies=\"{word}\"/>");
        Answer::File(file(&format!("{control}{more}")))
    };
    let allow = "<allow-access-from domain=\"www.example\" to-ports=\"443,8443,843\"/>";
    let nothing = Answer::Nothing("nobody is there".into());
    let yes = Answer::File(file(allow));
    let no = Answer::File(file(""));
    let malformed = Answer::of(b"220 ready\r\n");
    assert!(matches!(malformed, Answer::Malformed(_)));
    assert!(matches!(Answer::of(b""), Answer::Nothing(_)));
    // Who decides when the master answers so; none: the own port does.
    let masters = [
        (nothing.clone(), None),
        (no.clone(), None),
        (yes.clone(), Some(true)),
        (control("all", ""), None),
        (control("all", allow), Some(true)),
        (control("master-only", ""), Some(false)),
        (control("master-only", allow), Some(true)),
        (control("none", ""), Some(false)),
        (control("none", allow), Some(false)),
        (malformed.clone(), Some(false)),
    ];
    // What the own port's answer means; a control of its own means nothing there.
    let owns = [
        (nothing, false),
        (no, false),
        (yes, true),
        (control("none", allow), true),
        (malformed, false),
    ];
    for (master, decided) in &masters {
        for (own, grants) in &owns {
            let expected = match decided {
                Some(granted) => (*granted, vec![843]),
                None => (*grants, vec![843, 8443]),
            };
            assert_eq!(inquired(8443, master, own), expected, "{master:?} {own:?}");
            let asked_himself = inquired(843, master, own);
            assert_eq!(asked_himself, (decided.unwrap_or(false), vec![843]), "{master:?}");
            let low = inquired(443, master, own);
            let expected = match decided {
                Some(granted) => (*granted, vec![843]),
                None => (*grants, vec![843, 443]),
            };
            assert_eq!(low, expected, "port 443 may speak for itself");
        }
    }
}

#[test]
fn s32_who_needs_no_consent_asks_nobody() {
    let granted = |sandbox, host, port| Inquiry::new(sandbox, host, port).ruling();
    assert_eq!(granted(Sandbox::Application, "a.example", 25), Ruling::Granted);
    assert_eq!(granted(from("a.example"), "a.example", 1024), Ruling::Granted);
    assert_eq!(granted(from("a.example"), "a.example", 1023), Ruling::Ask(843));
    assert_eq!(granted(from("a.example"), "b.example", 1024), Ruling::Ask(843));
    assert_eq!(granted(Sandbox::LocalTrusted, "localhost", 1024), Ruling::Ask(843));
    assert!(matches!(granted(Sandbox::LocalUntrusted, "localhost", 1024), Ruling::Refused(_)));
}

proptest! {
    #[test]
    fn s31_no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = PolicyFile::parse(&bytes);
    }

    #[test]
    fn s31_what_is_cut_or_changed_grants_no_more(
        place in 0_usize..140,
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let whole = b"<cross-domain-policy><site-control permitted-cross-domain-policies='all'/>\
            <allow-access-from domain='a.example' to-ports='507'/></cross-domain-policy>";
        let mut bytes = whole.to_vec();
        let place = place % bytes.len();
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        if let Ok(file) = PolicyFile::parse(&bytes) {
            prop_assert!(!cut);
            prop_assert!(!file.grants(&from("b"), 9999, 843) || byte == b'*');
        }
    }
}
