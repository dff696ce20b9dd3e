//! `ravelin cert expiry`: which certificates are to be renewed, for scripts.

use super::{
    facts::sha256,
    input::{self, InputError},
    moment::{days_between, now},
    peer::Server,
};
use crate::{
    args::cert::judge::{ExpiryArgs, ServerArgs},
    exit::{Exit, Failure},
    output,
};
use ravelin_trust::{Certificate, Time};
use serde::Serialize;
use std::{fmt::Write as _, path::Path};

/// One certificate.
#[derive(Debug, Serialize)]
struct Row {
    what: String,
    /// Its place in the file or chain, from 1.
    number: usize,
    /// `OK`, `RENEW` or `EXPIRED`.
    state: &'static str,
    days: i64,
    not_after: String,
    subject: String,
    sha256: String,
    #[serde(skip)]
    date: String,
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    schema: u8,
    time: String,
    certificates: &'a [Row],
}

/// One line for each certificate. What cannot be read hides nothing else: it is told at the end.
///
/// # Errors
/// When a file cannot be read, or a server does not answer.
pub fn run(args: &ExpiryArgs, json: bool) -> Result<Exit, Failure> {
    let at = args.time.unwrap_or_else(now);
    let mut rows = Vec::new();
    let mut failure: Option<Failure> = None;
    for what in &args.what {
        match certificates(what, &args.server)
            .and_then(|ders| rows_of(what, &ders, at, args.within.0))
        {
            Ok(found) => rows.extend(found),
            Err(found) if failure.as_ref().is_none_or(|known| worse(&found, known)) => {
                failure = Some(found);
            }
            Err(_) => {}
        }
    }
    if json {
        output::serialized(&Report { schema: 1, time: at.to_string(), certificates: &rows })?;
    } else {
        let mut text = String::new();
        for row in &rows {
            let _ = writeln!(text, "{} {} {} {}", row.state, row.days, row.date, row.what);
        }
        output::print(&text)?;
    }
    match failure {
        Some(failure) => Err(failure),
        None if rows.iter().all(|row| row.state == "OK") => Ok(Exit::Yes),
        None => Ok(Exit::No),
    }
}

/// An input that cannot be read counts more than a server that does not answer.
fn worse(one: &Failure, other: &Failure) -> bool {
    one.exit() == Exit::Usage && other.exit() != Exit::Usage
}

fn certificates(what: &str, args: &ServerArgs) -> Result<Vec<Box<[u8]>>, Failure> {
    if let Some(server) = Server::parse(what) {
        return Ok(server.ask(args)?.certificates);
    }
    let ders = input::read_certificates(Path::new(what))?;
    Ok(ders.into_iter().map(Vec::into_boxed_slice).collect())
}

fn rows_of(what: &str, ders: &[Box<[u8]>], at: Time, within: i64) -> Result<Vec<Row>, Failure> {
    let row = |(index, der): (usize, &Box<[u8]>)| {
        let certificate = Certificate::parse(&der[..]).map_err(|error| {
            InputError::new(Path::new(what), format!("certificate {}: {error}", index + 1))
        })?;
        let until = certificate.not_after();
        Ok(Row {
            what: input::shown(Path::new(what)),
            number: index + 1,
            state: state(until, at, within),
            days: days_between(at, until),
            not_after: until.to_string(),
            subject: certificate.subject().to_string(),
            sha256: sha256(certificate.der()),
            date: until.date().to_string(),
        })
    };
    ders.iter().enumerate().map(row).collect()
}

fn state(until: Time, at: Time, within: i64) -> &'static str {
    match until.seconds_since(at) {
        ..0 => "EXPIRED",
        left if left < within => "RENEW",
        _ => "OK",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_moment_of_validity_is_not_expired() {
        let until = Time::from_unix(1_796_342_400);
        assert_eq!(state(until, until, 0), "OK");
        assert_eq!(state(until, until, 1), "RENEW");
        assert_eq!(state(until, until.plus(1), 0), "EXPIRED");
        assert_eq!(state(until, until.plus(-86_400), 86_400), "OK");
        assert_eq!(state(until, until.plus(-86_399), 86_400), "RENEW");
    }
}
