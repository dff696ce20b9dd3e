//! Trust anchors as DER: the platform's, Mozilla's, or those in files.
//!
//! Nothing here judges a certificate. What could not be loaded is told beside what could, since one unreadable file in a
//! store of 150 is no reason to trust nobody.

use rustls_pki_types::pem::{self, PemObject as _, SectionKind};
use std::{
    collections::HashSet,
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Files beyond this size, in bytes, are refused unread.
pub const MAX_FILE: usize = 16 << 20;

/// What was loaded, and what was not.
///
/// ```
/// let roots = ravelin_net::roots::bundled();
/// assert!(roots.faults.is_empty());
/// println!("{} anchors", roots.certificates.len());
/// ```
#[derive(Debug, Default)]
pub struct Roots {
    /// Certificates as DER, in the order they were found, each once.
    pub certificates: Vec<Box<[u8]>>,
    /// What could not be loaded.
    pub faults: Vec<RootsError>,
}

/// What could not be loaded, from where.
///
/// ```
/// use std::path::Path;
///
/// let roots = ravelin_net::roots::file(Path::new("no/such/file.pem"));
/// assert!(roots.faults[0].to_string().starts_with("no/such/file.pem: "));
/// assert_eq!(roots.faults[0].path(), Some(Path::new("no/such/file.pem")));
/// ```
#[derive(Debug, thiserror::Error)]
pub struct RootsError {
    path: Option<PathBuf>,
    #[source]
    fault: RootsFault,
}

impl RootsError {
    /// The file at fault; none when it is the platform's store as a whole.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What is wrong with it.
    pub fn fault(&self) -> &RootsFault {
        &self.fault
    }
}

impl fmt::Display for RootsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.path {
            Some(path) => write!(f, "{}: {}", path.display(), self.fault),
            None => write!(f, "platform store: {}", self.fault),
        }
    }
}

/// What is wrong with a file of certificates, or with the platform's store.
///
/// ```
/// use ravelin_net::roots::{RootsFault, file};
///
/// let roots = file("no/such/file.pem".as_ref());
/// assert!(matches!(roots.faults[0].fault(), RootsFault::Unreadable(_)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootsFault {
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// It is larger than [`MAX_FILE`].
    #[error("larger than {} MiB, refused unread", MAX_FILE >> 20)]
    TooLarge,
    /// It is PEM, but one section is not well-formed.
    #[error("PEM section {number}: {detail}")]
    Pem {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// It is PEM without a `CERTIFICATE` section.
    #[error("no certificate in it, only other PEM sections")]
    NoCertificate,
    /// It is neither PEM nor one DER value from the first byte to the last.
    #[error("neither PEM nor DER")]
    UnknownFormat,
    /// The platform's store failed.
    #[error("{0}")]
    Platform(String),
}

/// The anchors that the platform trusts: on Linux and the BSDs the usual folders and bundles, elsewhere the system's
/// store. The variables `SSL_CERT_FILE` and `SSL_CERT_DIR` override them everywhere.
///
/// Reads many files: some milliseconds.
///
/// ```
/// let roots = ravelin_net::roots::platform();
/// for fault in &roots.faults {
///     eprintln!("not loaded: {fault}");
/// }
/// println!("{} anchors", roots.certificates.len());
/// ```
pub fn platform() -> Roots {
    let loaded = rustls_native_certs::load_native_certs();
    let mut roots = Roots::default();
    roots.certificates.extend(loaded.certs.iter().map(|certificate| Box::from(&**certificate)));
    roots.faults.extend(loaded.errors.into_iter().map(|error| match error.kind {
        rustls_native_certs::ErrorKind::Io { inner, path } => {
            RootsError { path: Some(path), fault: RootsFault::Unreadable(inner) }
        }
        kind => {
            let detail = match kind {
                rustls_native_certs::ErrorKind::Os(error) => error.to_string(),
                rustls_native_certs::ErrorKind::Pem(error) => describe(&error),
                other => format!("{other:?}"),
            };
            let fault = RootsFault::Platform(format!("{}: {detail}", error.context));
            RootsError { path: None, fault }
        }
    }));
    roots.deduplicate();
    roots
}

/// The certificates in Mozilla's list that are trusted for TLS servers, as of the time this crate's dependency
/// `webpki-root-certs` was published.
///
/// ```
/// assert!(ravelin_net::roots::bundled().certificates.len() > 50);
/// ```
pub fn bundled() -> Roots {
    let list = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    Roots {
        certificates: list.iter().map(|certificate| Box::from(&**certificate)).collect(),
        faults: Vec::new(),
    }
}

