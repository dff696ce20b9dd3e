//! OpenSSL's server, which knows nothing of us.

use super::folder::{Folder, text};
use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// A running `openssl s_server`.
pub struct Server {
    child: Child,
    pub port: u16,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
}

impl Server {
    /// Serves the certificate NAME.pem.
    pub fn start(folder: &Folder, name: &str, options: &str) -> Server {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-key", "leaf.key"])
            .args(["-cert", &format!("{name}.pem"), "-cert_chain", &format!("{name}.pem")])
            .args(options.split_whitespace())
            .current_dir(folder.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, lines) = channel();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || {
            let mut line = Vec::new();
            while out.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
                let _ = sender.send(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
        });
        let mut err = child.stderr.take().unwrap();
        let complaints = thread::spawn(move || {
            let mut bytes = Vec::new();
            err.read_to_end(&mut bytes).unwrap();
            text(&bytes)
        });
        let mut server = Server { child, port: 0, lines, complaints: Some(complaints) };
        let accept = server.line(|line| line.starts_with("ACCEPT "));
        server.port = accept.rsplit(':').next().unwrap().parse().unwrap();
        server
    }

    /// Waits for a line of its output.
    pub fn line(&self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let line = line.expect("openssl s_server says what is waited for");
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Types at its standard input.
    pub fn type_in(&mut self, line: &str) {
        use std::io::Write as _;
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.flush().unwrap();
    }

    /// Waits until it ends, as it does after its last client; what it complained of.
    pub fn end(mut self) -> String {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "openssl s_server does not end");
            thread::sleep(Duration::from_millis(5));
        }
        self.complaints.take().unwrap().join().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
