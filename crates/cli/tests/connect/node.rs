//! Every status against Node's server, and the alert as it names it in `tlsClientError`.

use super::{
    folder::Folder,
    statuses::{KEYS, cases, folder},
};
use ravelin_test::skip;
use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

/// A server for each certificate and version; a line for each that listens, is connected to, or is refused.
const SCRIPT: &str = r"
const fs = require('node:fs'), tls = require('node:tls');
const [versions, staple, ...served] = process.argv.slice(1);
for (const name of served) for (const version of versions.split(',')) {
  const options = { cert: fs.readFileSync(`${name}.pem`), key: fs.readFileSync('leaf.key'),
    minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` };
  const say = (word, what) => console.log([word, name, version, what].join(' '));
  const server = tls.createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.on('end', () => socket.end());
    socket.resume();
    say('secure', socket.getCipher().name);
  });
  server.on('tlsClientError', (error) => say('refused', error.code));
  if (staple) server.on('OCSPRequest', (certificate, issuer, done) => done(null, fs.readFileSync(staple)));
  server.listen(0, '127.0.0.1', () => say('listens', server.address().port));
}
";

/// Node as a server.
pub struct Node {
    child: Child,
    lines: Receiver<String>,
    /// Port by certificate and version.
    ports: HashMap<(String, String), u16>,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    /// None where there is no Node.
    pub fn start(folder: &Folder, staple: &str, served: &[&str]) -> Option<Node> {
        let child = Command::new("node")
            .args(["-e", SCRIPT, "--", "1.2,1.3", staple])
            .args(served)
            .current_dir(folder.path(""))
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            skip("the program node is missing");
            return None;
        };
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut node = Node { child, lines, ports: HashMap::new() };
        while node.ports.len() < 2 * served.len() {
            let [word, name, version, port] = node.line();
            assert_eq!(word, "listens");
            node.ports.insert((name, version), port.parse().unwrap());
        }
        Some(node)
    }

    pub fn port(&self, name: &str, version: &str) -> u16 {
        self.ports[&(name.to_owned(), version.to_owned())]
    }

    /// What it says next: what happened, the certificate, the version, and the code or the cipher.
    pub fn line(&self) -> [String; 4] {
        let line = self.lines.recv_timeout(Duration::from_secs(30));
        let line = line.expect("node says what is waited for");
        let words: Vec<String> = line.splitn(4, ' ').map(ToOwned::to_owned).collect();
        words.try_into().unwrap()
    }
}

/// Node's name for an alert that it received: OpenSSL's.
pub fn code(alert: u8) -> &'static str {
    match alert {
        42 => "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
        43 => "ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        44 => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED",
        45 => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
        48 => "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        other => panic!("alert {other} is none of these"),
    }
}

#[test]
fn f09_node_hears_the_alert_of_every_status_whatever_the_kind_of_key() {
    for algorithm in KEYS {
        let folder = folder(algorithm);
        let served: Vec<&str> = cases().iter().map(|case| case.served).collect();
        let mut different = served.clone();
        different.sort_unstable();
        different.dedup();
        let Some(node) = Node::start(&folder, "", &different) else { return };
        for version in ["1.2", "1.3"] {
            for case in cases() {
                case.ask(&folder, node.port(case.served, version), version);
                let [word, name, spoken, what] = node.line();
                assert_eq!((&*name, &*spoken), (case.served, version));
                match case.alert {
                    Some((_, number)) => assert_eq!((&*word, &*what), ("refused", code(number))),
                    None => assert_eq!(word, "secure", "{what}"),
                }
            }
        }
    }
}
