//! Streams of bytes from files and into files.

mod whole;

use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf, is_separator};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use self::whole::Whole;
use super::Flux;
use super::octets::{file_name, unwritten};
use crate::erreur::Erreur;
use crate::octets::Octets;

impl<E> Flux<Octets, E> {
    /// Makes a stream of the bytes of a file, as [`Flux::lire`] does.
    ///
    /// A file that cannot be read is an error here, before anything is sent. Errors name the file
    /// by its last part only, because a command's error is shown to the peer, whom the server's
    /// folders do not concern.
    ///
    /// The stream ends where the file does. A file that another program has made shorter meanwhile
    /// ends the stream with an error, so that its receiver does not take a part for the whole; what
    /// is written to it meanwhile is part of the stream if it was not read yet.
    ///
    /// # Errors
    ///
    /// The system's, of the same kind, if the file cannot be opened; of kind `IsADirectory` for a
    /// folder, and `InvalidInput` for a device or a pipe, which may block: open it and give it to
    /// [`Flux::lire`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    ///
    /// use cconn::flux::Flux;
    /// use cconn::{Octets, Resultat, commande};
    ///
    /// #[commande]
    /// fn telecharger(chemin: String) -> Resultat<Flux<Octets>> {
    ///     Ok(Flux::fichier(chemin)?)
    /// }
    ///
    /// let absent = Flux::<Octets>::fichier("dossier/absent").unwrap_err();
    /// assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    /// assert!(absent.to_string().starts_with("the file `absent` can't be read: "));
    /// ```
    #[doc(alias("file", "open", "from_file"))]
    pub fn fichier(chemin: impl AsRef<Path>) -> io::Result<Self> {
        let path = chemin.as_ref();
        let subject = format!("{} can't be read", file_name(path));
        // Looked at first, because opening a pipe waits for whoever writes to it.
        let opened = fs::metadata(path).and_then(|found| {
            only_a_file(&found, "lire")?;
            Whole::new(File::open(path)?)
        });
        match opened {
            Ok(file) => Ok(Flux::read_from(file, subject)),
            Err(cause) => Err(io::Error::new(cause.kind(), format!("{subject}: {cause}"))),
        }
    }

    /// Writes the stream to its end into a file, which appears whole or not at all, and returns how
    /// many bytes that were.
    ///
    /// The bytes go to a new file of another name (`.cconn-..`) in the same folder. At the end of
    /// the stream they are forced to the disk, and that file gets the name asked for, in place of a
    /// file that had it. Its permissions are those of that file; its owner is this process's. A
    /// symbolic link is followed. If anything fails the new file is removed, and the old one is as
    /// it was. A process that is killed meanwhile leaves the new file behind.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Echec`] with an [`EchecEcriture`](super::EchecEcriture): the file cannot be made,
    ///   written or renamed, or there is something else than a file at that name, a file that is
    ///   read-only, or a link that leads nowhere. The stream is stopped, the connection lives.
    /// - Whatever the stream yields: then its sender or the connection has failed.
    ///
    /// # Blocking
    ///
    /// As [`Flux::vers`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::Octets;
    /// use cconn::flux::Flux;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// # let place = std::env::temp_dir().join(format!("cconn-vers-fichier-{}", std::process::id()));
    /// let flux: Flux<Octets> = Flux::lire(&b"bonjour"[..]);
    /// assert_eq!(flux.vers_fichier(&place)?, 7);
    /// assert_eq!(std::fs::read(&place)?, b"bonjour");
    /// # std::fs::remove_file(place)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("save", "to_file", "write_file"))]
    pub fn vers_fichier(self, chemin: impl AsRef<Path>) -> Result<u64, Erreur<E>> {
        let path = chemin.as_ref();
        let unwritten = |octets, cause| unwritten(octets, Some(path), cause);
        let (mut file, part) = Part::beside(path).map_err(|cause| unwritten(0, cause))?;
        let bytes = self.write_to(&mut file, Some(path))?;
        file.sync_all().map_err(|cause| unwritten(bytes, cause))?;
        // A file that is open cannot be renamed on every system.
        drop(file);
        part.finish().map_err(|cause| unwritten(bytes, cause))?;
        Ok(bytes)
    }
}

/// A file that is being written under another name; removed if it is dropped unfinished.
struct Part {
    path: PathBuf,
    target: PathBuf,
    is_finished: bool,
}

impl Part {
    /// Makes a new file in the folder of the target.
    fn beside(path: &Path) -> io::Result<(File, Self)> {
        /// How many names that are taken are tried: each is one that a killed process has left.
        const TRIES: usize = 1000;
        static NEXT: AtomicU64 = AtomicU64::new(0);

        let (target, permissions) = target(path)?;
        let mut last = None;
        for _ in 0..TRIES {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!(".cconn-{}-{number}.part", process::id()));
            match create(&path, permissions.is_some()) {
                Ok(file) => {
                    let part = Part { path, target, is_finished: false };
                    if let Some(permissions) = permissions {
                        file.set_permissions(permissions)?;
                    }
                    return Ok((file, part));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| io::ErrorKind::AlreadyExists.into()))
    }

    /// Gives the file the target's name.
    fn finish(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.is_finished {
            let _it_may_be_gone = fs::remove_file(&self.path);
        }
    }
}

/// Makes a new file. `is_private`: nobody else may open it before it has the permissions of the file
/// that it replaces.
fn create(path: &Path, is_private: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if is_private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    // The system has no modes of files.
    let _ = is_private;
    options.open(path)
}

/// The path of the file to write, at the end of links, and the permissions of the file that is
/// there.
fn target(path: &Path) -> io::Result<(PathBuf, Option<Permissions>)> {
    let is_folder =
        path.as_os_str().as_encoded_bytes().last().is_some_and(|last| is_separator((*last).into()));
    if path.file_name().is_none() || is_folder {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    }
    match fs::metadata(path) {
        Ok(found) => {
            only_a_file(&found, "vers")?;
            if found.permissions().readonly() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only"));
            }
            Ok((fs::canonicalize(path)?, Some(found.permissions())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::symlink_metadata(path).is_ok() {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the link leads nowhere"));
            }
            Ok((path.to_owned(), None))
        }
        Err(error) => Err(error),
    }
}

/// Refuses what is no file, which this function of a stream takes if it is open.
fn only_a_file(found: &Metadata, function: &str) -> io::Result<()> {
    if found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    if found.is_file() {
        return Ok(());
    }
    let text = format!("it is a device or a pipe: open it and give it to `{function}`");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

#[cfg(test)]
mod tests;
