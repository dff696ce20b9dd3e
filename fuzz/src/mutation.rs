//! Changes to an XML document that leave it one more often than changed bytes do.

/// What is put in.
const PIECES: &[&str] = &[
    "<!---->",
    "<?x y?>",
    "<![CDATA[x]]>",
    "&#65;",
    "&amp;",
    "&e;",
    " ",
    "\n",
    "\r\n",
    " Id=\"a\"",
    " ID=\"b\"",
    " id=\"c\"",
    " xml:id=\"a\"",
    " xml:lang=\"en\"",
    " xml:base=\"../x/\"",
    " xmlns=\"\"",
    " xmlns=\"urn:n\"",
    " xmlns:p=\"urn:p\"",
    " xmlns:p=\"http://www.w3.org/2000/09/xmldsig#\"",
    " xmlns=\"http://www.w3.org/2000/09/xmldsig#\"",
    "<x>",
    "</x>",
    "<x/>",
    "<Object>",
    "</Object>",
    "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">",
    "</Signature>",
    "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>",
    "<Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#base64\"/>",
    "<HMACOutputLength>80</HMACOutputLength>",
    "<!DOCTYPE x [<!ENTITY e \"<x/>\">]>",
    "<!DOCTYPE x [<!ATTLIST x Id ID #IMPLIED y CDATA \"1\">]>",
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
    "\u{feff}",
    "MA==",
    "sha1",
];

/// More changes than these say nothing new.
const MOST: usize = 16;
/// Documents do not grow beyond it.
const LONGEST: usize = 1 << 16;

/// Changes `document` as `program` says.
pub fn mutate(document: &mut Vec<u8>, mut program: &[u8]) {
    for _ in 0..MOST {
        let [how, rest @ ..] = program else { return };
        program = rest;
        let from = place(document, &mut program);
        match how % 9 {
            0 => {
                let byte = take(&mut program);
                if let Some(place) = document.get_mut(from) {
                    *place = byte;
                }
            }
            1 => {
                let to = (from + usize::from(take(&mut program))).min(document.len());
                document.drain(from..to);
            }
            2 => {
                let piece = PIECES[usize::from(take(&mut program)) % PIECES.len()];
                insert(document, from, piece.as_bytes());
            }
            3 => {
                let length = usize::from(take(&mut program) % 32).min(program.len());
                let (raw, rest) = program.split_at(length);
                program = rest;
                insert(document, from, raw);
            }
            4 => {
                let element = element(document, from);
                document.drain(element);
            }
            // Elements are copied and moved: what is called wrapping.
            5 => {
                let copy = document[element(document, from)].to_vec();
                let to = place(document, &mut program);
                insert(document, to, &copy);
            }
            6 => {
                let moved: Vec<u8> = document.drain(element(document, from)).collect();
                let to = place(document, &mut program);
                insert(document, to, &moved);
            }
            7 => {
                let element = element(document, from);
                let piece = ["x", "Object", "Signature", "p:data"];
                let name = piece[usize::from(take(&mut program)) % piece.len()];
                insert(document, element.end, format!("</{name}>").as_bytes());
                insert(document, element.start, format!("<{name}>").as_bytes());
            }
            // An element that takes the place of another.
            _ => {
                let copy = document[element(document, from)].to_vec();
                let to = place(document, &mut program);
                let gone = element(document, to);
                document.splice(gone, copy);
            }
        }
        document.truncate(LONGEST);
    }
}

fn insert(document: &mut Vec<u8>, at: usize, piece: &[u8]) {
    document.splice(at..at, piece.iter().copied());
}

fn take(program: &mut &[u8]) -> u8 {
    let Some((first, rest)) = program.split_first() else { return 0 };
    *program = rest;
    *first
}

/// A byte, or the beginning or end of a tag.
fn place(document: &[u8], program: &mut &[u8]) -> usize {
    let (kind, number) = (take(program), usize::from(take(program)));
    let all = |sign: u8, after: usize| {
        let found = document.iter().enumerate().filter(|(_, byte)| **byte == sign);
        found.map(|(i, _)| i + after).collect::<Vec<_>>()
    };
    let places = match kind % 4 {
        0 => return (number << 8 | usize::from(take(program))) % (document.len() + 1),
        1 => all(b'<', 0),
        2 => all(b'>', 1),
        // Where attributes stand.
        _ => all(b'>', 0),
    };
    places.get(number % places.len().max(1)).copied().unwrap_or(0)
}

/// The element that begins at or after `from`, as far as a glance tells.
fn element(document: &[u8], from: usize) -> std::ops::Range<usize> {
    let next = |at: usize, sign: u8| document[at..].iter().position(|byte| *byte == sign);
    let Some(start) = next(from, b'<').map(|by| from + by) else { return from..from };
    let (mut at, mut depth) = (start, 0_i32);
    while let Some(end) = next(at, b'>').map(|by| at + by) {
        let tag = &document[at..end];
        depth += match tag {
            [b'<', b'/', ..] => -1,
            [b'<', b'!' | b'?', ..] | [.., b'/'] => 0,
            _ => 1,
        };
        let Some(following) = next(end, b'<').map(|by| end + by).filter(|_| depth > 0) else {
            return start..end + 1;
        };
        at = following;
    }
    start..document.len()
}
