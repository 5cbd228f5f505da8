//! A lock that a process holds on a file, and that the system lets go of when the process ends,
//! however it ends.
//!
//! That the file exists means nothing. The holder removes it at the end; so a process that has got
//! the lock looks whether the file is still the one at the path, and else begins again.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fs, process};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{folder_of, no_folder, said};

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    path: PathBuf,
    /// The process that took the lock. A child made by `fork` has this value too, and must not
    /// remove the file.
    owner: u32,
}

/// Whether a lock was had.
#[derive(Debug)]
pub(crate) enum Locked {
    Ours(Lock),
    /// Another process holds it: its number, if it could be read.
    Theirs(Option<u32>),
}

impl Lock {
    /// Takes the lock at `path` if no process holds it. Does not wait.
    pub(crate) fn take(path: &Path) -> io::Result<Locked> {
        loop {
            let mut file = open(path)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => return Ok(Locked::Theirs(holder(&mut file))),
                Err(error) => return Err(error.into()),
            }
            let ours = file.metadata()?;
            match fs::symlink_metadata(path) {
                Ok(there) if (there.dev(), there.ino()) == (ours.dev(), ours.ino()) => {}
                // The last holder has removed this file since it was opened.
                _ => continue,
            }
            note_holder(&mut file);
            let (path, owner) = (path.to_owned(), process::id());
            return Ok(Locked::Ours(Lock { file, path, owner }));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.owner == process::id() {
            // Removed while it is held: whoever opened it before finds that it is gone.
            let _gone = fs::remove_file(&self.path);
            let _closed = rustix::fs::flock(&self.file, FlockOperation::Unlock);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    loop {
        match rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok(file.into()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(not_opened(path, error)),
        }
    }
}

fn not_opened(path: &Path, error: Errno) -> io::Error {
    let (kind, folder) = (io::Error::from(error).kind(), folder_of(path));
    let text = match error {
        Errno::NOENT => format!(
            "there is no folder `{}`; make it first, with mode 0700 if nobody else may look in",
            folder.display()
        ),
        Errno::NOTDIR => no_folder(path),
        Errno::ACCESS | Errno::PERM => {
            let me = rustix::process::geteuid().as_raw();
            if path.exists() {
                format!(
                    "user {me} may not use the lock file `{}`, which is another user's; choose \
                     another path",
                    path.display()
                )
            } else {
                format!(
                    "user {me} may not make files in the folder `{}`; choose another folder, or \
                     ask its owner for the right to",
                    folder.display()
                )
            }
        }
        Errno::LOOP | Errno::ISDIR => {
            let path = path.display();
            let text =
                format!("the lock file `{path}` is no file; remove it, or choose another path");
            return said(ErrorKind::AlreadyExists, text);
        }
        _ => format!("the lock file `{}`: {}", path.display(), io::Error::from(error)),
    };
    said(kind, text)
}

/// The number of the process that holds the lock, as it has written it.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Writes the number of this process, for an error that another one shows. Nothing depends on it.
fn note_holder(file: &mut File) {
    let _unnoted = file.set_len(0);
    let _unnoted = file.seek(SeekFrom::Start(0));
    let _unnoted = writeln!(file, "{}", process::id());
}
