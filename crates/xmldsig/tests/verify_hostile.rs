//! Signatures that hold, by somebody who wants the verification to take for ever, or to find what is not there.

use ravelin_xmldsig::{
    ErrorKind,
    algorithm::{DigestAlgorithm, DigestValue, HmacParameters, SignatureAlgorithm, SigningKey},
    base64,
    c14n::{Method, canonicalize},
    verify::{KeySource, Limits, Report, SameDocument, Settings, SignatureStatus, verify},
    xml::{Doctype, Reader},
};
use std::{
    fmt::Write,
    io::Cursor,
    time::{Duration, Instant},
};

/// Far more than anything here takes, and far less than what is quadratic would.
const PATIENCE: Duration = Duration::from_secs(60);

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const C14N11: &str = "http://www.w3.org/2006/12/xml-c14n11";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";
const HMAC: &str = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const MD5: &str = "http://www.w3.org/2001/04/xmldsig-more#md5";

fn secret() -> SigningKey {
    SigningKey::from_secret(b"between the two of us").unwrap()
}

/// A Reference with these transforms, each with its content.
fn reference(uri: &str, transforms: &[(&str, &str)], digest: &[u8]) -> String {
    reference_by(SHA256, uri, transforms, digest)
}

fn reference_by(method: &str, uri: &str, transforms: &[(&str, &str)], digest: &[u8]) -> String {
    let mut all = String::new();
    for (algorithm, content) in transforms {
        write!(all, r#"<Transform Algorithm="{algorithm}">{content}</Transform>"#).unwrap();
    }
    if !all.is_empty() {
        all = format!("<Transforms>{all}</Transforms>");
    }
    let value = base64::encode(digest);
    format!(
        r#"<Reference URI="{uri}">{all}<DigestMethod Algorithm="{method}"/><DigestValue>{value}</DigestValue></Reference>"#
    )
}

/// A Signature whose SignatureValue is good, with something behind it.
fn signature(references: &str, objects: &str) -> String {
    let info = |namespace: &str| {
        format!(
            r#"<SignedInfo{namespace}><CanonicalizationMethod Algorithm="{EXCLUSIVE}"/><SignatureMethod Algorithm="{HMAC}"/>{references}</SignedInfo>"#
        )
    };
    let standing_alone = info(&format!(r#" xmlns="{DSIG}""#));
    let method = Method::exclusive();
    let mut octets = Vec::new();
    let mut reader = Reader::new(standing_alone.as_bytes()).unwrap();
    canonicalize(&mut reader, &method, &mut octets).unwrap();
    let algorithm = SignatureAlgorithm::Hmac(HmacParameters::new(DigestAlgorithm::Sha256).unwrap());
    let value = base64::encode(&secret().sign(algorithm, &octets).unwrap());
    format!(
        r#"<Signature xmlns="{DSIG}">{}<SignatureValue>{value}</SignatureValue>{objects}</Signature>"#,
        info("")
    )
}

fn check(document: &str, settings: &Settings) -> Result<Report, ravelin_xmldsig::Error> {
    let keys = KeySource::Given(vec![secret().verification_key().unwrap()]);
    let begin = Instant::now();
    let result = verify(Cursor::new(document), settings, &keys, &mut SameDocument);
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    result
}

/// The digest of canonical octets.
fn digest(canonical: &str) -> DigestValue {
    DigestAlgorithm::Sha256.digest(canonical.as_bytes())
}

fn few_steps() -> Settings {
    let limits = Limits { steps: 20_000_000, ..Limits::default() };
    Settings { limits, ..Settings::default() }
}

fn refused(document: &str, limit: &str) {
    refused_within(document, &Settings::default(), limit);
}

fn refused_within(document: &str, settings: &Settings, limit: &str) {
    let Err(error) = check(document, settings) else { panic!("it was not refused") };
    assert_eq!(error.kind, ErrorKind::Limit, "{error}");
    assert!(error.detail.contains(limit), "{error}");
}

#[test]
fn what_is_left_out_twenty_thousand_times_is_refused() {
    let one = reference("", &[(ENVELOPED, "")], &[0; 32]);
    refused(&format!("<a>{}</a>", signature(&one.repeat(20_000), "")), "octets");
    let nothing_but_tags = reference("", &[(BASE64, "")], &[0; 32]);
    let tags = "<b/>".repeat(20_000);
    refused(&format!("<a>{tags}{}</a>", signature(&nothing_but_tags.repeat(5_000), "")), "octets");
}

#[test]
fn expressions_of_all_references_share_their_steps() {
    let filter = format!(r#"<XPath xmlns="{DSIG}">count(ancestor::*//*) &gt; 1</XPath>"#);
    let xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let one = reference("#x", &[(xpath, &filter)], &[0; 32]);
    let document = format!(
        r#"<a><b Id="x">{}</b>{}</a>"#,
        "<c/>".repeat(300),
        signature(&one.repeat(2_000), "")
    );
    refused_within(&document, &few_steps(), "steps");
}

#[test]
fn sets_of_nodes_are_paid_for() {
    let xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let filter = format!(r#"<XPath xmlns="{DSIG}">true()</XPath>"#);
    let one = reference("#x", &[(xpath, &*filter); 16], &[0; 32]);
    let others = "<c/>".repeat(400_000);
    let document = format!(r#"<a><b Id="x"/>{others}{}</a>"#, signature(&one.repeat(2_000), ""));
    refused_within(&document, &few_steps(), "steps");
}

#[test]
fn bases_in_bases_are_joined_within_a_limit() {
    let segment = "a/".repeat(250);
    let open = format!(r#"<a xml:base="{segment}">"#).repeat(9_000);
    let close = "</a>".repeat(9_000);
    // Nobody need have signed it: the method of SignedInfo inherits too.
    let info = format!(r#"<CanonicalizationMethod Algorithm="{EXCLUSIVE}"/>"#);
    let inheriting = signature(&reference("", &[], &[0; 32]), "")
        .replace(&info, &format!(r#"<CanonicalizationMethod Algorithm="{C14N11}"/>"#));
    refused(&format!("{open}{inheriting}{close}"), "xml:base");

    let one = reference("#x", &[(C14N11, "")], &[0; 32]);
    let signed = signature(&one, "");
    refused(&format!(r#"{open}<b Id="x"/>{signed}{close}"#), "octets");
    // Values that are inherited by many, and not joined.
    let c14n = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    let references: String =
        (0..4_000).map(|i| reference(&format!("#x{i}"), &[(c14n, "")], &[0; 32])).collect();
    let elements = (0..4_000).fold(String::new(), |mut all, i| {
        write!(all, r#"<b Id="x{i}"/>"#).unwrap();
        all
    });
    let open = format!(r#"<a xml:lang="{segment}">"#).repeat(9_000);
    refused(&format!("{open}{elements}{}{close}", signature(&references, "")), "octets");
}

#[test]
fn many_signatures_with_much_in_force_are_passed_over() {
    let declared = (0..9_000).fold(String::new(), |mut all, i| {
        write!(all, r#" xmlns:p{i}="urn:x""#).unwrap();
        all
    });
    let many = format!(r#"<Signature xmlns="{DSIG}"/>"#).repeat(100_000);
    let covered = "<d xmlns=\"\" Id=\"x\"></d>";
    let exclusive = reference("#x", &[(EXCLUSIVE, "")], digest("<d Id=\"x\"></d>").as_ref());
    let document = format!("<a{declared}>{covered}{many}{}</a>", signature(&exclusive, ""));
    let report = check(&document, &Settings::default()).unwrap();
    assert_eq!(report.digest_status(), SignatureStatus::Valid);
    assert_eq!(report.references_status(), SignatureStatus::Valid);
}

#[test]
fn one_identifier_twice_in_one_entity_is_ambiguous() {
    let settings = Settings { doctype: Doctype::InternalSubset, ..Settings::default() };
    let one = reference("#x", &[(EXCLUSIVE, "")], digest(r#"<b Id="x"></b>"#).as_ref());
    for (entity, expected) in [
        (r#"<b Id="x"/>"#, None),
        (r#"<b Id="x"/><b Id="x">forged</b>"#, Some("two elements have the identifier `x`")),
        (r#"<b Id="x"/><c><b ID="x"/></c>"#, Some("two elements have the identifier `x`")),
        (r#"<b id="y"/>"#, Some("no element has the identifier `x`")),
    ] {
        let document =
            format!("<!DOCTYPE a [<!ENTITY e '{entity}'>]><a>&e;{}</a>", signature(&one, ""));
        match (check(&document, &settings), expected) {
            (Ok(report), None) => {
                assert_eq!(report.references_status(), SignatureStatus::Valid, "{entity}");
            }
            (Err(error), Some(expected)) => {
                assert_eq!(error.kind, ErrorKind::Dereference);
                assert_eq!(error.detail, expected, "{entity}");
                // The reference is told, by its place.
                let at = usize::try_from(error.position.unwrap().offset).unwrap();
                assert!(document[at..].starts_with("<Reference "), "{error}");
            }
            (other, _) => panic!("{entity}: {other:?}"),
        }
    }
}

#[test]
fn what_is_wrong_with_a_manifest_says_nothing_of_the_signature() {
    let good = digest(r#"<b Id="x"></b>"#);
    let twice = r#"<c Id="twice"/><c Id="twice"/>"#;
    let not_allowed = reference_by(MD5, "#x", &[], &[0; 16]);
    // What each reference is, and what is said of it.
    let listed = [
        (reference("#x", &[(EXCLUSIVE, "")], good.as_ref()), SignatureStatus::Valid, ""),
        (
            reference("#x", &[(EXCLUSIVE, "")], &[0; 32]),
            SignatureStatus::Invalid,
            "its digest is another",
        ),
        (
            reference("#none", &[], &[0; 32]),
            SignatureStatus::Unknown,
            "no element has the identifier `none`",
        ),
        (
            reference("#twice", &[], &[0; 32]),
            SignatureStatus::Unknown,
            "two elements have the identifier `twice`",
        ),
        (reference("#xpointer(//b)", &[], &[0; 32]), SignatureStatus::Unknown, "is no reference"),
        (
            reference("elsewhere.xml", &[], &[0; 32]),
            SignatureStatus::Unknown,
            "nothing is given for `elsewhere.xml`",
        ),
        (reference("#relative", &[], &[0; 32]), SignatureStatus::Unknown, "is relative"),
        (
            reference("#x", &[(BASE64, "")], &[0; 32]),
            SignatureStatus::Invalid,
            "its digest is another",
        ),
        (reference("#text", &[(BASE64, "")], &[0; 32]), SignatureStatus::Unknown, "no base64"),
        (reference("#x", &[(EXCLUSIVE, "")], good.as_ref()), SignatureStatus::Valid, ""),
    ];
    let references: String = listed.iter().map(|(reference, ..)| reference.as_str()).collect();
    let manifest = format!(r#"<Manifest xmlns="{DSIG}" Id="m">{references}</Manifest>"#);
    let empty = format!(r#"<Manifest xmlns="{DSIG}" Id="e"></Manifest>"#);
    // The method of a digest that we do not have at all: the Manifest cannot be read.
    let unreadable = format!(r#"<Manifest xmlns="{DSIG}" Id="u">{not_allowed}</Manifest>"#);
    let canonical = |manifest: &str| {
        let mut octets = Vec::new();
        let mut reader = Reader::new(manifest.as_bytes()).unwrap();
        canonicalize(&mut reader, &Method::exclusive(), &mut octets).unwrap();
        DigestAlgorithm::Sha256.digest(&octets)
    };
    let covering: String =
        [("#m", &manifest), ("#e", &empty), ("#u", &unreadable), ("#m", &manifest)]
            .iter()
            .map(|(uri, manifest)| reference(uri, &[(EXCLUSIVE, "")], canonical(manifest).as_ref()))
            .collect();
    let objects = format!("<Object>{manifest}{empty}{unreadable}</Object>");
    let document = format!(
        r#"<a><b Id="x"/>{twice}<r xmlns="no/scheme" Id="relative"/><t Id="text">%%%%</t>{}</a>"#,
        signature(&covering, &objects)
    );
    let report = check(&document, &Settings::default()).unwrap();
    assert_eq!(report.digest_status(), SignatureStatus::Valid);
    assert_eq!(report.references_status(), SignatureStatus::Valid, "{:?}", report.references());
    let [first, empty, unreadable, again] = report.references() else { panic!() };
    assert!(empty.detail.as_ref().unwrap().contains("there is no <Reference>"), "{empty:?}");
    assert!(unreadable.detail.as_ref().unwrap().contains("MD5"), "{unreadable:?}");
    for covering in [first, again] {
        assert_eq!(covering.manifest.len(), listed.len());
        for (found, (reference, status, detail)) in covering.manifest.iter().zip(&listed) {
            assert_eq!(found.status, *status, "{reference}: {found:?}");
            let told = found.detail.as_deref().unwrap_or_default();
            assert!(told.contains(detail), "{reference}: {told}");
            assert_eq!(told.is_empty(), detail.is_empty(), "{told}");
        }
    }
}

#[test]
fn manifests_by_the_thousand_are_read_in_one_go() {
    let one = reference("#x", &[(EXCLUSIVE, "")], digest(r#"<b Id="x"></b>"#).as_ref());
    let mut manifests = String::new();
    let mut covering = String::new();
    for i in 0..5_000 {
        let manifest = format!(r#"<Manifest xmlns="{DSIG}" Id="m{i}">{one}</Manifest>"#);
        let canonical = format!(
            r#"<Manifest xmlns="{DSIG}" Id="m{i}">{}</Manifest>"#,
            one.replace(
                &format!(r#"<DigestMethod Algorithm="{SHA256}"/>"#),
                &format!(r#"<DigestMethod Algorithm="{SHA256}"></DigestMethod>"#)
            )
        );
        covering += &reference(&format!("#m{i}"), &[(EXCLUSIVE, "")], digest(&canonical).as_ref());
        manifests += &manifest;
    }
    let document = format!(
        r#"<a><b Id="x"/>{}</a>"#,
        signature(&covering, &format!("<Object>{manifests}</Object>"))
    );
    let report = check(&document, &Settings::default()).unwrap();
    assert_eq!(report.references_status(), SignatureStatus::Valid);
    let listed = report.references().iter().flat_map(|one| &one.manifest);
    assert_eq!(listed.filter(|one| one.status == SignatureStatus::Valid).count(), 5_000);

    // Together they have no more than one may have.
    let limits = Limits { references: 5_000, ..Limits::default() };
    let mut twice = Settings { limits, ..Settings::default() };
    assert!(check(&document, &twice).is_ok());
    twice.limits.octets = 1_000;
    let report =
        check(&document.replace("</Manifest><Manifest", "</Manifest> <Manifest"), &twice).unwrap();
    assert_eq!(report.references_status(), SignatureStatus::Valid);
}

#[test]
fn a_document_is_kept_whatever_the_transforms_read() {
    let xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let filter = format!(r#"<XPath xmlns="{DSIG}">true()</XPath>"#);
    let good = digest(r#"<b Id="x"></b>"#);
    let by_nodes = reference("#x", &[(xpath, &filter), (EXCLUSIVE, "")], good.as_ref());
    let by_stream = reference("#x", &[(EXCLUSIVE, "")], good.as_ref());
    let settings = Settings { keep_document: true, ..Settings::default() };
    for (references, elements) in
        [(by_nodes.clone(), 0), (by_stream.clone(), 1), (format!("{by_nodes}{by_stream}"), 1)]
    {
        let document = format!(r#"<a><b Id="x"/>{}</a>"#, signature(&references, ""));
        let report = check(&document, &settings).unwrap();
        assert_eq!(report.references_status(), SignatureStatus::Valid);
        // Expressions may have left something out, so what they chose is not handed out.
        assert_eq!(report.signed().unwrap().elements().count(), elements);
    }
}

fn declarations(count: usize) -> String {
    (0..count).fold(String::new(), |mut all, i| {
        write!(all, r#" xmlns:p{i}="urn:{i}""#).unwrap();
        all
    })
}

#[test]
fn an_expression_keeps_the_prefixes_it_uses_and_no_others() {
    let xpath = "http://www.w3.org/TR/1999/REC-xpath-19991116";
    let good = digest(r#"<b Id="x"></b>"#);
    let filters = [
        // In pieces, with a declaration of its own, with blanks, in a literal.
        r#"<XPath xmlns:own="urn:7">self::own:b or self::p7:b or self::&#98; or p&#55;:c or ancestor-or-self::b</XPath>"#,
        r"<XPath>count( p7:* ) = 0 and not(self::p8999:b)</XPath>",
        r"<XPath>(3-p7:c != 3) or (.-p8:c) or count(..)-p9:c or true()</XPath>",
        r"<XPath>string('p9999:') = 'p9999:'</XPath>",
    ];
    for filter in filters {
        let filter = filter.replacen("<XPath", &format!(r#"<XPath xmlns="{DSIG}""#), 1);
        let one = reference("#x", &[(xpath, &filter), (EXCLUSIVE, "")], good.as_ref());
        let document = format!(
            r#"<a{}><b Id="x"/>{}</a>"#,
            declarations(9_000),
            signature(&one.repeat(3_000), "")
        );
        // What is signed is in force wherever it stands.
        let report = check(&document, &Settings::default());
        let report = report.unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(report.references_status(), SignatureStatus::Valid, "{filter}");
    }
}

#[test]
fn long_lists_of_prefixes_cost_what_is_declared() {
    let list: Vec<String> = (0..900).map(|i| format!("p{i}")).collect();
    let content = format!(
        r#"<InclusiveNamespaces xmlns="{EXCLUSIVE}" PrefixList="{}"></InclusiveNamespaces>"#,
        list.join(" ")
    );
    let elements = r#"<c xmlns:q="urn:q" xmlns:p9="urn:x"/>"#.repeat(50_000);
    let written = r#"<c xmlns:p9="urn:x"></c>"#.repeat(50_000);
    let good = digest(&format!(r#"<b Id="x">{written}</b>"#));
    let one = reference("#x", &[(EXCLUSIVE, &content)], good.as_ref());
    let document = format!(r#"<a><b Id="x">{elements}</b>{}</a>"#, signature(&one, ""));
    let report = check(&document, &Settings::default()).unwrap();
    assert_eq!(report.references_status(), SignatureStatus::Valid);
}

#[test]
fn thousands_of_references_to_thousands_of_prefixes_are_small() {
    let elements = (0..20_000).fold(String::new(), |mut all, i| {
        write!(all, r#"<p{i}:c xmlns:p{i}="urn:x"/>"#).unwrap();
        all
    });
    let last = r#"<d Id="x"><p19999:c xmlns:p19999="urn:x"/></d>"#;
    let good = digest(&last.replace("/>", "></p19999:c>"));
    let one = reference("#x", &[(EXCLUSIVE, "")], good.as_ref());
    let document = format!(r"<a>{elements}{last}{}</a>", signature(&one.repeat(10_000), ""));
    let report = check(&document, &Settings::default()).unwrap();
    assert_eq!(report.references_status(), SignatureStatus::Valid);
}

#[test]
fn what_is_held_is_told_apart_from_what_is_covered() {
    let held = |held| {
        let limits = Limits { held, ..Limits::default() };
        Settings { limits, ..Settings::default() }
    };
    // SignedInfo is held whole, whoever wrote it.
    let blanks = format!("{}<Reference", " ".repeat(100_000));
    let long = signature(&reference("", &[], &[0; 32]), "").replacen("<Reference", &blanks, 1);
    refused_within(&format!("<a>{long}</a>"), &held(50_000), "`held`");
    assert!(check(&format!("<a>{long}</a>"), &held(200_000)).is_ok());
    // What one transform leaves to another is, too.
    let two = reference("#x", &[(EXCLUSIVE, ""), (EXCLUSIVE, "")], &[0; 32]);
    let text = "x".repeat(60_000);
    let document = format!(r#"<a><b Id="x">{text}</b>{}</a>"#, signature(&two, ""));
    refused_within(&document, &held(50_000), "`held`");
    assert!(check(&document, &held(200_000)).is_ok());
}
