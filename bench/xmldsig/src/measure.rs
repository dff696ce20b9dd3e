//! One measurement, in a process of its own; and starting such processes.

use crate::{Fallible, case::Case, native, peers};
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Command, Stdio},
};

/// Microseconds of processor time that a measurement takes at least; what takes longer is done once.
pub const SPAN: f64 = 200_000.0;

/// What a measurement found.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Microseconds of processor time of one verification, and the most bytes that the process ever had in memory.
    Took(Cost),
    /// The peer would not verify it, for this reason.
    Refused(String),
    /// It was given up after so many seconds.
    Over(u64),
}

#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub microseconds: f64,
    pub peak: f64,
}

/// The measurement itself: prints a line that [`measure`] reads.
pub fn run(peer: &str, case: &Case) -> Fallible<()> {
    let line = match peer {
        // These are programs: what they use is the measurement.
        "openssl" => native::openssl(case)?,
        "xmlsec1" => return native::become_xmlsec1(case),
        _ => match peers::prepare(peer, case)? {
            Ok(mut once) => match repeat(&mut once) {
                Ok(microseconds) => took(Cost { microseconds, peak: peak()? }),
                Err(reason) => format!("refused {}", reason.to_string().replace('\n', " ")),
            },
            Err(reason) => format!("refused {reason}"),
        },
    };
    use std::io::Write;
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

pub fn took(cost: Cost) -> String {
    format!("took {} {}", cost.microseconds, cost.peak)
}

/// Microseconds that a call takes.
fn repeat(once: &mut peers::Once) -> Fallible<f64> {
    let begin = processor_time(UsageWho::RUSAGE_SELF)?;
    once()?;
    let warm = processor_time(UsageWho::RUSAGE_SELF)?;
    if warm - begin > SPAN {
        return Ok(warm - begin);
    }
    let mut count = 0.0;
    loop {
        once()?;
        count += 1.0;
        let spent = processor_time(UsageWho::RUSAGE_SELF)? - warm;
        if spent > SPAN {
            return Ok(spent / count);
        }
    }
}

/// Microseconds, user and system.
pub fn processor_time(who: UsageWho) -> Fallible<f64> {
    let usage = getrusage(who)?;
    let of = |time: nix::sys::time::TimeVal| time.tv_sec() as f64 * 1e6 + time.tv_usec() as f64;
    Ok(of(usage.user_time()) + of(usage.system_time()))
}

/// Bytes. `ru_maxrss` would count what the parent had before this program was loaded.
fn peak() -> Fallible<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}

/// Whatever is started after this, and this program, gets so many seconds of processor time each.
pub fn limit(seconds: u64) -> Fallible<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_CPU)?;
    Ok(setrlimit(Resource::RLIMIT_CPU, seconds.min(hard), hard)?)
}

/// Runs this program again with these words, where the documents are.
pub fn again(words: &[&str], folder: &Path) -> Fallible<std::process::Output> {
    let mut command = Command::new(std::env::current_exe()?);
    Ok(command.args(words).current_dir(folder).stderr(Stdio::piped()).output()?)
}

pub fn measure(peer: &str, case: &Case, folder: &Path, limit: u64) -> Fallible<Outcome> {
    let output = again(&["measure", peer, case.name], folder)?;
    const SIGXCPU: i32 = 24;
    if output.status.signal() == Some(SIGXCPU) {
        return Ok(Outcome::Over(limit));
    }
    let line = String::from_utf8_lossy(&output.stdout);
    let line = line.lines().last().unwrap_or_default();
    match line.split_once(' ') {
        Some(("took", rest)) if output.status.success() => {
            let (microseconds, peak) = rest.split_once(' ').ok_or("half a measurement")?;
            Ok(Outcome::Took(Cost { microseconds: microseconds.parse()?, peak: peak.parse()? }))
        }
        Some(("refused", reason)) => Ok(Outcome::Refused(reason.to_owned())),
        _ => {
            let error = String::from_utf8_lossy(&output.stderr);
            Err(format!("{peer}, {}: {}: {line} {error}", case.name, output.status).into())
        }
    }
}
