//! The file of a socket that is listened on: made for this user alone, put in the place of one that
//! was left behind, and removed at the end.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, process, thread};

use rustix::fd::OwnedFd;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;

use super::{Lock, Locked, kind_of, new_socket, said};

/// Only this user may connect: on Linux and most other systems that takes the right to write.
const OURS_ALONE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How long a process waits for the lock of a socket that it takes over, and how often it looks.
const HANDED_OVER: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(2);

/// The file of a socket that this process listens on, and the lock that says that it does. Dropped,
/// it removes both.
#[derive(Debug)]
pub(crate) struct SocketFile {
    /// Absolute, for the process may go to another folder.
    path: PathBuf,
    origin: Origin,
    /// Held as long as this process listens.
    lock: Option<Lock>,
    owner: u32,
}

/// What a process must know of the file of a socket to take that file over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The file that was made.
    pub(crate) made: FileId,
    /// The folder of the process when it bound the socket, to which the socket's path may be
    /// relative; empty if it is not known.
    pub(crate) folder: PathBuf,
}

/// A file, by device and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    pub(crate) device: u64,
    pub(crate) number: u64,
}

impl FileId {
    /// The socket at `path`; an error if anything else is there.
    fn of_socket(path: &Path) -> io::Result<Self> {
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(gone(path)),
            Err(error) => return Err(error),
        };
        if !found.file_type().is_socket() {
            let text = format!("what is there is {}", kind_of(&found));
            return Err(said(ErrorKind::AlreadyExists, text));
        }
        Ok(FileId { device: found.dev(), number: found.ino() })
    }
}

impl SocketFile {
    /// Takes over the file of a socket that another process has bound for this one. `path` is
    /// absolute. Blocks while the other process holds the lock, at most `HANDED_OVER`.
    pub(crate) fn take_over(path: &Path, origin: Option<&Origin>) -> io::Result<Self> {
        // The other process lets go of the lock about now.
        let until = Instant::now().checked_add(HANDED_OVER);
        let lock = loop {
            match Lock::take(&lock_path(path))? {
                Locked::Ours(lock) => break lock,
                Locked::Theirs(pid) if until.is_none_or(|until| Instant::now() >= until) => {
                    return Err(is_held(pid, path, "the socket there can't be taken over"));
                }
                Locked::Theirs(_) => thread::sleep(AGAIN),
            }
        };
        let made = FileId::of_socket(path)?;
        let folder = origin.map(|origin| origin.folder.clone()).unwrap_or_default();
        if origin.is_some_and(|origin| origin.made != made) {
            return Err(gone(path));
        }
        Ok(SocketFile::new(path.to_owned(), Origin { made, folder }, lock))
    }

    /// Lets go of the lock, so that another process can take the file over.
    pub(crate) fn unlock(&mut self) {
        drop(self.lock.take());
    }

    /// Takes the lock again that `unlock` has let go of.
    pub(crate) fn lock_again(&mut self) -> io::Result<()> {
        let again = SocketFile::take_over(&self.path, Some(&self.origin))?;
        self.lock = again.into_lock();
        Ok(())
    }

    /// The file as that of another process, which is to be left where it is.
    pub(crate) fn of_another(mut self) -> Self {
        self.owner = 0;
        self
    }

    /// Makes the file this process's own.
    pub(crate) fn adopt(&mut self) {
        self.owner = process::id();
    }

    /// The lock alone; the file stays.
    fn into_lock(mut self) -> Option<Lock> {
        self.owner = 0;
        self.lock.take()
    }

    /// Leaves the file to the process that has taken it over.
    pub(crate) fn leave(mut self) {
        self.owner = 0;
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    fn new(path: PathBuf, origin: Origin, lock: Lock) -> Self {
        SocketFile { path, origin, lock: Some(lock), owner: process::id() }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A child made by `fork` has this value too, and its parent listens on.
        if self.owner != process::id() {
            return;
        }
        // Another file may have taken the socket's place, and is not ours to remove.
        if FileId::of_socket(&self.path).is_ok_and(|found| found == self.origin.made) {
            let _gone = fs::remove_file(&self.path);
        }
        drop(self.lock.take());
    }
}

/// The lock that belongs to the socket at `path`.
pub(crate) fn lock_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".lock");
    name.into()
}

