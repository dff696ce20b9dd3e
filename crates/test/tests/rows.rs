//! Every promised behaviour has a row in `docs/rows.md`, and the tests that prove it stand beside it.
//!
//! A test proves a row when its name begins with it (`f05_…`, `n13_n63_…`). This test finds all such tests in the
//! workspace and compares. `RAVELIN_BLESS=1 cargo test -p ravelin-test --test rows` rewrites the column of tests; the
//! column of states is written by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
};

/// How many rows there are under each letter.
const ROWS: [(char, u32); 6] = [('S', 64), ('V', 26), ('N', 103), ('F', 13), ('E', 20), ('X', 22)];

const BLESS: &str = "RAVELIN_BLESS=1 cargo test -p ravelin-test --test rows";

/// Where Rust tests are looked for.
const RUST: [&str; 4] = ["crates", "tests", "interop", "conformance"];

/// Where programs count as tests by their name.
const PROGRAMS: [&str; 2] = ["tests", "interop"];

/// How the names of such programs end. Others are data or prose.
const ENDINGS: [&str; 2] = ["py", "sh"];

/// Names of tests, and the rows they prove.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("f05_bytes_pass", &["F5"]),
    ("f5_bytes_pass", &["F5"]),
    ("n13_n63_names", &["N13", "N63"]),
    ("x25519_agrees", &[]),
    ("x509_names", &[]),
    ("v2_headers", &["V2"]),
    ("s_curve", &[]),
    ("f05", &["F5"]),
    ("ends_f05", &[]),
    ("e0_nothing", &["E0"]),
];

/// A row's tests, by its name.
type Proofs = BTreeMap<String, BTreeSet<String>>;

#[test]
fn every_row_lists_the_tests_that_prove_it() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let listing = workspace.join("docs/rows.md");
    let text = fs::read_to_string(&listing).expect("docs/rows.md can be read");
    let proofs = proofs(&workspace);
    let text = if env::var_os("RAVELIN_BLESS").is_some_and(|value| value == "1") {
        let blessed = bless(&text, &proofs);
        if blessed != text {
            fs::write(&listing, &blessed).expect("docs/rows.md can be written");
        }
        blessed
    } else {
        text
    };
    let complaints = complaints(&text, &proofs);
    assert!(complaints.is_empty(), "docs/rows.md:\n  {}", complaints.join("\n  "));
}

#[test]
fn names_tell_their_rows() {
    for (name, rows) in EXAMPLES {
        assert_eq!(rows_of(name), *rows, "{name}");
    }
}

#[test]
fn only_tests_prove() {
    let source = [
        "#[test]",
        "/// Prose.",
        "fn f05_a() {}",
        "fn f05_b() {}",
        "#[test]",
        "#[cfg(unix)]",
        "async fn f06_c() {}",
        "// #[test]",
        "fn f07_d() {}",
        "#[tokio::test(start_paused = true)]",
        "async fn f08_e() {}",
    ]
    .join("\n");
    assert_eq!(test_functions(&source).collect::<Vec<_>>(), ["f05_a", "f06_c", "f08_e"]);
}

#[test]
fn faults_of_the_listing_are_found() {
    let rows = ROWS.iter().flat_map(|(letter, count)| {
        (1..=*count).map(move |number| format!("| {letter}{number} | Something | open |  |\n"))
    });
    let listing: String = rows.collect();
    let proofs = Proofs::from([("F5".into(), BTreeSet::from(["`a::f05_b`".into()]))]);
    let none = Proofs::new();
    let with = |from: &str, to: &str, proofs: &Proofs| {
        let changed = listing.replacen(from, to, 1);
        assert_ne!(changed, listing);
        complaints(&changed, proofs)
    };
    assert_eq!(complaints(&listing, &none), [""; 0]);
    let five = "| F5 | Something | open |  |";
    for (line, proofs, complaint) in [
        ("| F5 | Something | done |  |", &none, "no test"),
        ("| F5 | Something | sure |  |", &none, "`sure`"),
        ("", &none, "F5 is missing"),
        (&format!("{five}\n{five}"), &none, "twice"),
        ("| F5 |  | open |  |", &none, "no title"),
        ("| F5 | Something | done | `a::f05_b` |", &none, BLESS),
        ("| F5 | Something | partly |  |", &proofs, BLESS),
        ("| F5 | Something | open | `a::f05_b` |", &proofs, "make it `partly`"),
    ] {
        let found = with(five, line, proofs);
        assert!(found.iter().any(|text| text.contains(complaint)), "{line}: {found:?}");
    }
    assert_eq!(with(five, "| F5 | Something | done | `a::f05_b` |", &proofs), [""; 0]);
    let unknown = Proofs::from([("F99".into(), BTreeSet::from(["`a::f99_b`".into()]))]);
    assert!(complaints(&listing, &unknown)[0].contains("no row F99"));
    assert!(!bless(&listing, &proofs).contains(five));
    let blessed = bless(&listing, &proofs).replace("open | `a", "partly | `a");
    assert_eq!(complaints(&blessed, &proofs), [""; 0]);
}

