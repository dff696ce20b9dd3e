use super::*;
use crate::config::File;

fn import(text: &str) -> Imported {
    let imported = stunnel(&Source::new("stunnel.conf", text)).unwrap();
    let source = Source::new("ravelin.toml", imported.text.as_str());
    let file = File::parse(&source).unwrap_or_else(|error| panic!("{error}\n{}", imported.text));
    assert_eq!(file.service.len(), imported.services, "{}", imported.text);
    imported
}

fn notes(imported: &Imported) -> Vec<String> {
    imported.notes.iter().map(ToString::to_string).collect()
}

/// The shape of the sample that distributions ship.
#[test]
fn a_sample_as_distributions_ship_it() {
    let imported = import(
        "; Sample\nsetuid = stunnel4\nsetgid = stunnel4\npid = /var/run/stunnel4/stunnel4.pid\nforeground = yes\n\
         debug = 7\noutput = /var/log/stunnel4/stunnel.log\nsslVersion = TLSv1.2\noptions = NO_SSLv3\n\n\
         [pop3s]\naccept  = 995\nconnect = 110\ncert = /etc/stunnel/stunnel.pem\n\n\
         [rtmps]\naccept = :::443\nconnect = 127.0.0.1:1935\ncert = /etc/stunnel/chain.pem\nkey = /etc/stunnel/key.pem\n\
         CAfile = /etc/ssl/ca.pem\nTIMEOUTidle = 300\nTIMEOUTclose = 0\nTIMEOUTbusy = 20\nTIMEOUTconnect=5\n\
         ciphers = HIGH:!aNULL\nprotocol = proxy\n",
    );
    assert_eq!(imported.services, 2);
    assert_eq!(
        imported.text,
        r#"# Made by `ravelin tunnel import`. Lines that begin with # say what was not carried over, or is different.
# line 2: `setuid = stunnel4` is not carried over: ravelin changes neither user nor root; let systemd or the like do it
# line 3: `setgid = stunnel4` is not carried over: ravelin changes neither user nor root; let systemd or the like do it
# line 4: `pid = /var/run/stunnel4/stunnel4.pid` is not carried over: ravelin stays in the foreground and writes no pid file
# line 6: `debug = 7` is not carried over: ravelin logs to standard error
# line 7: `output = /var/log/stunnel4/stunnel.log` is not carried over: ravelin logs to standard error

[service."pop3s"]
listen = ["0.0.0.0:995"]
target = "localhost:110"
identity = { cert = "/etc/stunnel/stunnel.pem", key = "/etc/stunnel/stunnel.pem" }
min-version = "1.2"
max-version = "1.2"

[service."rtmps"]
# line 21: `CAfile = /etc/ssl/ca.pem` is not carried over: client certificates are not imported: write `client-auth`
# line 23: `TIMEOUTclose = 0` is not carried over: a time limit is a number of seconds from 1 up
# line 26: `ciphers = HIGH:!aNULL` is not carried over: ravelin has no cipher strings; list suites under `ciphers`, all it has are safe
listen = ["[::]:443"]
target = "127.0.0.1:1935"
identity = { cert = "/etc/stunnel/chain.pem", key = "/etc/stunnel/key.pem" }
idle-timeout = "300s"
handshake-timeout = "20s"
connect-timeout = "5s"
client-address = "proxy-v1"
min-version = "1.2"
max-version = "1.2"
"#
    );
    let lines: Vec<usize> = imported.notes.iter().map(|note| note.line).collect();
    assert_eq!(lines, [2, 3, 4, 6, 7, 21, 23, 26]);
}

