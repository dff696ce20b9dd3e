//! `ravelin cert verify` as people and scripts call it: its reports, its answers and its exit codes.

mod support;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ravelin_test::skip;
use serde_json::{Value, json};
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
    thread,
};
use support::{Folder, text};

/// When reports are made.
const TIME: &str = "2026-11-22T00:00:00Z";

impl Folder {
    /// With a root, an intermediate and an end certificate, whose dates are fixed.
    fn new() -> Folder {
        let folder = Folder::empty();
        folder.make(
            "self-sign --ca --new-key root.key --subject CN=Root --out root.pem --not-before 2026-01-01T00:00:00Z \
             --not-after 2036-01-01T00:00:00Z",
        );
        folder.make("new-key --out sub.key");
        folder.issue_sub("sub.pem", "2030-01-01T00:00:00Z");
        folder.make("new-key --out leaf.key");
        folder.issue_leaf("leaf.pem", "--name dns:a.example --name dns:b.example --serial 0a");
        folder
    }

    fn issue_sub(&self, out: &str, until: &str) {
        self.make(&format!(
            "issue --ca root.pem --ca-key root.key --key sub.key --is-ca --subject CN=Sub --serial 02 --out {out} \
             --not-before 2026-01-01T00:00:00Z --not-after {until}"
        ));
    }

    fn issue_leaf(&self, out: &str, options: &str) {
        self.make(&format!(
            "issue --ca sub.pem --ca-key sub.key --key leaf.key --out {out} --not-before 2026-06-01T00:00:00Z \
             --not-after 2026-12-04T00:00:00Z --time 2026-06-01T00:00:00Z {options}"
        ));
    }

    /// `ravelin cert …`, words separated by blanks.
    fn run(&self, words: &str) -> Output {
        self.command(&format!("cert {words}")).output().unwrap()
    }

    fn make(&self, words: &str) {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
    }

    /// The report of `verify`.
    fn report(&self, exit: i32, words: &str) -> String {
        let output = self.run(&format!("verify --time {TIME} {words}"));
        assert_eq!(text(&output.stderr), "", "{words}");
        assert_eq!(output.status.code(), Some(exit), "{words}: {}", text(&output.stdout));
        text(&output.stdout)
    }

    /// The JSON of `verify`, as it stands there.
    fn answer(&self, exit: i32, words: &str) -> Value {
        serde_json::from_str(&self.report(exit, &format!("--json {words}"))).unwrap()
    }

    /// The one line of an exit 2.
    fn refused(&self, words: &str) -> String {
        let output = self.run(words);
        let line = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words}: {line}");
        assert_eq!(text(&output.stdout), "", "{words}");
        assert_eq!(line.matches('\n').count(), 1, "{words}: {line}");
        line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned()
    }

    /// The answers to lines of a batch.
    fn batch(&self, lines: &str) -> Vec<Value> {
        self.write("lines", lines);
        let output = self.run("verify --batch lines");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A CRL of the intermediate, as DER.
    fn crl(&self, revoked: &[u64]) -> Vec<u8> {
        let key = rcgen::KeyPair::from_pem(&self.read("sub.key")).unwrap();
        let issuer = rcgen::Issuer::from_ca_cert_pem(&self.read("sub.pem"), key).unwrap();
        let list = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 11, 1),
            next_update: rcgen::date_time_ymd(2026, 12, 1),
            crl_number: rcgen::SerialNumber::from(7),
            issuing_distribution_point: None,
            revoked_certs: revoked
                .iter()
                .map(|serial| rcgen::RevokedCertParams {
                    serial_number: rcgen::SerialNumber::from(*serial),
                    revocation_time: rcgen::date_time_ymd(2026, 11, 2),
                    reason_code: Some(rcgen::RevocationReason::KeyCompromise),
                    invalidity_date: None,
                })
                .collect(),
            key_identifier_method: rcgen::KeyIdMethod::Sha256,
        };
        list.signed_by(&issuer).unwrap().der().to_vec()
    }
}

