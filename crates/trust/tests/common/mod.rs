//! What the generated suites share.
#![allow(dead_code, reason = "each suite uses a part of it")]

use ravelin_test::pki::{NOW, pem};
use ravelin_trust::{Anchor, Anchors, Certificate, Request, Time, Verdict, evaluate};
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

/// Anchors of these certificates.
pub fn anchors<B: AsRef<[u8]>>(certificates: impl IntoIterator<Item = B>) -> Anchors {
    let mut anchors = Anchors::new();
    for der in certificates {
        anchors.add_anchor(Anchor::certificate(der.as_ref()).unwrap());
    }
    anchors
}

/// Judges an end certificate in the usual moment, after `change` had a look at the request.
pub fn judge(
    end: &[u8],
    intermediates: &[Vec<u8>],
    anchors: &Anchors,
    change: impl FnOnce(&mut Request<'_>),
) -> Verdict {
    let mut request = Request::new(Certificate::parse(end).unwrap(), anchors, Time::from_unix(NOW));
    request.intermediates =
        intermediates.iter().map(|der| Certificate::parse(&der[..]).unwrap()).collect();
    change(&mut request);
    evaluate(&request)
}

/// Errors on the path that decided, each with its certificate.
pub fn errors(verdict: &Verdict) -> Vec<String> {
    let errors = verdict.findings().iter();
    let errors = errors.filter(|one| one.severity == ravelin_trust::Level::Error);
    errors.map(|one| format!("{}@{}", one.rule, one.certificate)).collect()
}

/// What `openssl verify` says of a chain: whether it takes it, and its words.
pub fn openssl_verify(
    folder: &Path,
    anchor: &[u8],
    intermediates: &[Vec<u8>],
    end: &[u8],
    options: &[String],
) -> (bool, String) {
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let anchor = write("anchor.pem", pem(anchor));
    let end = write("end.pem", pem(end));
    let untrusted: String = intermediates.iter().map(|der| pem(der)).collect();
    let mut command = Command::new("openssl");
    command.args(["verify", "-no-CApath", "-no-CAstore", "-attime", &NOW.to_string()]);
    command.args(options).arg("-CAfile").arg(anchor);
    if !intermediates.is_empty() {
        command.arg("-untrusted").arg(write("untrusted.pem", untrusted));
    }
    let output = command.arg(end).output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&words).into_owned())
}

/// What the program openssl makes of its input.
pub fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(input).ok()?;
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// Numbers that look random and are the same each time.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end` (xorshift*).
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).unwrap() % end
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
