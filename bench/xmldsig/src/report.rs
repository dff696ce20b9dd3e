//! What is printed.

use crate::{
    Fallible, Options,
    case::Case,
    compare::Lows,
    measure::{Cost, Outcome},
    peers::{self, PEERS},
    targets,
};
use std::io::Write;

const MIB: f64 = 1_048_576.0;

pub fn print(options: &Options, lows: &Lows, missing: &[(&str, String)]) -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    let found = Found { options, lows };
    let (rounds, scale) = (options.rounds, options.scale);
    writeln!(out, "Lowest of {rounds} rounds, scale {scale}.")?;
    for (peer, reason) in missing {
        writeln!(out, "\n**{peer} is not compared: {}**", reason.trim())?;
    }

    writeln!(out, "\nProcessor time of one verification, from files to a verdict.\n")?;
    let others = &PEERS[1..];
    table(
        &mut out,
        found.rows(PEERS, |case, peer| {
            let shown = |cost: Cost| duration(cost.microseconds);
            found.outcome(case, peer).map(|outcome| match outcome {
                Outcome::Took(cost) => shown(*cost),
                Outcome::Refused(_) => "refuses".to_owned(),
                Outcome::Over(seconds) => format!("> {seconds} s"),
            })
        }),
    )?;

    writeln!(out, "\nravelin's time as a ratio to each (below 1: ravelin needs less).\n")?;
    table(
        &mut out,
        found.rows(others, |case, peer| {
            let ours = found.cost(case, "ravelin")?;
            let theirs = found.cost(case, peer)?;
            Some(ratio(ours.microseconds / theirs.microseconds))
        }),
    )?;

    writeln!(out, "\nThe most memory there ever was, MiB.\n")?;
    let holders: Vec<&str> = PEERS.iter().copied().filter(|peer| !matches!(*peer, "rsa")).collect();
    table(
        &mut out,
        found.rows(&holders, |case, peer| {
            found.cost(case, peer).map(|cost| format!("{:.1}", cost.peak / MIB))
        }),
    )?;

    let rows = targets::rows(&found);
    if !rows.is_empty() {
        writeln!(out, "\nTargets.\n")?;
        let head = ["", "found", "target", "", "stretch", ""].map(str::to_owned).to_vec();
        table(&mut out, [vec![head], rows].concat())?;
    }
    let refusals = found.refusals();
    if !refusals.is_empty() {
        writeln!(out, "\nWhat refuses, and what it says:\n")?;
        refusals.iter().try_for_each(|line| writeln!(out, "- {line}"))?;
    }
    Ok(())
}

/// All results.
pub struct Found<'a> {
    pub options: &'a Options,
    lows: &'a Lows,
}

impl Found<'_> {
    pub fn cost(&self, case: &str, peer: &str) -> Option<Cost> {
        match self.outcome(case, peer)? {
            Outcome::Took(cost) => Some(*cost),
            _ => None,
        }
    }

    fn outcome(&self, case: &str, peer: &str) -> Option<&Outcome> {
        let row = self.options.cases.iter().position(|one| one.name == case)?;
        let column = PEERS.iter().position(|one| *one == peer)?;
        self.lows.get(&(row, column))
    }

    /// A table with a row for each case, and the columns in which there is anything.
    fn rows(
        &self,
        columns: &[&str],
        cell: impl Fn(&str, &str) -> Option<String>,
    ) -> Vec<Vec<String>> {
        let cases = &self.options.cases;
        let used: Vec<&str> = columns
            .iter()
            .copied()
            .filter(|peer| cases.iter().any(|case| cell(case.name, peer).is_some()))
            .collect();
        let head = [""].iter().chain(&used).map(|name| (*name).to_owned()).collect();
        let row = |case: &&Case| {
            let cells = used.iter().map(|peer| cell(case.name, peer).unwrap_or_default());
            [case.shown.to_owned()].into_iter().chain(cells).collect()
        };
        [head].into_iter().chain(cases.iter().map(row)).collect()
    }

    fn refusals(&self) -> Vec<String> {
        let pairs =
            self.options.cases.iter().flat_map(|case| PEERS.iter().map(move |peer| (case, peer)));
        pairs
            .filter(|(case, peer)| peers::applies(peer, case))
            .filter_map(|(case, peer)| match self.outcome(case.name, peer)? {
                Outcome::Refused(reason) => Some(format!("{peer}, {}: {reason}", case.shown)),
                _ => None,
            })
            .collect()
    }
}

/// Microseconds, with a unit that suits them.
pub fn duration(microseconds: f64) -> String {
    match microseconds {
        ..1e3 => format!("{microseconds:.0} us"),
        1e3..1e4 => format!("{:.2} ms", microseconds / 1e3),
        1e4..1e6 => format!("{:.0} ms", microseconds / 1e3),
        _ => format!("{:.2} s", microseconds / 1e6),
    }
}

pub fn ratio(of: f64) -> String {
    if of < 10.0 { format!("{of:.2}") } else { format!("{of:.1}") }
}

fn table(out: &mut impl Write, rows: Vec<Vec<String>>) -> Fallible<()> {
    for (number, row) in rows.iter().enumerate() {
        writeln!(out, "| {} |", row.join(" | "))?;
        if number == 0 {
            writeln!(out, "| --- |{}", " ---: |".repeat(row.len() - 1))?;
        }
    }
    Ok(())
}
