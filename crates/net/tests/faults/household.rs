//! What the process holds before and after.

use std::{
    fs,
    future::Future,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{runtime::Builder, time::timeout};

/// No test of these takes longer, however loaded the machine.
const LONGEST: Duration = Duration::from_secs(120);

/// Resident memory may grow by this much by chance: fragments, and pages that are touched for the first time.
const CHANCE: usize = 4 << 20;

/// Runs a test alone in the process, on a runtime of its own: descriptors that it opened and did not close are its fault.
pub fn alone<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    alone_without_runtime(|| {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { timeout(LONGEST, test()).await.expect("the test hangs") });
    });
}

/// The same for a test that needs none.
pub fn alone_without_runtime(test: impl FnOnce()) {
    static ONE: Mutex<()> = Mutex::new(());
    let _turn = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = descriptors();
    test();
    let after = descriptors();
    assert_eq!(after, before, "descriptors are left open");
}

/// Does something once to warm up, then several times more; memory must be what it was.
pub async fn again_and_again<F: Future<Output = ()>>(times: usize, mut work: impl FnMut() -> F) {
    work().await;
    let before = resident();
    for _ in 0..times {
        work().await;
    }
    let after = resident();
    assert!(after <= before + CHANCE, "memory grew from {before} to {after} bytes");
}

/// What the open descriptors lead to, sorted; the folder that is read here left out.
fn descriptors() -> Vec<String> {
    let Ok(folder) = fs::read_dir("/proc/self/fd") else { return Vec::new() };
    let mut targets: Vec<String> = folder
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .filter(|target| !target.starts_with("/proc/"))
        .collect();
    targets.sort();
    targets
}

/// Resident memory in bytes; zero where the kernel does not say.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or_default() << 10
}