/// Holds a report to the one that is kept; `RAVELIN_BLESS=1` keeps it instead.
fn same(name: &str, report: &str) {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports").join(name);
    if std::env::var_os("RAVELIN_BLESS").is_some_and(|value| value == "1") {
        fs::write(&kept, report).unwrap();
    }
    let expected = fs::read_to_string(&kept).unwrap();
    assert!(report == expected, "{name}: expected\n{expected}\ngot\n{report}");
}

const CHAIN: &str = "--anchor root.pem --intermediate sub.pem";

#[test]
fn every_status_has_its_report() {
    let folder = Folder::new();
    folder.issue_leaf("aia.pem", "--name dns:a.example --issuer-url http://ca.example/sub.cer");
    folder.issue_leaf("client.pem", "--name dns:a.example --purpose client-auth");
    folder.issue_leaf("crl.pem", "--name dns:a.example --crl-url http://ca.example/sub.crl");
    folder.make(
        "self-sign --new-key self.key --name dns:localhost --out self.pem --not-before 2026-06-01T00:00:00Z --not-after \
         2027-06-01T00:00:00Z",
    );
    folder.issue_sub("old.pem", "2026-07-01T00:00:00Z");
    folder.write("good.crl", folder.crl(&[]));
    folder.write("bad.crl", folder.crl(&[10]));
    for (name, exit, words) in [
        ("trusted", 0, format!("{CHAIN} --name dns:b.example --crl good.crl leaf.pem")),
        ("undetermined", 0, format!("{CHAIN} crl.pem")),
        ("expired", 1, format!("{CHAIN} --time 2026-12-24T00:00:00Z leaf.pem")),
        ("not-yet-valid", 1, format!("{CHAIN} --time 2026-05-31T12:00:00Z leaf.pem")),
        ("revoked", 1, format!("{CHAIN} --crl bad.crl leaf.pem")),
        ("distrusted", 1, format!("{CHAIN} --distrust sub.pem leaf.pem")),
        ("missing-intermediate", 1, "--anchor root.pem aia.pem".into()),
        ("missing-issuer", 1, "--anchor root.pem leaf.pem".into()),
        ("self-signed", 1, "--anchor root.pem self.pem".into()),
        ("wrong-name", 1, format!("{CHAIN} --name dns:c.example leaf.pem")),
        ("expired-intermediate", 1, "--anchor root.pem --intermediate old.pem leaf.pem".into()),
        ("wrong-purpose", 1, format!("{CHAIN} client.pem")),
        ("unknown", 3, format!("{CHAIN} --revocation required-if-available crl.pem")),
    ] {
        // An option that is given twice keeps its last value only where that is allowed.
        let report = if words.contains("--time") {
            let output = folder.run(&format!("verify {words}"));
            assert_eq!(output.status.code(), Some(exit), "{name}");
            text(&output.stdout)
        } else {
            folder.report(exit, &words)
        };
        same(name, &report);
    }
}

#[test]
fn the_answer_for_programs_has_its_keys_in_their_order() {
    let folder = Folder::new();
    folder.write("good.crl", folder.crl(&[]));
    let line = folder.report(
        1,
        &format!("{CHAIN} --crl good.crl --name dns:c.example leaf.pem --json --policy 1.2.3"),
    );
    let sha256 = |name: &str| {
        let shown = folder.run(&format!("inspect {name} --json"));
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        shown["items"][0]["sha256"].as_str().unwrap().to_owned()
    };
    let (leaf, sub, root) = (sha256("leaf.pem"), sha256("sub.pem"), sha256("root.pem"));
    let value: Value = serde_json::from_str(&line).unwrap();
    let detail = |index: usize| value["revocation"][index]["detail"].to_string();
    let finding = r#"{"rule":"name-mismatch","severity":"error","certificate":0,"path":0,"detail":"the certificate is valid for a.example, b.example, not for c.example","offset":null}"#;
    let expected = format!(
        r#"{{"schema":1,"status":"principalMismatch","code":"ERR_TLS_CERT_ALTNAME_INVALID","profile":"interop","findings":[{finding}],"paths":[{{"certificates":["{leaf}","{sub}","{root}"],"anchor":"{root}","accepted":false,"findings":[{finding}]}}],"revocation":[{{"certificate":0,"status":"good","source":"crl","detail":{}}},{{"certificate":1,"status":"no-information","source":null,"detail":{}}}],"policies":[],"fetches":[]}}"#,
        detail(0),
        detail(1),
    );
    assert_eq!(line.trim_end(), expected);
}

