//! Reading certificates, keys, requests, CRLs and OCSP responses: PEM or DER, detected.

use super::{
    passphrase::Passphrase,
    pem::{self, Block},
};
use crate::exit::Failure;
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    pkcs5::{
        EncryptionScheme,
        pbes2::{Kdf, Pbkdf2Params},
    },
};
use std::{
    fmt::{self, Display},
    fs::File,
    io::{self, Read},
    path::Path,
};
use x509_parser::{asn1_rs::FromDer as _, certificate::X509Certificate, error::X509Error, nom};
use zeroize::Zeroizing;

/// A file larger than this is refused unread.
pub const MAX_FILE: u64 = 16 << 20;

/// Most rounds of PBKDF2 that are done for an encrypted key: some ten seconds of work.
const MAX_ROUNDS: u32 = 10_000_000;

/// Most memory that scrypt gets for an encrypted key, in bytes.
const MAX_SCRYPT: u64 = 1 << 30;

/// A file that cannot be used, and why: `FILE:LINE: FAULT`.
#[derive(Debug, PartialEq, Eq)]
pub struct InputError {
    file: String,
    line: Option<usize>,
    fault: String,
}

impl InputError {
    /// A fault of a whole file.
    pub fn new(file: &Path, fault: impl Display) -> InputError {
        InputError { file: shown(file), line: None, fault: fault.to_string() }
    }

    fn at(file: &Path, line: usize, fault: impl Display) -> InputError {
        InputError { line: Some(line), ..InputError::new(file, fault) }
    }
}

impl Display for InputError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(out, "{}:{line}: {}", self.file, self.fault),
            None => write!(out, "{}: {}", self.file, self.fault),
        }
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Failure {
        Failure::input(error)
    }
}

/// How a file is called in messages; `-` is standard input.
pub fn shown(file: &Path) -> String {
    if is_standard_input(file) { "standard input".into() } else { file.display().to_string() }
}

/// The bytes of a file, or of standard input if it is called `-`.
///
/// # Errors
/// When it cannot be read, is empty or larger than [`MAX_FILE`].
pub fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let failed = |error: io::Error| InputError::new(file, format!("cannot be read: {error}"));
    let bytes = if is_standard_input(file) {
        bounded(io::stdin().lock())
    } else {
        let open = File::open(file).map_err(failed)?;
        if open.metadata().map_err(failed)?.len() > MAX_FILE { Ok(None) } else { bounded(open) }
    };
    match bytes.map_err(failed)? {
        None => Err(InputError::new(file, "is larger than 16 MiB")),
        Some(bytes) if bytes.is_empty() => Err(InputError::new(file, "is empty")),
        Some(bytes) => Ok(bytes),
    }
}

/// All certificates of a file, as DER, in its order; at least one.
///
/// # Errors
/// When there is none, or the file cannot be read.
pub fn read_certificates(file: &Path) -> Result<Vec<Vec<u8>>, InputError> {
    certificates_in(&read(file)?, file)
}

/// All certificates in the bytes of a file, or in those of text that is called `file` in messages.
///
/// # Errors
/// As [`read_certificates()`].
pub fn certificates_in(bytes: &[u8], file: &Path) -> Result<Vec<Vec<u8>>, InputError> {
    let mut certificates = all_in(bytes, file, &CERTIFICATE)?;
    for certificate in &mut certificates {
        // OpenSSL's TRUSTED CERTIFICATE goes on after the certificate with what it is trusted for.
        if let Some(length) = element_length(certificate).filter(|end| *end < certificate.len())
            && certificate.get(length) == Some(&SEQUENCE)
        {
            certificate.truncate(length);
        }
    }
    Ok(certificates)
}

/// A certificate of a file, taken apart.
///
/// # Errors
/// When it is none, or more follows.
pub fn parse_certificate<'a>(
    der: &'a [u8],
    file: &Path,
) -> Result<X509Certificate<'a>, InputError> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok((rest, _)) => {
            Err(InputError::new(file, format!("{} bytes follow the certificate", rest.len())))
        }
        Err(error) => Err(InputError::new(file, format!("is no certificate: {}", asn1(error)))),
    }
}

/// x509-parser's fault without its wrapping.
pub fn asn1(error: nom::Err<X509Error>) -> String {
    match error {
        nom::Err::Incomplete(_) => "it ends too early".into(),
        nom::Err::Error(error) | nom::Err::Failure(error) => error.to_string(),
    }
}

/// All certificate revocation lists in the bytes of a file, as DER, in its order; at least one.
///
/// # Errors
/// As [`read_certificates()`].
pub fn crls_in(bytes: &[u8], file: &Path) -> Result<Vec<Vec<u8>>, InputError> {
    all_in(bytes, file, &CRL)
}

