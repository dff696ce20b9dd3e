//! Documents that are signed when a target starts, by keys it makes, and what must be true of a report.

use crate::slow::Slow;
use ravelin_trust::{Anchor, Anchors, Certificate, Time};
use ravelin_xmldsig::{
    algorithm::{DigestAlgorithm, SigningKey, VerificationKey},
    base64,
    c14n::{Method, canonicalize_nodes},
    document::{self, Document, Node},
    nodeset::NodeSet,
    verify::{
        Body, Choice, Dereference, DereferenceError, KeySource, Limits, ReferenceReport,
        ReferencesValidation, Report, Settings, SignatureStatus, Trust, verify,
    },
    xml::{Doctype, Options, Reader},
    xpath::{self, Budget},
};
use rcgen::{CertificateParams, KeyPair, PublicKeyData};
use std::{io::Cursor, sync::Arc};

/// The namespace of XML signatures.
pub const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
/// What the only external reference stands for.
pub const EXTERNAL: &str = "urn:external";
const CONTENT: &[u8] = b"<external>octets &amp; more</external>";

/// The keys of a target.
pub struct Keys {
    hmac: SigningKey,
    ec: SigningKey,
    certificate: Vec<u8>,
    /// The public key, as a SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    trust: Trust,
}

/// The secret of the HMACs.
pub const SECRET: &[u8] = b"known to the fuzzer and to nobody else";

impl Keys {
    /// Fresh ones.
    #[expect(clippy::new_without_default, reason = "it makes keys")]
    pub fn new() -> Keys {
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(["signer.example".to_owned()]).expect("a name");
        let certificate = certificate.self_signed(&key).expect("a certificate").der().to_vec();
        let mut anchors = Anchors::new();
        anchors.add_anchor(Anchor::certificate(&certificate).expect("an anchor"));
        let trust = Trust::new(Arc::new(anchors), Time::from_unix(1_800_000_000));
        Keys {
            hmac: SigningKey::from_secret(SECRET).expect("a secret"),
            ec: SigningKey::from_der(&key.serialize_der()).expect("a key"),
            spki: key.subject_public_key_info(),
            certificate,
            trust,
        }
    }

    /// All ways to say whose signature counts.
    pub fn sources(&self) -> [KeySource; 3] {
        let given = [&self.hmac, &self.ec].map(|key| key.verification_key().expect("a key"));
        [
            KeySource::Given(given.into()),
            KeySource::Embedded,
            KeySource::Certificate(self.trust.clone()),
        ]
    }

    fn sign(&self, kind: Kind, octets: &[u8]) -> Vec<u8> {
        let key = match kind {
            Kind::Hmac => &self.hmac,
            Kind::Ec => &self.ec,
        };
        key.sign(key.default_algorithm(), octets).expect("a signature")
    }

