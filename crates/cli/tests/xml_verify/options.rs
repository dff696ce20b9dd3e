//! What options do.

use crate::signing::{Folder, Reference, by_secret, enveloped, item_only, text};
use serde_json::{Value, json};
use std::fs;

fn answer(folder: &Folder, words: &str) -> Value {
    let output = folder.verify(&format!("--json {words}"));
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{words}: {error}: {}", text(&output.stderr)))
}

fn statuses(value: &Value) -> String {
    let words = ["validity", "digest", "identity", "references"]
        .map(|key| value[key].as_str().unwrap_or("-"));
    words.join("/")
}

#[test]
fn a_given_key_leaves_the_identity_unknown_and_checks_the_references() {
    let folder = Folder::new();
    folder.order("order.xml");
    let openssl = std::process::Command::new("openssl")
        .args(["x509", "-in", "signer.pem", "-noout", "-pubkey", "-out", "signer.pub"])
        .current_dir(folder.path(""))
        .status();
    let mut keys = vec!["--key signer.pem", "--embedded-key"];
    if openssl.is_ok_and(|status| status.success()) {
        keys.push("--key signer.pub");
    }
    for key in keys {
        let value = answer(&folder, &format!("{key} order.xml"));
        assert_eq!(statuses(&value), "unknown/valid/unknown/valid", "{key}");
        assert_eq!((&value["signer"], &value["certificate"]), (&Value::Null, &Value::Null));
    }
    let output = folder.verify("--key signer.pem order.xml");
    assert_eq!(output.status.code(), Some(3));
    let report = text(&output.stdout);
    assert!(
        report.contains("a key was given instead of whom to trust, so nobody was judged"),
        "{report}"
    );

    folder.write("changed.xml", folder.read("order.xml").replace(">1<", ">2<"));
    let output = folder.verify("--key signer.pem changed.xml");
    assert_eq!(output.status.code(), Some(1));
    folder.cert("self-sign --new-key other.key --subject CN=Other --out other.pem");
    assert_eq!(
        statuses(&answer(&folder, "--key other.pem order.xml")),
        "invalid/invalid/unknown/unknown"
    );
}

#[test]
fn a_secret_is_every_octet_of_its_file() {
    let folder = Folder::new();
    folder.write("order.xml", enveloped(|references| by_secret(b"secret", references)));
    folder.write("secret", "secret");
    folder.write("line", "secret\n");
    assert_eq!(
        statuses(&answer(&folder, "--hmac-key secret order.xml")),
        "unknown/valid/unknown/valid"
    );
    assert_eq!(
        statuses(&answer(&folder, "--hmac-key line order.xml")),
        "invalid/invalid/unknown/unknown"
    );
    folder.write("order.xml", enveloped(|references| by_secret(b"secret\n", references)));
    assert_eq!(
        statuses(&answer(&folder, "--hmac-key line order.xml")),
        "unknown/valid/unknown/valid"
    );
}

#[test]
fn only_named_files_are_read() {
    let folder = Folder::new();
    folder.write("a.txt", "text");
    let secret = fs::canonicalize(folder.path("a.txt")).unwrap().display().to_string();
    for uri in
        ["a.txt", "./a.txt", &secret, &format!("file://{secret}"), "http://127.0.0.1:9/a.txt"]
    {
        let reference = [Reference { uri, octets: "text", enveloped: false }];
        folder.write("d.xml", folder.signature("signer.pem", &reference));
        let value = answer(&folder, "--trusted root.pem d.xml");
        assert_eq!(value["error"]["kind"], "dereference", "{uri}: {value}");
        assert!(
            value["error"]["detail"].as_str().unwrap().contains("nothing is given for"),
            "{uri}"
        );
        let output = folder.verify("--trusted root.pem d.xml");
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains("(--detached URI=FILE"), "{}", text(&output.stderr));
        let value = answer(&folder, &format!("--trusted root.pem --detached {uri}=a.txt d.xml"));
        assert_eq!(statuses(&value), "valid/valid/valid/valid", "{uri}");
        assert_eq!(value["referenceResults"][0]["covers"], Value::Null);
    }
    folder.write("a.txt", "other");
    assert_eq!(
        answer(&folder, "--trusted root.pem --detached http://127.0.0.1:9/a.txt=a.txt -- d.xml")["references"],
        "invalid"
    );
    let value =
        answer(&folder, "--trusted root.pem --detached http://127.0.0.1:9/a.txt=gone.txt -- d.xml");
    assert_eq!(value["error"]["kind"], "dereference");
    assert!(
        value["error"]["detail"].as_str().unwrap().contains("gone.txt: No such file"),
        "{value}"
    );
}

#[test]
fn signatures_are_chosen_by_place_and_by_id() {
    let folder = Folder::new();
    let one = item_only(|references| folder.signature("signer.pem", references));
    let begin = one.find("<Signature").unwrap();
    let end = one.find("</Signature>").unwrap() + "</Signature>".len();
    let second = one[begin..end]
        .replace("Id=\"s\"", "Id=\"t\"")
        .replace("SignatureValue>", "SignatureValue>AAAA");
    let second = second.replace("</SignatureValue>AAAA", "</SignatureValue>");
    folder.write("two.xml", format!("{}{second}{}", &one[..end], &one[end..]));
    for (choice, digest) in [
        ("", "invalid"),
        ("last", "invalid"),
        ("t", "invalid"),
        ("first", "valid"),
        ("s", "valid"),
        ("#s", "valid"),
    ] {
        let choice =
            if choice.is_empty() { String::new() } else { format!("--signature {choice}") };
        let value = answer(&folder, &format!("--trusted root.pem {choice} two.xml"));
        assert_eq!(value["digest"], digest, "{choice}");
    }
}