/// What is wrong with the listing, given the tests that exist.
fn complaints(listing: &str, proofs: &Proofs) -> Vec<String> {
    let mut complaints = Vec::new();
    let mut listed = BTreeSet::new();
    for (number, line) in (1..).zip(listing.lines()) {
        let Some(row) = Row::parse(line) else { continue };
        let (name, state) = (row.name, row.state);
        let mut complain = |text: String| complaints.push(format!("line {number}: {text}"));
        if !listed.insert(name.to_owned()) {
            complain(format!("row {name} is listed twice"));
        }
        if row.title.is_empty() {
            complain(format!("row {name} has no title"));
        }
        let tests = proofs.get(name);
        match (state, tests) {
            ("done" | "partly", None) => {
                complain(format!("row {name} is {state}, but no test is named after it"));
            }
            ("open", Some(_)) => complain(format!(
                "row {name} is open, but tests are named after it: make it `partly` or `done`"
            )),
            ("done" | "partly", Some(_)) | ("open", None) => {}
            _ => complain(format!("row {name}: `{state}` is none of `done`, `partly`, `open`")),
        }
        if row.tests != column(tests) {
            complain(format!(
                "row {name} lists other tests than there are; to rewrite the column: {BLESS}"
            ));
        }
    }
    for name in ROWS
        .into_iter()
        .flat_map(|(letter, count)| (1..=count).map(move |number| format!("{letter}{number}")))
    {
        if !listed.contains(&name) {
            complaints.push(format!("row {name} is missing"));
        }
    }
    for (name, tests) in proofs.iter().filter(|(name, _)| !is_row(name)) {
        complaints.push(format!(
            "there is no row {name}, yet a test has its name: {}",
            column(Some(tests))
        ));
    }
    complaints
}

/// The listing with its column of tests rewritten.
fn bless(listing: &str, proofs: &Proofs) -> String {
    let lines = listing.lines().map(|line| match Row::parse(line) {
        Some(Row { name, title, state, .. }) => {
            format!("| {name} | {title} | {state} | {} |\n", column(proofs.get(name)))
        }
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn column(tests: Option<&BTreeSet<String>>) -> String {
    tests
        .map(|tests| tests.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}

/// A line of one of the tables.
struct Row<'a> {
    name: &'a str,
    title: &'a str,
    state: &'a str,
    tests: &'a str,
}

impl Row<'_> {
    fn parse(line: &str) -> Option<Row<'_>> {
        let mut cells = line.strip_prefix('|')?.strip_suffix('|')?.split('|').map(str::trim);
        let name = cells.next().filter(|name| is_row(name))?;
        Some(Row { name, title: cells.next()?, state: cells.next()?, tests: cells.next()? })
    }
}

fn is_row(name: &str) -> bool {
    ROWS.iter().any(|(letter, count)| {
        name.strip_prefix(*letter)
            .and_then(|number| number.parse().ok().filter(|n: &u32| n.to_string() == number))
            .is_some_and(|number| (1..=*count).contains(&number))
    })
}

/// All tests that are named after rows.
fn proofs(workspace: &Path) -> Proofs {
    let mut proofs = Proofs::new();
    let mut prove = |name: &str, shown: &str| {
        for row in rows_of(name) {
            proofs.entry(row).or_default().insert(format!("`{shown}`"));
        }
    };
    for folder in RUST {
        for file in files(&workspace.join(folder)) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let source = fs::read_to_string(&file).expect("sources are UTF-8");
                for function in test_functions(&source) {
                    prove(function, &format!("{}::{function}", module(&file, workspace)));
                }
            }
        }
    }
    for folder in PROGRAMS {
        for file in files(&workspace.join(folder)) {
            if file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)) {
                let name = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
                prove(name, relative(&file, workspace));
            }
        }
    }
    proofs
}

/// The rows that a name begins with. `x509_…` and `x25519_…` are words, not rows.
fn rows_of(name: &str) -> Vec<String> {
    name.split('_')
        .map_while(|word| {
            let letter = word.chars().next()?;
            let digits = &word[letter.len_utf8()..];
            let number: u32 =
                digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?;
            let letter = letter.to_ascii_uppercase();
            let known =
                ROWS.iter().any(|(of, _)| *of == letter) && word.starts_with(char::is_lowercase);
            (known && !["x509", "x25519"].contains(&word)).then(|| format!("{letter}{number}"))
        })
        .collect()
}

/// The names of the functions that carry a `#[test]` attribute.
fn test_functions(source: &str) -> impl Iterator<Item = &str> {
    let mut test = false;
    source.lines().map(str::trim).filter_map(move |line| {
        if line.starts_with("#[") {
            test |= line.ends_with("test]") || line.starts_with("#[tokio::test(");
            None
        } else if line.starts_with("//") {
            None
        } else {
            let function = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ");
            let function = function.and_then(|rest| rest.split(['(', '<']).next());
            std::mem::take(&mut test).then_some(function).flatten()
        }
    })
}

/// A source file as it is shown: `tunnel::relay::ends` for `crates/tunnel/src/relay/ends.rs`.
fn module(file: &Path, workspace: &Path) -> String {
    let path = relative(file, workspace).trim_end_matches(".rs");
    let path = path.strip_prefix("crates/").unwrap_or(path);
    let parts = path.split('/').filter(|part| !["src", "mod", "lib", "main"].contains(part));
    parts.collect::<Vec<_>>().join("::")
}

fn relative<'a>(file: &'a Path, workspace: &Path) -> &'a str {
    file.strip_prefix(workspace).ok().and_then(Path::to_str).expect("paths are UTF-8")
}

/// All files under a folder, in order; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.map(|entry| entry.expect("folders can be read")) {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with(['.', '_']);
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if !hidden && entry.file_name() != "target" {
                    folders.push(path);
                }
            } else if !hidden {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
