//! E19: a certificate that promises a stapled response is held to it, and what transparency logs promised can be read.

use crate::peers::{House, hex, s_server};
use ravelin_net::{
    TlsConnector,
    fetch::{FetchConfig, FetchLimits, Fetcher},
};
use ravelin_test::{Request, der, has_program};
use ravelin_tls::{Alert, TlsError};
use ravelin_trust::{Certificate, Status};
use std::process::Command;
use tokio::net::TcpStream;

/// RFC 7633: status_request.
fn must_staple() -> (Vec<u64>, Vec<u8>) {
    (vec![1, 3, 6, 1, 5, 5, 7, 1, 24], der::sequence([der::integer(5)]))
}

#[tokio::test]
async fn e19_who_promises_a_staple_must_send_one() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let house = House::with(&Request::new(["localhost"]), &[must_staple()]);
    let certificate = Certificate::parse(house.issued.certificate_der()).unwrap();
    assert_eq!(certificate.tls_features(), Ok(Some(vec![5])));
    let serial = hex(certificate.serial().unsigned()).to_uppercase();
    let respond = |name: &str, line: &str| {
        house.write("index", format!("{line}\t{serial}\tunknown\t/CN=localhost\n"));
        let words = "ocsp -index index -CA root.pem -rsigner root.pem -rkey root.key -issuer root.pem \
            -cert server.pem -ndays 1 -noverify -respout";
        let made = Command::new("openssl")
            .args(words.split_whitespace())
            .arg(name)
            .current_dir(house.folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    respond("good", "V\t350101000000Z\t");
    respond("revoked", "R\t350101000000Z\t240101000000Z,keyCompromise");
    let fetcher = Fetcher::new(FetchConfig::new(FetchLimits::default())).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        for (options, status, alert) in [
            (&[version][..], Status::Unknown, Some(Alert::UNKNOWN_CA)),
            (&[version, "-status_file", "good"], Status::Trusted, None),
            (
                &[version, "-status_file", "revoked"],
                Status::Revoked,
                Some(Alert::CERTIFICATE_REVOKED),
            ),
        ] {
            let (_server, address) = s_server(&house, options);
            for connector in [
                TlsConnector::new(&house.client()).unwrap(),
                TlsConnector::online(&house.client(), fetcher.clone()).unwrap(),
            ] {
                let tcp = TcpStream::connect(address).await.unwrap();
                match connector.connect("localhost", tcp).await {
                    Ok(stream) => {
                        assert_eq!(status, Status::Trusted, "{options:?}");
                        assert!(stream.agreed().unwrap().stapled_ocsp.is_some());
                    }
                    Err(error) => {
                        assert_eq!(
                            error.verdict().unwrap().status(),
                            status,
                            "{options:?} {error}"
                        );
                        let sent = error.tls().and_then(TlsError::alert_sent);
                        assert_eq!(sent, alert, "{options:?}");
                        if status == Status::Unknown {
                            let words =
                                "it promises a stapled OCSP response, and the server sent none";
                            assert!(error.to_string().contains(words), "{error}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn e19_what_logs_promised_is_read_as_openssl_reads_it() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let promise = |log: u8, milliseconds: u64| {
        let one = [
            &[0][..],
            &[log; 32],
            &milliseconds.to_be_bytes(),
            &[0, 0, 4, 3, 0, 4, 0x30, 0x02, 0x05, 0x00],
        ]
        .concat();
        [&u16::try_from(one.len()).unwrap().to_be_bytes()[..], &one].concat()
    };
    let list = [promise(0x17, 1_796_342_400_123), promise(0xab, 1_796_342_401_000)].concat();
    let list = [&u16::try_from(list.len()).unwrap().to_be_bytes()[..], &list].concat();
    let extension = (vec![1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], der::octet_string(list));
    let house = House::with(&Request::new(["localhost"]), &[extension]);
    let certificate = Certificate::parse(house.issued.certificate_der()).unwrap();
    let found = certificate.signed_certificate_timestamps().unwrap().unwrap();
    let logs: Vec<(u8, [u8; 32], u64)> =
        found.iter().map(|one| (one.version, one.log, one.milliseconds)).collect();
    assert_eq!(logs, [(0, [0x17; 32], 1_796_342_400_123), (0, [0xab; 32], 1_796_342_401_000)]);
    assert!(found.iter().all(|one| one.algorithm == [4, 3] && one.signature == [0x30, 2, 5, 0]));

    let text = Command::new("openssl")
        .args(["x509", "-in", "server.pem", "-noout", "-text"])
        .current_dir(house.folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&text.stdout);
    for expected in ["17:17:17:17", "AB:AB:AB:AB", "Dec  4 00:00:00.123 2026", "ecdsa-with-SHA256"]
    {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }

    let none = House::new();
    let certificate = Certificate::parse(none.issued.certificate_der()).unwrap();
    assert_eq!(certificate.signed_certificate_timestamps(), Ok(None));
}
