//! Documents by number: well-formed ones, and such with something wrong.

/// Numbers that look like chance and are always the same.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const NAMES: &[&str] =
    &["a", "b", "item", "é", "日本", "p:a", "p:b", "q:c", "x-1.y_z", "_", "\u{10400}n"];
const ATTRIBUTES: &[&str] =
    &["a", "b", "id", "p:a", "q:b", "xml:lang", "xml:space", "xml:id", "é", "n", "dflt"];
const TEXTS: &[&str] = &[
    "text",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "é",
    "日本語",
    "\u{1f600}",
    "]",
    "]]",
    "> ",
    "'",
    "\"",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#65;",
    "&#x1F600;",
    "&#13;",
    "&#10;",
    "&#9;",
    "\u{85}",
    "\u{2028}",
    "\u{fffd}",
    "%",
    ";",
    "=",
    "/",
    "--",
    "?>",
];
const VALUES: &[&str] = &[
    "v",
    " ",
    "  two  words ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "é",
    "\u{1f600}",
    ">",
    "&amp;",
    "&lt;",
    "&#10;",
    "&#13;",
    "&#32;",
    "&quot;",
    "&apos;",
    "]]>",
    "--",
    "=",
    "/",
];
const ENTITIES: &[&str] = &["&e;", "&f;", "&empty;"];
/// What is put into documents to break them. Not all of it does.
const WRONG: &[&str] = &[
    "<",
    ">",
    "&",
    "]]>",
    "<!--",
    "-->",
    "--",
    "<![CDATA[",
    "<?xml version='1.0'?>",
    "<?",
    "?>",
    "</a>",
    "<a>",
    "<a/>",
    "&undeclared;",
    "&e;",
    "&#0;",
    "&#xFFFF;",
    "&#x",
    "&#99999999;",
    " ",
    "\"",
    "'",
    "=",
    "xmlns:p=''",
    " xmlns:xml='urn:x'",
    " xmlns='http://www.w3.org/2000/xmlns/'",
    " a='1'",
    " p:a='1'",
    "p:",
    ":",
    "\u{1}",
    "\u{fffe}",
    "\u{b}",
    "<!DOCTYPE a>",
    "<!DOCTYPE a [",
    "]>",
    "<!ENTITY e 'x'>",
    "%pe;",
    "<!ELEMENT a (b|c,d)>",
    "<!ELEMENT a (#PCDATA|b)>",
    "<!ATTLIST a n CDATA>",
    "<!ATTLIST a n (x|) 'x'>",
    "<!ENTITY lt 'x'>",
    "<!ENTITY % x '%pe;'>",
    "standalone='maybe'",
    "\u{feff}",
    "0",
    "-",
    ";",
    "\0",
];

/// A well-formed document: what comes before the doctype, and the rest.
pub(crate) fn parts(seed: u64) -> (String, String) {
    let mut chance = Chance::new(seed);
    let mut head = String::new();
    match chance.below(4) {
        0 => head.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"),
        1 => head.push_str("<?xml version='1.0' standalone = 'no' ?>\r\n"),
        _ => {}
    }
    let mut body = String::new();
    misc(&mut chance, &mut body);
    let declares = chance.one_in(2);
    if declares {
        doctype(&mut chance, &mut body);
        misc(&mut chance, &mut body);
    }
    body.push_str("<root xmlns:p='urn:p' xmlns:q=\"urn:q\"");
    if chance.one_in(3) {
        body.push_str(" xmlns='urn:default'");
    }
    body.push('>');
    let mut open = Vec::new();
    for _ in 0..chance.below(30) {
        match chance.below(10) {
            0..=3 => {
                let name = chance.of(NAMES);
                body.push('<');
                body.push_str(name);
                attributes(&mut chance, &mut body, declares);
                if chance.one_in(2) {
                    body.push_str("/>");
                } else {
                    body.push('>');
                    open.push(name);
                }
            }
            4 if !open.is_empty() => {
                body.push_str("</");
                body.push_str(open.pop().unwrap());
                body.push_str(if chance.one_in(4) { "\n >" } else { ">" });
            }
            5 => {
                body.push_str("<![CDATA[");
                body.push_str(chance.of(&["", "]", "<&>", "a]]b", "\r\n", "é]]", "]] >"]));
                body.push_str("]]>");
            }
            6 => misc(&mut chance, &mut body),
            7 if declares => body.push_str(chance.of(ENTITIES)),
            _ => {
                // Brackets before `>` would be another thing.
                let text = chance.of(TEXTS);
                if !(text.starts_with('>') && body.ends_with("]]")) {
                    body.push_str(text);
                }
            }
        }
    }
    for name in open.into_iter().rev() {
        body.push_str("</");
        body.push_str(name);
        body.push('>');
    }
    body.push_str("</root>");
    misc(&mut chance, &mut body);
    (head, body)
}