    /// The parts of KeyInfo: a key, and a certificate.
    fn key_info(&self) -> String {
        let certificate = Certificate::parse(&self.certificate[..]).expect("a certificate");
        let key = VerificationKey::from_certificate(&certificate).expect("a key");
        let ravelin_xmldsig::algorithm::KeyNumbers::Ec { curve, point } = key.numbers() else {
            panic!("the key is on a curve");
        };
        format!(
            "<KeyInfo><KeyValue><ECKeyValue xmlns=\"http://www.w3.org/2009/xmldsig11#\">\
             <NamedCurve URI=\"{}\"/><PublicKey>{}</PublicKey></ECKeyValue></KeyValue>\
             <X509Data><X509Certificate>{}</X509Certificate></X509Data></KeyInfo>",
            curve.uri(),
            base64::encode(point),
            base64::encode(&self.certificate)
        )
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hmac,
    Ec,
}

/// A signed document.
#[derive(Clone, Debug)]
pub struct Signed {
    /// It.
    pub document: Vec<u8>,
    /// What each Reference covers, and what the references of the Manifest do that it covers.
    pub octets: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    /// Which of [`Keys::sources`] it is good for.
    pub sources: &'static [usize],
    /// Whether something in it is only for us: an external reference, a document type, a Manifest.
    pub is_plain: bool,
}

/// How the targets verify.
pub fn settings() -> Settings {
    Settings {
        references: ReferencesValidation::ValidOrUnknownIdentity,
        doctype: Doctype::InternalSubset,
        keep_octets: 1 << 24,
        limits: limits(),
        ..Settings::default()
    }
}

/// Small ones, so that they are met, and soon.
pub fn limits() -> Limits {
    let defaults = Limits::default();
    Limits {
        xml: ravelin_xmldsig::xml::Limits {
            entity_bytes: 1 << 16,
            default_bytes: 1 << 16,
            ..defaults.xml
        },
        references: 64,
        value: 1 << 16,
        nodes: 20_000,
        steps: 200_000,
        held: 1 << 20,
        ..defaults
    }
}

/// Gives what the external reference stands for, and the document.
#[derive(Clone, Copy, Debug)]
pub struct Honest;

impl Dereference for Honest {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        honest(uri)
    }
}

fn honest(uri: Option<&str>) -> Result<Body<'static>, DereferenceError> {
    match uri {
        Some(EXTERNAL) => Ok(Body::from_bytes(CONTENT)),
        Some(uri) if uri.is_empty() || uri.starts_with('#') => Ok(Body::SameDocument),
        uri => Err(DereferenceError::not_found(uri.unwrap_or_default())),
    }
}

/// Does what `whim` says.
#[derive(Clone, Copy, Debug)]
pub struct Hostile(pub u8);

impl Dereference for Hostile {
    fn dereference(&mut self, uri: Option<&str>) -> Result<Body<'_>, DereferenceError> {
        self.0 = self.0.wrapping_mul(37).wrapping_add(11);
        match self.0 >> 4 {
            0 => Ok(Body::SameDocument),
            1 => Err(DereferenceError::not_found("")),
            2 => Ok(Body::from_bytes(b"<a Id='a'>\xff")),
            3 => Ok(Body::from_bytes(b"<a xmlns='http://www.w3.org/2000/09/xmldsig#'/>")),
            4 => Ok(Body::from_reader(Slow::new(CONTENT, 3))),
            5 => Ok(Body::from_reader(Broken)),
            _ => honest(uri),
        }
    }
}

struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::ConnectionReset.into())
    }
}

/// All documents.
pub fn all(keys: &Keys) -> Vec<Signed> {
    let info = keys.key_info();
    let by_ec = |template: &str| template.replace("@KEY@", &info);
    let mut all = Vec::new();
    let mut add = |kind, template: &str, is_plain| {
        all.push(sign(keys, kind, template, is_plain));
    };
    for template in TEMPLATES {
        add(Kind::Hmac, &template.replace("@KEY@", ""), true);
    }
    for template in [TEMPLATES[0], TEMPLATES[2]] {
        add(Kind::Ec, &by_ec(template), true);
    }
    for template in OURS {
        add(Kind::Hmac, template, false);
    }
    all
}

