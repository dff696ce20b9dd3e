//! An authority that signs: its certificate and its key, checked before they are used.

use super::{
    certificate::Signer,
    dn::DistinguishedName,
    input::{self, InputError, shown},
    key,
    passphrase::Passphrase,
    usage::Validity,
};
use crate::exit::Failure;
use jiff::Timestamp;
use rcgen::KeyPair;
use std::path::Path;
use x509_parser::extensions::ParsedExtension;

/// An authority.
#[derive(Debug)]
pub struct Authority {
    /// Its certificate, and those that stand after it in its file.
    pub certificates: Vec<Vec<u8>>,
    /// Its subject.
    name: DistinguishedName,
    key: KeyPair,
    key_identifier: Option<Vec<u8>>,
    /// How many authorities may follow below it.
    path_length: Option<u32>,
    not_before: Timestamp,
    /// The last moment it is good.
    pub not_after: Timestamp,
}

impl Authority {
    /// Reads an authority.
    ///
    /// # Errors
    /// When a file cannot be read, the certificate is no authority's, or the key is not the certificate's.
    pub fn read(
        certificate: &Path,
        key_file: &Path,
        passphrase: &Passphrase,
    ) -> Result<Authority, Failure> {
        let fault = |fault: &str| Err(Failure::from(InputError::new(certificate, fault)));
        let certificates = input::read_certificates(certificate)?;
        let parsed = input::parse_certificate(&certificates[0], certificate)?;
        let (mut is_authority, mut may_sign) = (false, true);
        let (mut path_length, mut key_identifier) = (None, None);
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::BasicConstraints(constraints) => {
                    is_authority = constraints.ca;
                    path_length = constraints.path_len_constraint;
                }
                ParsedExtension::KeyUsage(usage) => may_sign = usage.key_cert_sign(),
                ParsedExtension::SubjectKeyIdentifier(identifier) => {
                    key_identifier = Some(identifier.0.to_vec());
                }
                ParsedExtension::ParseError { .. } => {
                    return fault(&format!("has a broken extension {}", extension.oid));
                }
                _ => {}
            }
        }
        if !is_authority {
            return fault(
                "is no authority's certificate (no basic constraint says CA); `ravelin cert self-sign --ca` makes one",
            );
        }
        if !may_sign {
            return fault(
                "is an authority that may not sign certificates (its key usage lacks keyCertSign)",
            );
        }
        let name = DistinguishedName::from_parsed(parsed.subject());
        if name.is_empty() {
            return fault("is an authority without a name, which no certificate can refer to");
        }
        let moment = |second| Timestamp::from_second(second).map_err(Failure::input);
        let key = key::read(key_file, passphrase)?;
        if !key::fits(&key, parsed.public_key()) {
            return Err(InputError::new(
                key_file,
                format!("is not the key of the certificate {}", shown(certificate)),
            )
            .into());
        }
        Ok(Authority {
            name,
            key,
            key_identifier,
            path_length,
            not_before: moment(parsed.validity().not_before.timestamp())?,
            not_after: moment(parsed.validity().not_after.timestamp())?,
            certificates,
        })
    }

    /// Who signs.
    pub fn signer(&self) -> Signer<'_> {
        Signer {
            name: self.name.der(),
            key_identifier: self.key_identifier.clone(),
            key: &self.key,
        }
    }

    /// The path length of an authority below this one.
    ///
    /// # Errors
    /// When this one allows none, or not so long a path.
    pub fn path_length_below(&self, asked: Option<u8>) -> Result<Option<u8>, Failure> {
        let Some(own) = self.path_length else { return Ok(asked) };
        let Some(most) = own.checked_sub(1) else {
            return Err(Failure::input(
                "the authority's path length is 0: it may sign no other authority",
            ));
        };
        match asked {
            Some(asked) if u32::from(asked) > most => Err(Failure::input(format!(
                "--path-length {asked}: the authority's own is {own}, which leaves {most} at most"
            ))),
            Some(asked) => Ok(Some(asked)),
            None => Ok(Some(u8::try_from(most).unwrap_or(u8::MAX))),
        }
    }

    /// What is odd about signing a certificate of this validity now.
    pub fn warnings(&self, validity: &Validity, now: Timestamp) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.not_after < now {
            warnings.push(format!("the authority itself ended at {}", self.not_after));
        } else if validity.not_after > self.not_after {
            warnings.push(format!(
                "good until {}, but nobody believes it after the authority's own end at {}",
                validity.not_after, self.not_after
            ));
        }
        if validity.not_before < self.not_before {
            warnings.push(format!(
                "good from {} on, but nobody believes it before the authority's own begin at {}",
                validity.not_before, self.not_before
            ));
        }
        warnings
    }
}
