//! Files and the standard input, read whole: at most so many bytes, and no longer than the user
//! waits for the next ones.

use std::fs::File;
use std::io::{self, Read};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The most bytes that are read: few peers take messages of more than 8 MiB.
const MOST: usize = 1 << 30;

/// The bytes of one read.
const PIECE: usize = 64 << 10;

/// Reads a file to its end. A pipe or a device may bring nothing for no longer than `silence`.
pub fn file(path: &str, silence: Duration) -> Result<Vec<u8>, String> {
    let path = path.to_owned();
    // Opening a pipe waits for who writes to it, so it is left to the thread that reads.
    whole(move || File::open(path), silence, MOST)
}

/// Reads the standard input to its end.
pub fn stdin(silence: Duration) -> Result<Vec<u8>, String> {
    whole(|| Ok(io::stdin().lock()), silence, MOST)
}

fn whole<R: Read>(
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
    silence: Duration,
    most: usize,
) -> Result<Vec<u8>, String> {
    let (send, pieces) = mpsc::sync_channel(16);
    thread::spawn(move || {
        let mut source = match open() {
            Ok(source) => source,
            Err(error) => return drop(send.send(Err(error))),
        };
        loop {
            let mut piece = vec![0; PIECE];
            let read = match source.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read,
            };
            let is_last = matches!(read, Ok(0) | Err(_));
            let read = read.map(|count| {
                piece.truncate(count);
                piece
            });
            if send.send(read).is_err() || is_last {
                return;
            }
        }
    });
    let mut content = Vec::new();
    loop {
        match pieces.recv_timeout(silence) {
            Ok(Ok(piece)) if piece.is_empty() => return Ok(content),
            Ok(Ok(piece)) if content.len() + piece.len() > most => {
                return Err(format!("it is longer than {most} bytes"));
            }
            Ok(Ok(piece)) => content.extend_from_slice(&piece),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(RecvTimeoutError::Disconnected) => return Err("its reading broke off".to_owned()),
            Err(RecvTimeoutError::Timeout) => {
                let silence = humantime::format_duration(silence);
                return Err(format!("nothing came for {silence}; `--delai` waits longer"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_source_is_read_whole_whatever_its_pieces() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let content: Vec<u8> = (0..=250).cycle().take(size).collect();
            let source = io::Cursor::new(content.clone());
            assert_eq!(whole(move || Ok(source), SILENCE, MOST), Ok(content));
        }
    }

    #[test]
    fn a_source_that_is_silent_is_given_up() {
        struct Silent;

        impl Read for Silent {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                thread::sleep(SILENCE);
                Ok(0)
            }
        }

        let error = whole(|| Ok(Silent), Duration::from_millis(20), MOST).unwrap_err();
        assert_eq!(error, "nothing came for 20ms; `--delai` waits longer");
    }

    #[test]
    fn a_source_without_end_is_given_up() {
        for most in [0, 1, PIECE, 3 * PIECE + 1] {
            let error = whole(|| Ok(io::repeat(7)), SILENCE, most).unwrap_err();
            assert_eq!(error, format!("it is longer than {most} bytes"));
            let source = io::Cursor::new(vec![7; most]);
            assert_eq!(whole(move || Ok(source), SILENCE, most).unwrap().len(), most);
        }
    }

    #[test]
    fn what_cannot_be_opened_is_said() {
        let cause = File::open("/no/such/file").unwrap_err();
        assert_eq!(file("/no/such/file", SILENCE), Err(cause.to_string()));
    }
}