fn sign(keys: &Keys, kind: Kind, template: &str, is_plain: bool) -> Signed {
    let (method, sources): (&str, &'static [usize]) = match kind {
        Kind::Hmac => ("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", &[0]),
        Kind::Ec => ("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", &[0, 1, 2]),
    };
    let template = template.replace("@METHOD@", method).replace("@DSIG@", DSIG);
    let count = (0..).take_while(|i| template.contains(&format!("@D{i}@"))).count();
    let inner = (0..).take_while(|i| template.contains(&format!("@M{i}@"))).count();
    let source = &keys.sources()[0];
    let nothing = base64::encode(&[0; 32]);
    let mut digests = vec![nothing.clone(); count];
    let mut of_manifest = vec![nothing; inner];
    // What a Manifest refers to is looked at once the Manifest is good, and changes it.
    for _ in 0..6 {
        let mut document = template.clone();
        for (i, digest) in digests.iter().enumerate() {
            document = document.replace(&format!("@D{i}@"), digest);
        }
        for (i, digest) in of_manifest.iter().enumerate() {
            document = document.replace(&format!("@M{i}@"), digest);
        }
        let value = keys.sign(kind, &signed_info(document.as_bytes()));
        let document = document.replace("@V@", &base64::encode(&value)).into_bytes();
        let report = verify(Cursor::new(&document), &settings(), source, &mut Honest);
        let report = report.unwrap_or_else(|error| panic!("{error} in {template}"));
        assert_eq!(report.digest_status(), SignatureStatus::Valid);
        let is_valid = |reports: &[ReferenceReport]| {
            reports.iter().all(|one| one.status == SignatureStatus::Valid)
        };
        let manifests: Vec<_> =
            report.references().iter().flat_map(|one| one.manifest.clone()).collect();
        if is_valid(report.references()) && is_valid(&manifests) && manifests.len() == inner {
            return Signed { document, octets: octets(&report), sources, is_plain };
        }
        let digest = |report: &ReferenceReport| {
            let octets = report.octets.as_ref().expect("octets");
            base64::encode(DigestAlgorithm::Sha256.digest(octets).as_ref())
        };
        digests = report.references().iter().map(digest).collect();
        if manifests.len() == inner {
            of_manifest = manifests.iter().map(digest).collect();
        }
    }
    panic!("cannot be signed: {template}");
}

fn signed_info(document: &[u8]) -> Vec<u8> {
    let document = read(document).expect("a document");
    let mut nodes = document.nodes();
    let info = nodes.find(|node| node.is(DSIG, "SignedInfo")).expect("SignedInfo");
    let method = info.elements().next().expect("CanonicalizationMethod");
    let method = method.attribute("", "Algorithm").and_then(Method::of).expect("a method");
    let set = NodeSet::subtree(info, true);
    let mut octets = Vec::new();
    let mut budget = Budget::new(&xpath::Limits::default());
    canonicalize_nodes(&set, &method, &mut budget, &mut octets).expect("a canonical form");
    octets
}

/// A document in memory, read as the targets verify.
pub fn read(document: &[u8]) -> Option<Document> {
    let options = Options { doctype: Doctype::InternalSubset, limits: limits().xml };
    let reader = Reader::with(document, &options).ok()?;
    Document::read(reader, &document::Limits::default()).ok()
}

/// What a report says that references cover.
pub fn octets(report: &Report) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
    let own = |report: &ReferenceReport| report.octets.clone().expect("octets are kept");
    let both = |report: &ReferenceReport| (own(report), report.manifest.iter().map(own).collect());
    report.references().iter().map(both).collect()
}

/// What any report must be: its statuses agree, and parts lie within the document.
pub fn check_report(report: &Report, length: usize) {
    use SignatureStatus::{Unknown, Valid};
    let parts = [report.digest_status(), report.identity_status(), report.references_status()];
    assert_eq!(
        report.validity_status() == Valid,
        parts.iter().all(|status| *status == Valid),
        "{report:?}"
    );
    if report.digest_status() != Valid {
        assert_eq!(report.references_status(), Unknown);
        assert!(report.signer().is_none());
    }
    let references = report.references();
    if report.references_status() == Valid {
        assert!(!references.is_empty());
        assert!(references.iter().all(|one| one.status == Valid && one.detail.is_none()));
    }
    for reference in references.iter().chain(references.iter().flat_map(|one| &one.manifest)) {
        if let Some(covers) = &reference.covers {
            assert!(covers.range.start < covers.range.end, "{covers:?}");
            assert!(covers.range.end <= length as u64, "{covers:?}");
        }
    }
}

