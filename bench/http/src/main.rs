//! What TLS under hyper costs: Ravelin's streams beside tokio-rustls, by the processor time and the memory of the process that
//! has them; see bench/README.md.

mod load;
mod measure;
mod serve;
mod tls;

use measure::{Child, Reading};
use std::{collections::BTreeMap, error::Error, io::Write};
use tls::{Keys, Stack};

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What is done, how often, and in what the cost of one is told.
pub struct Test {
    name: &'static str,
    units: usize,
    shown: &'static str,
    of: Quantity,
}

#[derive(Clone, Copy, PartialEq)]
enum Quantity {
    Time,
    Memory,
}

const TESTS: &[Test] = &[
    Test { name: "h1", units: 60_000, shown: "HTTP/1.1 request, us", of: Quantity::Time },
    Test { name: "h2", units: 60_000, shown: "HTTP/2 request, us", of: Quantity::Time },
    Test {
        name: "handshake",
        units: 3_000,
        shown: "full handshake and a request, us",
        of: Quantity::Time,
    },
    Test { name: "down-h1", units: 2_048, shown: "HTTP/1.1 body down, us/MiB", of: Quantity::Time },
    Test { name: "down-h2", units: 1_024, shown: "HTTP/2 body down, us/MiB", of: Quantity::Time },
    Test { name: "up-h1", units: 1_024, shown: "HTTP/1.1 body up, us/MiB", of: Quantity::Time },
    Test { name: "idle", units: 2_000, shown: "idle stream, bytes", of: Quantity::Memory },
    Test {
        name: "idle-used",
        units: 2_000,
        shown: "the same after 64 KiB each way, bytes",
        of: Quantity::Memory,
    },
    Test {
        name: "idle-h1",
        units: 2_000,
        shown: "idle HTTP/1.1 connection, bytes",
        of: Quantity::Memory,
    },
];

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["serve", stack] => serve::run(Stack::named(stack)?),
        ["load", stack, address, test, units] => {
            load::run(Stack::named(stack)?, address.parse()?, test, units.parse()?)
        }
        _ => compare(&Options::read(&words)?),
    }
}

struct Options {
    rounds: usize,
    scale: f64,
    tests: Vec<String>,
    pin: bool,
}

impl Options {
    fn read(words: &[&str]) -> Fallible<Options> {
        let mut options = Options { rounds: 5, scale: 1.0, tests: Vec::new(), pin: true };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} wants a value"))?;
            match *word {
                "--rounds" => options.rounds = value.parse::<usize>()?.max(1),
                "--scale" => options.scale = value.parse()?,
                "--tests" => options.tests = value.split(',').map(str::to_owned).collect(),
                "--pin" if ["same", "none"].contains(value) => options.pin = *value == "same",
                _ => {
                    return Err(format!(
                        "unknown option {word}; known are --rounds, --scale, --tests and --pin (same or none)"
                    )
                    .into());
                }
            }
        }
        Ok(options)
    }

    fn wants(&self, test: &str, side: Side) -> bool {
        let full = format!("{}:{test}", side.name());
        self.tests.is_empty()
            || self.tests.iter().any(|one| *one == full || one == test || one == side.name())
    }
}

/// Whose cost is measured; the other side is tokio-rustls.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Server,
    Client,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Side::Server => "server",
            Side::Client => "client",
        }
    }
}

/// Rounds go through everything, so that a busy moment hits all alike; the lowest counts.
fn compare(options: &Options) -> Fallible<()> {
    measure::raise_descriptor_limit()?;
    if options.pin {
        measure::pin()?;
    }
    let keys = Keys::new();
    let mut lows: BTreeMap<(Side, usize, Stack), f64> = BTreeMap::new();
    for round in 0..options.rounds {
        for side in [Side::Server, Side::Client] {
            for (index, test) in
                TESTS.iter().enumerate().filter(|(_, one)| options.wants(one.name, side))
            {
                // Who goes first changes, in case that matters.
                let stacks = [Stack::Ravelin, Stack::TokioRustls];
                for turn in 0..2 {
                    let stack = stacks[(turn + round) % 2];
                    let cost = one(&keys, side, stack, test, options.scale)?;
                    let low = lows.entry((side, index, stack)).or_insert(f64::INFINITY);
                    *low = low.min(cost);
                }
            }
        }
        writeln!(std::io::stderr(), "round {} of {}", round + 1, options.rounds)?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "Lowest of {} rounds.\n", options.rounds)?;
    writeln!(out, "| | ravelin | tokio-rustls | ratio |\n| --- | ---: | ---: | ---: |")?;
    for ((side, index, stack), ours) in &lows {
        if *stack == Stack::Ravelin {
            let theirs = lows[&(*side, *index, Stack::TokioRustls)];
            let digits = if TESTS[*index].of == Quantity::Time { 2 } else { 0 };
            let (shown, ratio) = (TESTS[*index].shown, ours / theirs);
            writeln!(
                out,
                "| {}: {shown} | {ours:.digits$} | {theirs:.digits$} | {ratio:.2} |",
                side.name()
            )?;
        }
    }
    Ok(())
}

/// One measurement, with processes of its own.
fn one(keys: &Keys, side: Side, stack: Stack, test: &Test, scale: f64) -> Fallible<f64> {
    let (server, client) = match side {
        Side::Server => (stack, Stack::TokioRustls),
        Side::Client => (Stack::TokioRustls, stack),
    };
    let units = ((test.units as f64 * scale) as usize).max(32);
    let mut server = Child::start(&["serve", server.name()], keys)?;
    let address = server.hear()?;
    let mut client =
        Child::start(&["load", client.name(), &address, test.name, &units.to_string()], keys)?;
    let mut told = Vec::new();
    for expected in ["ready", "done"] {
        let word = client.hear()?;
        if word != expected {
            return Err(format!("{}: {word} instead of {expected}", test.name).into());
        }
        told.push(Reading::of(if side == Side::Server { server.id() } else { client.id() })?);
        client.tell("go")?;
    }
    client.end()?;
    server.end()?;
    Ok(match test.of {
        Quantity::Time => (told[1].nanoseconds - told[0].nanoseconds) / 1000.0 / units as f64,
        Quantity::Memory => (told[1].resident - told[0].resident) / units as f64,
    })
}
