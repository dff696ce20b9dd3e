//! What was aimed at, and whether it is reached.

use crate::report::{Found, duration, ratio};

const MB: f64 = 1e6;

/// A row for each target of which enough was measured: what, found, target, whether it is met, stretch, whether that is.
pub fn rows(found: &Found<'_>) -> Vec<Vec<String>> {
    let scale = found.options.scale;
    let ours = |case| found.cost(case, "ravelin");
    let time = |case| ours(case).map(|cost| cost.microseconds);
    let memory = |case| ours(case).map(|cost| cost.peak);
    let to = |case, peer| Some(time(case)? / found.cost(case, peer)?.microseconds);
    let growth = time("refs-10k").zip(time("refs-1k")).map(|(long, short)| long / short);
    let megabytes: fn(f64) -> String = |bytes| format!("{:.1} MB", bytes / MB);
    [
        row("5 KB", time("5k"), duration, 100.0, Some(60.0)),
        row("5 KB, to bergshamra", to("5k", "bergshamra"), ratio, 1.0 / 1.7, None),
        row("5 KB, to xmlsec1", to("5k", "xmlsec1"), ratio, 0.2, None),
        row("1 MB", time("1m"), duration, 10_000.0, Some(5_000.0)),
        row("100 MB", time("100m"), duration, scale * 1e6, Some(scale * 5e5)),
        row("100 MB, memory", memory("100m"), megabytes, 16.0 * MB, None),
        row("10,000 references", time("refs-10k"), duration, 60_000.0, Some(40_000.0)),
        row("10,000 references, to 1,000", growth, ratio, 12.0, None),
        row("256 MB beside it, to openssl", to("blob", "openssl"), ratio, 1.2, None),
        row("256 MB beside it, memory", memory("blob"), megabytes, 8.0 * MB, None),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn row(
    what: &str,
    found: Option<f64>,
    shown: fn(f64) -> String,
    target: f64,
    stretch: Option<f64>,
) -> Option<Vec<String>> {
    let found = found?;
    let word = |bound: f64| if found <= bound { "met" } else { "missed" }.to_owned();
    let stretch = stretch.map(|bound| [shown(bound), word(bound)]).unwrap_or_default();
    let [bound, reached] = stretch;
    Some(vec![what.to_owned(), shown(found), shown(target), word(target), bound, reached])
}
