//! `ravelin xml canonicalize` as people and scripts call it.

mod support;

use serde_json::Value;
use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};
use support::{Folder, text};

impl Folder {
    fn new(document: &str) -> Folder {
        let folder = Folder::empty();
        folder.write("a.xml", document);
        folder
    }

    fn run(&self, words: &str) -> Output {
        self.command(&format!("xml canonicalize {words}")).output().unwrap()
    }

    /// The canonical form, which is all that is told.
    fn form(&self, words: &str) -> String {
        let output = self.run(words);
        assert_eq!(
            (output.status.code(), text(&output.stderr)),
            (Some(0), String::new()),
            "{words}"
        );
        text(&output.stdout)
    }

    /// The one line of an error, and what was written before it.
    fn refused(&self, words: &str) -> (String, String) {
        let output = self.run(words);
        let line = text(&output.stderr);
        assert_eq!(
            (output.status.code(), line.matches('\n').count()),
            (Some(2), 1),
            "{words}: {line}"
        );
        (line.strip_prefix("ravelin: ").unwrap().trim_end().to_owned(), text(&output.stdout))
    }
}

const DOCUMENT: &str = "<?xml version=\"1.0\"?>\n<!-- before -->\n<p:a xmlns:p='urn:p' xmlns:q='urn:q' b=\"2\"\n a='1'><!-- in --><c xml:base='x'/>\
                        <q:d/></p:a>\n<?end now?>";

#[test]
fn every_method_can_be_chosen() {
    let folder = Folder::new(DOCUMENT);
    let plain = "<p:a xmlns:p=\"urn:p\" xmlns:q=\"urn:q\" a=\"1\" b=\"2\"><c xml:base=\"x\"></c><q:d></q:d></p:a>\n<?end now?>";
    assert_eq!(folder.form("a.xml"), plain);
    assert_eq!(folder.form("--c14n 1.0 a.xml"), plain);
    assert_eq!(folder.form("--c14n 1.1 a.xml"), plain);
    let comments = plain.replace("<c ", "<!-- in --><c ");
    assert_eq!(folder.form("--comments a.xml"), format!("<!-- before -->\n{comments}"));
    let exclusive = "<p:a xmlns:p=\"urn:p\" a=\"1\" b=\"2\"><c xml:base=\"x\"></c><q:d xmlns:q=\"urn:q\"></q:d></p:a>\n<?end now?>";
    assert_eq!(folder.form("--exclusive a.xml"), exclusive);
    assert_eq!(folder.form("--exclusive --inclusive-prefixes #default,q a.xml"), plain);
}

#[test]
fn standard_input_is_a_document_too() {
    let folder = Folder::new("");
    let mut child = folder
        .command("xml canonicalize -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"<a  b='1'/>").unwrap();
    assert_eq!(text(&child.wait_with_output().unwrap().stdout), "<a b=\"1\"></a>");
}

#[test]
fn an_error_names_file_line_and_column_and_disowns_what_was_written() {
    let folder = Folder::new("<a>\n  <b></a>");
    let (line, out) = folder.refused("a.xml");
    assert_eq!((line.as_str(), out.as_str()), ("a.xml:2:6: </a> closes <b>", ""));
    let long = format!("<a>{}\n</b>", "<c>text</c>\n".repeat(10_000));
    fs::write(folder.path("long.xml"), long).unwrap();
    let (line, out) = folder.refused("long.xml");
    assert_eq!(
        line,
        "long.xml:10002:1: </b> closes <a>; what was written until here is worth nothing"
    );
    assert!(out.starts_with("<a><c>text</c>"), "it is written while it is read");
    fs::write(folder.path("relative.xml"), "<a>\n <b xmlns='c'/></a>").unwrap();
    assert!(folder.refused("relative.xml").0.starts_with("relative.xml:2:2: the namespace name"));
    assert_eq!(
        folder.refused("gone.xml").0,
        "gone.xml: cannot be read: No such file or directory (os error 2)"
    );
    assert_eq!(folder.refused(".").0, ".: is a folder");
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = Folder::new("<a b='1'/>");
    let output = folder.run("--output out a.xml");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()));
    assert_eq!(text(&output.stderr), "out: 13 bytes of canonical form\n");
    assert_eq!(fs::read_to_string(folder.path("out")).unwrap(), "<a b=\"1\"></a>");
    assert_eq!(folder.refused("--output out a.xml").0, "out: exists already; --force replaces it");

    let long = format!("<a>{}\n</b>", "<c>text</c>\n".repeat(10_000));
    fs::write(folder.path("long.xml"), long).unwrap();
    let (line, _) = folder.refused("--output new long.xml");
    assert_eq!(line, "long.xml:10002:1: </b> closes <a>");
    folder.refused("--output out --force long.xml");
    assert_eq!(fs::read_to_string(folder.path("out")).unwrap(), "<a b=\"1\"></a>");
    let mut names: Vec<_> =
        fs::read_dir(folder.path("")).unwrap().map(|one| one.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["a.xml", "long.xml", "out"]);

    let output = folder.run("--json --exclusive --output out --force a.xml");
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = (&value["schema"], &value["method"], &value["length"], &value["output"]);
    assert_eq!(
        told,
        (&1.into(), &"http://www.w3.org/2001/10/xml-exc-c14n#".into(), &13.into(), &"out".into())
    );
}

#[test]
fn document_types_need_to_be_allowed() {
    let folder = Folder::new("<!DOCTYPE a [<!ENTITY e 'x'><!ATTLIST a b CDATA 'd'>]><a>&e;</a>");
    assert!(
        folder.refused("a.xml").0.starts_with("a.xml:1:1: document type declarations are refused")
    );
    assert_eq!(folder.form("--allow internal-dtd a.xml"), "<a b=\"d\">x</a>");
}

#[test]
fn options_that_mean_nothing_are_refused() {
    let folder = Folder::new("<a/>");
    for (words, line) in [
        ("--exclusive --c14n 1.1 a.xml", "cannot be used with"),
        ("--inclusive-prefixes a a.xml", "--exclusive"),
        ("--force a.xml", "--output"),
        ("--json a.xml", "write it to a file (--output)"),
        ("--allow xslt a.xml", "`xslt` cannot be allowed"),
        ("--c14n 2.0 a.xml", "2.0"),
        ("", "FILE"),
    ] {
        let (told, out) = folder.refused(words);
        assert!(told.contains(line) && out.is_empty(), "{words}: {told}");
    }
}