#[test]
fn services_by_name_become_identities() {
    let imported = import(
        "[main]\naccept = 443\nconnect = 8080\ncert = main.pem\n\
         [www]\nsni = main:www.example\nconnect = 8080\ncert = www.pem\nkey = www.key\nTIMEOUTidle = 9\n\
         [any]\nsni = MAIN:*.any.example\ncert = any.pem\n\
         [elsewhere]\nsni = main:e.example\nconnect = 9090\ncert = e.pem\n\
         [lost]\nsni = nobody:l.example\ncert = l.pem\n",
    );
    assert_eq!(imported.services, 1);
    for line in [
        r#"    { cert = "main.pem", key = "main.pem", default = true },"#,
        r#"    { cert = "www.pem", key = "www.key", names = ["www.example"] },"#,
        r#"    { cert = "any.pem", key = "any.pem", names = ["*.any.example"] },"#,
    ] {
        assert!(imported.text.contains(line), "{}", imported.text);
    }
    assert!(!imported.text.contains("e.pem\""));
    assert_eq!(
        notes(&imported),
        [
            "line 10: `TIMEOUTidle = 9` is not carried over: a certificate chosen by server name shares its listener's options",
            "line 15: service [elsewhere] is not carried over: the names of one listener all lead to one backend, that of [main]",
            "line 19: service [lost] is not carried over: there is no service [nobody] for its sni option to belong to",
        ]
    );
}

#[test]
fn services_whose_meaning_would_change_are_left_out() {
    let base = "[s]\naccept = 1\nconnect = 2\ncert = c.pem\n";
    for (line, why) in [
        (
            "verify = 2",
            "it asks clients for certificates (`verify = 2`), and without that it would be open to everybody",
        ),
        (
            "verifyChain = yes",
            "it asks clients for certificates (`verifyChain = yes`), and without that it would be open to everybody",
        ),
        (
            "requireCert = yes",
            "it asks clients for certificates (`requireCert = yes`), and without that it would be open to everybody",
        ),
        ("protocol = smtp", "ravelin speaks nothing before TLS (`protocol = smtp`)"),
        ("exec = /bin/cat", "ravelin starts no programs (`exec`)"),
    ] {
        let imported = import(&format!("{base}{line}\n"));
        assert_eq!(imported.services, 0);
        assert_eq!(notes(&imported), [format!("line 5: service [s] is not carried over: {why}")]);
    }
    let imported = import("verifyPeer = yes\n[s]\naccept = 1\nconnect = 2\ncert = c.pem\n");
    assert_eq!(imported.services, 0, "the default counts");
    assert_eq!(
        import("[s]\nconnect = 2\ncert = c\n").notes[0].message,
        "service [s] is not carried over: it accepts nowhere"
    );
    assert_eq!(
        import("[s]\naccept = 2\ncert = c\n").notes[0].message,
        "service [s] is not carried over: it connects nowhere"
    );
    assert_eq!(
        import("[s]\naccept = 2\nconnect = 1\n").notes[0].message,
        "service [s] is not carried over: it has no cert"
    );
}

#[test]
fn options_find_their_counterparts() {
    let service = |line: &str| {
        import(&format!("[s]\naccept = https\nconnect = /run/x.sock\ncert = c.pem\n{line}\n"))
    };
    for (line, expected) in [
        ("", "listen = [\"0.0.0.0:443\"]\ntarget = \"unix:/run/x.sock\""),
        ("transparent = none", "identity"),
        ("sslVersionMin = TLSv1.3", "min-version = \"1.3\""),
        ("sslVersionMax = TLSv1.2", "max-version = \"1.2\""),
        ("options = NO_TLSv1.2", "min-version = \"1.3\""),
        ("options = NO_TLSv1.3\noptions = NO_TICKET", "tickets = false\nmax-version = \"1.2\""),
        (
            "ciphersuites = TLS_AES_256_GCM_SHA384",
            "ciphers = [\"TLS_AES_256_GCM_SHA384\", \"TLS_ECDHE_ECDSA",
        ),
        (
            "ciphers = ECDHE-RSA-AES128-GCM-SHA256",
            "\"TLS_CHACHA20_POLY1305_SHA256\", \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]",
        ),
        ("curves = X25519:P-256", "groups = [\"x25519\", \"secp256r1\"]"),
        ("renegotiation = no\nreset = yes", "identity"),
    ] {
        let imported = service(line);
        assert!(imported.text.contains(expected), "{line}: {}", imported.text);
        assert!(imported.notes.is_empty(), "{line}: {:?}", imported.notes);
    }
    let source = import("[s]\naccept = 1\nconnect = host:2\ncert = c.pem\ntransparent = source\n");
    assert!(source.text.contains("client-address = \"transparent\""));
    for line in [
        "sslVersion = SSLv3",
        "curves = K-233",
        "options = ALL",
        "sslVersionMin = TLSv1",
        "weird = 1",
    ] {
        assert_eq!(service(line).notes.len(), 1, "{line}");
    }
}