/// The OCSP responses in the bytes of a file, as DER; at least one.
///
/// # Errors
/// As [`read_certificates()`].
pub fn ocsp_in(bytes: &[u8], file: &Path) -> Result<Vec<Vec<u8>>, InputError> {
    all_in(bytes, file, &OCSP)
}

/// The public keys of a PEM file, each as a SubjectPublicKeyInfo; there may be none.
///
/// # Errors
/// When the PEM is broken.
pub fn public_keys_in(bytes: &[u8], file: &Path) -> Result<Vec<Vec<u8>>, InputError> {
    if is_der(bytes) {
        return Ok(Vec::new());
    }
    let blocks = blocks_in(bytes, file)?;
    let keys = blocks.into_iter().filter(|block| PUBLIC_KEY.labels.contains(&&block.label[..]));
    Ok(keys.map(|block| block.der.to_vec()).collect())
}

/// Every block of a PEM file with its label; one without a label if it is DER.
///
/// # Errors
/// When it is neither.
pub fn parts_in(bytes: &[u8], file: &Path) -> Result<Vec<(String, Vec<u8>)>, InputError> {
    if is_der(bytes) {
        check_length(bytes).map_err(|fault| InputError::new(file, fault))?;
        return Ok(vec![(String::new(), bytes.to_vec())]);
    }
    let blocks = blocks_in(bytes, file)?;
    if blocks.is_empty() {
        return Err(InputError::new(file, "is neither PEM nor DER"));
    }
    Ok(blocks.into_iter().map(|block| (block.label, block.der.to_vec())).collect())
}

/// The first certificate request (PKCS#10) of a file, as DER.
///
/// # Errors
/// As [`read_certificates()`].
pub fn read_request(file: &Path) -> Result<Vec<u8>, InputError> {
    first(read_all(file, &REQUEST)?, file)
}

/// The first public key of a file, as a SubjectPublicKeyInfo in DER.
///
/// # Errors
/// As [`read_certificates()`].
pub fn read_public_key(file: &Path) -> Result<Vec<u8>, InputError> {
    first(read_all(file, &PUBLIC_KEY)?, file)
}

/// The first private key of a file, as DER: PKCS#8, PKCS#1 or SEC 1. An encrypted one is decrypted.
///
/// # Errors
/// When there is none, the file cannot be read, or an encrypted key cannot be opened.
pub fn read_key(file: &Path, passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let bytes = read(file)?;
    if is_der(&bytes) {
        check_length(&bytes).map_err(|fault| InputError::new(file, fault))?;
        return match EncryptedPrivateKeyInfoRef::try_from(&bytes[..]) {
            Ok(encrypted) => decrypt(&encrypted, file, passphrase),
            Err(_) => Ok(bytes),
        };
    }
    let mut wanted = wanted(&bytes, file, &KEY)?;
    let block = wanted.swap_remove(0);
    if block.is_encrypted {
        return Err(InputError::at(
            file,
            block.line,
            "the key is encrypted in OpenSSL's old way, which cannot be read; `openssl pkey -in OLD -aes256 -out NEW` \
             makes a PKCS#8 file of it",
        ));
    }
    if block.label != "ENCRYPTED PRIVATE KEY" {
        return Ok(block.der);
    }
    let encrypted = EncryptedPrivateKeyInfoRef::try_from(&block.der[..]).map_err(|_| {
        InputError::at(
            file,
            block.line,
            "this is no encrypted key of PKCS#8, or in an encryption of before PBES2",
        )
    })?;
    decrypt(&encrypted, file, passphrase)
}

/// What a caller wants of a file.
struct Kind {
    /// As it is said in messages.
    noun: &'static str,
    /// The labels of PEM blocks that hold one.
    labels: &'static [&'static str],
}

const CERTIFICATE: Kind = Kind {
    noun: "certificate",
    labels: &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"],
};
const CRL: Kind = Kind { noun: "certificate revocation list", labels: &["X509 CRL", "CRL"] };
const OCSP: Kind = Kind { noun: "OCSP response", labels: &["OCSP RESPONSE"] };
const REQUEST: Kind = Kind {
    noun: "certificate request",
    labels: &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"],
};
const PUBLIC_KEY: Kind = Kind { noun: "public key", labels: &["PUBLIC KEY"] };
const KEY: Kind = Kind {
    noun: "private key",
    labels: &["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"],
};

/// The tag every one of these structures begins with.
const SEQUENCE: u8 = 0x30;

