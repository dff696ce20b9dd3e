//! Processes, what they use, and talking to them in lines.

use crate::{Fallible, tls::Keys};
use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

/// What a process has used.
pub struct Reading {
    /// Processor time of all its threads.
    pub nanoseconds: f64,
    /// Bytes in memory.
    pub resident: f64,
}

impl Reading {
    /// Of a process whose threads all still run.
    pub fn of(id: u32) -> Fallible<Reading> {
        let mut nanoseconds = 0.0;
        for thread in fs::read_dir(format!("/proc/{id}/task"))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            nanoseconds += text.split(' ').next().ok_or("an empty schedstat")?.parse::<f64>()?;
        }
        let status = fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(Reading { nanoseconds, resident: kilobytes * 1024.0 })
    }
}

/// This program again, as server or client.
pub struct Child {
    process: std::process::Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Child {
    pub fn start(words: &[&str], keys: &Keys) -> Fallible<Child> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut to = process.stdin.take().ok_or("no standard input")?;
        to.write_all(keys.to_line().as_bytes())?;
        let from = BufReader::new(process.stdout.take().ok_or("no standard output")?);
        Ok(Child { process, to: Some(to), from })
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    pub fn hear(&mut self) -> Fallible<String> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    pub fn tell(&mut self, word: &str) -> Fallible<()> {
        Ok(writeln!(self.to.as_mut().ok_or("it was told to end")?, "{word}")?)
    }

    /// Closes its input, and waits for it.
    pub fn end(mut self) -> Fallible<()> {
        self.to = None;
        let status = self.process.wait()?;
        if status.success() { Ok(()) } else { Err(format!("a process ended with {status}").into()) }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A line from whoever started this process; none when there are no more.
pub fn told() -> Fallible<Option<String>> {
    let mut line = String::new();
    let count = std::io::stdin().lock().read_line(&mut line)?;
    Ok((count > 0).then(|| line.trim().to_owned()))
}

pub fn tell(word: &str) -> Fallible<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word}")?;
    Ok(out.flush()?)
}

pub fn raise_descriptor_limit() -> Fallible<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// Keeps this process, and all that it starts, on one processor: the first that it may use.
pub fn pin() -> Fallible<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let all = sched_getaffinity(None)?;
    let mut one = CpuSet::new();
    let first = (0..CpuSet::MAX_CPU).find(|cpu| all.is_set(*cpu)).ok_or("no processor")?;
    one.set(first);
    Ok(sched_setaffinity(None, &one)?)
}
