//! What a proxy says before the greeting: for whom it connects.

use std::io;
use std::net::SocketAddr;

use super::{HandshakeError, receive, shown};
use crate::proxy::{self, HeaderFault};
use crate::transport::Transport;

/// What is wrong between a server and the proxies in front of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyFault {
    #[error(
        "it begins with a proxy's PROXY header, and its address is not one of `mandataires`; list \
         it there if it is a proxy to be believed"
    )]
    Unlisted,
    #[error(
        "its address is one of `mandataires`, so a PROXY header comes first, and it begins with \
         {0}; let the proxy send one (`send-proxy-v2`), or take it off that list"
    )]
    Missing(String),
    #[error("its PROXY header is not good: {0}")]
    Malformed(HeaderFault),
    #[error("behind its PROXY header comes a second one; let only the last proxy send one")]
    Again,
}

/// A header as a server hears it.
#[derive(Default)]
pub(crate) struct Announcement {
    said: Vec<u8>,
}

impl Announcement {
    /// Whether a part of a header has come.
    pub(crate) fn has_begun(&self) -> bool {
        !self.said.is_empty()
    }

    /// Reads what has arrived of a header, and nothing of what follows it. `None` if the header is
    /// not whole yet; then for whom it speaks, which is nobody but itself if no address is there.
    /// Does not wait.
    pub(crate) fn hear(
        &mut self,
        io: &dyn Transport,
    ) -> Option<Result<Option<SocketAddr>, HandshakeError>> {
        loop {
            let wanted = match proxy::wanted(&self.said) {
                Ok(wanted) => wanted,
                Err(fault) => return Some(Err(self.fault(fault))),
            };
            let Some(missing) = wanted.checked_sub(self.said.len()).filter(|n| *n > 0) else {
                return Some(proxy::parse(&self.said).map_err(|fault| self.fault(fault)));
            };
            // A receive fills all the room that there is, so there is none for what follows.
            let mut piece = Vec::with_capacity(missing);
            let filler = piece.capacity().saturating_sub(missing);
            piece.resize(filler, 0);
            let received = receive(&mut piece, 0, |piece| io.try_recv(piece));
            self.said.extend(piece.drain(filler..));
            match received {
                Ok(()) => {}
                Err(HandshakeError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return None;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn fault(&self, fault: HeaderFault) -> HandshakeError {
        let fault = match fault {
            HeaderFault::NoHeader => ProxyFault::Missing(shown(&self.said)),
            fault => ProxyFault::Malformed(fault),
        };
        fault.into()
    }
}

#[cfg(test)]
mod tests {
    use std::io::IoSlice;

    use super::*;
    use crate::transport::{Memory, Script, Scripted};

    const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n";

    #[test]
    fn what_follows_a_header_stays_in_the_stream() {
        for piece in [1, 7, 100] {
            let (ours, hers) = Memory::pair(1 << 10);
            let mut announcement = Announcement::default();
            let bytes = [LINE, b"cconn\r\n\0"].concat();
            let mut heard = None;
            for piece in bytes.chunks(piece) {
                hers.try_send(&[IoSlice::new(piece)]).unwrap();
                if heard.is_none() {
                    heard = announcement.hear(&ours);
                }
            }
            let from = heard.unwrap().unwrap().unwrap();
            assert_eq!(from.to_string(), "192.0.2.1:56324");
            let mut rest = Vec::with_capacity(100);
            ours.try_recv(&mut rest).unwrap();
            assert_eq!(rest, b"cconn\r\n\0");
        }
    }

    #[test]
    fn a_header_that_ends_too_soon_is_an_end_and_one_that_is_wrong_is_told_at_once() {
        let hear = |bytes: &[u8], ends: bool| {
            let (ours, hers) = Memory::pair(1 << 10);
            hers.try_send(&[IoSlice::new(bytes)]).unwrap();
            if ends {
                hers.shutdown_write();
            }
            Announcement::default().hear(&ours)
        };
        for cut in 1..LINE.len() {
            assert!(hear(&LINE[..cut], false).is_none(), "{cut}");
            let ended = hear(&LINE[..cut], true).unwrap();
            assert!(matches!(ended, Err(HandshakeError::Ended)), "{cut}: {ended:?}");
        }
        let missing = hear(b"cconn", false).unwrap().unwrap_err();
        assert!(matches!(missing, HandshakeError::Proxy(ProxyFault::Missing(_))), "{missing}");
        let wrong = hear(b"PROXY TCP7 1 1 1 1\r\n", false).unwrap().unwrap_err();
        assert!(matches!(wrong, HandshakeError::Proxy(ProxyFault::Malformed(_))), "{wrong}");
    }

    #[test]
    fn little_is_held_of_a_long_header() {
        let (ours, hers) = Memory::pair(1 << 20);
        let head = [b"\r\n\r\n\0\r\nQUIT\n\x21\0".as_slice(), &4080_u16.to_be_bytes()].concat();
        hers.try_send(&[IoSlice::new(&head)]).unwrap();
        hers.try_send(&[IoSlice::new(&vec![0; 100 << 10])]).unwrap();
        let mut announcement = Announcement::default();
        // The records are 1,360 empty ones.
        assert_eq!(announcement.hear(&ours).unwrap().unwrap(), None);
        assert_eq!(announcement.said.len(), proxy::MAX_HEADER);
        assert!(announcement.said.capacity() <= 16 << 10, "{}", announcement.said.capacity());
    }

    #[test]
    fn a_stream_that_breaks_before_its_header_is_not_waited_for() {
        let script = Script { fails_at: 1, ..Script::default() };
        let broken = Scripted::new(Memory::pair(1 << 10).0, script);
        let heard = Announcement::default().hear(&broken).unwrap();
        assert!(matches!(heard, Err(HandshakeError::Io(_))), "{heard:?}");
    }
}
