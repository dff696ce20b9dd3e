//! What verifying an XML signature costs: Ravelin beside other verifiers, by the processor time and the memory of a process
//! that does nothing else; see bench/README.md.

mod case;
mod compare;
mod document;
mod measure;
mod native;
mod peers;
mod report;
mod targets;

use case::{CASES, Case};
use std::error::Error;

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str =
    "bench/run xmldsig [--rounds N] [--scale X] [--limit SECONDS] [--tests NAME,NAME...]";

/// What is compared, and how often.
pub struct Options {
    rounds: usize,
    /// How long the long document and the blob are, 1 being the usual length.
    scale: f64,
    /// Seconds of processor time after which a measurement is given up.
    limit: u64,
    cases: Vec<&'static Case>,
}

fn main() -> Fallible<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        ["make-key"] => document::make_key(),
        ["make", case, scale] => document::make(Case::named(case)?, scale.parse()?),
        ["measure", peer, case] => measure::run(peer, Case::named(case)?),
        _ => compare::compare(&Options::read(&words)?),
    }
}

impl Options {
    fn read(words: &[&str]) -> Fallible<Options> {
        let mut options =
            Options { rounds: 5, scale: 1.0, limit: 60, cases: CASES.iter().collect() };
        for pair in words.chunks(2) {
            let [word, value] = pair else {
                return Err(format!("{} wants a value", pair[0]).into());
            };
            match *word {
                "--rounds" => options.rounds = value.parse()?,
                "--scale" => options.scale = value.parse()?,
                "--limit" => options.limit = value.parse()?,
                "--tests" => {
                    options.cases = value.split(',').map(Case::named).collect::<Fallible<_>>()?;
                }
                _ => {
                    let options = "--rounds, --scale, --limit and --tests";
                    return Err(format!("{word} is unknown; there are {options}").into());
                }
            }
        }
        let sound = options.rounds > 0 && options.limit > 0 && options.scale > 0.0;
        if sound { Ok(options) } else { Err("--rounds, --scale and --limit begin above 0".into()) }
    }
}