/// Every certificate in a file, which is PEM with any number of them, or one as DER; detected.
///
/// A PEM file may hold text and other sections, which are skipped. A section that is not well-formed is a fault; those
/// around it are read all the same.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("anchor.der");
/// std::fs::write(&path, ravelin_net::roots::bundled().certificates[0].as_ref())?;
/// let roots = ravelin_net::roots::file(&path);
/// assert_eq!((roots.certificates.len(), roots.faults.len()), (1, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn file(path: &Path) -> Roots {
    let mut roots = Roots::default();
    let mut faults = Vec::new();
    match read(path) {
        Ok(bytes) => parse(&bytes, &mut roots.certificates, &mut faults),
        Err(fault) => faults.push(fault),
    }
    let named = |fault| RootsError { path: Some(path.into()), fault };
    roots.faults.extend(faults.into_iter().map(named));
    roots.deduplicate();
    roots
}

/// Every certificate in these files, each as [`file()`] reads it.
///
/// ```
/// let roots = ravelin_net::roots::files(["one.pem", "two.der"]);
/// assert_eq!(roots.faults.len(), 2, "neither is there");
/// ```
pub fn files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Roots {
    let mut all = Roots::default();
    for path in paths {
        let one = file(path.as_ref());
        all.certificates.extend(one.certificates);
        all.faults.extend(one.faults);
    }
    all.deduplicate();
    all
}

/// Where authorities come from, each switched by itself. The platform's alone by default; nothing is added silently.
///
/// ```
/// use ravelin_net::roots::RootSources;
/// use ravelin_tls::Trust;
///
/// let sources = RootSources { platform: false, bundled: true, files: Vec::new() };
/// let roots = sources.load();
/// for fault in &roots.faults {
///     eprintln!("not loaded: {fault}");
/// }
/// let trust = Trust::of_certificates(roots.certificates)?;
/// # Ok::<(), ravelin_tls::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootSources {
    /// The [platform's](platform) store.
    pub platform: bool,
    /// [Mozilla's list](bundled), as this build has it.
    pub bundled: bool,
    /// Extra ones, in [files](file()).
    pub files: Vec<PathBuf>,
}

impl Default for RootSources {
    fn default() -> RootSources {
        RootSources { platform: true, bundled: false, files: Vec::new() }
    }
}

impl RootSources {
    /// All that is switched on, in the order of the fields, each certificate once.
    pub fn load(&self) -> Roots {
        let mut all = Roots::default();
        let platform = self.platform.then(platform);
        let bundled = self.bundled.then(bundled);
        for one in platform.into_iter().chain(bundled).chain([files(&self.files)]) {
            all.certificates.extend(one.certificates);
            all.faults.extend(one.faults);
        }
        all.deduplicate();
        all
    }
}

impl Roots {
    fn deduplicate(&mut self) {
        let mut seen = HashSet::new();
        self.certificates.retain(|certificate| seen.insert(certificate.clone()));
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RootsFault> {
    let file = File::open(path).map_err(RootsFault::Unreadable)?;
    let length = file.metadata().map_err(RootsFault::Unreadable)?.len();
    if length > MAX_FILE as u64 {
        return Err(RootsFault::TooLarge);
    }
    let mut bytes = Vec::new();
    // A pipe or a device has no length beforehand, and a file may grow.
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes).map_err(RootsFault::Unreadable)?;
    if bytes.len() > MAX_FILE { Err(RootsFault::TooLarge) } else { Ok(bytes) }
}

fn parse(bytes: &[u8], certificates: &mut Vec<Box<[u8]>>, faults: &mut Vec<RootsFault>) {
    if is_one_der_value(bytes) {
        certificates.push(bytes.into());
        return;
    }
    let (before, faults_before) = (certificates.len(), faults.len());
    let mut sections = 0;
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        sections += 1;
        let pem = |detail| RootsFault::Pem { number: sections, detail };
        match section {
            Ok((SectionKind::Certificate, der)) if is_one_der_value(&der) => {
                certificates.push(der.into());
            }
            Ok((SectionKind::Certificate, _)) => faults.push(pem("its content is no DER".into())),
            Ok(_) => {}
            Err(error) => faults.push(pem(describe(&error))),
        }
    }
    if certificates.len() == before && faults.len() == faults_before {
        faults.push(match sections {
            0 => RootsFault::UnknownFormat,
            _ => RootsFault::NoCertificate,
        });
    }
}

/// Whether the bytes are one SEQUENCE with a definite length, and nothing behind it (X.690, section 8.1).
fn is_one_der_value(bytes: &[u8]) -> bool {
    let [0x30, first, rest @ ..] = bytes else { return false };
    if first & 0x80 == 0 {
        return rest.len() == usize::from(*first);
    }
    let count = usize::from(first & 0x7f);
    if !(1..=4).contains(&count) || rest.len() < count {
        return false;
    }
    let (length, content) = rest.split_at(count);
    let length = length.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    content.len() as u64 == length
}

