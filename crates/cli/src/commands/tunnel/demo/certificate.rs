//! The demo's certificate: made once, kept in the state folder, made anew before it ends.

use ravelin_tls::Identity;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::{
    ffi::OsString,
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const DAY: u64 = 24 * 60 * 60;

/// How long a certificate is good for.
const LIFETIME: Duration = Duration::from_secs(90 * DAY);

/// A certificate that ends sooner is made anew.
const RENEW: Duration = Duration::from_secs(7 * DAY);

/// How far clocks may be off.
const SKEW: Duration = Duration::from_secs(60 * 60);

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a demo is served with.
#[derive(Debug)]
pub struct Files {
    /// The authority's certificate, for clients to trust.
    pub authority: PathBuf,
    /// The server's certificate, followed by the authority's.
    pub chain: PathBuf,
    /// The server's key.
    pub key: PathBuf,
    /// The authority's certificate as DER.
    pub anchor: Box<[u8]>,
}

/// Where Ravelin keeps its state: `RAVELIN_STATE_DIR`, or `ravelin` in the XDG state folder.
pub fn state_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("RAVELIN_STATE_DIR")
        // The XDG base directory specification has relative paths ignored.
        .or_else(|| {
            set("XDG_STATE_HOME").filter(|path| path.is_absolute()).map(|path| path.join("ravelin"))
        })
        .or_else(|| set("HOME").map(|home| home.join(".local/state/ravelin")))
}

/// The certificate in `folder`, made if there is none that is still good for a week.
///
/// # Errors
/// When it cannot be made or written; the message names the file.
pub fn prepare(folder: &Path, now: SystemTime) -> Result<Files, String> {
    if let Some(files) = load(folder, now) {
        return Ok(files);
    }
    let named = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| named(folder, error))?;
    let made = issue(now).map_err(|error| format!("no certificate could be made: {error}"))?;
    for (name, text, mode) in [
        ("key.pem", &made.key, 0o600),
        ("chain.pem", &made.chain, 0o644),
        ("ca.pem", &made.authority, 0o644),
    ] {
        let path = folder.join(name);
        write(&path, text.as_bytes(), mode).map_err(|error| named(&path, error))?;
    }
    load(folder, now).ok_or_else(|| {
        format!(
            "{}: the certificate just written cannot be used; another demo may be starting",
            folder.display()
        )
    })
}

/// What is there already, if all of it fits together and stays good for a while.
fn load(folder: &Path, now: SystemTime) -> Option<Files> {
    let files = ["ca.pem", "chain.pem", "key.pem"].map(|name| folder.join(name));
    let [authority, chain, key] = &files;
    let identity = Identity::from_bytes(&fs::read(chain).ok()?, &fs::read(key).ok()?).ok()?;
    let [_, anchor] = identity.certificates() else { return None };
    let anchors = fs::read_to_string(authority).ok()?;
    if !fs::read_to_string(chain).ok()?.ends_with(&anchors) || anchors.is_empty() {
        return None;
    }
    let facts = identity.facts();
    let second = |time: SystemTime| {
        i64::try_from(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
            .unwrap_or(i64::MAX)
    };
    let is_good = facts.not_before <= second(now)
        && facts.not_after > second(now + RENEW)
        && NAMES.iter().all(|name| facts.names.iter().any(|known| known == name));
    let anchor = anchor.clone();
    let [authority, chain, key] = files;
    is_good.then_some(Files { authority, chain, key, anchor })
}

/// PEM texts.
struct Made {
    authority: String,
    chain: String,
    key: String,
}

/// Makes an authority and a certificate of it. The authority's key is forgotten: it signs nothing else.
fn issue(now: SystemTime) -> Result<Made, rcgen::Error> {
    let mut authority = params(&[], "Ravelin demo authority", now)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;

    let mut server = params(&NAMES, "localhost", now)?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::from_params(&authority, &authority_key))?;
    let authority = authority_certificate.pem();
    Ok(Made { chain: certificate.pem() + &authority, authority, key: key.serialize_pem() })
}

fn params(
    names: &[&str],
    common_name: &str,
    now: SystemTime,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = (now - SKEW).into();
    params.not_after = (now + LIFETIME).into();
    Ok(params)
}

/// Writes a file whole or not at all, never with a wider mode than it is to have.
fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let new = PathBuf::from(name);
    let write = || {
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&new);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn days(days: u64) -> Duration {
        Duration::from_secs(days * DAY)
    }

    #[test]
    fn the_certificate_is_kept_until_a_week_before_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("state/demo");
        let now = SystemTime::now();
        let first = prepare(&folder, now).unwrap();
        let chain = fs::read(&first.chain).unwrap();
        prepare(&folder, now + days(82)).unwrap();
        assert_eq!(fs::read(&first.chain).unwrap(), chain);
        let later = prepare(&folder, now + days(84)).unwrap();
        assert_ne!(fs::read(&later.chain).unwrap(), chain);
        assert_ne!(later.anchor, first.anchor);
    }

    #[test]
    fn it_is_for_this_machine_and_its_key_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let files = prepare(folder.path(), SystemTime::now()).unwrap();
        let (chain, key) = (fs::read(&files.chain).unwrap(), fs::read(&files.key).unwrap());
        let identity = Identity::from_bytes(&chain, &key).unwrap();
        for name in NAMES {
            assert!(identity.facts().names.iter().any(|known| known == name), "{name}");
        }
        assert_eq!(identity.certificates()[1], files.anchor);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&files.key), mode(&files.authority)), (0o600, 0o644));
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "{names:?}");
    }

    #[test]
    fn what_does_not_fit_together_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        for broken in ["ca.pem", "chain.pem", "key.pem"] {
            prepare(folder.path(), now).unwrap();
            fs::write(folder.path().join(broken), "nonsense").unwrap();
            let files = prepare(folder.path(), now).unwrap();
            assert_ne!(fs::read(folder.path().join(broken)).unwrap(), b"nonsense");
            assert!(load(folder.path(), now).is_some_and(|again| again.anchor == files.anchor));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error = prepare(Path::new("/dev/null/demo"), SystemTime::now()).unwrap_err();
        assert!(error.starts_with("/dev/null/demo: "), "{error}");
    }

    #[test]
    fn the_state_folder_follows_the_environment() {
        let folder = |set: &[(&str, &str)]| {
            let set: Vec<(String, OsString)> =
                set.iter().map(|(name, value)| (name.to_string(), OsString::from(value))).collect();
            state_folder(move |name| {
                set.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
            })
        };
        assert_eq!(folder(&[]), None);
        assert_eq!(folder(&[("HOME", "/h")]), Some("/h/.local/state/ravelin".into()));
        assert_eq!(folder(&[("HOME", "/h"), ("XDG_STATE_HOME", "/x")]), Some("/x/ravelin".into()));
        assert_eq!(
            folder(&[("HOME", "/h"), ("XDG_STATE_HOME", "x")]),
            Some("/h/.local/state/ravelin".into())
        );
        assert_eq!(folder(&[("HOME", "/h"), ("RAVELIN_STATE_DIR", "/r")]), Some("/r".into()));
        assert_eq!(
            folder(&[("HOME", "/h"), ("RAVELIN_STATE_DIR", "")]),
            Some("/h/.local/state/ravelin".into())
        );
    }
}
