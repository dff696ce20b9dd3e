//! `--batch`: many questions, one process, answers in the order of the questions.

use super::answer::{Fault, unanswered};
use crate::{commands::cert::input::InputError, exit::Failure};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use std::{
    fmt::Display,
    fs::File,
    io::{self, BufRead, BufReader, Read as _, Write as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Longest line, in bytes.
const MAX_LINE: usize = 64 << 20;

/// Who answers lines. Any number of threads ask.
pub trait Answering: Send + Sync + 'static {
    /// The answer to a line, which is a line too.
    fn answer(&self, line: &[u8]) -> String;
}

/// A line, and where its answer goes.
struct Job {
    line: Vec<u8>,
    answer: SyncSender<String>,
}

/// What comes next in the output.
enum Next {
    Answer(Receiver<String>),
    /// The input cannot be read any further.
    Broken(io::Error),
}

/// Answers every line.
///
/// # Errors
/// When the lines cannot be read, or answers cannot be written.
pub fn run<A: Answering>(file: &Path, answering: &Arc<A>) -> Result<(), Failure> {
    let unreadable = |error: io::Error| InputError::new(file, format!("cannot be read: {error}"));
    let input: Box<dyn BufRead + Send> = if file.as_os_str() == "-" {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(file).map_err(unreadable)?))
    };
    let count = thread::available_parallelism().map_or(1, usize::from);
    // What is read ahead is bounded by both.
    let (jobs, waiting) = sync_channel(count);
    let (order, answers) = sync_channel(2 * count);
    let waiting = Arc::new(Mutex::new(waiting));
    let workers: Vec<_> = (0..count)
        .map(|_| {
            let (answering, waiting) = (Arc::clone(answering), Arc::clone(&waiting));
            thread::spawn(move || work(&*answering, &waiting))
        })
        .collect();
    thread::spawn(move || read(input, &jobs, &order));

    let mut out = io::stdout().lock();
    for next in answers {
        match next {
            // A worker that could not answer is a fault of ours, and told as one.
            Next::Answer(answer) => {
                let line = answer.recv().unwrap_or_else(|_| internal(&Value::Null));
                out.write_all(line.as_bytes())?;
                out.flush()?;
            }
            Next::Broken(error) => return Err(unreadable(error).into()),
        }
    }
    for worker in workers {
        let _ = worker.join();
    }
    Ok(())
}

/// Takes a line apart: what it calls itself, and what else it says.
pub fn apart<T: DeserializeOwned>(line: &[u8]) -> (Value, Result<T, Fault>) {
    let json = |detail: String| Fault { kind: "json", detail };
    let value = str::from_utf8(line)
        .map_err(|_| json("the line is not UTF-8".into()))
        .and_then(|text| serde_json::from_str(text).map_err(|error| json(error.to_string())));
    match value {
        Err(fault) => (Value::Null, Err(fault)),
        Ok(Value::Object(mut object)) => {
            let id = object.remove("id").unwrap_or(Value::Null);
            let written = serde_json::from_value(Value::Object(object))
                .map_err(|error| Fault { kind: "usage", detail: error.to_string() });
            (id, written)
        }
        Ok(_) => (Value::Null, Err(json("the line is no JSON object".into()))),
    }
}

/// A word of a line, understood.
///
/// # Errors
/// When it cannot be; the message names the key.
pub fn one<T, E: Display>(
    key: &str,
    text: Option<String>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, String> {
    text.map(|text| read(&text).map_err(|error| format!("`{key}`: {error}"))).transpose()
}

/// A list of words of a line, understood.
///
/// # Errors
/// As [`one()`].
pub fn each<T, E: Display>(
    key: &str,
    texts: Option<Vec<String>>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, String> {
    let texts = texts.unwrap_or_default();
    texts.iter().map(|text| read(text).map_err(|error| format!("`{key}`: {error}"))).collect()
}

/// Takes lines in until there are no more, or nobody wants the answers.
fn read(mut input: Box<dyn BufRead + Send>, jobs: &SyncSender<Job>, order: &SyncSender<Next>) {
    loop {
        let (sender, answer) = sync_channel(1);
        let wanted = match next_line(&mut input) {
            Ok(None) => return,
            Ok(Some(Ok(line))) => {
                order.send(Next::Answer(answer)).is_ok()
                    && jobs.send(Job { line, answer: sender }).is_ok()
            }
            Ok(Some(Err(TooLong))) => {
                let detail = format!("the line is longer than {} MiB", MAX_LINE >> 20);
                let fault = Fault { kind: "limit", detail };
                sender.send(unanswered(&Value::Null, fault)).is_ok()
                    && order.send(Next::Answer(answer)).is_ok()
            }
            Err(error) => {
                let _ = order.send(Next::Broken(error));
                return;
            }
        };
        if !wanted {
            return;
        }
    }
}

struct TooLong;

/// The next line without its end; one that is too long is skipped.
fn next_line(input: &mut dyn BufRead) -> io::Result<Option<Result<Vec<u8>, TooLong>>> {
    let mut line = Vec::new();
    input.take(MAX_LINE as u64 + 1).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.is_empty() {
        return Ok(None);
    } else if line.len() > MAX_LINE {
        input.skip_until(b'\n')?;
        return Ok(Some(Err(TooLong)));
    }
    Ok(Some(Ok(line)))
}

fn work(answering: &dyn Answering, waiting: &Mutex<Receiver<Job>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { line, answer }) = next else { return };
        let text = catch_unwind(AssertUnwindSafe(|| answering.answer(&line)));
        let text = text.unwrap_or_else(|_| internal(&apart::<IgnoredAny>(&line).0));
        // Nobody may be left to hear it.
        let _ = answer.send(text);
    }
}

fn internal(id: &Value) -> String {
    let detail = "this program failed; please report the line".into();
    unanswered(id, Fault { kind: "internal", detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<Option<Vec<u8>>> {
        let mut input = text;
        let next = || next_line(&mut input).unwrap().map(Result::ok);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn a_last_line_needs_no_end_and_an_empty_line_is_one() {
        assert_eq!(lines(b""), []);
        assert_eq!(lines(b"a\n\nb"), [Some(b"a".to_vec()), Some(vec![]), Some(b"b".to_vec())]);
        assert_eq!(lines(b"a\n"), [Some(b"a".to_vec())]);
    }

    #[test]
    fn a_line_beyond_the_bound_is_skipped_and_the_next_is_read() {
        let mut text = vec![b'x'; MAX_LINE];
        text.extend_from_slice(b"\ny\n");
        assert_eq!(lines(&text).iter().flatten().map(Vec::len).collect::<Vec<_>>(), [MAX_LINE, 1]);
        text.insert(0, b'x');
        assert_eq!(lines(&text), [None, Some(b"y".to_vec())]);
    }
}
