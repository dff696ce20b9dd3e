//! `ravelin xml canonicalize`: the octets that are signed.

mod sink;

use super::{
    allow::Allow,
    document::{self, place},
    progress::{Progress, Watched},
};
use crate::{
    args::xml::{CanonicalizeArgs, Inclusive},
    commands::cert::{
        file::{Access, Prepared},
        paint::harmless,
    },
    exit::{Exit, Failure},
    output,
};
use ravelin_xmldsig::{
    c14n::{self, C14nError, Flavour, Method},
    xml::{Limits, Options, Position, Reader},
};
use serde_json::json;
use sink::Sink;
use std::io::{self, IsTerminal as _, Write};

/// Writes the canonical form of a document.
///
/// # Errors
/// When the document cannot be read or has no canonical form, or that cannot be written.
pub fn run(args: &CanonicalizeArgs, json: bool) -> Result<Exit, Failure> {
    let method = method(args);
    let allow =
        Allow::named(&args.allow).map_err(|error| Failure::input(format!("--allow: {error}")))?;
    let options = Options { doctype: allow.doctype, limits: Limits::default() };
    let Some(path) = &args.output else {
        if json {
            return Err(Failure::input(
                "the canonical form is the output; to have it told in JSON, write it to a file (--output)",
            ));
        }
        let mut out = Sink::new(io::stdout().lock());
        let written = write(args, &method, &options, &mut out)
            .map_err(|failed| failed.told(args, out.has_written()));
        written?;
        return Ok(Exit::Yes);
    };
    let mut length = 0;
    let prepared = Prepared::with(path, Access::Everybody, args.force, |file| {
        let mut out = Sink::new(file);
        length =
            write(args, &method, &options, &mut out).map_err(|failed| failed.told(args, false))?;
        Ok(())
    })?;
    prepared.put()?;
    if json {
        let output = path.display().to_string();
        output::json(
            &json!({"schema": 1, "method": method.uri(), "length": length, "output": output}),
        )?;
    } else {
        output::say(&format!("{}: {length} bytes of canonical form\n", path.display()));
    }
    Ok(Exit::Yes)
}

fn method(args: &CanonicalizeArgs) -> Method {
    let listed = args.inclusive_prefixes.as_deref().unwrap_or_default();
    let prefixes = listed.split([',', ' ', '\t', '\n']).filter(|prefix| !prefix.is_empty());
    let prefixes = prefixes.map(|prefix| if prefix == "#default" { "" } else { prefix });
    let flavour = match args.c14n {
        _ if args.exclusive => {
            Flavour::Exclusive { prefixes: prefixes.map(str::to_owned).collect() }
        }
        Inclusive::Version10 => Flavour::Inclusive,
        Inclusive::Version11 => Flavour::Inclusive11,
    };
    Method { flavour, comments: args.comments }
}

/// Why there is no canonical form.
enum Fault {
    Input(Failure),
    /// With the place that was reached.
    Document(C14nError, Option<Position>),
}

impl Fault {
    /// For people. `began`: some of it stands in the output.
    fn told(self, args: &CanonicalizeArgs, began: bool) -> Failure {
        let (position, detail) = match self {
            Fault::Input(failure) => return failure,
            Fault::Document(C14nError::Write(error), _) => return Failure::Output(error),
            Fault::Document(C14nError::Document(error), _) => {
                (Some(error.position), error.fault.to_string())
            }
            Fault::Document(error, reached) => (reached, error.to_string()),
        };
        let place = place(&args.file, position.as_ref());
        let mut line = format!("{place}: {}", harmless(&detail));
        if began {
            line += "; what was written until here is worth nothing";
        }
        Failure::Input(line)
    }
}

/// Writes all of it. The answer is its length.
fn write(
    args: &CanonicalizeArgs,
    method: &Method,
    options: &Options,
    out: &mut impl Write,
) -> Result<u64, Fault> {
    let (source, length) =
        document::stream(&args.file).map_err(|error| Fault::Input(error.into()))?;
    // At a terminal, it would stand in the middle of the output.
    let progress =
        Progress::at_terminal().filter(|_| args.output.is_some() || !io::stdout().is_terminal());
    let source = Watched::of_length(source, length, progress);
    let mut reader =
        Reader::with(source, options).map_err(|error| Fault::Document(error.into(), None))?;
    c14n::canonicalize(&mut reader, method, out)
        .map_err(|error| Fault::Document(error, Some(reader.position())))
}