/// A well-formed document.
pub(crate) fn document(seed: u64) -> String {
    let (head, body) = parts(seed);
    head + &body
}

/// A document that was changed in a few places.
pub(crate) fn mutated(seed: u64) -> String {
    let mut chance = Chance::new(seed ^ 0xdead_beef);
    let mut chars: Vec<char> = document(seed).chars().collect();
    for _ in 0..=chance.below(3) {
        let at = chance.below(chars.len() + 1);
        let few = (1 + chance.below(5)).min(chars.len() - at);
        match chance.below(6) {
            0 => drop(chars.drain(at..at + few)),
            1 => {
                let copy = chars[at..at + few].to_vec();
                let to = chance.below(chars.len() + 1);
                chars.splice(to..to, copy);
            }
            2 if at + 1 < chars.len() => chars.swap(at, at + 1),
            3 => chars.truncate(at.max(1)),
            _ => drop(chars.splice(at..at, chance.of(WRONG).chars())),
        }
    }
    chars.into_iter().collect()
}

/// In the encoding that the number says, with the mark that it needs. Only documents without XML declaration stay right.
pub(crate) fn encoded(text: &str, encoding: usize) -> Vec<u8> {
    let units = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
    match encoding {
        0 => units().flat_map(u16::to_le_bytes).collect(),
        1 => units().flat_map(u16::to_be_bytes).collect(),
        2 => ["\u{feff}", text].concat().into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

fn misc(chance: &mut Chance, into: &mut String) {
    for _ in 0..chance.below(3) {
        into.push_str(chance.of(&[
            "\n",
            " ",
            "\r\n",
            "<!---->",
            "<!-- - é -->",
            "<?pi?>",
            "<?pi data?>",
            "<?xml-x  a='?' >?>",
            "<!--\r\n-->",
        ]));
    }
}

fn attributes(chance: &mut Chance, into: &mut String, declared: bool) {
    let mut names = Vec::new();
    for _ in 0..chance.below(4) {
        let name = chance.of(ATTRIBUTES);
        if names.contains(&name) {
            continue;
        }
        names.push(name);
        let quote = chance.of(&["'", "\""]);
        into.push_str(chance.of(&[" ", "\n", "\r\n\t"]));
        into.push_str(name);
        into.push_str(chance.of(&["=", " = "]));
        into.push_str(quote);
        if name == "xml:space" {
            into.push_str("preserve");
        } else if name == "xml:id" {
            into.push('i');
        } else {
            for _ in 0..chance.below(4) {
                into.push_str(chance.of(VALUES));
                if declared && chance.one_in(4) {
                    into.push_str(chance.of(ENTITIES));
                }
            }
        }
        into.push_str(quote);
    }
    if chance.one_in(6) {
        into.push_str(" xmlns:q='urn:other'");
    }
}

fn doctype(chance: &mut Chance, into: &mut String) {
    into.push_str(chance.of(&["<!DOCTYPE root [", "<!DOCTYPE root\r\n["]));
    for _ in 0..chance.below(8) {
        into.push_str(chance.of(&[
            "\n",
            "<!-- c -->",
            "<?pi in?>",
            "<!ELEMENT root ANY>",
            "<!ELEMENT a (#PCDATA)>",
            "<!ELEMENT b (#PCDATA | a|item )*>",
            "<!ELEMENT item (a,(b|_)*,(item?,a+)+)?>",
            "<!ELEMENT _ EMPTY>",
            "<!ATTLIST a n NMTOKENS 'x  y'>",
            "<!ATTLIST b n (u | v) #IMPLIED b CDATA #FIXED \"f &#10; f\">",
            "<!ATTLIST item id ID #IMPLIED dflt CDATA ' d '>",
            "<!NOTATION note SYSTEM 'n'>",
            "<!NOTATION pub PUBLIC \"-//a//b\">",
            "<!ENTITY other SYSTEM 'nowhere'>",
            "<!ENTITY % pe '<!ENTITY more \"m\">'> %pe;",
            "<!ATTLIST p:a p:d CDATA 'd' q:d NMTOKEN 'e'>",
            "<!ENTITY gt '&#62;'>",
            "<!ENTITY lt '&#38;#60;'>",
        ]));
    }
    into.push_str(chance.of(&["<!ENTITY e 'e&#x20;&#38;amp;'>", "<!ENTITY e \"e&#x20;é\">"]));
    into.push_str("<!ENTITY empty \"\"><!ENTITY f '&e; &#xe9; &e;'>");
    if chance.one_in(2) {
        into.push_str("<!ATTLIST a dflt CDATA '&e;'>");
    }
    into.push_str(chance.of(&["]>", "]\n>"]));
}
