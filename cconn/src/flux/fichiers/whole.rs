//! Reading a file that another program may cut off meanwhile.

use std::fs::File;
use std::io::{self, Read};

/// A file that is read to its end. If the file became shorter after it was opened, the read at its
/// end fails: the bytes that were read are neither the old file nor the new one.
pub(super) struct Whole {
    file: File,
    /// The length of the file when it was opened, bytes.
    opened: u64,
    /// Bytes that were read.
    read: u64,
}

impl Whole {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let opened = file.metadata()?.len();
        Ok(Whole { file, opened, read: 0 })
    }

    /// Fails if the file ends where it did not when it was opened.
    fn check_end(&self) -> io::Result<()> {
        if self.read >= self.opened {
            return Ok(());
        }
        // Files that the system makes up, such as those of `/sys`, are said to be longer than they
        // are, and stay so.
        let now = self.file.metadata()?.len();
        if now >= self.opened {
            return Ok(());
        }
        let (opened, read) = (self.opened, self.read);
        let text = format!(
            "it became shorter while it was read: it had {opened} bytes when it was opened, has \
             {now} now, and {read} were read"
        );
        Err(io::Error::new(io::ErrorKind::UnexpectedEof, text))
    }
}

impl Read for Whole {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buf)?;
        if n == 0 && !buf.is_empty() {
            self.check_end()?;
        }
        self.read = self.read.saturating_add(n as u64);
        Ok(n)
    }
}
