//! Documents made to hurt: always an error with a place and the name of a limit, in bounded memory and time.

use super::events::{self, Dribble};
use ravelin_xmldsig::xml::{Doctype, Event, Limits, Options, Reader, XmlError, XmlFault};
use std::{
    io::{Cursor, Read},
    time::{Duration, Instant},
};

/// The same bytes again and again, without end unless it is cut.
struct Endless {
    unit: Vec<u8>,
    at: usize,
    given: u64,
}

fn endless(unit: &str) -> Endless {
    // Long enough that handing it out is no work.
    let times = 4096 / unit.len() + 1;
    Endless { unit: unit.repeat(times).into_bytes(), at: 0, given: 0 }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        assert!(self.given < 1 << 30, "a GiB was read without an end");
        let count = into.len().min(self.unit.len() - self.at);
        into[..count].copy_from_slice(&self.unit[self.at..self.at + count]);
        self.at = (self.at + count) % self.unit.len();
        self.given += count as u64;
        Ok(count)
    }
}

/// Reads to the end without keeping anything.
fn fault(source: impl Read) -> XmlError {
    let mut reader = match Reader::with(source, &events::with_doctype()) {
        Ok(reader) => reader,
        Err(error) => return error,
    };
    loop {
        match reader.next() {
            Ok(Event::Finish) => panic!("the document was read"),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}

fn limit(source: impl Read) -> &'static str {
    let error = fault(source);
    assert!(error.position.line > 0 && error.position.column > 0);
    match error.fault {
        XmlFault::Limit(name) => name,
        other => panic!("{other}"),
    }
}

#[test]
fn elements_nest_to_a_depth() {
    assert_eq!(limit("<a>".repeat(100_000).as_bytes()), "depth");
    let options =
        Options { limits: Limits { depth: 200_000, ..Limits::default() }, ..Options::default() };
    let deep = "<a>".repeat(100_000) + &"</a>".repeat(100_000);
    assert_eq!(events::read(deep.as_bytes(), &options).unwrap().len(), 200_000);
}

#[test]
fn tokens_that_do_not_end_are_cut_off() {
    for (start, unit, name) in [
        ("<a b='", "x", "token"),
        ("<a b='", "&amp;", "token"),
        ("<", "a", "token"),
        ("<a", " ", "token"),
        ("<a/><!--", "x", "token"),
        ("<!--", "- ", "token"),
        ("<?a ", "?", "token"),
        ("<a></a", " ", "token"),
        ("<a></b", "b", "token"),
        ("<a>&", "e", "token"),
        ("<a>&#", "0", "token"),
        ("<!DOCTYPE a [", " ", "dtd_bytes"),
        ("<!DOCTYPE a [", "<!ENTITY e 'x'>", "dtd_bytes"),
        ("<!DOCTYPE a [<!ELEMENT a (b", ",b", "dtd_bytes"),
        ("<!DOCTYPE a [<!ENTITY e '", "&#65;", "dtd_bytes"),
        ("<!DOCTYPE a [<!ATTLIST a b (x", "|x", "dtd_bytes"),
        ("<!DOCTYPE a [<!--", "x", "dtd_bytes"),
        ("<!DOCTYPE a SYSTEM '", "x", "dtd_bytes"),
        ("<!DOCTYPE ", "a", "dtd_bytes"),
    ] {
        assert_eq!(limit(start.as_bytes().chain(endless(unit))), name, "{start}{unit}");
    }
    assert_eq!(limit("<!DOCTYPE a [<!ELEMENT a ".as_bytes().chain(endless("("))), "depth");
    assert!(matches!(
        fault("<?xml ".as_bytes().chain(endless(" "))).fault,
        XmlFault::UnexpectedEnd(_)
    ));
}

/// Character data has no limit, and no cost in memory: one window is enough for any of it.
#[test]
fn character_data_of_any_length_comes_in_pieces() {
    for (start, unit, end) in [
        ("<a>", "x", "</a>"),
        ("<a>", "]", "</a>"),
        ("<a><![CDATA[", "]", "x]]></a>"),
        ("<a/>", "\n", ""),
    ] {
        let length = 8 << 20;
        let source = start.as_bytes().chain(endless(unit).take(length)).chain(end.as_bytes());
        let mut reader = Reader::new(source).unwrap();
        let mut text = 0;
        loop {
            match reader.next().unwrap_or_else(|error| panic!("{start}{unit}: {error}")) {
                Event::Text(piece) => {
                    assert!(piece.len() <= 128 << 10);
                    text += piece.len();
                }
                Event::Finish => break,
                _ => {}
            }
        }
        assert!(text as u64 >= length || unit == "\n");
    }
}

#[test]
fn attributes_are_counted() {
    let numbered = |prefix: &str| {
        (0..1_000_000).fold(String::from("<a"), |tag, i| format_push(tag, prefix, i)) + "/>"
    };
    assert_eq!(limit(numbered(" a").as_bytes()), "attributes");
    assert_eq!(limit(numbered(" xmlns:a").as_bytes()), "attributes");
    // A default for each of very many elements.
    let defaults = (0..10_001).fold(String::from("<!DOCTYPE a [<!ATTLIST a"), |text, i| {
        text + &format!(" a{i} CDATA ''")
    });
    assert_eq!(limit((defaults + ">]><a/>").as_bytes()), "attributes");
}

fn format_push(mut tag: String, prefix: &str, i: usize) -> String {
    use std::fmt::Write;
    write!(tag, "{prefix}{i}='u'").unwrap();
    tag
}

#[test]
fn many_attributes_and_declarations_take_no_time() {
    let start = Instant::now();
    // Elements of as many attributes as are allowed, all of them also declared.
    let mut declared = String::from("<!DOCTYPE a [<!ATTLIST a");
    for i in 0..9_000 {
        declared = format_push(declared + " ", "a", i).replace("='u'", " CDATA 'd'");
        if i > 100 {
            break;
        }
    }
    declared.push_str(">]><a>");
    for _ in 0..20 {
        let attributes = (0..9_000).fold(String::from("<a"), |tag, i| format_push(tag, " a", i));
        let namespaces =
            (0..9_000).fold(String::from("<a"), |tag, i| format_push(tag, " xmlns:a", i));
        declared = declared + &attributes + "/>" + &namespaces + "/>";
    }
    declared.push_str("</a>");
    events::read(declared.as_bytes(), &events::with_doctype()).unwrap();
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[test]
fn names_are_counted() {
    let mut next = 0_u64;
    let mut many = move |shape: fn(u64) -> String| {
        let from = next;
        next += 200_000;
        let body: String = (from..from + 200_000).map(shape).collect();
        limit(Cursor::new(format!("<a>{body}")))
    };
    assert_eq!(many(|i| format!("<a{i}/>")), "names");
    assert_eq!(many(|i| format!("<a a{i}=''/>")), "names");
    assert_eq!(many(|i| format!("<a xmlns:a{i}='u'/>")), "names");
    assert_eq!(many(|i| format!("<a xmlns='u{i}'/>")), "names");
    let long = "n".repeat(1 << 20);
    let body = (0..20).fold(String::new(), |body, i| body + "<" + &long + &i.to_string() + "/>");
    assert_eq!(limit(format!("<a>{body}").as_bytes()), "name_bytes");
}

#[test]
fn entities_do_not_explode() {
    let mut laughs = String::from("<!DOCTYPE a [<!ENTITY e0 'ha'>");
    for i in 1..30 {
        let ten = format!("&e{};", i - 1).repeat(10);
        laughs = laughs + "<!ENTITY e" + &i.to_string() + " '" + &ten + "'>";
    }
    assert_eq!(limit(format!("{laughs}]><a>&e29;</a>").as_bytes()), "entity_bytes");
    assert_eq!(limit(format!("{laughs}]><a b='&e29;'/>").as_bytes()), "entity_bytes");
    assert_eq!(
        limit(format!("{laughs}<!ATTLIST a b CDATA '&e29;'>]><a/>").as_bytes()),
        "entity_bytes"
    );
    let parameters =
        laughs.replace("ENTITY ", "ENTITY % ").replace('&', "&#37;").replace("'ha'", "' '");
    assert_eq!(limit(format!("{parameters}%e29;]><a/>").as_bytes()), "dtd_bytes");
    // One long entity very often, and one long default very often.
    let long = "x".repeat(500_000);
    let often = format!("<!DOCTYPE a [<!ENTITY e '{long}'>]><a>{}</a>", "&e;".repeat(1000));
    assert_eq!(limit(often.as_bytes()), "entity_bytes");
    let often =
        format!("<!DOCTYPE a [<!ATTLIST b c CDATA '{long}'>]><a>{}</a>", "<b/>".repeat(1000));
    assert_eq!(limit(often.as_bytes()), "default_bytes");
}

#[test]
fn what_is_cut_off_anywhere_is_an_error_with_a_place() {
    let whole = "\u{feff}<?xml version='1.0' encoding='utf-8'?><!DOCTYPE a [<!ENTITY % p '<!ENTITY f \"\">'>%p;\
                 <!ENTITY e 'é<b/>'><!ELEMENT a (b,(c|d)*)?><!ATTLIST a b NMTOKENS 'x' c (u|v) #IMPLIED>\
                 <!NOTATION n PUBLIC 'p' 's'><!-- c --><?p i?>]>\r\n<!-- é --><?pi d?><a xmlns:p='u' p:é='&e;'\
                 ><![CDATA[]]]]><p:b c=\"&#x1F600;\"/>&e;\u{1f600}\r\n</a>"
        .replace("p:é='&e;'", "p:é='&lt;'");
    for options in
        [Options::default(), Options { doctype: Doctype::InternalSubset, ..Options::default() }]
    {
        let allowed = options.doctype == Doctype::InternalSubset;
        assert_eq!(events::read(whole.as_bytes(), &options).is_ok(), allowed);
        for cut in 0..whole.len() {
            let error = events::read(Dribble(&whole.as_bytes()[..cut], 7), &options).unwrap_err();
            assert!(error.position.offset <= cut as u64, "{cut}: {error}");
        }
    }
}

#[test]
fn sources_that_fail_are_told() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let error = fault("<a>".as_bytes().chain(Fails));
    assert!(matches!(error.fault, XmlFault::Io(_)), "{error}");
}
