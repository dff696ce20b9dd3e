//! What is told, and how it ends.

use crate::signing::{Folder, Reference, TIME, by_secret, enveloped, item_only, text};
use serde_json::{Value, json};

/// The exit code, standard output and standard error.
fn told(folder: &Folder, words: &str) -> (i32, String, String) {
    let output = folder.verify(words);
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn answer(folder: &Folder, words: &str) -> (i32, Value) {
    let (code, out, _) = told(folder, &format!("--json {words}"));
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{words}: {error}: {out}")))
}

#[test]
fn valid_is_0_and_tells_statuses_signer_and_coverage() {
    let folder = Folder::new();
    folder.order("order.xml");
    let (code, out, err) = told(&folder, "--trusted root.pem order.xml");
    assert_eq!((code, err.as_str()), (0, ""));
    for words in [
        "valid: the signature holds, its signer is trusted, and what was signed is unchanged\n",
        "order.xml, signature `s`, verified by the profile extended\n",
        "  digest      valid    SignatureValue is a signature over SignedInfo, by ECDSA with SHA-256\n",
        "  identity    valid    the signer's certificate is trusted\n",
        "  references  valid    1 of 1 unchanged\n",
        "  valid    the document (URI \"\"): <{urn:order}order>, bytes 0 to ",
        "Coverage: the whole document, but for the signature itself",
        "  common name  Signer\n  name         CN=Signer,O=Example\n  purposes     1.3.6.1.5.5.7.3.3\n",
        "  trusted for  signing, codeSigning\n",
        "Certificate of the signer\ntrusted: the certificate may be trusted\n",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    assert!(!out.contains("What to do:"), "{out}");
}

#[test]
fn changed_data_is_1_and_the_reference_is_named() {
    let folder = Folder::new();
    folder.order("order.xml");
    folder.write("changed.xml", folder.read("order.xml").replace(">1<", ">9<"));
    let (code, out, _) = told(&folder, "--trusted root.pem changed.xml");
    assert_eq!(code, 1, "{out}");
    for words in [
        "invalid: what was signed was changed\n",
        "  references  invalid  1 of 1 do not hold\n",
        "  invalid  the document (URI \"\"): <{urn:order}order>, bytes 0 to ",
        "its digest is another",
        "Coverage: nothing was shown to be unchanged\n",
        "What to do: do not use what the references that do not hold refer to",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
}

#[test]
fn a_changed_signature_is_1_and_nothing_else_is_looked_at() {
    let folder = Folder::new();
    folder.order("order.xml");
    folder.write("changed.xml", folder.read("order.xml").replace("URI=\"\"", "URI=\"#i\""));
    let (code, value) = answer(&folder, "--trusted root.pem changed.xml");
    assert_eq!(code, 1);
    let statuses = ["validity", "digest", "identity", "references"].map(|key| value[key].clone());
    assert_eq!(statuses, ["invalid", "invalid", "unknown", "unknown"]);
    assert_eq!((&value["signer"], &value["certificate"]), (&Value::Null, &Value::Null));
    assert_eq!(value["referenceResults"][0]["status"], "unknown");
    let (_, out, _) = told(&folder, "--trusted root.pem changed.xml");
    assert!(out.contains("What to do: do not use the document"), "{out}");
}

#[test]
fn nobody_trusted_is_3_and_both_ways_out_are_named() {
    let folder = Folder::new();
    folder.order("order.xml");
    let (code, out, _) = told(&folder, "order.xml");
    assert_eq!(code, 3, "{out}");
    for words in [
        "unknown: who signed is not assured, and what was signed was not looked at\n",
        "not looked at, because the signer is not known to be trusted\n",
        "give it with --added, or with --trusted if it is a root that you trust\n",
        "add --trusted root.pem; ",
        "add --references valid-or-unknown-identity\n",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    let (code, out, _) = told(&folder, "--references valid-or-unknown-identity order.xml");
    assert_eq!(code, 3);
    assert!(
        out.starts_with(
            "unknown: what was signed is unchanged, and who signed it is not assured\n"
        ),
        "{out}"
    );
    let (code, out, _) = told(&folder, "--trusted root.pem --references never order.xml");
    assert_eq!(code, 3);
    assert!(out.contains("not looked at, as --references never says"), "{out}");
}

#[test]
fn an_expired_signer_is_1() {
    let folder = Folder::new();
    folder.order("order.xml");
    let words = "xml verify --json --trusted root.pem --time 2026-12-05T00:00:00Z order.xml";
    let output = folder.command(words).output().unwrap();
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&value["identity"], &value["references"]), (&json!("invalid"), &json!("unknown")));
    assert_eq!(value["certificate"]["status"], "expired");
    assert_eq!(value["certificate"]["code"], "CERT_HAS_EXPIRED");
    assert_eq!(value["signer"]["trustSettings"], json!([]));
    let output = folder.command(&words.replace(" --json", "")).output().unwrap();
    assert!(text(&output.stdout).contains("--time with a moment before 2026-12-04T00:00:00Z"));
}

#[test]
fn what_is_not_covered_is_said() {
    let folder = Folder::new();
    folder.write("item.xml", item_only(|references| folder.signature("signer.pem", references)));
    let (code, out, _) = told(&folder, "--trusted root.pem item.xml");
    assert_eq!(code, 0, "{out}");
    let start = folder.read("item.xml").find("<item").unwrap();
    let words = format!(
        "Coverage: NOT the whole of <{{urn:order}}order>: what stands outside these parts is not signed, use nothing of it: \
         <{{urn:order}}item>, bytes {start} to {}\n",
        start + "<item Id=\"i\">1</item>".len()
    );
    assert!(out.contains(&words), "{words}\n{out}");

    let detached = [Reference { uri: "a.txt", octets: "text", enveloped: false }];
    folder.write("detached.xml", folder.signature("signer.pem", &detached));
    folder.write("a.txt", "text");
    let (code, out, _) = told(&folder, "--trusted root.pem --detached a.txt=a.txt detached.xml");
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains(
            "Coverage: NOT the document: nothing in <{http://www.w3.org/2000/09/xmldsig#}Signature>"
        ),
        "{out}"
    );
}

#[test]
fn the_answer_has_every_key_in_its_place() {
    let folder = Folder::new();
    folder.order("order.xml");
    let output = folder.verify("--json --trusted root.pem order.xml");
    let line = text(&output.stdout);
    assert_eq!((line.matches('\n').count(), text(&output.stderr)), (1, String::new()));
    let value: Value = serde_json::from_str(&line).unwrap();
    let mut at = 0;
    for key in [
        "\"schema\":1",
        "\"validity\":\"valid\"",
        "\"digest\":\"valid\"",
        "\"identity\":\"valid\"",
        "\"references\":\"valid\"",
        "\"signer\":{\"cn\":\"Signer\",\"dn\":\"CN=Signer,O=Example\"",
        "\"certificate\":{",
        "\"referenceResults\":[{\"uri\":\"\",\"status\":\"valid\",\"detail\":null,\"covers\":{",
        "\"error\":null",
    ] {
        at += line[at..].find(key).unwrap_or_else(|| panic!("{key} in {line}"));
    }
    assert_eq!(value["signer"]["extendedKeyUsages"], json!(["1.3.6.1.5.5.7.3.3"]));
    assert_eq!(value["signer"]["trustSettings"], json!(["signing", "codeSigning"]));
    assert_eq!(
        (&value["certificate"]["schema"], &value["certificate"]["status"]),
        (&json!(1), &json!("trusted"))
    );
    let covers =
        json!({"element": "{urn:order}order", "range": [0, folder.read("order.xml").len()]});
    assert_eq!(value["referenceResults"][0]["covers"], covers);
    assert_eq!(value["referenceResults"][0]["manifest"], json!([]));
    let of_cert = folder
        .command(&format!(
            "cert verify --json --purpose any --anchor root.pem --time {TIME} signer.pem"
        ))
        .output()
        .unwrap();
    let of_cert: Value = serde_json::from_slice(&of_cert.stdout).unwrap();
    assert_eq!(value["certificate"], of_cert);
}

#[test]
fn an_error_is_2_with_one_line_and_no_status() {
    let folder = Folder::new();
    folder.order("order.xml");
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let weak = folder.read("order.xml").replace("http://www.w3.org/2001/04/xmlenc#sha256", sha1);
    folder.write("broken.xml", "<order>\n  <item></order>");
    folder.write("weak.xml", weak);
    folder.write("unsigned.xml", "<order/>");
    folder.write("dtd.xml", format!("<!DOCTYPE order>{}", folder.read("order.xml")));
    folder.write("empty.xml", "");
    folder.write("secret.xml", enveloped(|references| by_secret(b"secret", references)));
    for (words, kind, line) in [
        ("broken.xml", "malformed", "broken.xml:2:9: </order> closes <item>"),
        ("weak.xml", "policy", "(--allow legacy-sha1)"),
        ("dtd.xml", "policy", "(--allow internal-dtd)"),
        ("unsigned.xml", "malformed", "unsigned.xml:1:9: there is no Signature in the document"),
        ("--signature x order.xml", "malformed", "there is no Signature with the Id `x`"),
        (
            "--profile air order.xml",
            "unsupported",
            "ECDSA with SHA-256 is not part of profile `air`",
        ),
        ("empty.xml", "malformed", "empty.xml:1:1: "),
        ("secret.xml", "unsupported", "(--added or --key with its file; "),
    ] {
        let (code, out, err) = told(&folder, words);
        assert_eq!((code, out.as_str()), (2, ""), "{words}");
        assert!(err.matches('\n').count() == 1 && err.contains(line), "{words}: {err}");
        let (code, value) = answer(&folder, words);
        let error = &value["error"];
        assert_eq!((code, &error["kind"]), (2, &json!(kind)), "{words}");
        assert!(error["line"].is_u64() && error["column"].is_u64(), "{words}: {value}");
        for key in ["validity", "digest", "identity", "references", "signer", "certificate"] {
            assert_eq!(value[key], Value::Null, "{words}");
        }
        assert_eq!(value["referenceResults"], json!([]), "{words}");
    }
}

#[test]
fn inputs_that_cannot_be_read_are_2_and_named() {
    let folder = Folder::new();
    folder.order("order.xml");
    folder.write("junk.pem", "junk");
    for (words, line) in [
        ("nothing.xml", "nothing.xml: cannot be read: "),
        (".", ".: is a folder"),
        ("--trusted nothing.pem order.xml", "nothing.pem: cannot be read: "),
        ("--trusted junk.pem order.xml", "junk.pem: holds no certificate"),
        ("--key junk.pem order.xml", "junk.pem: cannot be used as a key: "),
        ("--hmac-key nothing order.xml", "nothing: cannot be read: "),
        ("", "which document? give DOCUMENT, or --batch FILE"),
        ("--key a --embedded-key order.xml", "cannot be used with"),
        ("--batch lines order.xml", "cannot be used with"),
        ("--references always order.xml", "there is no `always`"),
        ("--allow xslt order.xml", "`xslt` cannot be allowed: a stylesheet is a program"),
        ("--allow x order.xml", "there is nothing called `x` to allow"),
        ("--detached a.txt order.xml", "--detached: `a.txt` names no file"),
        ("--id-attribute a:b order.xml", "--id-attribute: `a:b` is no name"),
    ] {
        let (code, out, err) = told(&folder, words);
        assert_eq!((code, out.as_str()), (2, ""), "{words}");
        assert!(err.matches('\n').count() == 1 && err.contains(line), "{words}: {err}");
    }
}

#[test]
fn a_document_may_come_through_a_pipe() {
    let folder = Folder::new();
    let order = enveloped(|references| folder.signature("signer.pem", references));
    folder.write("order.xml", &order);
    let file = std::fs::File::open(folder.path("order.xml")).unwrap();
    let mut command = folder.command(&format!("xml verify --trusted root.pem --time {TIME} -"));
    let output = command.stdin(file).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("\nstandard input, signature `s`"));

    let mut command = folder.command(&format!("xml verify --trusted root.pem --time {TIME} -"));
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &order.as_bytes()[..90]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).starts_with("ravelin: standard input:1:"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn manual_pages_and_completions_know_the_options() {
    let folder = Folder::new();
    for (words, known) in [
        ("generate man xml verify", "hmac\\-key"),
        ("generate man xml canonicalize", "inclusive\\-prefixes"),
        ("generate completions bash", "--id-attribute"),
    ] {
        let output = folder.command(words).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}");
        assert!(text(&output.stdout).contains(known), "{words}");
    }
}
