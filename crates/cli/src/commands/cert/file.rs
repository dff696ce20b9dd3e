//! Files that are written whole or not at all.

use crate::exit::Failure;
use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner only.
    Owner,
    /// Everybody, as far as the umask lets them.
    Everybody,
}

/// A file that stands ready beside its place, under another name; gone again if it is not put there.
#[derive(Debug)]
pub struct Prepared {
    shown: PathBuf,
    place: PathBuf,
    new: PathBuf,
    force: bool,
}

impl Prepared {
    /// Writes `bytes` beside `path`, down to the disk. What is there already is only replaced with `force`.
    ///
    /// # Errors
    /// When there is something already, or the file cannot be written; the message names it.
    pub fn write(
        path: &Path,
        bytes: &[u8],
        access: Access,
        force: bool,
    ) -> Result<Prepared, Failure> {
        Prepared::with(path, access, force, |file| {
            file.write_all(bytes).map_err(|error| named(path, &error))
        })
    }

    /// The same, of what `write` writes. If that fails, nothing is left behind.
    ///
    /// # Errors
    /// As [`Prepared::write`], and when `write` fails.
    pub fn with(
        path: &Path,
        access: Access,
        force: bool,
        write: impl FnOnce(&mut File) -> Result<(), Failure>,
    ) -> Result<Prepared, Failure> {
        let failed = |error: io::Error| named(path, &error);
        let place = place(path, force)?;
        let mut name = OsString::from(".");
        name.push(
            place
                .file_name()
                .ok_or_else(|| Failure::input(format!("{}: is no file name", path.display())))?,
        );
        name.push(format!(".{}.new", std::process::id()));
        let new = place.with_file_name(name);
        let mode = match access {
            Access::Owner => 0o600,
            Access::Everybody => 0o644,
        };
        // A new file only: whatever somebody laid there under that name is not written through.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&new)
            .map_err(failed)?;
        let prepared = Prepared { shown: path.to_owned(), place, new, force };
        write(&mut file)?;
        file.sync_all().map_err(failed)?;
        Ok(prepared)
    }

    /// Puts the file in its place, at once and whole.
    ///
    /// # Errors
    /// When another file has come there meanwhile, or the folder cannot be written.
    pub fn put(self) -> Result<(), Failure> {
        let failed = |error: io::Error| named(&self.shown, &error);
        if self.force {
            return fs::rename(&self.new, &self.place).map_err(failed);
        }
        // A link never replaces what is there, as a renaming would.
        match fs::hard_link(&self.new, &self.place) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(&self.shown)),
            // This file system has no links.
            Err(_) if fs::symlink_metadata(&self.place).is_ok() => Err(exists(&self.shown)),
            Err(_) => fs::rename(&self.new, &self.place).map_err(failed),
        }
    }
}

impl Drop for Prepared {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.new);
    }
}

/// Where the bytes really go: a link is followed, a device is none of ours to replace.
fn place(path: &Path, force: bool) -> Result<PathBuf, Failure> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(path.to_owned());
    }
    if !force {
        return Err(exists(path));
    }
    let place = fs::canonicalize(path).map_err(|error| named(path, &error))?;
    if fs::metadata(&place).is_ok_and(|known| known.is_file()) {
        Ok(place)
    } else {
        Err(Failure::input(format!("{}: is no ordinary file", path.display())))
    }
}

fn exists(path: &Path) -> Failure {
    Failure::input(format!("{}: exists already; --force replaces it", path.display()))
}

fn named(path: &Path, error: &io::Error) -> Failure {
    Failure::input(format!("{}: cannot be written: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), String> {
        Prepared::write(path, bytes, Access::Owner, force)
            .and_then(Prepared::put)
            .map_err(|failure| failure.line().unwrap())
    }

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn nothing_is_replaced_without_force_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        write(&file, b"one", false).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            write(&file, b"two", false).unwrap_err(),
            format!("{}: exists already; --force replaces it", file.display())
        );
        assert_eq!(fs::read(&file).unwrap(), b"one");
        write(&file, b"two", true).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(names(folder.path()), 1);
    }

    #[test]
    fn a_file_that_comes_meanwhile_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        let prepared = Prepared::write(&file, b"late", Access::Everybody, false).unwrap();
        fs::write(&file, "early").unwrap();
        assert!(prepared.put().unwrap_err().line().unwrap().contains("exists already"));
        assert_eq!(fs::read(&file).unwrap(), b"early");
        assert_eq!(names(folder.path()), 1);
    }

    #[test]
    fn links_are_followed_and_devices_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("f"), folder.path().join("l"));
        fs::write(&file, "one").unwrap();
        symlink(&file, &link).unwrap();
        write(&link, b"two", true).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(
            write(Path::new("/dev/null"), b"x", true).unwrap_err(),
            "/dev/null: is no ordinary file"
        );
        assert!(write(folder.path(), b"x", true).unwrap_err().ends_with(": is no ordinary file"));
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let error = write(Path::new("/nonexistent/f"), b"x", false).unwrap_err();
        assert!(error.starts_with("/nonexistent/f: cannot be written: "), "{error}");
    }
}