/// Binds a socket to `path`, without listening: so nobody can connect yet.
pub(super) fn bind(path: &Path, address: &SocketAddrUnix) -> io::Result<(OwnedFd, SocketFile)> {
    let lock = match Lock::take(&lock_path(path))? {
        Locked::Ours(lock) => lock,
        Locked::Theirs(pid) if listens(path, address).unwrap_or(true) => return Err(is_taken(pid)),
        Locked::Theirs(pid) => return Err(is_held(pid, path, "nobody listens there")),
    };
    let full = std::path::absolute(path)?;
    // In a process whose folder was removed an absolute path can be bound all the same.
    let folder = std::env::current_dir().unwrap_or_default();
    make_room(path, address)?;
    let socket = new_socket()?;
    // Linux makes the file with the mode of the socket itself, so it never has another one.
    #[cfg(target_os = "linux")]
    rustix::fs::fchmod(&socket, OURS_ALONE)?;
    rustix::net::bind(&socket, address).map_err(|error| not_bound(path, error))?;
    // Elsewhere the mode is set before anybody can connect, because nobody listens yet.
    #[cfg(not(target_os = "linux"))]
    rustix::fs::chmod(path, OURS_ALONE)?;
    let origin = Origin { made: FileId::of_socket(&full)?, folder };
    Ok((socket, SocketFile::new(full, origin, lock)))
}

/// Removes a socket that was left behind at `path`. Anything else that is there stays, and is an
/// error.
fn make_room(path: &Path, address: &SocketAddrUnix) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.file_type().is_socket() {
        return Err(said(
            ErrorKind::AlreadyExists,
            format!("what is there is {}", kind_of(&found)),
        ));
    }
    // The lock is ours, so no server of this library listens there; another program might.
    if listens(path, address)? {
        return Err(is_taken(None));
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(not_removed(path, &error)),
        _ => Ok(()),
    }
}

/// Whether a process listens on the socket at `path`.
fn listens(path: &Path, address: &SocketAddrUnix) -> io::Result<bool> {
    let probe = new_socket()?;
    rustix::io::ioctl_fionbio(&probe, true)?;
    match rustix::net::connect(&probe, address) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        // A process listens, and the queue of its socket may be full.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS | Errno::PROTOTYPE) => Ok(true),
        Err(error) => Err(not_bound(path, error)),
    }
}

fn is_taken(pid: Option<u32>) -> io::Error {
    let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    let text = format!("a server listens there already{process}; stop it, or choose another path");
    said(ErrorKind::AddrInUse, text)
}

/// The error of a socket whose lock another process holds, with `what` that means for this one.
fn is_held(pid: Option<u32>, path: &Path, what: &str) -> io::Error {
    let (process, end) = match pid {
        Some(pid) => (format!("process {pid}"), format!("end process {pid}")),
        None => ("another process".to_owned(), "end that process".to_owned()),
    };
    let text = format!(
        "{process} holds the lock file `{}`, and {what}: a server whose socket was removed, one \
         that is just starting or stopping, or another program; {end}, or choose another path",
        lock_path(path).display()
    );
    said(ErrorKind::AddrInUse, text)
}

/// The error of a socket that listens, and whose file was removed or replaced.
fn gone(path: &Path) -> io::Error {
    let text = format!(
        "the socket is not at `{}` any more, so nobody can reach it; start the server again, and \
         leave its file there while it runs",
        path.display()
    );
    said(ErrorKind::NotFound, text)
}

fn not_removed(path: &Path, error: &io::Error) -> io::Error {
    let text = format!(
        "the socket that a server has left at `{}` can't be removed ({error}); remove it, or choose \
         another path",
        path.display()
    );
    said(error.kind(), text)
}

fn not_bound(path: &Path, error: Errno) -> io::Error {
    let kind = io::Error::from(error).kind();
    match error {
        Errno::ACCESS | Errno::PERM => said(
            kind,
            format!(
                "the system does not let user {} make the socket `{}`; choose another path",
                rustix::process::geteuid().as_raw(),
                path.display()
            ),
        ),
        Errno::ADDRINUSE => is_taken(None),
        other => other.into(),
    }
}
