//! AIR's `XMLSignatureValidator`, as in an application: an order that was signed is verified, once by somebody who trusts
//! the signer's authority, once by somebody who does not, and once after it was changed. It needs no network; each thing it
//! shows is asserted.
//!
//! ```sh
//! cargo run -p ravelin-net --features xml --example xml_validator
//! ```

use ravelin_net::xml::{Event, XmlSignatureValidator};
use ravelin_test::{Authority, Key, Request};
use ravelin_xmldsig::{
    algorithm::SigningKey,
    sign::{Reference, Signing},
    verify::{SameDocument, SignatureStatus, TrustSetting},
};
use std::{error::Error, io::Cursor};

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    assert!(XmlSignatureValidator::new().signer_cn().is_none());
    let authority = Authority::root("Example authority");
    let order = signed(&authority)?;

    // The dereferencer says what URIs stand for: here only the document itself and its parts.
    let mut validator = XmlSignatureValidator::new();
    validator.set_uri_dereferencer(SameDocument)?;
    validator.add_certificate(authority.certificate_der(), true)?;
    validator.set_revocation_check_setting("bestEffort")?;
    validator.verify(Cursor::new(order.clone())).await?;
    // `complete` only says that it came to an end.
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(validator.validity_status()?, SignatureStatus::Valid);
    assert_eq!(validator.signer_cn().as_deref(), Some("orders.example"));
    assert_eq!(validator.signer_trust_settings()?, [TrustSetting::Signing]);
    println!("valid, signed by {}", validator.signer_dn().unwrap_or_default());

    // The same object again, for a document that somebody changed.
    validator.verify(Cursor::new(order.replace("amount=\"1\"", "amount=\"1000\""))).await?;
    assert_eq!(validator.next_event().await, Some(Event::Complete));
    assert_eq!(validator.digest_status()?, SignatureStatus::Valid);
    assert_eq!(validator.references_status()?, SignatureStatus::Invalid);
    println!("changed: {}", validator.validity_status()?);

    // Who does not know the authority learns at most that nothing was changed.
    let mut stranger = XmlSignatureValidator::new();
    stranger.set_uri_dereferencer(SameDocument)?;
    stranger.set_references_validation_setting("validOrUnknownIdentity")?;
    stranger.verify(Cursor::new(order)).await?;
    assert_eq!(stranger.next_event().await, Some(Event::Complete));
    assert_eq!(stranger.references_status()?, SignatureStatus::Valid);
    assert_eq!(stranger.validity_status()?, SignatureStatus::Unknown);
    println!("to a stranger: {}", stranger.signer_certificate_status()?);

    // What cannot be verified at all is said at once.
    let error = stranger.verify(Cursor::new("<order/>")).await.unwrap_err();
    assert_eq!(error.class(), "Error");
    println!("unsigned: {error}");
    Ok(())
}

/// An order with a signature in it.
fn signed(authority: &Authority) -> Result<String, Box<dyn Error>> {
    let signer =
        authority.issue(&Request { key: Key::Rsa2048, ..Request::new(["orders.example"]) });
    let mut signed = Vec::new();
    Signing::new(SigningKey::from_der(signer.key_der())?)
        .certificates(signer.chain_der())
        .reference(Reference::document().enveloped())
        .sign_enveloped(Cursor::new("<order><item amount=\"1\"/></order>"), &mut signed)?;
    Ok(String::from_utf8(signed)?)
}
