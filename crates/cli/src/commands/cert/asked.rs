//! What a request (PKCS#10, RFC 2986) asks for, and what of it is granted.

use super::{
    dn::DistinguishedName,
    input::{self, InputError},
    key,
    name::{Name, general},
    purpose::Purpose,
};
use std::path::Path;
use x509_parser::{
    asn1_rs::FromDer as _,
    certification_request::X509CertificationRequest,
    cri_attributes::ParsedCriAttribute,
    error::X509Error,
    extensions::{ParsedExtension, X509Extension},
};

/// Most names that are taken from one request.
const MAX_NAMES: usize = 1000;

/// What a request asks for.
#[derive(Debug)]
pub struct Asked {
    /// The key, whose private half signed the request.
    pub key: rcgen::SubjectPublicKeyInfo,
    /// The subject.
    pub subject: DistinguishedName,
    /// The names that are fit to be issued.
    pub names: Vec<Name>,
    /// Those that are not, and why.
    pub unfit: Vec<String>,
    /// The purposes.
    purposes: Vec<Purpose>,
    /// Whether it wants to be an authority.
    wants_authority: bool,
    /// All else.
    other: Vec<String>,
}

impl Asked {
    /// Reads a request, and checks that it was signed by its own key.
    ///
    /// # Errors
    /// When it is none, or not signed so.
    pub fn read(file: &Path) -> Result<Asked, InputError> {
        let fault = |fault: String| InputError::new(file, fault);
        let der = input::read_request(file)?;
        let request = match X509CertificationRequest::from_der(&der) {
            Ok(([], request)) => request,
            Ok((rest, _)) => return Err(fault(format!("{} bytes follow the request", rest.len()))),
            Err(error) => {
                return Err(fault(format!("is no certificate request: {}", input::asn1(error))));
            }
        };
        let info = &request.certification_request_info;
        let key = key::public(info.subject_pki.raw).map_err(fault)?;
        request.verify_signature().map_err(|error| {
            fault(match error {
                X509Error::SignatureUnsupportedAlgorithm => {
                    format!(
                        "the request is signed in a way that cannot be checked ({})",
                        request.signature_algorithm.algorithm
                    )
                }
                _ => "the request was not signed by the key it is for".into(),
            })
        })?;
        let mut asked = Asked {
            key,
            subject: DistinguishedName::from_parsed(&info.subject),
            names: Vec::new(),
            unfit: Vec::new(),
            purposes: Vec::new(),
            wants_authority: false,
            other: Vec::new(),
        };
        for attribute in info.iter_attributes() {
            match attribute.parsed_attribute() {
                ParsedCriAttribute::ExtensionRequest(request) => {
                    request.extensions.iter().for_each(|extension| asked.look_at(extension));
                }
                ParsedCriAttribute::ChallengePassword(_) => {
                    asked.other.push("a challenge password".into());
                }
                ParsedCriAttribute::UnsupportedAttribute => {
                    asked.other.push(format!("the attribute {}", attribute.oid));
                }
            }
        }
        if asked.names.len() + asked.unfit.len() > MAX_NAMES {
            return Err(fault(format!("asks for more than {MAX_NAMES} names")));
        }
        Ok(asked)
    }

    /// What is not granted, beside names, to a certificate for these purposes.
    pub fn refused(&self, purposes: &[Purpose], is_authority: bool) -> Vec<String> {
        let mut refused = Vec::new();
        if self.wants_authority && !is_authority {
            refused.push("to be an authority (--is-ca grants it)".into());
        }
        let not_granted = self.purposes.iter().filter(|purpose| !purposes.contains(purpose));
        refused.extend(
            not_granted.map(|purpose| format!("purpose {purpose} (--purpose {purpose} grants it)")),
        );
        refused.extend(self.other.iter().cloned());
        refused
    }

    fn look_at(&mut self, extension: &X509Extension<'_>) {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match Name::from_general(name) {
                        Ok(name) if self.names.contains(&name) => {}
                        // One more than there may be is enough to know that there are too many.
                        _ if self.names.len() + self.unfit.len() > MAX_NAMES => return,
                        Ok(name) => self.names.push(name),
                        Err(fault) => self.unfit.push(fault),
                    }
                }
            }
            ParsedExtension::BasicConstraints(constraints) => {
                self.wants_authority |= constraints.ca;
            }
            ParsedExtension::ExtendedKeyUsage(usage) => self.purposes.extend(Purpose::of(usage)),
            // Both follow from what is granted.
            ParsedExtension::KeyUsage(_) | ParsedExtension::SubjectKeyIdentifier(_) => {}
            ParsedExtension::ParseError { .. } => {
                self.other.push(format!("the broken extension {}", extension.oid));
            }
            ParsedExtension::IssuerAlternativeName(names) => {
                self.other.extend(
                    names.general_names.iter().map(|name| format!("issuer name {}", general(name))),
                );
            }
            _ => self.other.push(format!("the extension {}", extension.oid)),
        }
    }
}
