use super::*;
use proptest::prelude::*;
use ravelin_test::skip;
use std::{
    fmt::Write as _,
    io::Write as _,
    process::{Command, Stdio},
};

/// Character sets, Python's name for each, and whether Python's table is the same in every character.
///
/// The standard's Windows code pages define all bytes, and its multi-byte sets have characters that Python's lack and the
/// other way round, so these are compared where Python has a character.
const CODECS: &[(&str, &str)] = &[
    ("us-ascii", "ascii"),
    ("iso-8859-1", "latin-1"),
    ("ibm437", "cp437"),
    ("utf-7", "utf-7"),
    ("utf-8", "utf-8"),
    ("utf-16", "utf-16"),
    ("utf-16le", "utf-16-le"),
    ("utf-16be", "utf-16-be"),
    ("utf-32", "utf-32"),
    ("utf-32le", "utf-32-le"),
    ("utf-32be", "utf-32-be"),
    ("windows-1250", "cp1250"),
    ("windows-1251", "cp1251"),
    ("windows-1252", "cp1252"),
    ("iso-8859-2", "iso8859-2"),
    ("iso-8859-5", "iso8859-5"),
    ("iso-8859-15", "iso8859-15"),
    ("koi8-r", "koi8-r"),
    ("macintosh", "mac-roman"),
    ("gb18030", "gb18030"),
];

/// Text that each set has some of.
const SAMPLE: &str = "Az09 ~\\+-/=&*@\r\n\tÄßéñ¿½±€ŁœЖщλΩ日本語漢字가힣🙂𐍈\u{7f}\u{80}\u{9f}\u{a0}\u{ad}\u{feff}\u{fffd}\u{10ffff}░█";

#[test]
fn s59_our_own_character_sets_are_found_by_their_names() {
    for (label, name) in [
        ("ASCII", "us-ascii"),
        (" us-ascii\n", "us-ascii"),
        ("Latin1", "iso-8859-1"),
        ("ISO-8859-1", "iso-8859-1"),
        ("windows-1252", "windows-1252"),
        ("IBM437", "ibm437"),
        ("UTF-7", "utf-7"),
        ("unicode", "utf-16"),
        ("unicodeFFFE", "utf-16be"),
        ("utf-16le", "utf-16le"),
        ("UTF-32", "utf-32"),
        ("cn-gb", "GBK"),
        ("x-sjis", "Shift_JIS"),
        ("utf8", "UTF-8"),
    ] {
        assert_eq!(Charset::for_label(label).map(Charset::name), Some(name), "{label:?}");
    }
    for label in ["", "x-klingon", "iso-2022-kr", "hz-gb-2312", "replacement", "utf-9"] {
        assert_eq!(Charset::for_label(label), None, "{label:?}");
    }
    for (labels, kind) in OWN {
        for label in *labels {
            assert_eq!(Charset::for_label(label), Some(Charset(*kind)), "{label}");
        }
    }
}

#[test]
fn s59_iso_8859_1_and_us_ascii_are_strict() {
    let [latin1, ascii] = ["iso-8859-1", "us-ascii"].map(|name| Charset::for_label(name).unwrap());
    let all: Vec<u8> = (0..=255).collect();
    let text: String = (0..=255).map(char::from).collect();
    assert_eq!(latin1.decode(&all), text);
    assert_eq!(latin1.encode_exactly(&text), Ok(all.clone()));
    let missing = Unencodable { character: '€', charset: "iso-8859-1" };
    assert_eq!(latin1.encode_exactly("é€"), Err(missing));
    assert_eq!(ascii.decode(&all[126..130]), "~\u{7f}\u{fffd}\u{fffd}");
    assert_eq!(ascii.encode("é~€"), b"?~?");
}

#[test]
fn s59_a_missing_character_never_leaves_the_state_of_the_encoder() {
    let jis = Charset::for_label("iso-2022-jp").unwrap();
    assert_eq!(jis.encode("日🙂本a"), b"\x1b$BF|\x1b(B?\x1b$BK\\\x1b(Ba");
    assert_eq!(jis.decode(&jis.encode("日本a")), "日本a");
    assert_eq!(jis.encode_exactly("日🙂").unwrap_err().character, '🙂');
    assert_eq!(Charset::for_label("shift_jis").unwrap().encode("é日"), b"?\x93\xfa");
}

#[test]
fn s59_broken_bytes_become_replacement_characters() {
    for (label, bytes, text) in [
        ("utf-16le", &b"a\0\x00\xd8b\0c"[..], "a\u{fffd}b\u{fffd}"),
        ("utf-16be", b"\0a\xdc\0\0b", "a\u{fffd}b"),
        ("utf-32le", b"a\0\0\0\0\0\x11\0\0\xd8\0\0b", "a\u{fffd}\u{fffd}\u{fffd}"),
        ("utf-8", b"a\xff\xc3", "a\u{fffd}\u{fffd}"),
        ("utf-7", b"+2AA-a+b\xe9+-", "\u{fffd}a\u{fffd}\u{fffd}+"),
        ("utf-7", b"+ x+AGE", "\u{fffd} xa"),
        ("utf-7", b"+AGF-+AGEA-", "a\u{fffd}a\u{fffd}"),
    ] {
        assert_eq!(Charset::for_label(label).unwrap().decode(bytes), text, "{label}");
    }
}

