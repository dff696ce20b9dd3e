//! E11: authorities by where they come from, and whether a path must end in a root.

use crate::peers::{House, s_server};
use ravelin_net::{TlsConnector, roots::RootSources};
use ravelin_test::{Authority, Request, has_program};
use ravelin_tls::{ClientConfig, Trust};
use ravelin_trust::Status;
use std::{fs, process::Command, sync::Arc};
use tokio::net::TcpStream;

#[tokio::test]
async fn e11_authorities_come_from_the_platform_the_bundle_and_files_as_switched() {
    let house = House::new();
    let mut sources = RootSources::default();
    assert_eq!((sources.platform, sources.bundled, sources.files.len()), (true, false, 0));
    let platform = sources.load().certificates;
    assert_eq!(platform, ravelin_net::roots::platform().certificates);
    sources.platform = false;
    assert!(sources.load().certificates.is_empty(), "nothing is trusted that was not named");
    sources.bundled = true;
    let bundled = sources.load().certificates;
    assert_eq!(bundled, ravelin_net::roots::bundled().certificates);
    sources.files.push(house.path("root.pem"));
    let both = sources.load();
    assert_eq!(both.certificates.len(), bundled.len() + 1);
    assert!(both.faults.is_empty());
    sources.files.push(house.path("missing.pem"));
    assert_eq!(sources.load().faults[0].path(), Some(&*house.path("missing.pem")));

    if !has_program("openssl", &["version"]) {
        return;
    }
    let (_server, address) = s_server(&house, &[]);
    let ours = RootSources { platform: false, bundled: false, files: vec![house.path("root.pem")] };
    let others = RootSources { platform: false, bundled: true, files: Vec::new() };
    for (sources, status) in [(ours, Status::Trusted), (others, Status::UntrustedSigners)] {
        let trust = Trust::of_certificates(sources.load().certificates).unwrap();
        let connector = TlsConnector::new(&ClientConfig::new(trust)).unwrap();
        let tcp = TcpStream::connect(address).await.unwrap();
        let found = match connector.connect("localhost", tcp).await {
            Ok(stream) => stream.verdict().unwrap().status(),
            Err(error) => error.verdict().unwrap().status(),
        };
        assert_eq!(found, status);
    }
}

#[tokio::test]
async fn e11_an_intermediate_ends_a_path_unless_whole_chains_are_required_as_with_openssl() {
    if !has_program("openssl", &["version"]) {
        return;
    }
    let mut house = House::new();
    let root = Authority::root("Far Root");
    let middle = root.intermediate("Middle");
    house.issued = middle.issue(&Request::new(["localhost"]));
    house.write("server.pem", house.issued.certificate_pem());
    house.write("server.key", house.issued.key_pem());
    house.write("middle.pem", middle.certificate_pem());
    house.write("far.pem", root.certificate_pem());
    house.write("both.pem", [middle.certificate_pem(), root.certificate_pem()].concat());
    let (_server, address) = s_server(&house, &[]);
    for (anchors, whole, trusted) in [
        ("middle.pem", false, true),
        ("middle.pem", true, false),
        ("both.pem", true, true),
        ("both.pem", false, true),
        ("far.pem", false, false),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.args(["verify", "-no-CApath", "-no-CAstore", "-CAfile", anchors]);
        if !whole {
            openssl.arg("-partial_chain");
        }
        let output = openssl.arg("server.pem").current_dir(house.folder.path()).output().unwrap();
        assert_eq!(output.status.success(), trusted, "openssl: {anchors} {whole}");

        let roots = ravelin_net::roots::file(&house.path(anchors));
        let mut trust = Trust::of_certificates(roots.certificates).unwrap();
        if whole {
            Arc::make_mut(&mut trust.anchors).require_whole_chains();
        }
        let Ok(connector) = TlsConnector::new(&ClientConfig::new(trust)) else {
            assert!(!trusted, "without an anchor there is no connector");
            continue;
        };
        let tcp = TcpStream::connect(address).await.unwrap();
        let found = connector.connect("localhost", tcp).await;
        assert_eq!(found.is_ok(), trusted, "{anchors} {whole}: {found:?}");
        if let Err(error) = found {
            assert_eq!(error.verdict().unwrap().status(), Status::UntrustedSigners);
        }
    }
    assert!(fs::read_to_string(house.path("far.pem")).unwrap().starts_with("-----BEGIN"));
}