/// What a report must be that calls the references of a document good: they cover what was signed, and it is where it is
/// said to be. The Signature is chosen as `choice` says.
pub fn check_valid(report: &Report, document: &[u8], signed: &Signed, choice: &Choice) {
    // Of the references of a Manifest each is told apart.
    let found = report.references();
    assert_eq!(found.len(), signed.octets.len());
    for (found, (octets, inner)) in found.iter().zip(&signed.octets) {
        assert_eq!(found.octets.as_ref(), Some(octets), "{found:?}");
        for (found, octets) in found.manifest.iter().zip(inner) {
            if found.status == SignatureStatus::Valid {
                assert_eq!(found.octets.as_ref(), Some(octets), "{found:?}");
            }
        }
    }
    let tree = read(document).expect("what was verified is a document");
    let signature = signature(&tree, choice).expect("a Signature was verified");
    for report in found {
        check_place(report, &tree, signature);
    }
}

fn signature<'t>(tree: &'t Document, choice: &Choice) -> Option<Node<'t>> {
    let is_signature = |node: &Node<'_>| node.is(DSIG, "Signature");
    let mut all = tree.nodes().filter(is_signature);
    match choice {
        Choice::First => all.next(),
        Choice::Last if is_signature(&tree.root()) => Some(tree.root()),
        Choice::Last => all.last(),
        Choice::Id(id) => all.find(|node| node.attribute("", "Id") == Some(id)),
        Choice::At(at) => {
            all.find(|node| node.byte_range().is_some_and(|range| range.start == *at))
        }
    }
}

/// The element that is covered is the one with the identifier, and its octets are those that were looked at.
fn check_place(report: &ReferenceReport, tree: &Document, signature: Node<'_>) {
    let Some(covers) = &report.covers else { return };
    let uri = report.uri.as_deref().expect("what has no URI is no part of the document");
    let at = |node: &Node<'_>| node.byte_range().as_ref() == Some(&covers.range);
    let element = tree.nodes().filter(|node| node.is_element()).find(at);
    // What an entity brought has the place of the reference.
    let element = element.unwrap_or_else(|| panic!("no element at {:?}", covers.range));
    let named = |node: Node<'_>| {
        let name = node.name().expect("a name");
        let is_plain = name.namespace.is_empty();
        if is_plain {
            name.local.to_owned()
        } else {
            format!("{{{}}}{}", name.namespace, name.local)
        }
    };
    let twins = tree.nodes().filter(|node| node.is_element() && at(node)).collect::<Vec<_>>();
    assert!(twins.iter().any(|twin| named(*twin) == covers.element), "{covers:?}");
    let id = uri.strip_prefix("#xpointer(id('").and_then(|uri| uri.strip_suffix("'))"));
    match id.or(uri.strip_prefix('#')) {
        None => assert_eq!(element, tree.root()),
        Some(id) => {
            let identifies = |node: &Node<'_>| {
                let mut attributes = node.attributes();
                attributes.any(|attribute| attribute.text() == id)
            };
            assert!(twins.iter().any(identifies), "{covers:?}");
        }
    }
    if !report.whole || twins.len() > 1 {
        return;
    }
    // One of the ways of writing what is covered is what was looked at.
    let mut forms = Vec::new();
    let whole = if uri.is_empty() { tree.node() } else { element };
    for comments in [true, false] {
        let set = NodeSet::subtree(whole, comments);
        for set in [set.clone(), set.without_subtree(signature)] {
            for uri in METHODS {
                let mut method = Method::of(uri).expect("a method");
                for _ in 0..2 {
                    let mut octets = Vec::new();
                    let mut budget = Budget::new(&xpath::Limits::default());
                    if canonicalize_nodes(&set, &method, &mut budget, &mut octets).is_ok() {
                        forms.push(octets);
                    }
                    method.flavour = ravelin_xmldsig::c14n::Flavour::Exclusive {
                        prefixes: vec![String::new(), "p".to_owned()],
                    };
                }
            }
        }
    }
    let octets = report.octets.as_ref().expect("octets");
    let text = base64::decode(element.text().as_bytes(), 1 << 16).ok();
    assert!(forms.contains(octets) || text.as_ref() == Some(octets), "{report:?}");
}