#[test]
fn s59_a_byte_order_mark_tells_the_order_where_the_name_does_not() {
    for (label, bytes, text) in [
        ("utf-16", &b"\xfe\xff\0a"[..], "a"),
        ("utf-16", b"\xff\xfea\0", "a"),
        ("utf-16", b"a\0", "a"),
        ("utf-16be", b"\xfe\xff\0a", "\u{feff}a"),
        ("utf-32", b"\0\0\xfe\xff\0\0\0a", "a"),
        ("utf-32", b"\xff\xfe\0\0a\0\0\0", "a"),
        ("utf-32", b"a\0\0\0", "a"),
        ("utf-32le", b"\xff\xfe\0\0a\0\0\0", "\u{feff}a"),
    ] {
        assert_eq!(Charset::for_label(label).unwrap().decode(bytes), text, "{label}");
    }
    assert_eq!(Charset::for_label("utf-16").unwrap().encode("a"), b"\xff\xfea\0");
    assert_eq!(Charset::for_label("utf-32").unwrap().encode("a"), b"\xff\xfe\0\0a\0\0\0");
}

#[test]
fn s59_character_sets_agree_with_python() {
    let samples: Vec<(&str, &str, String)> = CODECS
        .iter()
        .flat_map(|(label, codec)| SAMPLE.chars().map(move |c| (*label, *codec, c.to_string())))
        .chain(
            CODECS
                .iter()
                .filter(|(label, _)| label.starts_with("ut"))
                .map(|(label, codec)| (*label, *codec, SAMPLE.replace('\u{feff}', ""))),
        )
        .collect();
    // For each line `codec hex-of-text hex-of-our-bytes`: what Python encodes, or `-`, and what it decodes of ours, or `-`.
    let program = "
import sys
for line in sys.stdin:
    codec, text, ours = line.split(' ')
    text = bytes.fromhex(text).decode()
    def tried(action):
        try: return action().hex() or '.'
        except UnicodeError: return '-'
    print(tried(lambda: text.encode(codec)), tried(lambda: bytes.fromhex(ours).decode(codec).encode()))
";
    let mut input = String::new();
    for (label, codec, text) in &samples {
        let ours = Charset::for_label(label).unwrap().encode_exactly(text).unwrap_or_default();
        writeln!(input, "{codec} {} {}", hex(text.as_bytes()), hex(&ours)).unwrap();
    }
    let Some(output) = python(program, &input) else { return };
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), samples.len());
    let mut compared = 0;
    for ((label, codec, text), line) in samples.iter().zip(lines) {
        let charset = Charset::for_label(label).unwrap();
        let (encoded, decoded) = line.split_once(' ').unwrap();
        let ours = charset.encode_exactly(text);
        if encoded == "-" {
            // Windows code pages of the standard have the C1 controls where Windows has nothing.
            let control = label.starts_with("windows") && text.chars().all(char::is_control);
            assert!(ours.is_err() || control, "{label} encodes {text:?}, Python does not");
            continue;
        }
        let ours = ours.unwrap_or_else(|error| panic!("Python encodes {text:?}: {error}"));
        // UTF-7 leaves a choice of what to shift.
        if *label != "utf-7" {
            assert_eq!(hex(&ours), encoded.trim_matches('.'), "{label} {text:?}");
        }
        assert_eq!(decoded, hex(text.as_bytes()), "Python's {codec} decodes ours of {text:?}");
        let theirs = unhex(encoded.trim_matches('.'));
        assert_eq!(charset.decode(&theirs), *text, "{label}");
        compared += 1;
    }
    assert!(compared > 500, "{compared}");
}

#[test]
fn s59_single_bytes_agree_with_python() {
    const SETS: [(&str, &str); 5] = [
        ("ibm437", "cp437"),
        ("iso-8859-1", "latin-1"),
        ("us-ascii", "ascii"),
        ("koi8-r", "koi8-r"),
        ("iso-8859-15", "iso8859-15"),
    ];
    let program = "
import sys
for codec in sys.stdin.read().split():
    print(bytes(range(256)).decode(codec, 'replace').encode().hex())
";
    let codecs: Vec<_> = SETS.iter().map(|(_, codec)| *codec).collect();
    let Some(output) = python(program, &codecs.join(" ")) else { return };
    assert_eq!(output.lines().count(), SETS.len());
    let all: Vec<u8> = (0..=255).collect();
    for ((label, _), theirs) in SETS.iter().zip(output.lines()) {
        let ours = Charset::for_label(label).unwrap().decode(&all);
        assert_eq!(hex(ours.as_bytes()), theirs, "{label}");
    }
}

proptest! {
    #[test]
    fn s59_unicode_survives_every_unicode_encoding(text in any::<String>()) {
        for label in [
            "utf-7", "utf-8", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be",
            "gb18030",
        ] {
            let charset = Charset::for_label(label).unwrap();
            // Two characters of GB 18030 moved between its editions.
            if label == "gb18030" && charset.encode_exactly(&text).is_err() {
                continue;
            }
            prop_assert_eq!(charset.decode(&charset.encode(&text)), &*text, "{}", label);
        }
    }

    #[test]
    fn s59_any_bytes_are_text_in_any_set(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        for (label, _) in CODECS {
            let charset = Charset::for_label(label).unwrap();
            let text = charset.decode(&bytes);
            prop_assert!(text.chars().count() <= bytes.len());
            charset.encode(&text);
        }
    }
}

/// What a Python program says to this input. `None` if there is no Python, which is told.
fn python(program: &str, input: &str) -> Option<String> {
    let command = Command::new("python3")
        .args(["-X", "utf8", "-c", program])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = command else {
        skip("the program python3 is missing");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..][..2], 16).unwrap()).collect()
}