fn read_all(file: &Path, kind: &Kind) -> Result<Vec<Vec<u8>>, InputError> {
    all_in(&read(file)?, file, kind)
}

fn all_in(bytes: &[u8], file: &Path, kind: &Kind) -> Result<Vec<Vec<u8>>, InputError> {
    if is_der(bytes) {
        check_length(bytes).map_err(|fault| InputError::new(file, fault))?;
        if is_pkcs12(bytes) {
            return Err(InputError::new(
                file,
                format!("is a PKCS#12 file, no {}; see `ravelin cert pkcs12 --import`", kind.noun),
            ));
        }
        return Ok(vec![bytes.to_vec()]);
    }
    Ok(wanted(bytes, file, kind)?.into_iter().map(|block| block.der.to_vec()).collect())
}

fn blocks_in(bytes: &[u8], file: &Path) -> Result<Vec<Block>, InputError> {
    pem::blocks(bytes).map_err(|fault| InputError::at(file, fault.line, fault.what))
}

/// The blocks of the kind; at least one.
fn wanted(bytes: &[u8], file: &Path, kind: &Kind) -> Result<Vec<Block>, InputError> {
    let blocks = blocks_in(bytes, file)?;
    let (wanted, others): (Vec<_>, Vec<_>) =
        blocks.into_iter().partition(|block| kind.labels.contains(&&block.label[..]));
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    Err(InputError::new(
        file,
        match others.first() {
            Some(other) => format!("holds no {}; its first block is {}", kind.noun, other.label),
            None => format!("holds no {}: it is neither PEM nor DER", kind.noun),
        },
    ))
}

fn first(all: Vec<Vec<u8>>, file: &Path) -> Result<Vec<u8>, InputError> {
    all.into_iter().next().ok_or_else(|| InputError::new(file, "is empty"))
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == "-"
}

/// Everything there is to read, unless it is more than [`MAX_FILE`]: pipes and devices tell no length beforehand.
fn bounded(from: impl Read) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    from.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= MAX_FILE).then_some(bytes))
}

fn is_der(bytes: &[u8]) -> bool {
    bytes.first() == Some(&SEQUENCE)
}

/// A PFX (RFC 7292, section 4) begins with version 3; nothing else that is read here does.
pub fn is_pkcs12(bytes: &[u8]) -> bool {
    content(bytes).is_some_and(|(begin, _)| bytes[begin..].starts_with(&[2, 1, 3]))
}

/// Where the content of the first element begins, and how long it says it is (X.690, section 8.1.3).
fn content(der: &[u8]) -> Option<(usize, usize)> {
    let first = *der.get(1)?;
    if first < 0x80 {
        return Some((2, usize::from(first)));
    }
    let octets = der.get(2..2 + usize::from(first & 0x7f))?;
    if octets.is_empty() || octets.len() > 4 {
        return None;
    }
    let length = octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet));
    Some((2 + octets.len(), length))
}

/// How long the first element is, its header included.
fn element_length(der: &[u8]) -> Option<usize> {
    content(der).map(|(begin, length)| begin + length)
}

/// What follows the first element is left for the reader of the structure to judge.
fn check_length(der: &[u8]) -> Result<(), String> {
    match element_length(der) {
        None => Err("is neither PEM nor DER".into()),
        Some(length) if length > der.len() => Err(format!(
            "is neither PEM nor whole DER: it says it has {length} bytes, and has {}",
            der.len()
        )),
        Some(_) => Ok(()),
    }
}

fn decrypt(
    encrypted: &EncryptedPrivateKeyInfoRef<'_>,
    file: &Path,
    passphrase: &Passphrase,
) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let fault = |fault: &str| InputError::new(file, fault);
    if !is_affordable(&encrypted.encryption_algorithm) {
        return Err(fault(
            "the key's encryption asks for more work than any sane passphrase needs",
        ));
    }
    let passphrase = passphrase
        .ask(&format!("Passphrase of {}", shown(file)))
        .map_err(|error| fault(&error))?
        .ok_or_else(|| {
            fault("the key is encrypted; give --passphrase-file FILE or --passphrase-env NAME")
        })?;
    match encrypted.decrypt(passphrase.as_bytes()) {
        Ok(document) => Ok(Zeroizing::new(document.as_bytes().to_vec())),
        // A wrong passphrase may leave padding that looks right, with nonsense before it.
        Err(
            pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed)
            | pkcs8::Error::Asn1(_),
        ) => Err(fault("the key cannot be decrypted: is the passphrase right?")),
        Err(error) => Err(fault(&format!("the key cannot be decrypted: {error}"))),
    }
}