#[test]
fn attributes_identify_by_the_names_that_are_given() {
    let folder = Folder::new();
    let sign = |name: &str| {
        let octets = format!("<item xmlns=\"urn:order\" {name}=\"i\">1</item>");
        let signature = folder
            .signature("signer.pem", &[Reference { uri: "#i", octets: &octets, enveloped: false }]);
        format!("<order xmlns=\"urn:order\"><item {name}=\"i\">1</item>{signature}</order>")
    };
    folder.write("item.xml", sign("AssertionID"));
    assert_eq!(answer(&folder, "--trusted root.pem item.xml")["error"]["kind"], "dereference");
    let value =
        answer(&folder, "--trusted root.pem --id-attribute ResponseID AssertionID -- item.xml");
    assert_eq!(value["validity"], "valid");
    folder.write("item.xml", sign("Id"));
    assert_eq!(answer(&folder, "--trusted root.pem item.xml")["validity"], "valid");
    let value = answer(&folder, "--trusted root.pem --id-attribute AssertionID -- item.xml");
    assert_eq!(
        value["error"]["kind"], "dereference",
        "those that are given stand instead of the usual ones"
    );
}

#[test]
fn the_last_word_after_a_list_is_the_document() {
    let folder = Folder::new();
    folder.order("order.xml");
    for words in [
        "order.xml --trusted root.pem",
        "--trusted root.pem order.xml",
        "--allow xpath manifest legacy-sha1 order.xml --trusted root.pem",
        "--trusted root.pem --added signer.pem order.xml",
        "--trusted root.pem --id-attribute Id order.xml",
    ] {
        assert_eq!(answer(&folder, words)["validity"], "valid", "{words}");
    }
}

#[test]
fn chains_and_revocation_are_judged_by_what_is_given() {
    let folder = Folder::new();
    folder.cert("new-key --out sub.key");
    folder.cert(
        "issue --ca root.pem --ca-key root.key --key sub.key --is-ca --subject CN=Sub --out sub.pem \
         --not-before 2026-01-01T00:00:00Z --not-after 2030-01-01T00:00:00Z",
    );
    folder.cert(
        "issue --ca sub.pem --ca-key sub.key --key signer.key --subject CN=Below --out below.pem \
         --not-before 2026-06-01T00:00:00Z --not-after 2026-12-04T00:00:00Z --time 2026-06-01T00:00:00Z",
    );
    folder.write("below.xml", enveloped(|references| folder.signature("below.pem", references)));
    assert_eq!(answer(&folder, "--trusted root.pem below.xml")["identity"], "unknown");
    let value = answer(&folder, "--trusted root.pem --added sub.pem -- below.xml");
    assert_eq!(
        (&value["identity"], &value["certificate"]["status"]),
        (&json!("valid"), &json!("trusted"))
    );
    assert_eq!(answer(&folder, "--trusted sub.pem below.xml")["identity"], "valid");
    let words = "--trusted root.pem --added sub.pem --revocation always -- below.xml";
    let value = answer(&folder, words);
    assert_eq!(
        (&value["identity"], &value["certificate"]["status"]),
        (&json!("invalid"), &json!("unknown"))
    );
    let value =
        answer(&folder, "--trust-profile webpki --trusted root.pem --added sub.pem -- below.xml");
    assert_eq!(value["certificate"]["profile"], "webpki");
}

#[test]
fn names_of_what_is_on_anyway_change_nothing_and_weak_hashes_need_theirs() {
    let folder = Folder::new();
    let sha1 = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
    folder.write("secret", "secret");
    let order = enveloped(|references| by_secret(b"secret", references));
    folder.write("order.xml", &order);
    for name in [
        "xpath",
        "xpath-filter2",
        "xpointer",
        "manifest",
        "rsa-1024",
        "dsa-1024",
        "hmac-truncation",
    ] {
        let value = answer(&folder, &format!("--hmac-key secret --allow {name} -- order.xml"));
        assert_eq!(value["references"], "valid", "{name}");
    }
    // Cut to 80 bits, it is a policy first, and a bad signature once it is allowed.
    let cut = order.replace(
        "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\">",
        &format!("<SignatureMethod Algorithm=\"{sha1}\"><HMACOutputLength>40</HMACOutputLength>"),
    );
    folder.write("cut.xml", cut);
    let kind = |words: &str| {
        answer(&folder, &format!("--hmac-key secret {words} -- cut.xml"))["error"]["kind"].clone()
    };
    assert_eq!(kind(""), "policy");
    assert_eq!(kind("--allow hmac-truncation-48"), "policy");
    let allowed = answer(&folder, "--hmac-key secret --allow hmac-truncation -- cut.xml");
    assert!(allowed["error"].is_null() || allowed["error"]["kind"] != "policy", "{allowed}");
}
