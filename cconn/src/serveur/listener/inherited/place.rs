//! The place of the file of a Unix socket that this process was given.
//!
//! The system tells the path by which the socket was bound. A relative path begins in the folder of
//! the process that has bound the socket, its maker. This process may be in another folder, in
//! which the same path leads to another file.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf, absolute};

use crate::adresse::{Adresse, VersAdresse};
use crate::transport::inherited::origin_of;
use crate::transport::unix::{Origin, SocketFile};

/// The file of a socket that listens at the path which the program wants to listen on.
pub(super) struct Place {
    /// Absolute.
    path: PathBuf,
    /// What the maker of the socket has told of the file, if it has.
    origin: Option<Origin>,
    /// Whether `path` is certain: the socket was bound by an absolute path, or the maker has told
    /// its folder.
    is_known: bool,
    /// Whether the wanted path leads to `path` from the folder of this process.
    is_from_here: bool,
}

impl Place {
    /// The place of a socket, if the wanted path leads there from the folder of this process or
    /// from that of the maker.
    pub(super) fn of(listener: &UnixListener, wanted: &Path) -> Option<Self> {
        let own = listener.local_addr().ok()?.as_pathname()?.to_owned();
        Place::new(&own, origin_of(listener), wanted)
    }

    fn new(own: &Path, origin: Option<Origin>, wanted: &Path) -> Option<Self> {
        let there = |path: &Path| origin.as_ref().map(|origin| origin.folder.join(path));
        let is_known = own.is_absolute() || origin.is_some();
        let path = if own.is_absolute() { Some(own.to_owned()) } else { there(own) };
        let path = path.or_else(|| absolute(own).ok())?;
        let is_from_here = absolute(wanted).is_ok_and(|wanted| are_one(&path, &wanted));
        let is_by_maker = there(wanted).is_some_and(|wanted| are_one(&path, &wanted));
        // If `path` is not certain, a file of another kind shows that it is wrong.
        let is_possible = is_known
            || fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket());
        let is_wanted = (is_from_here || is_by_maker) && is_possible;
        is_wanted.then_some(Place { path, origin, is_known, is_from_here })
    }

    /// Takes over the file; `None` if the file at `path` may not be the socket's.
    pub(super) fn take_over(&self) -> io::Result<Option<SocketFile>> {
        if !self.is_known {
            return Ok(None);
        }
        SocketFile::take_over(&self.path, self.origin.as_ref()).map(Some)
    }

    /// The address of the socket as an absolute path, if the wanted path leads elsewhere from the
    /// folder of this process.
    pub(super) fn address(&self) -> Option<Adresse> {
        (!self.is_from_here).then(|| self.path.as_path().vers_adresse().ok())?
    }
}

/// Whether two absolute paths are equal, or lead to one file.
fn are_one(path: &Path, other: &Path) -> bool {
    let full = |path: &Path| path.canonicalize().ok();
    path == other || full(path).is_some_and(|path| Some(path) == full(other))
}
