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
    path: PathBuf,
    /// The file that was made, by device and number.
    made: (u64, u64),
    /// Held as long as this process listens.
    lock: Option<Lock>,
    owner: u32,
}

impl SocketFile {
    /// Takes over the file of a socket that another process has bound for this one.
    pub(crate) fn take_over(path: &Path) -> io::Result<Self> {
        // The other process lets go of the lock about now.
        let until = Instant::now().checked_add(HANDED_OVER);
        loop {
            match Lock::take(&lock_path(path))? {
                Locked::Ours(lock) => return SocketFile::new(path, lock),
                Locked::Theirs(pid) if until.is_none_or(|until| Instant::now() >= until) => {
                    return Err(is_taken(pid));
                }
                Locked::Theirs(_) => thread::sleep(AGAIN),
            }
        }
    }

    /// Lets go of the lock, so that another process can take the file over.
    pub(crate) fn unlock(&mut self) {
        drop(self.lock.take());
    }

    /// Takes the lock again that `unlock` has let go of.
    pub(crate) fn lock_again(&mut self) -> io::Result<()> {
        self.lock = SocketFile::take_over(&self.path)?.into_lock();
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

    fn new(path: &Path, lock: Lock) -> io::Result<Self> {
        let lock = Some(lock);
        let found = fs::symlink_metadata(path)?;
        let made = (found.dev(), found.ino());
        Ok(SocketFile { path: path.to_owned(), made, lock, owner: process::id() })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A child made by `fork` has this value too, and its parent listens on.
        if self.owner != process::id() {
            return;
        }
        // If another file has taken the place, it is not ours to remove.
        let found = fs::symlink_metadata(&self.path);
        if found.is_ok_and(|found| (found.dev(), found.ino()) == self.made) {
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
        Locked::Theirs(pid) => return Err(is_taken(pid)),
    };
    make_room(path, address)?;
    let socket = new_socket()?;
    // Linux makes the file with the mode of the socket itself, so it never has another one.
    #[cfg(target_os = "linux")]
    rustix::fs::fchmod(&socket, OURS_ALONE)?;
    rustix::net::bind(&socket, address).map_err(|error| not_bound(path, error))?;
    // Elsewhere the mode is set before anybody can connect, because nobody listens yet.
    #[cfg(not(target_os = "linux"))]
    rustix::fs::chmod(path, OURS_ALONE)?;
    Ok((socket, SocketFile::new(path, lock)?))
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
    let probe = new_socket()?;
    rustix::io::ioctl_fionbio(&probe, true)?;
    match rustix::net::connect(&probe, address) {
        Err(Errno::CONNREFUSED) => match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(not_removed(path, &error)),
            _ => Ok(()),
        },
        Err(Errno::NOENT) => Ok(()),
        // It listens, and its queue is full.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS | Errno::PROTOTYPE) => Err(is_taken(None)),
        Err(error) => Err(not_bound(path, error)),
    }
}

fn is_taken(pid: Option<u32>) -> io::Error {
    let process = pid.map_or_else(String::new, |pid| format!(" (process {pid})"));
    let text = format!("a server listens there already{process}; stop it, or choose another path");
    said(ErrorKind::AddrInUse, text)
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