/// Whoever made the file chose how much work opening it is.
fn is_affordable(scheme: &EncryptionScheme) -> bool {
    match scheme.pbes2().map(|parameters| &parameters.kdf) {
        Some(Kdf::Pbkdf2(Pbkdf2Params { iteration_count, .. })) => *iteration_count <= MAX_ROUNDS,
        Some(Kdf::Scrypt(scrypt)) => {
            u64::from(scrypt.block_size)
                .checked_mul(128)
                .and_then(|block| block.checked_mul(scrypt.cost_parameter))
                .is_some_and(|memory| memory <= MAX_SCRYPT)
                && scrypt.parallelization <= 16
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::PathBuf};

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::tempdir().unwrap())
        }

        fn file(&self, bytes: impl AsRef<[u8]>) -> PathBuf {
            let file = self.0.path().join("f");
            fs::write(&file, bytes).unwrap();
            file
        }

        /// The fault of a file without its name.
        fn fault(&self, bytes: impl AsRef<[u8]>) -> String {
            let error = read_certificates(&self.file(bytes)).unwrap_err().to_string();
            error.strip_prefix(&self.0.path().join("f").display().to_string()).unwrap().to_owned()
        }
    }

    const DER: &[u8] = &[0x30, 3, 2, 1, 5];

    #[test]
    fn der_and_every_pem_block_of_the_kind_are_read() {
        let folder = Folder::new();
        assert_eq!(read_certificates(&folder.file(DER)).unwrap(), [DER]);
        let text = pem::encode("CERTIFICATE", DER).to_string()
            + "comment\n"
            + &pem::encode("PRIVATE KEY", b"key")
            + &pem::encode("TRUSTED CERTIFICATE", &[DER, &[0x30, 0]].concat())
            + &pem::encode("X509 CRL", &[0x30, 0])
            + &pem::encode("OCSP RESPONSE", DER);
        let file = folder.file(text);
        assert_eq!(read_certificates(&file).unwrap(), [DER, DER]);
        let bytes = read(&file).unwrap();
        assert_eq!(crls_in(&bytes, &file).unwrap(), [[0x30, 0]]);
        assert_eq!(ocsp_in(&bytes, &file).unwrap(), [DER]);
        assert_eq!(&read_key(&file, &Passphrase::default()).unwrap()[..], b"key");
        assert!(
            read_request(&file)
                .unwrap_err()
                .to_string()
                .contains("holds no certificate request; its first block is CERTIFICATE")
        );
    }

    #[test]
    fn trailing_data_is_left_to_the_reader_of_the_structure() {
        let folder = Folder::new();
        let bytes = [DER, b"\n"].concat();
        assert_eq!(read_certificates(&folder.file(&bytes)).unwrap(), [bytes]);
    }

    #[test]
    fn what_is_neither_pem_nor_der_is_named() {
        let folder = Folder::new();
        assert_eq!(folder.fault(""), ": is empty");
        assert_eq!(folder.fault("hello"), ": holds no certificate: it is neither PEM nor DER");
        assert_eq!(folder.fault([0xff; 400]), ": holds no certificate: it is neither PEM nor DER");
        assert_eq!(
            folder.fault(&DER[..4]),
            ": is neither PEM nor whole DER: it says it has 5 bytes, and has 4"
        );
        for broken in [&[0x30][..], &[0x30, 0x80], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x30, 0x84, 1]] {
            assert_eq!(folder.fault(broken), ": is neither PEM nor DER", "{broken:?}");
        }
        assert!(folder.fault([0x30, 0x84, 255, 255, 255, 255]).contains("whole DER"));
        assert!(folder.fault([0x30, 3, 2, 1, 3]).starts_with(": is a PKCS#12 file"));
        assert_eq!(folder.fault("\n-----BEGIN CERTIFICATE-----\nMDA?"), ":3: `?` is no base64");
    }

    #[test]
    fn what_is_too_large_is_refused_whatever_its_length_says() {
        let folder = Folder::new();
        let file = folder.file("");
        fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(MAX_FILE + 1).unwrap();
        assert!(read(&file).unwrap_err().to_string().ends_with(": is larger than 16 MiB"));
        let error = read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.to_string(), "/dev/zero: is larger than 16 MiB");
    }

    #[test]
    fn an_encrypted_key_asks_for_its_passphrase() {
        let folder = Folder::new();
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMDA=\n-----END RSA PRIVATE KEY-----\n";
        let error = read_key(&folder.file(old), &Passphrase::default()).unwrap_err().to_string();
        assert!(error.contains("f:1: the key is encrypted in OpenSSL's old way"), "{error}");
    }
}
