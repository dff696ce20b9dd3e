//! What a trust decision costs: Ravelin's engine beside rustls-webpki, x509-parser and OpenSSL, by the processor time of
//! the thread; see bench/README.md.

mod limbo;
mod peers;

use peers::{Chain, OpenSsl, Ravelin, Webpki};
use ravelin_test::pki::KeyKind;
use rustix::time::{ClockId, clock_gettime};
use std::{hint::black_box, io::Write};

/// How often everything is measured; the lowest counts.
const ROUNDS: usize = 15;
/// Nanoseconds that one measurement takes, about.
const SPAN: u64 = 20_000_000;

fn main() -> std::io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("profile") {
        return profile();
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "Nanoseconds of processor time, lowest of {ROUNDS} rounds.\n")?;
    writeln!(out, "| | ravelin | webpki | x509-parser | openssl | to webpki | to openssl |")?;
    writeln!(out, "| --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
    for (kind, name) in [(KeyKind::Rsa2048, "RSA-2048"), (KeyKind::P256, "P-256")] {
        let chain = Chain::new(kind);
        let leaf = chain.end.clone();
        let lows = measure(&mut [
            &mut || drop(black_box(Ravelin::parse(black_box(&leaf)))),
            &mut || assert!(black_box(Webpki::parse(black_box(&leaf))) > 0),
            &mut || drop(black_box(peers::x509_parser(black_box(&leaf)))),
            &mut || drop(black_box(OpenSsl::parse(black_box(&leaf)))),
        ]);
        row(&mut out, &format!("parse a leaf, {name}"), lows[0], lows[1], Some(lows[2]), lows[3])?;
        let (ours, webpki, openssl) =
            (Ravelin::new(&chain), Webpki::new(&chain), OpenSsl::new(&chain));
        let lows = measure(&mut [
            &mut || ours.validate(black_box(&chain)),
            &mut || webpki.validate(black_box(&chain)),
            &mut || openssl.validate(black_box(&chain)),
        ]);
        row(&mut out, &format!("validate a chain of 3, {name}"), lows[0], lows[1], None, lows[2])?;
    }
    limbo::report(&mut out)
}

/// The engine alone for some seconds, for a profiler to look at.
fn profile() -> std::io::Result<()> {
    let chain = Chain::new(KeyKind::Rsa2048);
    let ours = Ravelin::new(&chain);
    (0..100_000).for_each(|_| ours.validate(black_box(&chain)));
    Ok(())
}

fn row(
    out: &mut impl Write,
    what: &str,
    ours: f64,
    webpki: f64,
    parser: Option<f64>,
    openssl: f64,
) -> std::io::Result<()> {
    let parser = parser.map(|one| format!("{one:.0}")).unwrap_or_default();
    writeln!(
        out,
        "| {what} | {ours:.0} | {webpki:.0} | {parser} | {openssl:.0} | {:.2} | {:.2} |",
        ours / webpki,
        ours / openssl
    )
}

/// The lowest cost of each, in nanoseconds. Rounds go through all of them, so that a busy moment hits all alike.
fn measure(contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
    let mut counts = Vec::new();
    for one in &mut *contestants {
        let mut count = 1u64;
        loop {
            let took = time(*one, count);
            if took > SPAN / 20 {
                counts.push((count * SPAN / took.max(1)).max(1));
                break;
            }
            count *= 2;
        }
    }
    let mut lows = vec![f64::INFINITY; contestants.len()];
    for _ in 0..ROUNDS {
        for ((one, count), low) in contestants.iter_mut().zip(&counts).zip(&mut lows) {
            let each = time(*one, *count) as f64 / *count as f64;
            *low = low.min(each);
        }
    }
    lows
}

/// Nanoseconds of processor time that so many calls take.
fn time(call: &mut dyn FnMut(), count: u64) -> u64 {
    let before = processor_time();
    for _ in 0..count {
        call();
    }
    processor_time() - before
}

/// Nanoseconds that this thread has worked.
fn processor_time() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(now.tv_sec).unwrap_or(0) * 1_000_000_000
        + u64::try_from(now.tv_nsec).unwrap_or(0)
}