#[test]
fn options_take_one_value_or_several_and_the_certificate_stands_anywhere() {
    let folder = Folder::new();
    for words in [
        "leaf.pem --anchor root.pem --intermediate sub.pem",
        "--anchor root.pem --intermediate sub.pem leaf.pem",
        "--anchor root.pem --intermediate sub.pem -- leaf.pem",
        "--intermediate sub.pem root.pem --anchor root.pem leaf.pem",
        "--intermediate sub.pem --anchor root.pem sub.pem leaf.pem --profile rfc5280",
        "--anchor sub.pem root.pem --purpose server-auth leaf.pem",
        "--anchor=root.pem --intermediate=sub.pem leaf.pem",
        "--anchor root.pem leaf.pem --max-depth 1 --intermediate sub.pem",
        "--anchor root.pem --intermediate sub.pem --policy 1.2.3 leaf.pem",
    ] {
        folder.report(0, words);
    }
    folder.write("chain.pem", folder.read("leaf.pem") + &folder.read("sub.pem"));
    folder.report(0, "--anchor root.pem chain.pem");
    folder.report(1, "--anchor root.pem --max-depth 0 chain.pem");
    folder.report(1, "--anchor root.pem --explicit-policy chain.pem");
    folder.report(1, "chain.pem --bundled-roots");
    let output = folder
        .command(&format!("cert verify --time {TIME} --anchor root.pem -"))
        .stdin(fs::File::open(folder.path("chain.pem")).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn rules_and_means_of_revocation_are_switched_one_by_one() {
    let folder = Folder::new();
    folder.issue_leaf("client.pem", "--name dns:a.example --purpose client-auth");
    folder.report(1, &format!("{CHAIN} client.pem"));
    let answer = folder.answer(0, &format!("{CHAIN} --rule purpose-mismatch=warning client.pem"));
    assert_eq!(answer["findings"][0]["severity"], "warning");
    let answer = folder.answer(0, &format!("{CHAIN} --rule purpose-mismatch=off client.pem"));
    assert_eq!(answer["findings"], json!([]));
    folder.report(0, &format!("{CHAIN} --purpose client-auth client.pem"));
    folder.report(0, &format!("{CHAIN} --purpose 1.3.6.1.5.5.7.3.2 client.pem"));

    folder.write("bad.crl", folder.crl(&[10]));
    folder.report(1, &format!("{CHAIN} --crl bad.crl leaf.pem"));
    folder.report(0, &format!("{CHAIN} --crl bad.crl --no-crl leaf.pem"));
    folder.report(0, &format!("{CHAIN} --crl bad.crl --revocation never leaf.pem"));
}

#[test]
fn a_negative_verdict_is_no_less_negative_when_nobody_reads_it() {
    let folder = Folder::new();
    for words in
        ["verify --anchor root.pem -- leaf.pem", "expiry --time 2027-01-01T00:00:00Z leaf.pem"]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = folder.command(&format!("cert {words}")).stdout(writer).output().unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(1), String::new()),
            "{words}"
        );
    }
}

#[test]
fn what_is_distrusted_is_a_certificate_or_every_one_with_a_key() {
    let folder = Folder::new();
    folder.issue_sub("again.pem", "2031-01-01T00:00:00Z");
    let both = format!("{CHAIN} --intermediate again.pem");
    let answer = folder.answer(0, &format!("{both} --distrust sub.pem -- leaf.pem"));
    assert_eq!(answer["status"], "trusted", "the other certificate is not distrusted");
    let key = rcgen::KeyPair::from_pem(&folder.read("sub.key")).unwrap();
    folder.write("sub.pub", key.public_key_pem());
    folder.write("sub.der", der(&key.public_key_pem()));
    for file in ["sub.pub", "sub.der"] {
        let answer = folder.answer(1, &format!("{both} --distrust {file} -- leaf.pem"));
        assert_eq!(
            (&answer["status"], &answer["code"]),
            (&json!("revoked"), &json!("CERT_REVOKED"))
        );
    }
}

