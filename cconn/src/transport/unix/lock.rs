//! A lock that a process holds on a file, and that the system lets go of when the process ends,
//! however it ends.
//!
//! That the file exists means nothing. The holder removes it at the end; so a process that has got
//! the lock looks whether the file is still the one at the path, and else begins again.
//!
//! A file at the path may be no lock, and belong to this user or to another one. `Lock::take` looks
//! at the file before it writes anything, and leaves a file as it is that no server of this library
//! has made.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::{fs, process};

use rustix::fs::{FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::{folder_of, holder, no_folder, said};

/// The most bytes that a holder writes: a number, and the end of the line.
const NOTED: usize = 11;

/// A lock that this process holds until the value is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
    /// Absolute, for the process may go to another folder.
    path: PathBuf,
    /// The process that took the lock. A child made by `fork` has this value too, and must not
    /// remove the file.
    owner: u32,
}

/// Whether a lock was had.
#[derive(Debug)]
pub(crate) enum Locked {
    Ours(Lock),
    /// Another process holds it; the number of that process, if it is known.
    Theirs(Option<u32>),
}

impl Lock {
    /// Takes the lock at `path` if no process holds it. Does not wait.
    pub(crate) fn take(path: &Path) -> io::Result<Locked> {
        let path = &*std::path::absolute(path)?;
        loop {
            let file = open(path)?;
            let ours = file.metadata()?;
            if ours.nlink() == 0 {
                // The last holder has removed this file since it was opened.
                continue;
            }
            if let Some(how) = foreign(path, &ours) {
                return Err(not_a_lock(path, &how));
            }
            let locked = match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => true,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => false,
                Err(error) => return Err(not_opened(path, error)),
            };
            let noted = noted(&file).map_err(|how| not_a_lock(path, how))?;
            if !locked {
                return Ok(Locked::Theirs(holder::of(&ours, noted)));
            }
            if !is_at(path, &ours) {
                continue;
            }
            note_holder(&file);
            let (path, owner) = (path.to_owned(), process::id());
            return Ok(Locked::Ours(Lock { file, path, owner }));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.owner == process::id() {
            // Removed while it is held: whoever opened it before finds that it is gone.
            if self.file.metadata().is_ok_and(|ours| is_at(&self.path, &ours)) {
                let _gone = fs::remove_file(&self.path);
            }
            let _closed = rustix::fs::flock(&self.file, FlockOperation::Unlock);
        }
    }
}

/// Whether a file is the one at `path`.
fn is_at(path: &Path, file: &fs::Metadata) -> bool {
    let there = fs::symlink_metadata(path);
    there.is_ok_and(|there| (there.dev(), there.ino()) == (file.dev(), file.ino()))
}

/// What shows that a file is no lock of this library, before anything is read from it; `None` if
/// nothing does.
fn foreign(path: &Path, file: &fs::Metadata) -> Option<String> {
    if !file.is_file() {
        return Some("is no regular file".into());
    }
    if file.nlink() > 1 {
        return Some(format!("is a file that has {} names", file.nlink()));
    }
    let me = rustix::process::geteuid().as_raw();
    let owner = file.uid();
    // The owner of the folder can replace any file in it, and so has to be trusted anyway.
    let is_trusted = owner == me
        || owner == 0
        || fs::metadata(folder_of(path)).is_ok_and(|folder| folder.uid() == owner);
    (!is_trusted).then(|| {
        format!(
            "belongs to user {owner}, who is neither this one (user {me}) nor the owner of the folder"
        )
    })
}

/// The number of a process that a holder has written into a lock file; `None` if the file is empty.
/// An error says what is wrong with the file.
fn noted(file: &File) -> Result<Option<u32>, &'static str> {
    const ELSE: &str = "holds something else than the number of a process";
    let mut bytes = [0; NOTED + 1];
    let mut len = 0;
    while let Some(rest) = bytes.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, len as u64) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err("can't be read"),
        }
    }
    let text = bytes.get(..len).unwrap_or_default();
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    if len == 0 {
        return Ok(None);
    }
    let is_number = text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().filter(|_| is_number);
    number.and_then(|number| number.parse().ok()).map(Some).ok_or(ELSE)
}

fn not_a_lock(path: &Path, how: &str) -> io::Error {
    let text = format!(
        "the lock file `{}` {how}, so it is left alone; move it away, or choose another path for \
         the socket",
        path.display()
    );
    said(ErrorKind::AlreadyExists, text)
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    // The file at the path may be a pipe, for which `open` must not wait, or a terminal, which must
    // not become that of this process.
    let flags = flags | OFlags::NONBLOCK | OFlags::NOCTTY;
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
            if let Ok(found) = fs::symlink_metadata(path) {
                format!(
                    "user {me} may not use the lock file `{}`, which belongs to user {}, with mode \
                     {:04o}; remove it if it is yours, or choose another path",
                    path.display(),
                    found.uid(),
                    found.mode() & 0o7777
                )
            } else {
                format!(
                    "user {me} may not make files in the folder `{}`; choose another folder, or \
                     ask its owner for the right to",
                    folder.display()
                )
            }
        }
        // The errors for a symbolic link, a folder and a socket.
        Errno::LOOP | Errno::MLINK | Errno::ISDIR | Errno::NXIO | Errno::OPNOTSUPP => {
            return not_a_lock(path, "is no regular file");
        }
        _ => format!("the lock file `{}`: {}", path.display(), io::Error::from(error)),
    };
    said(kind, text)
}

/// Writes the number of this process, which other processes show in their errors. At every moment
/// the file is empty or holds a number, as `noted` demands.
fn note_holder(file: &File) {
    let _unnoted = file.set_len(0);
    let _unnoted = { file }.write_all(format!("{}\n", process::id()).as_bytes());
}
