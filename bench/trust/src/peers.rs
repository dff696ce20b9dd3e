//! The engines, each asked the same: is this chain good for a TLS server of this name, now?

use openssl::{
    stack::Stack,
    x509::{
        X509, X509PurposeId, X509StoreContext,
        store::{X509Store, X509StoreBuilder},
        verify::X509VerifyParam,
    },
};
use ravelin_test::pki::{Entity, KeyKind, NOW, Template};
use ravelin_trust::{Anchor, Anchors, Certificate, Name, Request, Status, Time, evaluate};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

const NAME: &str = "server.a.example";

/// A root, a CA below it, a server's certificate.
pub struct Chain {
    root: Vec<u8>,
    authority: Vec<u8>,
    pub end: Vec<u8>,
}

impl Chain {
    pub fn new(kind: KeyKind) -> Chain {
        let root = Entity::of_kind("Bench Root", kind);
        let authority = Entity::of_kind("Bench Authority", kind);
        Chain {
            root: Template::authority(&root).signed_by(&root),
            authority: Template::authority(&authority).signed_by(&root),
            end: Template::server(&Entity::of_kind("Bench Server", kind), NAME)
                .signed_by(&authority),
        }
    }
}

pub struct Ravelin {
    anchors: Anchors,
    name: Name,
}

impl Ravelin {
    pub fn new(chain: &Chain) -> Ravelin {
        let mut anchors = Anchors::new();
        anchors.add_anchor(Anchor::certificate(&chain.root).expect("a certificate"));
        Ravelin { anchors, name: Name::dns(NAME).expect("a name") }
    }

    pub fn parse(der: &[u8]) -> Certificate<'_> {
        Certificate::parse(der).expect("a certificate")
    }

    pub fn validate(&self, chain: &Chain) {
        let time = Time::from_unix(NOW);
        let mut request = Request::new(Self::parse(&chain.end), &self.anchors, time);
        request.intermediates = vec![Self::parse(&chain.authority)];
        request.names = vec![self.name.clone()];
        assert_eq!(evaluate(&request).status(), Status::Trusted);
    }
}

pub struct Webpki {
    anchors: Vec<TrustAnchor<'static>>,
    name: ServerName<'static>,
}

impl Webpki {
    pub fn new(chain: &Chain) -> Webpki {
        let root = CertificateDer::from(&chain.root[..]);
        let anchor = anchor_from_trusted_cert(&root).expect("an anchor").to_owned();
        Webpki { anchors: vec![anchor], name: ServerName::try_from(NAME).expect("a name") }
    }

    pub fn parse(der: &[u8]) -> usize {
        // The crate's parsed certificate borrows from another value, so the length stands for it.
        let der = CertificateDer::from(der);
        EndEntityCert::try_from(&der).expect("a certificate").subject().len()
    }

    pub fn validate(&self, chain: &Chain) {
        let end = CertificateDer::from(&chain.end[..]);
        let intermediates = [CertificateDer::from(&chain.authority[..])];
        let end = EndEntityCert::try_from(&end).expect("a certificate");
        end.verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &self.anchors,
            &intermediates,
            UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs())),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .expect("a good chain");
        end.verify_is_valid_for_subject_name(&self.name).expect("its name");
    }
}

pub fn x509_parser(der: &[u8]) -> x509_parser::certificate::X509Certificate<'_> {
    x509_parser::parse_x509_certificate(der).expect("a certificate").1
}

pub struct OpenSsl {
    store: X509Store,
}

impl OpenSsl {
    pub fn new(chain: &Chain) -> OpenSsl {
        let mut parameters = X509VerifyParam::new().expect("memory");
        parameters.set_host(NAME).expect("a name");
        parameters.set_time(NOW);
        let mut store = X509StoreBuilder::new().expect("memory");
        store.add_cert(X509::from_der(&chain.root).expect("a certificate")).expect("memory");
        store.set_purpose(X509PurposeId::SSL_SERVER).expect("a purpose");
        store.set_param(&parameters).expect("parameters");
        OpenSsl { store: store.build() }
    }

    pub fn parse(der: &[u8]) -> X509 {
        X509::from_der(der).expect("a certificate")
    }

    pub fn validate(&self, chain: &Chain) {
        let mut intermediates = Stack::new().expect("memory");
        intermediates.push(Self::parse(&chain.authority)).expect("memory");
        let end = Self::parse(&chain.end);
        let mut context = X509StoreContext::new().expect("memory");
        let good = context.init(&self.store, &end, &intermediates, |context| context.verify_cert());
        assert!(good.expect("a decision"));
    }
}
