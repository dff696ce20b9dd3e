//! An expression and a document: whatever they are, there is an answer or an error within the budget. The input is the
//! expression up to the first line end, then the document.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ravelin_xmldsig::{
    c14n::{Flavour, Method, canonicalize_nodes},
    document::{self, Document},
    nodeset::{NodeSet, Operation, Subtrees},
    xml::{Doctype, Options, Reader},
    xpath::{Budget, Evaluation, Expression, Limits},
};

fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(expression) = std::str::from_utf8(&data[..end]) else { return };
    let limits = Limits { steps: 100_000, nodes: 20_000, ..Limits::default() };
    let namespace = |prefix: &str| (prefix.len() == 1).then(|| format!("urn:{prefix}"));
    let Ok(expression) = Expression::parse(expression, namespace, &limits) else { return };
    let options = Options { doctype: Doctype::InternalSubset, ..Options::default() };
    let Ok(reader) = Reader::with(&data[end + 1..], &options) else { return };
    let Ok(document) = Document::read(reader, &document::Limits::default()) else { return };
    let ids = document.ids(|_, name| name.local.eq_ignore_ascii_case("id"));

    let mut budget = Budget::new(&limits);
    let mut evaluation = Evaluation::new(&expression, &document, &mut budget)
        .with_ids(&ids)
        .with_here(document.root());
    let value = evaluation.value(document.node());
    if value.is_ok() {
        // The same again, now that constant parts are known; numbers that are none are not equal to themselves.
        assert_eq!(
            format!("{:?}", evaluation.value(document.node()).unwrap_or(value.clone().unwrap())),
            format!("{:?}", value.unwrap())
        );
    }

    let whole = NodeSet::document(&document, true);
    let mut budget = Budget::new(&limits);
    let filtered = whole.filter(&expression, Some(&ids), Some(document.root()), &mut budget);
    let operations =
        [Operation::Intersect, Operation::Union, Operation::Subtract].map(|operation| Subtrees {
            operation,
            expression: expression.clone(),
            here: Some(document.root()),
        });
    let subtrees = whole.filter2(&operations[..2], Some(&ids), &mut Budget::new(&limits));
    let nothing = whole.filter2(&operations, Some(&ids), &mut Budget::new(&limits));
    if let Ok(nothing) = nothing {
        // What was taken away last is not there.
        assert!(
            subtrees
                .as_ref()
                .map_or(true, |subtrees| subtrees.iter().all(|node| !nothing.contains(node)))
        );
    }
    for set in [filtered, subtrees].into_iter().flatten() {
        for flavour in [
            Flavour::Inclusive,
            Flavour::Inclusive11,
            Flavour::Exclusive { prefixes: vec![String::new(), "p".to_owned()] },
        ] {
            let method = Method { flavour, comments: true };
            let _ = canonicalize_nodes(&set, &method, &mut Budget::new(&limits), Vec::new());
        }
    }
});