/// The six canonicalization methods.
pub const METHODS: [&str; 6] = [
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
];

/// `@D0@`… are DigestValues, `@M0@`… those of a Manifest, `@V@` is the SignatureValue.
const TEMPLATES: [&str; 5] = [
    // Enveloped, the whole document.
    r#"<order xmlns="urn:o" xml:lang="en"><item n="1">two &amp; three</item><!-- said -->
<Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue>@KEY@</Signature></order>"#,
    // Enveloping, exclusive.
    r##"<ds:Signature xmlns:ds="@DSIG@" xmlns:p="urn:p"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm="@METHOD@"/><ds:Reference URI="#a"><ds:Transforms><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#WithComments"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="p #default"/></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>@D0@</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>@V@</ds:SignatureValue><ds:Object Id="a" p:b="1"><data xmlns:q="urn:q"><?x y?><q:c/><!-- c --></data></ds:Object></ds:Signature>"##,
    // Beside it, two elements in a third.
    r##"<p:root xmlns:p="urn:p" xml:base="http://a.example/b/" Id="r"><p:data Id="a" xml:base="c"><e xmlns=""> text </e></p:data><p:data Id="b">bW9yZQ==</p:data><Signature xmlns="@DSIG@" Id="s"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI="#a"><Transforms><Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference><Reference URI="#b"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D1@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue>@KEY@</Signature></p:root>"##,
    // What is signed is in what is signed, and one without a transform.
    r##"<root Id="r"><data id="a">one<part ID="b"/></data><Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI="#a"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference><Reference URI="#r"><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D1@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue></Signature></root>"##,
    // Nodes chosen by expressions.
    r##"<root xmlns:p="urn:p"><p:a>kept</p:a><p:b>not</p:b><Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath xmlns:p="urn:p">not(ancestor-or-self::p:b)</XPath></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue></Signature></root>"##,
];

const OURS: [&str; 4] = [
    // A Manifest.
    r##"<Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI="#m" Type="http://www.w3.org/2000/09/xmldsig#Manifest"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue><Object><Manifest Id="m"><Reference URI="#a"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@M0@</DigestValue></Reference><Reference URI="urn:external"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@M1@</DigestValue></Reference></Manifest></Object><Object Id="a">of the Manifest</Object></Signature>"##,
    // A document type: an identifier, a default, an entity.
    r##"<!DOCTYPE root [<!ATTLIST data key ID #IMPLIED d CDATA "default"><!ENTITY e "<x>brought</x>">]>
<root><data key="k">&e; and &#38;</data><Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI="#k"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference><Reference URI="#xpointer(id('k'))"><Transforms><Transform Algorithm="http://www.w3.org/2006/12/xml-c14n11#WithComments"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D1@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue></Signature></root>"##,
    // Something from elsewhere, as it is, canonical and chosen.
    r##"<Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI="urn:external"><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference><Reference URI="urn:external"><Transforms><Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>self::text()</XPath></Transform></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D1@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue></Signature>"##,
    // Filters, and a part of the Signature.
    r##"<root><a><b>one</b></a><c/><Signature xmlns="@DSIG@"><SignedInfo><CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/><SignatureMethod Algorithm="@METHOD@"/><Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"><XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">//a</XPath><XPath xmlns="http://www.w3.org/2002/06/xmldsig-filter2" xmlns:d="@DSIG@" Filter="union">here()/ancestor::d:SignedInfo/../d:Object</XPath></Transform><Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></Transforms><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue>@D0@</DigestValue></Reference></SignedInfo><SignatureValue>@V@</SignatureValue><Object>signed too</Object></Signature></root>"##,
];