/// The library's words print bytes as numbers.
fn describe(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { end_marker } => {
            format!("the line `END {}` is missing", end_marker.escape_ascii())
        }
        pem::Error::IllegalSectionStart { line } => {
            let shown = &line[..line.len().min(80)];
            format!("`{}` begins no section", shown.escape_ascii())
        }
        pem::Error::Base64Decode(_) => "its content is no Base64".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_FILE, Roots, RootsFault, bundled, file, files, platform};
    use ravelin_test::Authority;
    use std::{fs, path::PathBuf};
    use tempfile::TempDir;

    fn written(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn only_fault(roots: &Roots) -> &RootsFault {
        assert_eq!(roots.faults.len(), 1, "{:?}", roots.faults);
        roots.faults[0].fault()
    }

    #[test]
    fn pem_and_der_are_told_apart_and_give_the_same() {
        let folder = TempDir::new().unwrap();
        let root = Authority::root("One");
        let der = file(&written(&folder, "a", root.certificate_der()));
        let pem = file(&written(&folder, "b", root.certificate_pem()));
        assert_eq!(der.certificates, [Box::from(root.certificate_der())]);
        assert_eq!(pem.certificates, der.certificates);
        assert!(der.faults.is_empty() && pem.faults.is_empty());
    }

    #[test]
    fn a_pem_file_gives_all_its_certificates_once_and_in_order() {
        let folder = TempDir::new().unwrap();
        let (one, two) = (Authority::root("One"), Authority::root("Two"));
        let text = format!(
            "# Our anchors\r\n{}-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n{}{}",
            two.certificate_pem().replace('\n', "\r\n"),
            one.certificate_pem(),
            two.certificate_pem(),
        );
        let roots = file(&written(&folder, "anchors.pem", text));
        assert_eq!(
            roots.certificates,
            [Box::from(two.certificate_der()), Box::from(one.certificate_der())]
        );
        assert!(roots.faults.is_empty());
    }

    #[test]
    fn a_bad_section_is_named_and_its_neighbours_are_read() {
        let folder = TempDir::new().unwrap();
        let (one, two) = (Authority::root("One"), Authority::root("Two"));
        let bad = "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        let text = [one.certificate_pem(), bad, two.certificate_pem()].concat();
        let path = written(&folder, "anchors.pem", text);
        let roots = file(&path);
        assert_eq!(roots.certificates.len(), 2);
        assert_eq!(
            roots.faults[0].to_string(),
            format!("{}: PEM section 2: its content is no Base64", path.display())
        );

        let cut = one.certificate_pem().replace("-----END CERTIFICATE-----", "");
        let roots = file(&written(&folder, "cut.pem", cut));
        assert!(matches!(only_fault(&roots), RootsFault::Pem { number: 1, .. }));
        assert!(roots.faults[0].to_string().ends_with("the line `END CERTIFICATE` is missing"));

        let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let roots = file(&written(&folder, "empty.pem", empty));
        assert!(matches!(only_fault(&roots), RootsFault::Pem { number: 1, .. }));
        assert!(roots.certificates.is_empty());
    }

    #[test]
    fn what_holds_no_certificate_is_a_fault() {
        let folder = TempDir::new().unwrap();
        let key = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
        let roots = file(&written(&folder, "crl.pem", key));
        assert!(matches!(only_fault(&roots), RootsFault::NoCertificate));

        let root = Authority::root("One");
        let trailing = [root.certificate_der(), b"\0"].concat();
        let cut = &root.certificate_der()[..100];
        for (name, content) in [("empty", &b""[..]), ("trailing", &trailing), ("cut", cut)] {
            let roots = file(&written(&folder, name, content));
            assert!(matches!(only_fault(&roots), RootsFault::UnknownFormat), "{name}");
            assert!(roots.certificates.is_empty(), "{name}");
        }
        assert!(matches!(only_fault(&file(folder.path())), RootsFault::Unreadable(_)));
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_unread() {
        let folder = TempDir::new().unwrap();
        let root = Authority::root("One");
        let path = written(&folder, "large.pem", root.certificate_pem());
        fs::File::options().append(true).open(&path).unwrap().set_len(MAX_FILE as u64 + 1).unwrap();
        assert!(matches!(only_fault(&file(&path)), RootsFault::TooLarge));
        #[cfg(target_os = "linux")]
        assert!(matches!(only_fault(&file("/dev/zero".as_ref())), RootsFault::TooLarge));
    }

    #[test]
    fn several_files_are_one_list_with_every_fault() {
        let folder = TempDir::new().unwrap();
        let (one, two) = (Authority::root("One"), Authority::root("Two"));
        let paths = [
            written(&folder, "one", one.certificate_der()),
            folder.path().join("missing"),
            written(&folder, "both", [one.certificate_pem(), two.certificate_pem()].concat()),
        ];
        let roots = files(&paths);
        assert_eq!(roots.certificates.len(), 2);
        assert_eq!(roots.faults.len(), 1);
        assert_eq!(roots.faults[0].path(), Some(&*paths[1]));
    }

    #[test]
    fn the_bundled_list_and_the_platform_give_whole_certificates() {
        let bundled = bundled();
        assert!(bundled.certificates.len() > 50);
        for der in bundled.certificates.iter().chain(&platform().certificates) {
            assert!(super::is_one_der_value(der));
        }
    }
}
