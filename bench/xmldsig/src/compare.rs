//! The rounds: all peers in turn, case by case, and the lowest counts.

use crate::{
    Fallible, Options,
    measure::{self, Outcome},
    native,
    peers::{self, PEERS},
    report,
};
use std::{collections::BTreeMap, io::Write, path::Path};

/// What was found of a peer (its place in [`PEERS`]) in a case (its place among those chosen).
pub type Lows = BTreeMap<(usize, usize), Outcome>;

/// Microseconds: what takes longer than this is not measured again.
const LONG: f64 = 10_000_000.0;

pub fn compare(options: &Options) -> Fallible<()> {
    let folder = tempfile::Builder::new().prefix("ravelin-bench-").tempdir()?;
    let folder = folder.path();
    let missing = missing(folder);
    for (peer, reason) in &missing {
        say(&format!("{peer} IS NOT COMPARED: {reason}"))?;
    }
    made(measure::again(&["make-key"], folder)?)?;
    for case in &options.cases {
        say(&format!("making {}", case.shown))?;
        made(measure::again(&["make", case.name, &options.scale.to_string()], folder)?)?;
    }
    measure::limit(options.limit)?;
    let mut lows = Lows::new();
    for round in 0..options.rounds {
        for (row, case) in options.cases.iter().enumerate() {
            for turn in 0..PEERS.len() {
                // Whoever comes first finds the files in another state than the others.
                let column = (turn + round) % PEERS.len();
                let peer = PEERS[column];
                let absent = missing.iter().any(|(name, _)| *name == peer);
                if absent || !peers::applies(peer, case) || settled(lows.get(&(row, column))) {
                    continue;
                }
                say(&format!("round {}/{} {:9} {peer}", round + 1, options.rounds, case.name))?;
                let found = measure::measure(peer, case, folder, options.limit)?;
                note(&mut lows, (row, column), found);
            }
        }
    }
    report::print(options, &lows, &missing)
}

/// The peers that are not there, and why.
fn missing(folder: &Path) -> Vec<(&'static str, String)> {
    let mut missing = Vec::new();
    if let Err(error) = native::build_xmlsec1(folder) {
        missing.push((
            "xmlsec1",
            format!("no program with the xmlsec library can be built ({error})"),
        ));
    }
    if !native::has_openssl() {
        missing.push(("openssl", "there is no command of this name".to_owned()));
    }
    missing
}

fn made(output: std::process::Output) -> Fallible<()> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the documents cannot be made: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn settled(known: Option<&Outcome>) -> bool {
    match known {
        Some(Outcome::Took(cost)) => cost.microseconds > LONG,
        Some(_) => true,
        None => false,
    }
}

fn note(lows: &mut Lows, place: (usize, usize), found: Outcome) {
    let low = match (lows.get(&place), found) {
        (Some(Outcome::Took(before)), Outcome::Took(now)) => Outcome::Took(measure::Cost {
            microseconds: before.microseconds.min(now.microseconds),
            peak: before.peak.min(now.peak),
        }),
        (_, found) => found,
    };
    lows.insert(place, low);
}

fn say(text: &str) -> Fallible<()> {
    Ok(writeln!(std::io::stderr(), "{text}")?)
}
