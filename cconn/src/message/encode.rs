//! Writing the arguments of a message.
//!
//! Long bytes at the end of a message are not copied: they are sent from the message itself.

use serde::Serialize;

use super::{Message, ValueError};
use crate::wire::Outgoing;
use crate::{codec, copy};

/// Bytes of at least this length at the end of a message are sent from where they are: copying
/// fewer costs less than a second part in a system call.
pub(crate) const LONG: usize = 16 << 10;

/// The place to which a message writes its arguments.
#[doc(alias = "Writer")]
#[derive(Debug)]
pub struct ArgumentWriter<'m> {
    /// The frame of the message. Long bytes at its end are its tail: they belong to the message
    /// and are not copied.
    pub(crate) frame: Outgoing<&'m [u8]>,
    /// Elements that the sequences and maps of all arguments have declared so far.
    elements: usize,
    /// How many arguments at the end are left out.
    omitted: u8,
}

impl<'m> ArgumentWriter<'m> {
    /// A writer for one message, whose frame is made in an empty buffer.
    #[inline]
    pub(crate) fn new(buffer: Vec<u8>) -> Self {
        ArgumentWriter { frame: Outgoing::in_buffer(buffer), elements: 0, omitted: 0 }
    }

    /// Leaves out so many arguments at the end.
    #[inline]
    pub(crate) fn omit(&mut self, omitted: u8) {
        self.omitted = omitted;
    }

    /// Whether the message holds the argument behind which `behind` more follow.
    #[inline]
    pub fn sends(&self, behind: usize) -> bool {
        usize::from(self.omitted) <= behind
    }

    /// A writer for one argument alone.
    pub fn alone() -> Self {
        Self::new(Vec::new())
    }

    /// Appends what was written to `bytes`.
    ///
    /// # Errors
    ///
    /// Never; the result is what the caller returns.
    pub fn give(self, bytes: &mut Vec<u8>) -> Result<(), ValueError> {
        self.frame.parts().into_iter().for_each(|part| bytes.extend_from_slice(part));
        Ok(())
    }

    /// Whether exactly these bytes were written.
    pub(super) fn is(&self, bytes: &[u8]) -> bool {
        let [head, tail] = self.frame.parts();
        self.frame.len() == bytes.len() && bytes.starts_with(head) && bytes.ends_with(tail)
    }

    /// The buffer to write more to. Long bytes are copied into it first, because something follows
    /// them.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if !self.frame.tail.is_empty() {
            copy::append(&mut self.frame.bytes, std::mem::take(&mut self.frame.tail));
        }
        &mut self.frame.bytes
    }

    /// Appends one argument through serde.
    #[inline]
    pub(super) fn write<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), ValueError> {
        if !self.frame.tail.is_empty() {
            self.buffer();
        }
        codec::encode_field(value, &mut self.elements, &mut self.frame.bytes).map_err(ValueError)
    }

    /// Appends bytes with their length before them.
    pub(super) fn append(&mut self, bytes: &'m [u8]) {
        let out = self.buffer();
        if bytes.len() < LONG {
            codec::encode_bytes(bytes, out);
        } else {
            codec::encode_length(bytes.len(), out);
            self.frame.tail = bytes;
        }
    }
}

/// Appends the encoded arguments of a message to its frame; on an error the frame is as it was.
#[inline]
// [arguments.tuple]
pub(crate) fn encode_body<'m>(
    message: &'m dyn Message,
    writer: &mut ArgumentWriter<'m>,
) -> Result<(), ValueError> {
    let start = writer.frame.len();
    let written = message.__cconn_encode(writer);
    // What was written is behind `start`, and all of it is in memory.
    let length = writer.frame.len().wrapping_sub(start);
    let written =
        written.and_then(|()| codec::check_elements(writer.elements, length).map_err(ValueError));
    if written.is_err() {
        writer.frame.truncate(start);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::super::{Arg, Entete, Sealed, WriteSerde as _, no_value};
    use super::*;

    #[test]
    fn a_message_that_fails_half_way_leaves_nothing() {
        struct Half;
        impl Sealed for Half {}
        impl Message for Half {
            fn entete(&self) -> Entete<'_> {
                Entete::new("half", 0, "")
            }

            fn __cconn_encode<'m>(
                &'m self,
                writer: &mut ArgumentWriter<'m>,
            ) -> Result<(), ValueError> {
                Arg(&"begun").__cconn_write(writer)?;
                no_value()
            }
        }
        let mut writer = ArgumentWriter::new(vec![1]);
        assert!(encode_body(&Half, &mut writer).is_err());
        assert_eq!(writer.frame.bytes, [1]);
    }

    #[test]
    fn every_argument_is_written_as_serde_does() {
        // [arguments.tuple]
        fn body<'m>(write: impl Fn(&mut ArgumentWriter<'m>) -> Result<(), ValueError>) -> Vec<u8> {
            let mut writer = ArgumentWriter::new(Vec::new());
            write(&mut writer).unwrap();
            std::mem::take(writer.buffer())
        }
        let octets = vec![3_u8; 300];
        let mut expected = Vec::new();
        codec::encode(&octets, &mut expected).unwrap();
        assert_eq!(body(|out| Arg(&octets).__cconn_write(out)), expected);
        let (slice, cow) = (&octets[..], std::borrow::Cow::Borrowed(&octets[..]));
        let (reference, word, some) = (&octets, "ab", Some(7_u8));
        assert_eq!(body(|out| Arg(&slice).__cconn_write(out)), expected);
        assert_eq!(body(|out| Arg(&cow).__cconn_write(out)), expected);
        assert_eq!(body(|out| Arg(&reference).__cconn_write(out)), expected);
        let long = vec![3_u8; LONG];
        expected.clear();
        codec::encode(&long, &mut expected).unwrap();
        assert_eq!(body(|out| Arg(&long).__cconn_write(out)), expected);
        expected.push(7);
        let both =
            body(|out| Arg(&long).__cconn_write(out).and_then(|()| Arg(&7_u8).__cconn_write(out)));
        assert_eq!(both, expected, "what follows long bytes stands behind them");
        assert_eq!(body(|out| Arg(&word).__cconn_write(out)), [2, b'a', b'b']);
        assert_eq!(body(|out| Arg(&some).__cconn_write(out)), [1, 7]);
    }
}
