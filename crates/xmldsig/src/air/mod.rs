//! AIR's `XMLSignatureValidator`: the same settings, statuses, errors and order of things.
//!
//! [`XmlSignatureValidator`] does no I/O and reads no clock. Whoever has no AIR habits to keep is better off with
//! [`verify`](crate::verify); on tokio, `ravelin_net::xml` drives either and fetches what is wanted about the signer.
//!
//! | AIR | here |
//! |---|---|
//! | `XMLSignatureValidator.isSupported` | [`XmlSignatureValidator::is_supported`] |
//! | `uriDereferencer`, `IURIDereferencer` | [`set_uri_dereferencer`](XmlSignatureValidator::set_uri_dereferencer), [`Dereference`](crate::verify::Dereference) |
//! | `addCertificate(der, trusted)` | [`add_certificate`](XmlSignatureValidator::add_certificate) |
//! | `useSystemTrustStore` | [`set_use_system_trust_store`](XmlSignatureValidator::set_use_system_trust_store); the store comes from [`set_system_trust_store`](XmlSignatureValidator::set_system_trust_store) |
//! | `referencesValidationSetting` | [`set_references_validation_setting`](XmlSignatureValidator::set_references_validation_setting), [`ReferencesValidation`](crate::verify::ReferencesValidation) |
//! | `revocationCheckSetting` | [`set_revocation_check_setting`](XmlSignatureValidator::set_revocation_check_setting), [`RevocationCheck`] |
//! | `verify(xml)` | [`verify`](XmlSignatureValidator::verify), then [`step`](XmlSignatureValidator::step) until there is an [`Event`] |
//! | `complete`, `error` | [`Event::Complete`], [`Event::Error`] |
//! | `digestStatus`, `identityStatus`, `referencesStatus`, `validityStatus` | the same in `snake_case`, [`SignatureStatus`](crate::verify::SignatureStatus) |
//! | `signerCN`, `signerDN`, `signerExtendedKeyUsages`, `signerTrustSettings` | the same in `snake_case`, [`TrustSetting`](crate::verify::TrustSetting) |
//! | `Error`, `ArgumentError`, `IllegalOperationError` | [`ValidatorError`], whose [`class`](ValidatorError::class) is AIR's |
//!
//! # Which setting for references
//! - `validIdentity`, the default: for certificates of commercial authorities (with the system's trust store), or of an
//!   anchor of one's own. Whoever is not trusted gets no file opened.
//! - `validOrUnknownIdentity`: for self-signed certificates that nobody knows. References that are valid show that the data
//!   is unchanged since it was signed, and nothing about who signed it: validity is `unknown` at best.
//! - `never`: where only the signer matters, and nobody looks at the data. Validity is `unknown` at best.
//!
//! `complete` says that the verification came to an end, not that the signature is good: look at
//! [`validity_status`](XmlSignatureValidator::validity_status).

mod error;
mod found;
mod settings;
mod validator;
mod words;
mod work;

pub use error::ValidatorError;
pub use validator::{Event, Step, XmlSignatureValidator};
pub use words::{RevocationCheck, UnknownSetting};
pub use work::{Ended, Opened, Opening, Progress, Work};
