//! Unix sockets by name: connecting, listening, and what goes wrong with a name.
//!
//! The stream of a connection is a `Socket` like any other; this file knows names, files and the
//! errors about them, in words that say what to do.

mod file;
mod holder;
mod lock;

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use crate::identite;

pub(crate) use file::{FileId, Origin, SocketFile};
pub(crate) use lock::{Lock, Locked};

/// The number of newcomers that the system queues for us, as for TCP.
const BACKLOG: i32 = 4096;

/// The longest path of a socket, bytes; the system's structure holds one more, a zero.
const LONGEST_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

impl identite::Unix {
    /// Whether the peer runs as the same user as this process.
    #[doc(alias = "is_same_user")]
    pub fn est_meme_utilisateur(&self) -> bool {
        rustix::process::geteuid().as_raw() == self.uid
    }
}

/// The name of a socket, as an address has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    Path(&'a Path),
    /// Only Linux has these; no file belongs to them.
    Abstract(&'a str),
}

impl<'a> Name<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        match name.strip_prefix('@') {
            Some(name) => Name::Abstract(name),
            None => Name::Path(Path::new(name)),
        }
    }

    /// Whether the path is short enough for the system to bind a socket by it.
    pub(crate) fn fits(path: &Path) -> bool {
        path.as_os_str().len() <= LONGEST_PATH
    }

    fn to_system(self) -> io::Result<SocketAddrUnix> {
        match self {
            Name::Path(path) => {
                let length = path.as_os_str().len();
                if length > LONGEST_PATH {
                    return Err(said(
                        ErrorKind::InvalidFilename,
                        format!(
                            "the path takes {length} bytes, and the path of a Unix socket at most \
                             {LONGEST_PATH}; choose a shorter folder, or a relative path"
                        ),
                    ));
                }
                Ok(SocketAddrUnix::new(path)?)
            }
            Name::Abstract(name) => abstract_name(name),
        }
    }
}

#[cfg(target_os = "linux")]
fn abstract_name(name: &str) -> io::Result<SocketAddrUnix> {
    SocketAddrUnix::new_abstract_name(name.as_bytes()).map_err(|_| {
        said(
            ErrorKind::InvalidFilename,
            format!(
                "the abstract name takes {} bytes, and at most {LONGEST_PATH} are possible; choose \
                 a shorter one",
                name.len()
            ),
        )
    })
}

#[cfg(not(target_os = "linux"))]
fn abstract_name(_: &str) -> io::Result<SocketAddrUnix> {
    Err(said(ErrorKind::Unsupported, "abstract names exist on Linux only; use a path".into()))
}

fn said(kind: ErrorKind, text: String) -> io::Error {
    io::Error::new(kind, text)
}

fn new_socket() -> io::Result<OwnedFd> {
    #[cfg(not(target_vendor = "apple"))]
    let flags = SocketFlags::CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let flags = SocketFlags::empty();
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    #[cfg(target_vendor = "apple")]
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    Ok(socket)
}

/// Connects to the socket of a name. Where the queue of newcomers is full, waits `rest` at most:
/// then `TimedOut`.
pub(crate) fn connect(name: Name<'_>, rest: Duration) -> io::Result<UnixStream> {
    let address = name.to_system()?;
    let socket = new_socket()?;
    // The system chooses a name for our end. It tells our connections apart (see `Family::ends`),
    // and nothing more depends on it.
    #[cfg(target_os = "linux")]
    let _unnamed = rustix::net::bind(&socket, &SocketAddrUnix::new_unnamed());
    let longest = Duration::from_secs(u64::from(u32::MAX));
    set_socket_timeout(&socket, Timeout::Send, Some(rest.min(longest)))?;
    loop {
        match rustix::net::connect(&socket, &address) {
            Ok(()) => return Ok(socket.into()),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Err(ErrorKind::TimedOut.into()),
            Err(error) => return Err(not_connected(name, error)),
        }
    }
}

/// Why nobody was reached, and what to do.
fn not_connected(name: Name<'_>, error: Errno) -> io::Error {
    let kind = io::Error::from(error).kind();
    let Name::Path(path) = name else {
        return match error {
            Errno::CONNREFUSED => {
                said(kind, "no server listens under this abstract name; start it first".into())
            }
            other => other.into(),
        };
    };
    match error {
        Errno::NOENT => said(kind, missing(path)),
        Errno::CONNREFUSED => match fs::symlink_metadata(path) {
            Ok(found) if !leads_to_socket(path, &found) => {
                said(ErrorKind::InvalidInput, format!("what is there is {}", kind_of(&found)))
            }
            _ => said(
                kind,
                "no server listens there any more, its socket was left behind; start the server \
                 again, and it takes the socket's place"
                    .into(),
            ),
        },
        Errno::ACCESS | Errno::PERM => said(kind, forbidden(path)),
        Errno::NOTDIR => said(kind, no_folder(path)),
        Errno::PROTOTYPE => {
            said(ErrorKind::InvalidInput, "the socket there is of another type than ours".into())
        }
        other => other.into(),
    }
}

fn leads_to_socket(path: &Path, found: &fs::Metadata) -> bool {
    found.file_type().is_socket()
        || fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

fn missing(path: &Path) -> String {
    let folder = folder_of(path);
    if folder.exists() {
        return "there is no socket; start the server first".into();
    }
    format!("there is no folder `{}`; make it, or correct the path", folder.display())
}

fn no_folder(path: &Path) -> String {
    format!("`{}` is no folder; correct the path", folder_of(path).display())
}

fn forbidden(path: &Path) -> String {
    let me = rustix::process::geteuid().as_raw();
    match fs::metadata(path) {
        Ok(found) => format!(
            "user {me} may not use this socket: it belongs to user {}, with mode {:04o}; run as \
             that user, or let the server's owner change the mode",
            found.uid(),
            found.mode() & 0o7777
        ),
        Err(_) => format!(
            "user {me} may not look into the folder `{}`; ask its owner for the right to",
            folder_of(path).display()
        ),
    }
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.into(),
        _ => ".".into(),
    }
}

/// What a file is that is no socket.
fn kind_of(found: &fs::Metadata) -> &'static str {
    let kind = found.file_type();
    if kind.is_dir() {
        "a folder and no socket; put the socket into it"
    } else if kind.is_symlink() {
        "a symbolic link and no socket; write the path it leads to"
    } else {
        "a file and no socket; choose another path, or remove that file yourself"
    }
}

/// Listens under a name. The file of a path is ours alone (mode 0600) and is removed when the
/// result's second part is dropped; an abstract name has no file.
pub(crate) fn listen(name: Name<'_>) -> io::Result<(UnixListener, Option<SocketFile>)> {
    let address = name.to_system()?;
    match name {
        Name::Path(path) => {
            let (socket, file) = file::bind(path, &address)?;
            Ok((began(socket)?, Some(file)))
        }
        Name::Abstract(_) => {
            let socket = new_socket()?;
            rustix::net::bind(&socket, &address).map_err(|error| {
                match error {
                Errno::ADDRINUSE => said(
                    ErrorKind::AddrInUse,
                    "a server listens under this abstract name already; stop it, or choose another \
                     name"
                        .into(),
                ),
                other => other.into(),
            }
            })?;
            Ok((began(socket)?, None))
        }
    }
}

/// Begins to listen on a socket that has a name.
fn began(socket: OwnedFd) -> io::Result<UnixListener> {
    rustix::net::listen(&socket, BACKLOG)?;
    let listener = UnixListener::from(socket);
    listener.set_nonblocking(true)?;
    Ok(listener)
}