#[test]
fn unreadable_input_is_one_line_that_names_the_file_and_the_fault() {
    let folder = Folder::new();
    folder.write("text", "hello");
    folder.write("empty", "");
    folder.write("der", [0x30, 3, 2, 1, 5]);
    fs::File::create(folder.path("huge")).unwrap().set_len((16 << 20) + 1).unwrap();
    for (words, line) in [
        ("verify text", "text: holds no certificate: it is neither PEM nor DER"),
        ("verify empty", "empty: is empty"),
        ("verify huge", "huge: is larger than 16 MiB"),
        ("verify leaf.pem --anchor huge", "huge: is larger than 16 MiB"),
        ("verify leaf.pem --crl huge", "huge: is larger than 16 MiB"),
        ("verify leaf.pem --ocsp huge", "huge: is larger than 16 MiB"),
        ("verify nope.pem", "nope.pem: cannot be read: No such file or directory (os error 2)"),
        ("verify leaf.pem --anchor nope", "nope: cannot be read: No such file"),
        ("verify leaf.pem --intermediate text", "text: holds no certificate"),
        ("verify leaf.pem --crl root.pem", "root.pem: holds no certificate revocation list"),
        ("verify leaf.pem --crl der", "der: CRL 1: not a CRL"),
        ("verify leaf.pem --ocsp der", "der: OCSP response 1: "),
        ("verify leaf.pem --staple der", "der: OCSP response 1: "),
        ("verify der", "der: certificate 1: not a certificate: "),
        ("verify leaf.pem --distrust text", "text: holds no certificate"),
        ("verify --batch nope", "nope: cannot be read: No such file"),
        ("verify --batch .", ".: cannot be read: Is a directory"),
        ("verify", "which certificate? give CERT, or --batch FILE"),
        ("verify --anchor root.pem", "which certificate?"),
        ("verify leaf.pem --batch x", "the argument"),
        ("verify leaf.pem --name a.example", "invalid value 'a.example' for '--name <NAME>'"),
        ("verify leaf.pem --time tomorrow", "invalid value 'tomorrow' for '--time <TIME>'"),
        ("verify leaf.pem --profile x", "invalid value 'x' for '--profile <PROFILE>'"),
        ("verify leaf.pem --purpose x", "invalid value 'x' for '--purpose <PURPOSE>'"),
        ("verify leaf.pem --revocation x", "invalid value 'x' for '--revocation <POLICY>'"),
        ("verify leaf.pem --rule x=off", "invalid value 'x=off' for '--rule <RULE>'"),
        ("verify leaf.pem --rule bad-signature=off", "invalid value 'bad-signature=off'"),
        ("verify --policy x -- leaf.pem", "`x` is no policy"),
        ("verify leaf.pem --online --cache leaf.key", "leaf.key: cannot be used as a cache"),
    ] {
        let told = folder.refused(words);
        assert!(told.starts_with(line), "{words}: {told}");
    }
}

#[test]
fn foreign_words_cannot_move_the_cursor() {
    let folder = Folder::new();
    let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "x\u{1b}[2Jy\u{202e}z");
    let key = rcgen::KeyPair::generate().unwrap();
    folder.write("odd.pem", params.self_signed(&key).unwrap().pem());
    for words in ["verify --anchor root.pem -- odd.pem", "inspect odd.pem", "lint odd.pem"] {
        let shown = text(&folder.run(words).stdout);
        assert!(shown.contains('x') && shown.contains('z'), "{shown}");
        assert!(!shown.contains(['\u{1b}', '\u{202e}']), "{words}: {shown}");
    }
}

