//! The program itself, as people and scripts call it.

use ravelin_test::skip;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
};

fn ravelin(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ravelin")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit 2 and exactly one line on standard error, nothing on standard output.
fn refused(arguments: &[&str]) -> String {
    let output = ravelin(arguments);
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {line}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert_eq!(line.matches('\n').count(), 1, "{arguments:?}: {line}");
    line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        folder.certificate("a", 90);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn name(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.path(name), text).unwrap();
        self.name(name)
    }

    /// `NAME.pem` and `NAME.key`, good for so many days.
    fn certificate(&self, name: &str, days: u64) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".into()]).unwrap();
        let now = std::time::SystemTime::now();
        params.not_before = (now - std::time::Duration::from_secs(86_400 * 365)).into();
        params.not_after = (now + std::time::Duration::from_secs(86_400 * days + 3600)).into();
        let certificate = params.self_signed(&key).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
    }
}

const SERVICE: &str = "[service.web]\nlisten = [\"127.0.0.1:0\"]\ntarget = \"127.0.0.1:1935\"\n\
                       identity = { cert = \"a.pem\", key = \"a.key\" }\n";

#[test]
fn help_and_version_are_data() {
    for (arguments, expected) in [
        (&["--help"] as &[&str], "Usage: ravelin"),
        (&["--version"], "ravelin 0."),
        (&["tunnel", "--help"], "--half-close-timeout <TIME>"),
        (&["tunnel", "check", "--help"], "--config <FILE>"),
        (&["help", "tunnel", "import"], "stunnel.conf"),
    ] {
        let output = ravelin(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(text(&output.stdout).contains(expected), "{arguments:?}");
        assert_eq!(text(&output.stderr), "");
    }
    let help = text(&ravelin(&["tunnel", "--help"]).stdout);
    assert!(!help.contains("top") || !help.contains("  top "), "what is not there is not offered");
    assert!(!help.contains('\u{1b}'), "no colours into a pipe");
}

#[test]
fn wrong_usage_is_one_line() {
    for (arguments, expected) in [
        (&[] as &[&str], "which command? see `ravelin --help`"),
        (&["tunel"], "unrecognized subcommand 'tunel'; tip: a similar subcommand exists: 'tunnel'"),
        (
            &["tunnel", "--lisen", "x"],
            "unexpected argument '--lisen' found; tip: a similar argument exists: '--listen'",
        ),
        (
            &["tunnel"],
            "what is to be served? give --listen, --to, --cert and --key, or --config FILE, or --demo",
        ),
        (&["tunnel", "--listen", "127.0.0.1:0"], "--to, --cert, --key are missing"),
        (
            &[
                "tunnel",
                "--listen",
                "127.0.0.1:0",
                "--to",
                "a:1",
                "--cert",
                "a",
                "--cert",
                "b",
                "--key",
                "a",
            ],
            "2 times --cert and 1 times --key: each certificate needs its key, in the same order",
        ),
        (&["tunnel", "--client"], "--listen, --to are missing"),
        (
            &["tunnel", "--client", "--listen", "127.0.0.1:0", "--to", "a:1", "--cert", "a"],
            "--key is missing",
        ),
        (
            &["tunnel", "--pin", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            "the following required arguments were not provided: --client",
        ),
        (
            &["tunnel", "--client-anchor", "ca.pem"],
            "the following required arguments were not provided: --client-auth <MODE>",
        ),
        (
            &["tunnel", "--client-auth", "required", "--allow-client-name", "a.example"],
            "invalid value 'a.example' for '--allow-client-name <NAME>': `a.example` is no name; say which kind it is of: dns:, email:, uri: or dn:",
        ),
        (
            &[
                "tunnel",
                "--listen",
                "127.0.0.1:0",
                "--to",
                "127.0.0.1:1",
                "--cert",
                "a",
                "--key",
                "a",
                "--client-auth",
                "optional",
            ],
            "--client-anchor is missing: without it no client could be trusted",
        ),
        (
            &["tunnel", "--send-proxy", "v3"],
            "invalid value 'v3' for '--send-proxy <VERSION>'; [possible values: v1, v2]",
        ),
        (
            &["tunnel", "--idle-timeout", "5"],
            "invalid value '5' for '--idle-timeout <TIME>': duration `5` has no unit; write \"5s\" for seconds",
        ),
        (
            &["tunnel", "--config", "x.toml", "--to", "a:1"],
            "the services come from the file of --config; leave out --listen, --to and the others that describe one",
        ),
        (
            &["generate", "completions"],
            "the following required arguments were not provided: <SHELL>",
        ),
        (&["generate", "man", "tunnel", "top"], "there is no command `ravelin tunnel top`"),
        (
            &["tunnel", "--demo", "--to", "a:1"],
            "--demo makes its own service; of its options only --listen may be chosen",
        ),
        (&["tunnel", "--workers", "1", "check"], "options of a command come after its name"),
        (&["tunnel", "reload"], "which tunnel? give --admin ADDR, or --config FILE"),
        (
            &["tunnel", "--config", "/nonexistent.toml"],
            "/nonexistent.toml: the file cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let line = refused(arguments);
        assert_eq!(line, expected);
    }
}

#[test]
fn faults_in_a_file_have_line_and_column() {
    let folder = Folder::new();
    let file = folder.write("ravelin.toml", &SERVICE.replace("target", "taget"));
    let expected = format!("{file}:3:1: unknown key `taget`; help: did you mean `target`?");
    assert_eq!(refused(&["tunnel", "--config", &file]), expected);

    let output = ravelin(&["tunnel", "check", "--config", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), format!("ravelin: {expected}\n"));
    assert_eq!(
        text(&output.stdout),
        format!(
            "error: unknown key `taget`\n --> {file}:3:1\n  |\n3 | taget = \"127.0.0.1:1935\"\n  | ^^^^^\n  |\n  \
             = help: did you mean `target`?\n"
        )
    );

    let output = ravelin(&["tunnel", "check", "--config", &file, "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], false);
    assert_eq!((&answer["error"]["line"], &answer["error"]["column"]), (&3.into(), &1.into()));
    assert_eq!(answer["error"]["help"], "did you mean `target`?");
}

#[test]
fn check_shows_what_a_file_means() {
    let folder = Folder::new();
    folder.certificate("old", 0);
    let file = folder.write(
        "ravelin.toml",
        &format!(
            "[defaults]\nidle-timeout = \"5m\"\n{SERVICE}client-address = \"proxy-v2\"\n\
             accept-proxy = {{ trusted = [\"10.0.0.0/8\"] }}\n{}\n[admin]\nlisten = \"unix:admin.sock\"\n",
            SERVICE.replace("web", "old").replace("a.", "old.")
        ),
    );
    let output = ravelin(&["tunnel", "check", "--config", &file]);
    let report = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{report}{}", text(&output.stderr));
    for expected in [
        "web: 127.0.0.1:0 -> 127.0.0.1:1935\n",
        "a.pem (localhost), expires in 90 days (",
        "  client       proxy-v2\n",
        "  PROXY from   10.0.0.0/8, within 3s\n",
        "  limits       handshake 10s, connect 5s, half-close 30s, unacknowledged 30s, keepalive 10s + 4 x 5s\n",
        "               idle 5m\n",
        "warning: old: certificate ",
        "old.pem expires in 0 hours (",
        "\nok\n",
    ] {
        let found = report.replace("expires in 1 hours", "expires in 0 hours");
        assert!(found.contains(expected), "{expected:?} in\n{report}");
    }
    let answer: serde_json::Value =
        serde_json::from_slice(&ravelin(&["tunnel", "check", "--config", &file, "--json"]).stdout)
            .unwrap();
    assert_eq!(
        (&answer["schema"], &answer["ok"], &answer["error"]),
        (&1.into(), &true.into(), &serde_json::Value::Null)
    );
    assert_eq!(answer["services"][0]["name"], "web");
    assert_eq!(answer["services"][0]["timeouts"]["idle"], 300.0);
    assert_eq!(answer["admin"], format!("unix:{}", folder.name("admin.sock")));
}

#[test]
fn check_prints_the_rules_of_transparent_services() {
    let folder = Folder::new();
    let (cert, key) = (folder.name("a.pem"), folder.name("a.key"));
    let arguments = [
        "tunnel",
        "check",
        "--listen",
        "127.0.0.1:0",
        "--to",
        "192.0.2.7:1935",
        "--cert",
        &cert,
        "--key",
        &key,
        "--transparent",
    ];
    let output = ravelin(&arguments);
    let report = text(&output.stdout);
    assert!(report.contains("192.0.2.7 . 1935"), "{report}");
    assert!(report.contains("ip -4 rule add fwmark"), "{report}");
    // Whether privileges are missing depends on who runs the test; the code and the words must agree.
    let missing = report.contains("\nmissing: ");
    assert_eq!(output.status.code(), Some(i32::from(missing)), "{report}");
    assert_eq!(report.ends_with("\nnot ok\n"), missing);
}

#[test]
fn certificates_above_the_limit_are_refused_unread() {
    let folder = Folder::new();
    fs::File::create(folder.path("a.pem")).unwrap().set_len((16 << 20) + 1).unwrap();
    let file = folder.write("ravelin.toml", SERVICE);
    let expected =
        format!("{file}:4:21: certificate {} is larger than 16 MiB", folder.name("a.pem"));
    assert_eq!(refused(&["tunnel", "--config", &file]), expected);
}

#[test]
fn an_imported_file_is_accepted() {
    let folder = Folder::new();
    let conf = folder.write(
        "stunnel.conf",
        "setuid = nobody\npid = /run/x.pid\n[rtmps]\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:1935\ncert = a.pem\n\
         key = a.key\nTIMEOUTidle = 300\nCAfile = ca.pem\n",
    );
    let output = ravelin(&["tunnel", "import", &conf]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stderr),
        format!(
            "ravelin: {conf}: line 1: `setuid = nobody` is not carried over: ravelin changes neither user nor root; let \
             systemd or the like do it\n\
             ravelin: {conf}: line 2: `pid = /run/x.pid` is not carried over: ravelin stays in the foreground and writes no \
             pid file\n\
             ravelin: {conf}: line 9: `CAfile = ca.pem` is not carried over: client certificates are not imported: write `client-auth`\n"
        )
    );
    let file = folder.write("ravelin.toml", &text(&output.stdout));
    let checked = ravelin(&["tunnel", "check", "--config", &file]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", text(&output.stdout), text(&checked.stderr));

    let answer: serde_json::Value =
        serde_json::from_slice(&ravelin(&["tunnel", "import", &conf, "--json"]).stdout).unwrap();
    assert_eq!((&answer["services"], &answer["notes"][2]["line"]), (&1.into(), &9.into()));
    assert_eq!(answer["configuration"], text(&output.stdout));

    let client = folder.write(
        "client.conf",
        "[push]\nclient = yes\naccept = 127.0.0.1:0\nconnect = 127.0.0.1:443\nverifyChain = yes\nCAfile = a.pem\n\
         checkHost = live.example\n",
    );
    let output = ravelin(&["tunnel", "import", &client]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let file = folder.write("client.toml", &text(&output.stdout));
    let checked = ravelin(&["tunnel", "check", "--config", &file]);
    assert_eq!(checked.status.code(), Some(0), "{}{}", text(&output.stdout), text(&checked.stderr));
    let shown = text(&checked.stdout);
    assert!(shown.contains("to the backend, as live.example"), "{shown}");

    let none = folder.write(
        "none.conf",
        "[c]\nclient = yes\naccept = 1\nconnect = h:2\nCAfile = a.pem\nverifyPeer = yes\n",
    );
    assert_eq!(ravelin(&["tunnel", "import", &none]).status.code(), Some(1));
    let broken = folder.write("broken.conf", "nonsense\n");
    assert!(
        refused(&["tunnel", "import", &broken])
            .starts_with(&format!("{broken}:1:1: this is no option"))
    );
}

#[test]
fn packagers_get_what_they_want() {
    let man = text(&ravelin(&["generate", "man"]).stdout);
    assert!(man.contains(".TH ravelin 1"), "{man}");
    let man = text(&ravelin(&["generate", "man", "tunnel", "check"]).stdout);
    assert!(man.contains("ravelin\\-tunnel\\-check"), "{man}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = ravelin(&["generate", "completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("half-close-timeout"), "{shell}");
    }
    let schema = ravelin(&["generate", "schema"]);
    let documented = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ravelin.schema.json");
    assert_eq!(text(&schema.stdout), fs::read_to_string(documented).unwrap());
}

#[test]
fn a_broken_pipe_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ravelin"))
        .args(["generate", "completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

#[test]
fn nobody_at_the_admin_listener_is_undecided() {
    let folder = Folder::new();
    let address = format!("unix:{}", folder.name("nobody.sock"));
    for arguments in [
        &["tunnel", "reload", "--admin", &address] as &[&str],
        &["tunnel", "--json", "status", "--admin", &address],
        &["--json", "tunnel", "status", "--admin", &address],
    ] {
        let output = ravelin(arguments);
        assert_eq!(output.status.code(), Some(3));
        assert_eq!(
            text(&output.stderr),
            format!("ravelin: {address}: No such file or directory (os error 2)\n")
        );
    }
}

/// A running tunnel; killed when it is dropped.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(arguments: &[&str], state: &Path) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ravelin"))
            .args(arguments)
            .env("RAVELIN_STATE_DIR", state)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Running { child, log }
    }

    /// The next line of the log that holds all the words.
    fn wait_for(&mut self, words: &[&str]) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            let count = self.log.read_line(&mut line).unwrap();
            assert!(count > 0, "{words:?} did not come, but:\n{seen}");
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
            seen.push_str(&line);
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_running_tunnel_reloads_and_tells_its_status() {
    let folder = Folder::new();
    let good = format!("{SERVICE}[admin]\nlisten = \"unix:admin.sock\"\n");
    let file = folder.write("ravelin.toml", &good);
    let mut tunnel =
        Running::start(&["tunnel", "--config", &file, "--workers", "1"], &folder.path("state"));
    tunnel.wait_for(&["event=ready", "workers=1"]);

    let output = ravelin(&["tunnel", "status", "--config", &file]);
    let status = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{status}{}", text(&output.stderr));
    assert!(status.contains("\nweb: 127.0.0.1:"), "{status}");
    assert!(status.contains("-> 127.0.0.1:1935\n"), "{status}");
    let output = ravelin(&["tunnel", "status", "--config", &file, "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&answer["schema"], &answer["services"][0]["name"]), (&1.into(), &"web".into()));

    assert_eq!(text(&ravelin(&["tunnel", "reload", "--config", &file]).stdout), "reloaded\n");
    let address = format!("unix:{}", folder.name("admin.sock"));
    folder.write("ravelin.toml", &good.replace("a.key", "gone.key"));
    let output = ravelin(&["tunnel", "reload", "--admin", &address]);
    assert_eq!(output.status.code(), Some(1));
    let why = text(&output.stdout);
    assert!(why.contains(&format!("{file}:4:36: key {}", folder.name("gone.key"))), "{why}");

    tunnel.signal("-HUP");
    tunnel.wait_for(&["reload", "gone.key"]);
    folder.write("ravelin.toml", &good);
    tunnel.signal("-HUP");
    tunnel.wait_for(&["event=reloaded"]);
    tunnel.signal("-TERM");
    tunnel.wait_for(&["event=stopped"]);
    assert_eq!(tunnel.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_demo_proves_itself_and_keeps_serving() {
    let folder = Folder::new();
    let mut tunnel = Running::start(
        &["tunnel", "--demo", "--listen", "127.0.0.1:0", "--json"],
        &folder.path("state"),
    );
    let mut line = String::new();
    BufReader::new(tunnel.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let proof: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
    assert_eq!((&proof["version"], &proof["echoed"]), (&"TLSv1.3".into(), &28.into()));
    assert_eq!(proof["anchor"], folder.name("state/demo/ca.pem"));
    assert_eq!(proof["status"], "trusted");
    let verdict = proof["verdict"].as_str().unwrap();
    assert!(verdict.starts_with("trusted, for CN=") && verdict.contains(", by CN="), "{verdict}");
    tunnel.wait_for(&["event=closed", "reason=client_closed", "to_backend=28", "to_client=28"]);

    // A peer that is not ours.
    let listen = proof["listen"].as_str().unwrap().to_owned();
    let anchor = folder.name("state/demo/ca.pem");
    match Command::new("openssl")
        .args(["s_client", "-connect", &listen, "-servername", "localhost", "-CAfile", &anchor])
        .args(["-verify_return_error", "-brief"])
        .stdin(Stdio::null())
        .output()
    {
        Err(_) => skip("the program openssl is missing"),
        Ok(output) => {
            assert!(text(&output.stderr).contains("Verification: OK"), "{}", text(&output.stderr));
            // It closes right behind its handshake, while tickets are still held back.
            tunnel.wait_for(&["event=closed", "reason=client_closed", "to_backend=0"]);
        }
    }
    tunnel.signal("-INT");
    tunnel.wait_for(&["event=stopped"]);
    assert_eq!(tunnel.child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_address_that_is_taken_is_one_line() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (cert, key) = (folder.name("a.pem"), folder.name("a.key"));
    let line = refused(&[
        "tunnel",
        "--listen",
        &address,
        "--to",
        "127.0.0.1:1",
        "--cert",
        &cert,
        "--key",
        &key,
    ]);
    assert!(line.contains(&address), "{line}");
}

/// A client with a certificate of its own, the anchor that vouches for it, and what became of it in the log.
#[test]
fn the_log_tells_who_the_client_proved_to_be() {
    let folder = Folder::new();
    folder.certificate("me", 30);
    folder.certificate("other", 30);
    let file = |name: &str| folder.name(name);
    let arguments = [
        "tunnel",
        "--listen",
        "127.0.0.1:0",
        "--to",
        "127.0.0.1:1",
        "--cert",
        &file("a.pem"),
        "--key",
        &file("a.key"),
        "--client-auth",
        "required",
        "--client-anchor",
        &file("me.pem"),
        "--allow-client-name",
        "dns:localhost",
        "--workers",
        "1",
    ];
    let mut tunnel = Running::start(&arguments, &folder.path("state"));
    let listening = tunnel.wait_for(&["event=listening"]);
    let address = listening.trim_end().rsplit_once("address=").unwrap().1.to_owned();
    tunnel.wait_for(&["event=ready"]);
    let connect = |name: &str| {
        let (cert, key) = (file(&format!("{name}.pem")), file(&format!("{name}.key")));
        Command::new("openssl")
            .args(["s_client", "-connect", &address, "-cert", &cert, "-key", &key])
            .stdin(Stdio::null())
            .output()
    };
    if connect("me").is_err() {
        skip("the program openssl is missing");
        return;
    }
    let line = tunnel.wait_for(&["event=closed"]);
    assert!(
        line.contains(" client_status=trusted client_cn=\"rcgen self signed cert\" client_pin="),
        "{line}"
    );
    // It has the name of the anchor, but another key.
    connect("other").unwrap();
    let line = tunnel.wait_for(&["event=closed", "reason=handshake_failed"]);
    let status = " client_status=invalid client_code=CERT_SIGNATURE_FAILURE ";
    assert!(line.contains(status), "{line}");
}

#[test]
fn f12_a_client_without_tls_reaches_a_server_that_speaks_it() {
    let folder = Folder::new();
    let (a, key, state) = (folder.name("a.pem"), folder.name("a.key"), folder.path("state"));
    let port = |tunnel: &mut Running| {
        let listening = tunnel.wait_for(&["event=listening"]);
        listening.trim_end().rsplit_once(':').unwrap().1.to_owned()
    };
    let backend = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let behind = backend.local_addr().unwrap().to_string();
    let inner = ["--listen", "127.0.0.1:0", "--to", &behind, "--cert", &a, "--key", &key];
    let mut inner = Running::start(&[&["tunnel"], &inner[..]].concat(), &state);
    let to = format!("localhost:{}", port(&mut inner));
    let outer = ["tunnel", "--client", "--listen", "127.0.0.1:0", "--to", &to];
    let mut trusting = Running::start(&[&outer[..], &["--anchor", &a]].concat(), &state);
    let address = format!("127.0.0.1:{}", port(&mut trusting));
    let mut client = std::net::TcpStream::connect(&address).unwrap();
    client.write_all(b"question").unwrap();
    let (mut served, _) = backend.accept().unwrap();
    let mut question = [0; 8];
    served.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question");
    drop((client, served));
    trusting.wait_for(&["event=closed", "sni=localhost", " server_status=trusted "]);

    // Nobody's word but the system's counts, and that knows nothing of this server.
    let mut doubting = Running::start(&outer, &state);
    let address = format!("127.0.0.1:{}", port(&mut doubting));
    let mut client = std::net::TcpStream::connect(&address).unwrap();
    assert!(client.read_exact(&mut question).is_err());
    doubting.wait_for(&["event=closed", "reason=handshake_failed", "DEPTH_ZERO_SELF_SIGNED_CERT"]);
}

#[test]
fn check_tells_how_clients_are_judged() {
    let folder = Folder::new();
    let auth = "client-auth = { mode = \"optional\", anchors = [\"a.pem\"], allow-names = [\"dns:*.a.example\"] }\n";
    let file = folder.write("ravelin.toml", &format!("{SERVICE}{auth}"));
    let shown = text(&ravelin(&["tunnel", "check", "--config", &file]).stdout);
    let line = "  certificates optional of clients, anchors 1, revocation lists 0, revocation best-effort, allowed: dns:*.a.example\n";
    assert!(shown.contains(line), "{shown}");
    let output = ravelin(&["tunnel", "check", "--config", &file, "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let auth = &answer["services"][0]["client_auth"];
    assert_eq!(
        (&auth["required"], &auth["allow_names"][0]),
        (&false.into(), &"dns:*.a.example".into())
    );
}