#[test]
fn services_in_client_mode_speak_tls_to_their_server() {
    let imported = import(
        "client = yes\nCAfile = /etc/ssl/ca.pem\n\
         [push]\naccept = 127.0.0.1:1935\nconnect = live.example:443\nverifyChain = yes\ncheckHost = live.example\n\
         [mail]\naccept = 25\nconnect = 192.0.2.7:465\nverify = 2\ncheckHost = mail.example\nsni = mail.example\n\
         cert = me.pem\nkey = me.key\nCRLfile = lists.pem\nsslVersionMin = TLSv1.3\nTIMEOUTconnect = 7\n\
         [address]\naccept = 26\nconnect = [2001:db8::7]:465\nverifyChain = yes\ncheckIP = 2001:db8::7\n",
    );
    assert_eq!((imported.services, notes(&imported)), (3, Vec::new()), "{}", imported.text);
    let services = imported.text.split_once("\n\n").unwrap().1;
    assert_eq!(
        services,
        r#"[service."push"]
listen = ["127.0.0.1:1935"]
target = "live.example:443"
server = { anchors = ["/etc/ssl/ca.pem"] }

[service."mail"]
listen = ["0.0.0.0:25"]
target = "192.0.2.7:465"
identity = { cert = "me.pem", key = "me.key" }
connect-timeout = "7s"
server = { name = "mail.example", anchors = ["/etc/ssl/ca.pem"], crls = ["lists.pem"], revocation = "always" }
min-version = "1.3"

[service."address"]
listen = ["0.0.0.0:26"]
target = "[2001:db8::7]:465"
server = { anchors = ["/etc/ssl/ca.pem"] }
"#
    );
}

#[test]
fn what_becomes_stricter_in_client_mode_is_said() {
    let base = "[s]\nclient = yes\naccept = 1\nconnect = a.example:2\n";
    let verifies = "stunnel verifies no server here, ravelin always does: by";
    for (lines, expected) in [
        ("", vec![format!("line 2: `client = yes`: {verifies} the system's authorities, and its name")]),
        (
            "CAfile = ca.pem",
            vec![format!("line 2: `client = yes`: {verifies} CAfile's authorities, and its name")],
        ),
        (
            "verifyChain = yes\nCAfile = ca.pem\nCApath = /etc/ssl/certs\nsni = b.example\ncheckHost = c.example\n\
             checkHost = d.example\ntransparent = source\ncheckEmail = me@a.example\nOCSPrequire = yes",
            [
                "line 7: `CApath = /etc/ssl/certs` is not carried over: anchors are files; those of CAfile alone are trusted",
                "line 8: `sni = b.example` is not carried over: the name that is asked for is the one that is checked",
                "line 10: `checkHost = d.example` is not carried over: one name is checked, the first one written",
                "line 11: `transparent = source` is not carried over: the server sees the tunnel's own address",
                "line 12: `checkEmail = me@a.example` is not carried over: a server's certificate is for a host",
                "line 13: `OCSPrequire = yes` is not carried over: a tunnel asks nobody about revocation",
            ]
            .map(ToOwned::to_owned)
            .to_vec(),
        ),
        (
            "verifyChain = yes\nCAfile = ca.pem\nsni =",
            vec![
                "line 7: `sni = ` is not carried over: a server is always asked for the name that is checked"
                    .to_owned(),
            ],
        ),
    ] {
        let imported = import(&format!("{base}{lines}\n"));
        assert_eq!((imported.services, notes(&imported)), (1, expected), "{}", imported.text);
    }
}