#[test]
fn a_batch_answers_every_line_in_its_place() {
    let folder = Folder::new();
    let (leaf, root) = (folder.read("leaf.pem"), folder.read("root.pem"));
    let line = |id: Value, more: Value| {
        let mut line = json!({ "id": id, "leaf": leaf, "anchors": [root], "intermediates": ["sub.pem"], "time": TIME });
        for (key, value) in more.as_object().unwrap() {
            line[key] = value.clone();
        }
        format!("{line}\n")
    };
    let mut lines = String::new();
    lines += &line(json!("first"), json!({}));
    lines += "\n";
    lines += "not JSON\r\n";
    lines += &line(json!({ "a": [1] }), json!({ "names": ["dns:c.example"], "crls": null }));
    lines += &line(json!(4), json!({ "leaf": "nope.pem" }));
    lines += &line(
        json!(5),
        json!({ "anchors": ["-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"] }),
    );
    lines += &line(json!(6), json!({ "bogus": true }));
    lines += &line(json!(7), json!({ "anchors": [] }));
    lines += &line(Value::Null, json!({ "profile": "webpki", "purpose": "client-auth" }));
    lines +=
        line(json!(9), json!({ "time": "2027-01-01T00:00:00Z", "revocation": "always" })).trim();
    let answers = folder.batch(&lines);
    let short: Vec<(Value, Value, Value)> = answers
        .iter()
        .map(|one| (one["id"].clone(), one["status"].clone(), one["error"]["kind"].clone()))
        .collect();
    let null = || Value::Null;
    assert_eq!(
        short,
        [
            (json!("first"), json!("trusted"), null()),
            (null(), null(), json!("json")),
            (null(), null(), json!("json")),
            (json!({ "a": [1] }), json!("principalMismatch"), null()),
            (json!(4), null(), json!("input")),
            (json!(5), null(), json!("input")),
            (json!(6), null(), json!("usage")),
            (json!(7), json!("untrustedSigners"), null()),
            (null(), json!("invalid"), null()),
            (json!(9), json!("expired"), null()),
        ]
    );
    assert_eq!(
        answers[4]["error"]["detail"],
        "nope.pem: cannot be read: No such file or directory (os error 2)"
    );
    let detail = answers[5]["error"]["detail"].as_str().unwrap();
    assert!(detail.starts_with("anchors[0]: certificate 1: not a certificate"), "{detail}");
    let keys: Vec<&String> = answers[1].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["error", "id", "schema", "status"]);
}

