//! A folder with certificates whose dates are fixed, and the command in it.

use serde_json::Value;
use std::{
    net::{TcpListener, TcpStream},
    process::Output,
    thread::{self, JoinHandle},
    time::Duration,
};

#[path = "../support/mod.rs"]
mod support;

pub use support::{Folder, text};

/// When certificates are judged.
pub const TIME: &str = "2026-11-22T00:00:00Z";

impl Folder {
    /// With a root, and a certificate for a.example.
    pub fn new() -> Folder {
        Folder::with_keys("ecdsa-p256")
    }

    /// The same with keys of another algorithm.
    pub fn with_keys(algorithm: &str) -> Folder {
        let folder = Folder::empty();
        folder.make(&format!("cert new-key --algorithm {algorithm} --out root.key"));
        folder.make(
            "cert self-sign --ca --key root.key --subject CN=Root --out root.pem --not-before 2026-01-01T00:00:00Z \
             --not-after 2036-01-01T00:00:00Z",
        );
        folder.make(&format!("cert new-key --algorithm {algorithm} --out leaf.key"));
        folder.issue("leaf", "root", "--serial 0a");
        folder
    }

    /// An end certificate NAME.pem of leaf.key.
    pub fn issue(&self, name: &str, ca: &str, options: &str) {
        let dates = if options.contains("--not-after") {
            ""
        } else {
            "--not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z"
        };
        self.make(&format!(
            "cert issue --ca {ca}.pem --ca-key {ca}.key --key leaf.key --out {name}.pem --name dns:a.example \
             --time 2026-06-01T00:00:00Z {dates} {options}"
        ));
    }

    pub fn run(&self, words: &str) -> Output {
        self.command(words).output().unwrap()
    }

    pub fn make(&self, words: &str) {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(0), "{words}: {}", text(&output.stderr));
    }

    /// `connect --check` to a.example at a port of this machine, trusting root.pem.
    pub fn check(&self, port: u16, options: &str) -> Output {
        self.run(&format!(
            "connect 127.0.0.1:{port} --servername a.example --anchor root.pem --time {TIME} --check {options}"
        ))
    }

    /// Its JSON, and how it ended.
    pub fn answer(&self, port: u16, options: &str) -> (Value, i32) {
        let output = self.check(port, &format!("--json {options}"));
        let line = text(&output.stdout);
        assert_eq!(line.matches('\n').count(), 1, "{line}{}", text(&output.stderr));
        (serde_json::from_str(&line).unwrap(), output.status.code().unwrap())
    }

    /// A CRL of an authority, as DER.
    pub fn crl(&self, ca: &str, revoked: &[u64]) -> Vec<u8> {
        let key = rcgen::KeyPair::from_pem(&self.read(&format!("{ca}.key"))).unwrap();
        let issuer =
            rcgen::Issuer::from_ca_cert_pem(&self.read(&format!("{ca}.pem")), key).unwrap();
        let list = rcgen::CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(2026, 11, 1),
            next_update: rcgen::date_time_ymd(2036, 12, 1),
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

    /// A server of our own for one client, which gets TLS by leaf.pem and goes to `serve`.
    pub fn serve<F, T>(&self, before: F, serve: T) -> (u16, JoinHandle<()>)
    where
        F: FnOnce(&mut TcpStream) + Send + 'static,
        T: FnOnce(ravelin_net::blocking::TlsStream<TcpStream>) + Send + 'static,
    {
        use ravelin_tls::{Identity, ServerConfig, ServerContext};
        let (chain, key) = (self.read("leaf.pem"), self.read("leaf.key"));
        let identity = Identity::from_bytes(chain.as_bytes(), key.as_bytes()).unwrap();
        let config = ServerConfig::new(vec![identity.into()]);
        let context = ServerContext::new(&config).unwrap();
        listen(move |mut tcp| {
            before(&mut tcp);
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
            let stream = ravelin_net::blocking::TlsStream::accept(&context, now, tcp).unwrap();
            serve(stream);
        })
    }
}

/// A server for one client.
pub fn listen<F: FnOnce(TcpStream) + Send + 'static>(serve: F) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        serve(tcp);
    });
    (port, thread)
}