#[test]
fn what_would_become_laxer_in_client_mode_is_not_carried_over() {
    let base = "[s]\nclient = yes\naccept = 1\nconnect = a.example:2\n";
    for (line, why) in [
        (
            "verifyPeer = yes",
            "it trusts the very certificates of its CAfile (`verifyPeer = yes`); write them as \
             `server = { anchors = …, pins = … }`",
        ),
        (
            "verify = 4",
            "it trusts the very certificates of its CAfile (`verify = 4`); write them as \
             `server = { anchors = …, pins = … }`",
        ),
        (
            "OCSPaia = yes",
            "it asks OCSP responders (`OCSPaia = yes`), and a tunnel asks nobody: write revocation lists as \
             `server = { crls = … }`",
        ),
        (
            "CRLpath = /etc/crls",
            "its revocation lists are in a folder (`CRLpath`): name files, `server = { crls = … }`",
        ),
        ("protocol = smtp", "ravelin speaks nothing before TLS (`protocol = smtp`)"),
    ] {
        let imported = import(&format!("{base}{line}\n"));
        assert_eq!(imported.services, 0);
        let expected = format!("line 5: service [s] is not carried over: {why}");
        assert!(notes(&imported).contains(&expected), "{:?}", notes(&imported));
    }
    let folder = import(&format!("{base}CApath = /etc/ssl/certs\nverifyChain = yes\n"));
    assert_eq!(
        notes(&folder),
        [
            "line 5: service [s] is not carried over: its authorities are in a folder (`CApath`): name files, `server = { anchors = … }`"
        ]
    );
    let socket = import("[s]\nclient = yes\naccept = 1\nconnect = /run/s\n");
    assert!(notes(&socket)[0].contains("a unix socket has no name"), "{:?}", notes(&socket));
    let named = import("[s]\nclient = yes\naccept = 1\nconnect = /run/s\ncheckHost = s.example\n");
    assert!(named.text.contains("server = { name = \"s.example\" }"), "{}", named.text);
}

#[test]
fn secrets_are_not_repeated() {
    let imported = import(
        "ticketKeySecret = c0ffee\n[s]\naccept = 1\nconnect = 2\ncert = c.pem\nticketMacSecret = abba\n",
    );
    assert!(!imported.text.contains("c0ffee") && !imported.text.contains("abba"));
    assert_eq!(imported.notes.len(), 2);
}

#[test]
fn odd_names_and_values_stay_toml() {
    let imported = import(
        "\u{feff}[a b \"c\"]\r\naccept = 1\r\nconnect = 2\r\ncert = C:\\x\"y'.pem\r\n\
         [a b 'c']\naccept = 3\nconnect = 4\ncert = \u{7}\u{1b}é.pem\nsocket = \u{7}l:X\n[]\naccept=5\nconnect=6\ncert=c\n",
    );
    assert_eq!(imported.services, 3);
    for name in ["a-b--c-", "a-b--c--2", "service"] {
        assert!(imported.text.contains(&format!("[service.\"{name}\"]")), "{}", imported.text);
    }
}

#[test]
fn what_is_no_stunnel_conf_has_a_place() {
    let fault = stunnel(&Source::new("stunnel.conf", "[s]\n  nonsense\n")).unwrap_err();
    assert_eq!(
        fault.to_string(),
        "stunnel.conf:2:3: this is no option; help: a line of stunnel.conf is `option = value`, `[service]` or a comment"
    );
}

proptest::proptest! {
    #[test]
    fn whatever_is_imported_parses(
        lines in proptest::collection::vec(
            proptest::prop_oneof![
                "\\[[ -~é\u{0}]{0,6}\\]",
                "(accept|connect|cert|key|sni|options|TIMEOUTidle|transparent|pid|ciphers|CAfile|CRLfile|checkHost|verify) = [ -~é\u{0}\r]{0,12}",
                proptest::strategy::Just("accept = 1".to_owned()),
                proptest::strategy::Just("connect = 2".to_owned()),
                proptest::strategy::Just("cert = c".to_owned()),
                proptest::strategy::Just("client = yes".to_owned()),
            ],
            0..30,
        )
    ) {
        import(&lines.join("\n"));
    }
}
