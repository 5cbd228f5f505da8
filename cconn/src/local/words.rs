//! The standard error of a program that is started as a server, until it serves.
//!
//! The standard error is a file without a name, and no pipe. With a pipe the program would wait for
//! a reader when the pipe is full, and its writes would fail, and mostly end it, when the process
//! that has started it is killed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;

use crate::sync::{Condvar, Mutex};

/// The most bytes that are shown.
const KEPT: usize = 2000;

/// The file is emptied when it has more bytes than this.
const LONG: u64 = 1 << 16;

/// How often the length of the file is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// The file, and a thread that keeps it short. Dropped, the thread ends.
pub(super) struct LastWords(Arc<Words>);

struct Words {
    file: File,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    /// The last bytes of the file when it was last emptied. `before.len() <= KEPT`
    before: Vec<u8>,
    /// The thread has to end.
    is_over: bool,
}

impl LastWords {
    /// Makes the file, and starts the thread.
    #[inline]
    pub(super) fn new() -> io::Result<Self> {
        let (state, over) = (Mutex::default(), Condvar::new());
        let words = Arc::new(Words { file: nameless()?, state, over });
        let theirs = words.clone();
        // If no thread can be started, the file may become long, and that is all.
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

    /// The last bytes that the program has written, as the end of an error's text; empty if there
    /// are none. Lines are joined by ` / `.
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
    /// Empties the file whenever it is long, until `is_over`. Bytes that the program writes between
    /// the look at the last ones and the emptying are lost.
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

    /// The last bytes that the program has written, at most `KEPT`.
    #[inline]
    fn last(&self, state: &State) -> Vec<u8> {
        let begin = self.len().saturating_sub(KEPT as u64);
        let mut bytes = state.before.clone();
        let mut some = [0; KEPT];
        let mut at = begin;
        while let Ok(n @ 1..) = self.file.read_at(&mut some, at) {
            bytes.extend(some.iter().take(n));
            at += n as u64;
            // A program that writes as fast as this reads must not keep it here.
            if at - begin > LONG {
                break;
            }
        }
        bytes.drain(..bytes.len().saturating_sub(KEPT));
        bytes
    }
}

/// A file without a name: only processes that inherit it have it, and the system removes it with
/// the last of them.
#[inline]
fn nameless() -> io::Result<File> {
    let file = made()?;
    // Without this a write after the file was emptied would leave a hole in front of its bytes.
    rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
    Ok(file)
}

#[cfg(target_os = "linux")]
#[inline]
fn made() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    // The program seals it once it serves: see `Mute`.
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // A system may refuse files that can be run (`vm.memfd_noexec`), and before Linux 6.3 none
    // knows the flag for others.
    let made = match memfd_create("cconn-stderr", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(rustix::io::Errno::INVAL) => memfd_create("cconn-stderr", flags),
        made => made,
    };
    Ok(made?.into())
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

    #[cfg(target_os = "linux")]
    #[test]
    fn the_file_can_not_be_run_where_the_system_knows_such_files() {
        use rustix::fs::{MemfdFlags, memfd_create};
        use std::os::unix::fs::PermissionsExt;
        if memfd_create("known", MemfdFlags::NOEXEC_SEAL).is_ok() {
            let mode = made().unwrap().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o111, 0, "systems with `vm.memfd_noexec=2` refuse others");
        }
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
        // The program can write to the file after its reader is gone.
        drop(words);
        writer.write_all(b"x").unwrap();
    }
}
