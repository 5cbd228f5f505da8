//! What a program that is started as a server writes to its standard error until it serves.
//!
//! It is a file without a name, and no pipe: if the process that has started the program is killed,
//! a write to a pipe would fail, and end the program. Nor does the program wait for a reader.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::sync::{Condvar, Mutex};

/// The most bytes that are kept.
const KEPT: usize = 2000;

/// The file is emptied when it is longer, as often as it is looked at.
const LONG: u64 = 1 << 16;
const LOOK: Duration = Duration::from_millis(10);

/// The last words of a program. Dropped, they are kept short no longer.
pub(super) struct LastWords(Arc<Words>);

struct Words {
    file: File,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    /// The last of what was in the file before it was emptied.
    before: Vec<u8>,
    is_over: bool,
}

impl LastWords {
    /// The file, and a thread that keeps it short.
    #[inline]
    pub(super) fn new() -> io::Result<Self> {
        let (state, over) = (Mutex::default(), Condvar::new());
        let words = Arc::new(Words { file: nameless()?, state, over });
        let theirs = words.clone();
        // Without the thread the file may become long.
        let _kept =
            crate::sync::spawn("cconn-stderr".to_owned(), None, move || theirs.keep_short());
        Ok(LastWords(words))
    }

    /// The standard error of the program, and the number by which the program knows it.
    #[inline]
    pub(super) fn to_write(&self) -> io::Result<(File, u64)> {
        #[allow(clippy::useless_conversion, reason = "it is shorter on some systems")]
        let number = rustix::fs::fstat(&self.0.file)?.st_ino.into();
        Ok((self.0.file.try_clone()?, number))
    }

    /// The last words of a program that has ended, for the end of an error.
    #[inline]
    pub(super) fn shown(&self) -> String {
        let bytes = self.0.last(&self.0.state.lock());
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() { String::new() } else { format!("; it wrote: {}", lines.join(" / ")) }
    }
}

impl Drop for LastWords {
    #[inline]
    fn drop(&mut self) {
        self.0.state.lock().is_over = true;
        self.0.over.notify_all();
    }
}

impl Words {
    #[inline]
    fn keep_short(&self) {
        let mut state = self.state.lock();
        while !state.is_over {
            if self.len() > LONG {
                state.before = self.last(&state);
                let _emptied = self.file.set_len(0);
            }
            state = self.over.wait(state, Instant::now().checked_add(LOOK));
        }
    }

    #[inline]
    fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |found| found.len())
    }

    /// The last bytes that were written.
    #[inline]
    fn last(&self, state: &State) -> Vec<u8> {
        let begin = self.len().saturating_sub(KEPT as u64);
        let mut bytes = state.before.clone();
        let mut some = [0; KEPT];
        let mut at = begin;
        while let Ok(n @ 1..) = self.file.read_at(&mut some, at) {
            bytes.extend(some.iter().take(n));
            at += n as u64;
            if at - begin > LONG {
                break;
            }
        }
        bytes.drain(..bytes.len().saturating_sub(KEPT));
        bytes
    }
}

/// A file that only those have who are given it, and that is gone with them.
#[inline]
fn nameless() -> io::Result<File> {
    let file = made()?;
    // Emptied, it begins again from its begin.
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
    Ok(file)
}

#[cfg(target_os = "linux")]
#[inline]
fn made() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    // The program seals it once it serves: see `Mute`.
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    Ok(memfd_create("cconn-stderr", flags)?.into())
}

#[cfg(not(target_os = "linux"))]
#[inline]
fn made() -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".cconn-{}-{number}.stderr", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut options = File::options();
        match options.read(true).write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => {
                std::fs::remove_file(path)?;
                return Ok(file);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_of_what_was_written_is_shown() {
        let words = LastWords::new().unwrap();
        let (mut writer, _) = words.to_write().unwrap();
        assert_eq!(words.shown(), "");
        writer.write_all(b" \n\n").unwrap();
        assert_eq!(words.shown(), "");
        writer.write_all(b"one\n  two \n\xff").unwrap();
        assert_eq!(words.shown(), "; it wrote: one / two / \u{fffd}");
        writer.write_all(&[b'x'; 3 * KEPT]).unwrap();
        assert_eq!(words.shown(), format!("; it wrote: {}", "x".repeat(KEPT)));
    }

    #[test]
    fn a_flood_is_kept_short_and_its_end_is_shown() {
        let words = LastWords::new().unwrap();
        let (mut writer, _) = words.to_write().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        for _ in 0..300 {
            writer.write_all(&[b'x'; 10_000]).unwrap();
        }
        while words.0.len() > LONG {
            assert!(Instant::now() < until, "nobody keeps it short");
            std::thread::sleep(LOOK);
        }
        writer.write_all(b"\nthe end\n").unwrap();
        let shown = words.shown();
        assert!(shown.ends_with(" / the end") && shown.len() < KEPT + 30, "{shown}");
        // Nobody reads it any more, and it can be written to all the same.
        drop(words);
        writer.write_all(b"x").unwrap();
    }
}
