//! Any bytes as XML: no panic, faults within them, the same in pieces, and the same for roxmltree.
#![no_main]

#[path = "../../crates/xmldsig/tests/xml_reader/events.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod events;
#[path = "../../crates/xmldsig/tests/xml_reader/roxml.rs"]
mod roxml;

use events::{Dribble, Node};
use libfuzzer_sys::fuzz_target;
use ravelin_xmldsig::xml::{Doctype, Limits, Options};

fuzz_target!(|input: (bool, u8, &[u8])| {
    let (strict, piece, bytes) = input;
    let doctype = if strict { Doctype::Refuse } else { Doctype::InternalSubset };
    // Small ones, so that they are met.
    let limits = Limits { entity_bytes: 1 << 16, default_bytes: 1 << 16, ..Limits::default() };
    let options = Options { doctype, limits };
    let read = |piece| {
        let read = events::read_closely(Dribble(bytes, piece), &options);
        read.map_err(|error| (error.position, error.fault.to_string()))
    };
    let whole = read(usize::MAX);
    assert_eq!(read(usize::from(piece).max(1)), whole);
    match &whole {
        Err((position, _)) => assert!(position.offset <= bytes.len() as u64, "{position:?}"),
        Ok((nodes, _)) => {
            assert!(balanced(nodes));
            compare(bytes, nodes);
        }
    }
});

fn balanced(nodes: &[Node]) -> bool {
    let mut depth = 0_i64;
    for node in nodes {
        match node {
            Node::Start { .. } => depth += 1,
            Node::End => depth -= 1,
            Node::Text(text) => assert!(depth > 0 && !text.is_empty()),
            Node::Comment(_) | Node::Instruction(..) => {}
        }
        assert!(depth >= 0);
    }
    depth == 0
}

/// What we take, roxmltree takes, and reads the same.
fn compare(bytes: &[u8], nodes: &[Node]) {
    // It reads UTF-8 alone, and believes what the declaration says.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if text.contains("encoding") {
        return;
    }
    match roxml::read(text) {
        Ok(theirs) if roxml::is_comparable(text) => assert_eq!(roxml::comparable(nodes), theirs),
        Ok(_) => {}
        // What it does not know of declarations is explained in differences.md.
        Err(error) => assert!(text.contains("<!DOCTYPE"), "roxmltree: {error}"),
    }
}
