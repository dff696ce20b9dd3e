//! Certificates are what they claim to be, judged by readers that did not make them.

use ravelin_test::{Authority, Issued, Key, Purpose, Request, Validity};
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime, pem::PemObject,
};
use webpki::{EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What webpki makes of the chain and, if it holds, of the name.
fn judge(issued: &Issued, root: &[u8], usage: KeyUsage, name: &str) -> Result<(), Error> {
    let root = CertificateDer::from(root);
    let anchors: [TrustAnchor<'_>; 1] = [anchor_from_trusted_cert(&root).unwrap()];
    let chain: Vec<CertificateDer<'_>> = issued.chain_der().into_iter().map(Into::into).collect();
    let algorithms =
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms;
    let end = EndEntityCert::try_from(&chain[0])?;
    end.verify_for_usage(
        algorithms.all,
        &anchors,
        &chain[1..],
        UnixTime::now(),
        usage,
        None,
        None,
    )?;
    end.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
}

#[test]
fn chains_of_every_kind_of_key_hold() {
    for kind in Key::ALL {
        let root = Authority::root_with("Root", kind, Validity::current());
        let between = root.intermediate_with("Between", kind, Validity::current());
        let mut request = Request::new(["host.example", "*.wild.example", "127.0.0.1", "::1"]);
        request.key = kind;
        let issued = between.issue(&request);
        for name in ["host.example", "a.wild.example", "127.0.0.1", "::1"] {
            judge(&issued, root.certificate_der(), KeyUsage::server_auth(), name).unwrap();
        }
        assert_eq!(between.root_der(), root.certificate_der());

        let key = PrivateKeyDer::from_pem_slice(issued.key_pem().as_bytes()).unwrap();
        assert_eq!(key.secret_der(), issued.key_der());
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let chain = issued.chain_der().into_iter().map(Into::into).collect();
        let pair = rustls::sign::CertifiedKey::new(chain, key);
        pair.keys_match().unwrap();
    }
}

#[test]
fn pem_and_der_say_the_same() {
    let between = Authority::root("Root").intermediate("Between");
    let issued = between.issue(&Request::new(["localhost"]));
    let read = |pem: &str| -> Vec<Vec<u8>> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).map(|der| der.unwrap().to_vec()).collect()
    };
    assert_eq!(read(&issued.chain_pem()), issued.chain_der());
    assert_eq!(read(issued.certificate_pem()), [issued.certificate_der()]);
    assert_eq!(read(between.certificate_pem()), [between.certificate_der()]);
    assert_eq!(issued.chain_der(), [issued.certificate_der(), between.certificate_der()]);
}

#[test]
fn times_and_names_are_as_asked() {
    let root = Authority::root("Root");
    let mut request = Request::new(["host.example"]);
    request.common_name = "A Common Name".into();
    let judge_with = |validity: Validity| {
        let request = Request { validity, ..request.clone() };
        let issued = root.issue(&request);
        judge(&issued, root.certificate_der(), KeyUsage::server_auth(), "host.example")
    };
    judge_with(Validity::current()).unwrap();
    assert!(matches!(judge_with(Validity::expired()), Err(Error::CertExpired { .. })));
    assert!(matches!(judge_with(Validity::not_yet()), Err(Error::CertNotValidYet { .. })));

    let issued = root.issue(&request);
    let wrong = judge(&issued, root.certificate_der(), KeyUsage::server_auth(), "other.example");
    assert!(matches!(wrong, Err(Error::CertNotValidForName(_))));
    let (_, parsed) = X509Certificate::from_der(issued.certificate_der()).unwrap();
    assert_eq!(parsed.subject().to_string(), "CN=A Common Name");
    assert_eq!(parsed.issuer().to_string(), "CN=Root");
}

#[test]
fn purposes_are_kept_apart() {
    let root = Authority::root("Root");
    for (purpose, server, client) in [
        (Purpose::Server, true, false),
        (Purpose::Client, false, true),
        (Purpose::Both, true, true),
        (Purpose::CodeSigning, false, false),
    ] {
        let issued = root.issue(&Request { purpose, ..Request::new(["localhost"]) });
        let good = |usage| judge(&issued, root.certificate_der(), usage, "localhost").is_ok();
        assert_eq!(good(KeyUsage::server_auth()), server, "{purpose:?}");
        assert_eq!(good(KeyUsage::client_auth()), client, "{purpose:?}");
    }
}

#[test]
fn impostors_carry_the_name_and_not_the_trust() {
    let root = Authority::root("Root");
    let impostor = root.impostor();
    let issued = impostor.issue(&Request::new(["localhost"]));
    let (_, original) = X509Certificate::from_der(root.certificate_der()).unwrap();
    let (_, forged) = X509Certificate::from_der(impostor.certificate_der()).unwrap();
    assert_eq!(original.subject(), forged.subject());
    assert_ne!(original.public_key().raw, forged.public_key().raw);
    let usage = KeyUsage::server_auth();
    judge(&issued, impostor.certificate_der(), usage, "localhost").unwrap();
    assert!(judge(&issued, root.certificate_der(), usage, "localhost").is_err());
}

#[test]
fn the_self_signed_stand_alone() {
    let issued = Issued::self_signed(&Request::new(["localhost"]));
    assert_eq!(issued.chain_der(), [issued.certificate_der()]);
    let (_, parsed) = X509Certificate::from_der(issued.certificate_der()).unwrap();
    assert_eq!(parsed.subject(), parsed.issuer());
    let root = Authority::root("Root");
    let usage = KeyUsage::server_auth();
    let refused = judge(&issued, root.certificate_der(), usage, "localhost");
    assert!(matches!(refused, Err(Error::UnknownIssuer)), "{refused:?}");
}