#[test]
fn a_line_that_is_no_utf_8_is_answered_and_the_run_goes_on() {
    let folder = Folder::new();
    let mut lines = b"{\"leaf\":\"\xff\"}\n".to_vec();
    lines.extend(br#"{"leaf":"leaf.pem","anchors":["root.pem"],"id":2}"#);
    folder.write("lines", lines);
    let output = folder.run("verify --batch lines");
    let out = text(&output.stdout);
    let mut answers = out.lines();
    assert!(answers.next().unwrap().contains(r#""kind":"json","detail":"the line is not UTF-8""#));
    assert!(
        answers.next().unwrap().starts_with(r#"{"schema":1,"id":2,"status":"untrustedSigners""#)
    );
    assert_eq!((answers.next(), output.status.code()), (None, Some(0)));
}

#[test]
fn a_batch_answers_while_its_input_goes_on() {
    let folder = Folder::new();
    let mut program = folder
        .command("cert verify --batch -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = program.stdin.take().unwrap();
    let mut from = BufReader::new(program.stdout.take().unwrap());
    for id in 0..3 {
        writeln!(to, r#"{{"leaf":"leaf.pem","anchors":["root.pem"],"id":{id}}}"#).unwrap();
        let mut answer = String::new();
        from.read_line(&mut answer).unwrap();
        assert!(answer.starts_with(&format!(r#"{{"schema":1,"id":{id},"#)), "{answer}");
    }
    drop(to);
    assert_eq!(program.wait().unwrap().code(), Some(0));
}

#[test]
fn whoever_stops_reading_a_batch_ends_it_without_complaint() {
    let folder = Folder::new();
    let mut program = folder
        .command("cert verify --batch -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut to = program.stdin.take().unwrap();
    let line = "{\"leaf\":\"leaf.pem\",\"anchors\":[\"root.pem\"]}\n";
    to.write_all(line.as_bytes()).unwrap();
    let mut from = BufReader::new(program.stdout.take().unwrap());
    from.read_line(&mut String::new()).unwrap();
    drop(from);
    while to.write_all(line.as_bytes()).is_ok() {}
    assert_eq!(program.wait().unwrap().code(), Some(0));
    let mut told = String::new();
    program.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert_eq!(told, "");
}

/// Serves files over HTTP on a loopback address until the test's process ends.
fn serve(files: Vec<(&'static str, Vec<u8>)>) -> String {
    fn answer(mut stream: TcpStream, files: &[(&str, Vec<u8>)]) -> std::io::Result<()> {
        let mut request = String::new();
        BufReader::new(stream.try_clone()?).read_line(&mut request)?;
        let path = request.split_whitespace().nth(1).unwrap_or_default();
        match files.iter().find(|(name, _)| path == format!("/{name}")) {
            Some((_, bytes)) => {
                let length = bytes.len();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
                )?;
                stream.write_all(bytes)
            }
            None => write!(
                stream,
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            ),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(stream.unwrap(), &files);
        }
    });
    format!("http://{address}")
}

fn der(pem: &str) -> Vec<u8> {
    let blocks: Vec<&str> = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(blocks.concat()).unwrap()
}

#[test]
fn online_what_is_missing_is_fetched_kept_and_told() {
    let folder = Folder::new();
    let site =
        serve(vec![("sub.cer", der(&folder.read("sub.pem"))), ("sub.crl", folder.crl(&[10]))]);
    folder.issue_leaf(
        "good.pem",
        &format!(
            "--name dns:a.example --serial 0b --issuer-url {site}/sub.cer --crl-url {site}/sub.crl"
        ),
    );
    folder.issue_leaf(
        "bad.pem",
        &format!(
            "--name dns:a.example --serial 0a --issuer-url {site}/sub.cer --crl-url {site}/sub.crl"
        ),
    );
    folder.issue_leaf("lost.pem", &format!("--name dns:a.example --issuer-url {site}/other.cer"));

    let offline = folder.answer(1, "--anchor root.pem -- good.pem");
    assert_eq!((&offline["status"], &offline["fetches"]), (&json!("untrustedSigners"), &json!([])));

    // Whoever made a certificate must not have our own network asked.
    let refused = folder.answer(1, "--anchor root.pem --online -- good.pem");
    assert_eq!(refused["fetches"][0]["ok"], false);
    let why = refused["fetches"][0]["detail"].as_str().unwrap();
    assert!(why.contains("loopback"), "{why}");

    let options = "--anchor root.pem --online --allow-private --cache kept --revocation required-if-available";
    let good = folder.answer(0, &format!("{options} -- good.pem"));
    let fetched = |answer: &Value| -> Vec<(String, bool)> {
        let fetches = answer["fetches"].as_array().unwrap();
        fetches
            .iter()
            .map(|one| (one["kind"].as_str().unwrap().into(), one["ok"].as_bool().unwrap()))
            .collect()
    };
    assert_eq!(fetched(&good), [("issuer".into(), true), ("crl".into(), true)]);
    assert_eq!(good["revocation"][0]["status"], "good");
    assert!(good["fetches"][0]["detail"].as_str().unwrap().ends_with("bytes from the network"));
    assert!(fs::read_dir(folder.path("kept")).unwrap().count() > 0, "nothing is kept");

    let bad = folder.answer(1, &format!("{options} -- bad.pem"));
    assert_eq!((&bad["status"], &bad["code"]), (&json!("revoked"), &json!("CERT_REVOKED")));
    let from = bad["fetches"][0]["detail"].as_str().unwrap();
    assert!(from.ends_with("bytes from the cache on disk"), "{from}");

    let lost =
        folder.report(1, "--anchor root.pem --online --allow-private --no-cache -- lost.pem");
    assert!(lost.contains("/other.cer: not had, server answered with status 404"), "{lost}");

    folder.write(
        "lines",
        format!(
            "{}\n{}\n",
            json!({ "leaf": "good.pem", "anchors": ["root.pem"], "time": TIME, "online": true, "id": 1 }),
            json!({ "leaf": "good.pem", "anchors": ["root.pem"], "time": TIME, "id": 2 }),
        ),
    );
    let output = folder.run("verify --batch lines --allow-private --no-cache");
    let out = text(&output.stdout);
    let answers: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["status"], "trusted", "{out}");
    assert_eq!(
        answers[1]["status"], "untrustedSigners",
        "a line that is not online fetches nothing"
    );
}

/// Has openssl answer about `leaf.pem`, as its index says, into `NAME.der`.
fn answer_by_openssl(folder: &Folder, name: &str, index: &str) -> bool {
    folder.write("index.txt", index);
    folder.write("index.txt.attr", "unique_subject = no\n");
    let words = format!(
        "ocsp -index index.txt -rsigner root.pem -rkey root.key -CA root.pem -issuer root.pem -cert now.pem -ndays 2 \
         -respout {name}.der"
    );
    let output = Command::new("openssl")
        .args(words.split_whitespace())
        .current_dir(folder.path(""))
        .stdin(Stdio::null())
        .output();
    output.is_ok_and(|output| output.status.success())
        && folder.path(&format!("{name}.der")).exists()
}

#[test]
fn ocsp_responses_count_however_they_are_given() {
    let folder = Folder::new();
    folder.make(
        "issue --ca root.pem --ca-key root.key --key leaf.key --name dns:a.example --serial 0b --out now.pem",
    );
    let good = "V\t361231000000Z\t\t0B\tunknown\t/CN=a.example\n";
    let bad = "R\t361231000000Z\t260601000000Z,keyCompromise\t0B\tunknown\t/CN=a.example\n";
    let is_there =
        answer_by_openssl(&folder, "good", good) && answer_by_openssl(&folder, "bad", bad);
    if !is_there {
        skip("no openssl that answers OCSP");
        return;
    }
    let verify = |exit: i32, words: &str| -> Value {
        let output = folder.run(&format!("verify --json --anchor root.pem {words} -- now.pem"));
        assert_eq!(output.status.code(), Some(exit), "{words}: {}", text(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let told = verify(0, "--ocsp good.der --revocation always");
    let told = &told["revocation"][0];
    assert_eq!((&told["status"], &told["source"]), (&json!("good"), &json!("ocsp")));
    assert_eq!(verify(1, "--ocsp bad.der")["code"], "CERT_REVOKED");
    assert_eq!(verify(1, "--staple bad.der")["status"], "revoked");
    assert_eq!(
        verify(1, "--ocsp good.der bad.der")["status"],
        "revoked",
        "one that revokes counts"
    );
    verify(0, "--ocsp bad.der --no-ocsp");
    verify(3, "--ocsp good.der --no-ocsp --revocation always");
    let shown = folder.run("inspect bad.der --json");
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let single = &shown["items"][0]["responses"][0];
    assert_eq!(
        (&single["status"], &single["reason"]),
        (&json!("revoked"), &json!("keyCompromise"))
    );
    let line =
        json!({ "leaf": "now.pem", "anchors": ["root.pem"], "ocsp": ["bad.der"], "no_crl": true });
    assert_eq!(folder.batch(&line.to_string())[0]["status"], "revoked");
}

#[test]
fn help_manual_and_completions_know_every_option() {
    let folder = Folder::new();
    let help = text(&folder.run("verify --help").stdout);
    for option in [
        "--anchor",
        "--intermediate",
        "--crl",
        "--ocsp",
        "--system-roots",
        "--bundled-roots",
        "--profile",
        "--purpose",
        "--name",
        "--time",
        "--revocation",
        "--max-depth",
        "--policy",
        "--explicit-policy",
        "--inhibit-policy-mapping",
        "--inhibit-any-policy",
        "--online",
        "--json",
        "--batch",
        "--rule",
        "--distrust",
        "--staple",
        "--no-crl",
        "--no-ocsp",
        "--cache",
        "--no-cache",
        "--allow-private",
    ] {
        assert!(
            help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
            "{option}"
        );
    }
    assert!(help.contains("ravelin cert verify --batch cases.jsonl"), "{help}");
    for command in ["verify", "inspect", "lint", "expiry"] {
        let output = Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .args(["generate", "man", "cert", command])
            .output()
            .unwrap();
        let page = text(&output.stdout);
        assert!(
            page.contains(&format!("ravelin\\-cert\\-{command}")) && page.contains("Examples:"),
            "{page}"
        );
    }
}
