//! It makes no difference in which pieces a document comes, nor where it stands in the window.

use super::{
    corpus,
    events::{Detail, Dribble, Node, read_closely, with_doctype},
};
use proptest::prelude::*;

/// What the reader reads at once.
const CHUNK: usize = 64 << 10;

/// Nodes and their details, or the fault and its offset.
type Said = Result<(Vec<Node>, Vec<Detail>), (String, u64)>;

fn said(bytes: &[u8], piece: usize) -> Said {
    read_closely(Dribble(bytes, piece), &with_doctype())
        .map_err(|error| (error.fault.to_string(), error.position.offset))
}

/// The same document, `more` bytes further behind: what is said then, as if it were not.
fn behind(head: &str, body: &str, more: usize, encoding: usize) -> Said {
    let padding = "x".repeat(more.saturating_sub("<!---->".len()));
    let bytes = corpus::encoded(&format!("{head}<!--{padding}-->{body}"), encoding);
    let unit = if encoding < 2 { 2 } else { 1 };
    let back = |offset: u64| offset - (unit * ("<!---->".len() + padding.len())) as u64;
    match said(&bytes, usize::MAX) {
        Ok((mut nodes, details)) => {
            assert_eq!(nodes.remove(0), Node::Comment(padding.clone()));
            let details = details.into_iter().map(|detail| match detail {
                Detail::Start { offset, declarations, kinds } => {
                    Detail::Start { offset: back(offset), declarations, kinds }
                }
                Detail::End { offset, depth } => Detail::End { offset: back(offset), depth },
            });
            Ok((nodes, details.collect()))
        }
        Err((fault, offset)) => Err((fault, back(offset))),
    }
}

/// A document with something wrong, but nothing that may stand at its beginning only.
fn movable(seed: u64) -> String {
    let text = corpus::mutated(seed);
    match text.trim_start_matches('\u{feff}') {
        text if text.starts_with("<?xml") => text.replacen("<?xml", "<?pi", 1),
        text => text.to_owned(),
    }
}

fn check_border(head: &str, body: &str, place: usize, encoding: usize) {
    let unit = if encoding < 2 { 2 } else { 1 };
    let mark = [2, 2, 3, 0][encoding.min(3)];
    let before = (CHUNK - mark) / unit - head.len() - place;
    let alone = said(&corpus::encoded(&format!("{head}{body}"), encoding), usize::MAX);
    assert_eq!(behind(head, body, before, encoding), alone, "{place} of {head}{body}");
}

#[test]
fn a_border_of_the_window_at_any_byte_changes_nothing() {
    for seed in 0..3 {
        let (head, body) = corpus::parts(seed);
        for place in 0..=body.len() {
            check_border(&head, &body, place, 3);
        }
    }
}

#[test]
fn a_border_of_the_window_at_any_byte_of_utf_16_changes_nothing() {
    let body = "<!DOCTYPE a [<!ENTITY e 'é&#13;\r\n'>]><a b='\r\n&e;é'>\u{1f600}\r\n&e;]]<![CDATA[]]\r\n]]]></a>";
    for encoding in [0, 1] {
        for place in 0..=body.encode_utf16().count() {
            check_border("", body, place, encoding);
        }
    }
}

#[test]
fn what_is_wrong_is_told_in_the_same_words_wherever_the_window_ends() {
    for seed in 0..12 {
        let body = movable(seed);
        for place in (0..=body.len()).step_by(17) {
            check_border("", &body, place, 3);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_in_pieces_say_what_they_say_whole(
        seed: u64,
        broken: bool,
        encoding in 0..4usize,
        piece in 1..9usize,
    ) {
        let text = if broken { corpus::mutated(seed) } else { corpus::document(seed) };
        let bytes = corpus::encoded(&text, encoding);
        let whole = said(&bytes, usize::MAX);
        if !broken && !text.starts_with("<?xml version") {
            prop_assert!(whole.is_ok(), "{whole:?} {text}");
        }
        prop_assert_eq!(said(&bytes, piece), whole);
    }

    #[test]
    fn documents_anywhere_in_the_window_say_the_same(seed: u64, place in 0..1000usize, broken: bool) {
        let (head, body) = if broken {
            (String::new(), movable(seed))
        } else {
            corpus::parts(seed)
        };
        check_border(&head, &body, place % (body.len() + 1), 3);
    }
}
