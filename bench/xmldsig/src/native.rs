//! Peers that are not in Rust: the xmlsec library, through a little program that is compiled here, and the command openssl.

use crate::{
    Fallible,
    case::{Case, PUBLIC_KEY},
    measure::{Cost, SPAN, processor_time, took},
};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

const SOURCE: &str = include_str!("../peers/xmlsec1.c");
const PROGRAM: &str = "xmlsec1-peer";

/// Whether the command is there.
pub fn has_openssl() -> bool {
    let mut command = Command::new("openssl");
    command.arg("version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Compiles the program that verifies by the xmlsec library.
pub fn build_xmlsec1(folder: &Path) -> Fallible<()> {
    let config = |what: &str| -> Fallible<Vec<String>> {
        let mut command = Command::new("xmlsec1-config");
        let output = command.args(["--crypto=openssl", what]).output()?;
        if !output.status.success() {
            return Err(format!("xmlsec1-config {what}: {}", output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?.split_whitespace().map(unquoted).collect())
    };
    let source = folder.join("xmlsec1.c");
    fs::write(&source, SOURCE)?;
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    let mut command = Command::new(compiler);
    command.arg("-O2").args(config("--cflags")?).arg(source);
    command.arg("-o").arg(folder.join(PROGRAM)).args(config("--libs")?);
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
}

/// `xmlsec1-config` writes for a shell.
fn unquoted(word: &str) -> String {
    word.replace(['\\', '\''], "")
}

/// Replaces this process.
pub fn become_xmlsec1(case: &Case) -> Fallible<()> {
    let mut command = Command::new(format!("./{PROGRAM}"));
    Err(command.args([&case.document(), PUBLIC_KEY, &SPAN.to_string()]).exec().into())
}

/// `openssl dgst`, with the start of the program in it.
pub fn openssl(case: &Case) -> Fallible<String> {
    let mut command = Command::new("openssl");
    let output = command.args(["dgst", "-sha256", &case.bulk()]).output()?;
    if !output.status.success() {
        return Ok(format!("refused {}", output.status));
    }
    let microseconds = processor_time(UsageWho::RUSAGE_CHILDREN)?;
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() as f64 * 1024.0;
    Ok(took(Cost { microseconds, peak }))
}
