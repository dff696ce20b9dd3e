//! Promises of transparency logs that stand in certificates (RFC 6962, section 3.3).

use super::{Certificate, ExtensionError, Kind};
use crate::der::{DerError, Reader, Value, tag};

/// A log's promise that it will show the certificate to everybody (RFC 6962, section 3.2). Whether it is true, or the log
/// is one to be believed, is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedCertificateTimestamp<'a> {
    /// The version number: 0 stands for version 1.
    pub version: u8,
    /// SHA-256 of the log's key.
    pub log: [u8; 32],
    /// Milliseconds from 1970-01-01T00:00:00Z until the promise.
    pub milliseconds: u64,
    /// For what is to come; empty today.
    pub extensions: &'a [u8],
    /// Hash function and signature algorithm by their numbers (RFC 5246, section 7.4.1.4.1); 4 and 3 are SHA-256 and ECDSA.
    pub algorithm: [u8; 2],
    /// The signature.
    pub signature: &'a [u8],
}

impl Certificate<'_> {
    /// The promises of transparency logs in it, in their order; those of an unknown version are left out, as the standard
    /// demands (RFC 6962, section 3.3). `None` when the certificate does not have the extension.
    ///
    /// ```
    /// # use ravelin_trust::Certificate;
    /// # let key = rcgen::KeyPair::generate()?;
    /// # let der = rcgen::CertificateParams::new(["a.example".to_owned()])?.self_signed(&key)?.der().to_vec();
    /// let certificate = Certificate::parse(&der[..])?;
    /// for one in certificate.signed_certificate_timestamps()?.unwrap_or_default() {
    ///     println!("log {:02x?} promised it {} ms after 1970 began", one.log, one.milliseconds);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the extension cannot be understood.
    pub fn signed_certificate_timestamps(
        &self,
    ) -> Result<Option<Vec<SignedCertificateTimestamp<'_>>>, ExtensionError> {
        let kind = Kind::SignedCertificateTimestamps;
        let Some((reader, _)) = self.extension_value(kind) else { return Ok(None) };
        read(reader).map(Some).map_err(|error| ExtensionError { extension: kind.name(), error })
    }
}

fn read(mut reader: Reader<'_>) -> Result<Vec<SignedCertificateTimestamp<'_>>, DerError> {
    let value = reader.read(tag::OCTET_STRING)?;
    reader.end()?;
    let broken = || Value::fault(&value, "a broken list of timestamps");
    let (list, []) = vector(value.content).ok_or_else(broken)? else { return Err(broken()) };
    let (mut rest, mut all) = (list, Vec::new());
    while !rest.is_empty() {
        let (one, after) = vector(rest).ok_or_else(broken)?;
        rest = after;
        if one.first() == Some(&0) {
            all.push(version_1(one).ok_or_else(broken)?);
        } else if one.is_empty() {
            return Err(broken());
        }
    }
    Ok(all)
}

fn version_1(one: &[u8]) -> Option<SignedCertificateTimestamp<'_>> {
    let (version, rest) = one.split_first()?;
    let (log, rest) = rest.split_first_chunk()?;
    let (time, rest) = rest.split_first_chunk()?;
    let (extensions, rest) = vector(rest)?;
    let (algorithm, rest) = rest.split_first_chunk()?;
    let (signature, rest) = vector(rest)?;
    rest.is_empty().then_some(SignedCertificateTimestamp {
        version: *version,
        log: *log,
        milliseconds: u64::from_be_bytes(*time),
        extensions,
        algorithm: *algorithm,
        signature,
    })
}

/// Bytes behind their length in two bytes, and what follows.
fn vector(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use super::{Reader, read};

    fn value(list: &[u8]) -> Vec<u8> {
        let length = u8::try_from(list.len()).unwrap();
        [&[4, length + 2, 0, length][..], list].concat()
    }

    #[test]
    fn a_list_is_read_to_its_end_or_not_at_all() {
        let mut one = vec![0, 49, 0];
        one.extend([7; 32]);
        one.extend(1_796_342_400_123_u64.to_be_bytes());
        one.extend([0, 0, 4, 3, 0, 2, 0xab, 0xcd]);
        let whole = value(&one);
        let found = read(Reader::new(&whole)).unwrap();
        assert_eq!((found.len(), found[0].version, found[0].log), (1, 0, [7; 32]));
        assert_eq!((found[0].milliseconds, found[0].algorithm), (1_796_342_400_123, [4, 3]));
        assert_eq!((found[0].extensions, found[0].signature), (&[][..], &[0xab, 0xcd][..]));
        for end in 1..one.len() {
            assert!(read(Reader::new(&value(&one[..end]))).is_err(), "cut at {end}");
        }
        assert!(read(Reader::new(&value(&[&one[..], &[0]].concat()))).is_err());
        assert!(read(Reader::new(&value(&[0, 0]))).is_err(), "an empty one");
        assert_eq!(read(Reader::new(&value(&[]))), Ok(Vec::new()));
        // What a later version says is not for us to read.
        let later = value(&[&[0, 3, 1, 2, 3][..], &one].concat());
        assert_eq!(read(Reader::new(&later)).unwrap().len(), 1);
    }
}
