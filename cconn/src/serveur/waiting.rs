//! Peers that wait and are not clients: strangers, which have not greeted yet, and newcomers that
//! were refused and may still read why.
//!
//! Only peers that have greeted get a place and a thread. A peer that only connects is a stranger.
//! The number of strangers is bounded: if one more comes, the server turns away the one that `crowd`
//! chooses.

mod crowd;
mod stranger;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::crowd::first_to_go;
use self::stranger::{Preface, Stranger};
use super::Serveur;
use super::listener::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::handshake::{self, Announcement, Greeted, HandshakeError, Hearing, ProxyFault};
use crate::transport::{NatureTls, TlsFault, Transport};
use crate::wire::Refusal;

/// How long a refused newcomer may take to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);

/// How often refused newcomers are looked at.
const SWEEP: Duration = Duration::from_millis(10);

/// The largest number of refused newcomers kept; the oldest is dropped first.
const MAX_REFUSED: usize = 64;

/// The largest number of strangers. Each takes a descriptor and nothing else.
pub(super) const MAX_STRANGERS: usize = 128;

/// What a stranger is told that is turned away to make room for another one.
const NO_ROOM: &str = "more newcomers came than may wait to be let in, and this one was not done \
                       with its greeting; try again";

/// What a stranger is told that is turned away because an `accept` failed.
const NO_DESCRIPTOR: &str = "the server lacks what another connection takes, such as a file \
                             descriptor, and this newcomer was not done with its greeting; try \
                             again";

/// A peer that has greeted and is not a client yet.
pub(super) struct Guest {
    pub(super) io: Box<dyn Newcomer>,
    pub(super) address: Adresse,
    pub(super) greeted: Greeted,
}

/// Newcomers that are not clients, oldest first.
#[derive(Default)]
pub(super) struct Waiting {
    /// Boxed, as a guest is.
    strangers: VecDeque<Box<Stranger>>,
    /// Refused newcomers, each with the moment until which it may read why.
    refused: VecDeque<(Arc<dyn Transport>, Instant)>,
}

/// What a look at the waiting peers has found.
pub(super) enum Seen {
    Nothing,
    /// Boxed, so that the stack of the thread that takes it in need not hold it several times.
    Guest(Box<Guest>),
    /// An `accept` that failed because the system lacks something.
    Trouble,
}

impl Waiting {
    /// Keeps a newcomer that was refused, so that it can read the reason.
    pub(super) fn push_refused(&mut self, io: Arc<dyn Transport>) {
        io.shutdown_write();
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((io, Instant::now() + REFUSED_LINGER));
    }

    /// Lets go of refused newcomers that have read the reason or took too long. If the stream were
    /// closed before a newcomer has read, the system would reset it, and the newcomer would never
    /// learn the reason. Returns how soon to look again, at these or at a stranger whose time ends.
    fn sweep(&mut self, now: Instant) -> Option<Duration> {
        self.refused.retain(|(io, until)| *until > now && !has_ended(&**io));
        let refused = (!self.refused.is_empty()).then_some(SWEEP);
        let late = self.strangers.iter().filter_map(|stranger| stranger.until).min();
        let late = late.map(|until| until.saturating_duration_since(now));
        refused.into_iter().chain(late).min()
    }

    /// Takes out the stranger that is turned away to make room for another one.
    fn take_first_to_go(&mut self) -> Option<Box<Stranger>> {
        let all: Vec<_> = self.strangers.iter().map(|one| (one.origin(), one.progress())).collect();
        self.strangers.remove(first_to_go(&all)?)
    }

    /// Takes out a stranger whose time to greet is over.
    fn take_late(&mut self, now: Instant) -> Option<Box<Stranger>> {
        let mut all = self.strangers.iter();
        let at = all.position(|stranger| stranger.until.is_some_and(|until| until <= now))?;
        self.strangers.remove(at)
    }
}

impl Serveur {
    /// Waits, at most for `pause`, until a newcomer comes, a stranger greets, or the waker is rung.
    /// Only one thread at a time does this, because it holds the lock of `waiting`.
    pub(super) fn look_at_waiting(
        &self,
        source: Option<&dyn Source>,
        waiting: &mut Waiting,
        pause: Option<Duration>,
    ) -> Seen {
        let accepts = self.shared.listener.accepts(waiting.strangers.len());
        let source = source.filter(|_| accepts);
        let now = Instant::now();
        if let Some(seen) = self.see_late(waiting, now) {
            return seen;
        }
        let pause = pause.into_iter().chain(waiting.sweep(now)).min();
        let strangers = waiting.strangers.iter().map(|stranger| &*stranger.io);
        let (is_there, spoke) = self.shared.listener.wait(source, strangers, pause);
        if let Some(seen) = self.see_spoken(waiting, spoke) {
            return seen;
        }
        let deadline = self.shared.options.settings.limits.write_deadline;
        match source.filter(|_| is_there).map(|source| source.accept(deadline)) {
            Some(Ok((io, address))) => self.meet(io, address, waiting),
            Some(Err(error)) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionAborted => Seen::Nothing,
                _ => {
                    self.free_descriptor(waiting);
                    Seen::Trouble
                }
            },
            None => Seen::Nothing,
        }
    }

    /// Looks at the strangers whose time to greet is over. A function of its own, as `see_spoken` is:
    /// a client's thread keeps every page of stack that it has once used, and most newcomers need
    /// neither.
    #[inline(never)]
    fn see_late(&self, waiting: &mut Waiting, now: Instant) -> Option<Seen> {
        while let Some(mut late) = waiting.take_late(now) {
            // If this process was stopped, a greeting that came in time may be unread.
            match self.hear(&mut late) {
                Some(heard) => return Some(self.judge(late, heard, waiting)),
                None => self.turn_away(late, HandshakeError::Late, Refusal::Accepted, waiting),
            }
        }
        None
    }

    /// Hears the strangers in these places, which have sent something.
    #[inline(never)]
    fn see_spoken(&self, waiting: &mut Waiting, spoke: Vec<usize>) -> Option<Seen> {
        for at in spoke {
            if let Some(mut stranger) = waiting.strangers.remove(at) {
                match self.hear(&mut stranger) {
                    // The places in `spoke` count from the front, so this stranger goes back to its
                    // own.
                    None => waiting.strangers.insert(at, stranger),
                    Some(heard) => return Some(self.judge(stranger, heard, waiting)),
                }
            }
        }
        None
    }

    /// Takes in a newcomer that was just accepted; most have sent their greeting by then.
    fn meet(&self, io: Box<dyn Newcomer>, address: Adresse, waiting: &mut Waiting) -> Seen {
        let settings = &self.shared.options.settings;
        let until = Instant::now().checked_add(settings.greeting_deadline);
        let preface = if self.shared.options.proxies.lists(&address) {
            Preface::Awaited(Announcement::default())
        } else {
            Preface::Nothing
        };
        let hearing = Hearing::default();
        let mut stranger = Box::new(Stranger { io, address, preface, hearing, until });
        if let Some(heard) = self.hear(&mut stranger) {
            return self.judge(stranger, heard, waiting);
        }
        // Over TLS a refusal can't be sent before both sides have agreed on keys.
        if stranger.io.shake().is_none() && self.is_full() {
            // Its greeting could not change that.
            let why = self.refused(Refusal::Full);
            self.turn_away(stranger, why, Refusal::Full, waiting);
            return Seen::Nothing;
        }
        if waiting.strangers.len() >= MAX_STRANGERS {
            self.make_room(waiting, NO_ROOM);
        }
        waiting.strangers.push_back(stranger);
        Seen::Nothing
    }

    /// Reads what a stranger has sent. `None` if its greeting, the header of a proxy in front of it
    /// and its proof, where they are wanted, are not whole yet.
    fn hear(&self, stranger: &mut Stranger) -> Option<Result<Greeted, HandshakeError>> {
        if let Err(error) = stranger.hear_proxy()? {
            return Some(Err(error));
        }
        let settings = &self.shared.options.settings;
        let io = stranger.io.transport();
        let heard = stranger.hearing.hear(io, &settings.limits, &settings.keys, self.told())?;
        Some(match heard {
            Err(HandshakeError::Proxy(ProxyFault::Unlisted)) if stranger.is_announced() => {
                Err(ProxyFault::Again.into())
            }
            heard => heard,
        })
    }

    fn is_full(&self) -> bool {
        let bounds = &self.shared.options.bounds;
        self.shared.clients.are_full(bounds.most, bounds.unused)
    }

    fn judge(
        &self,
        stranger: Box<Stranger>,
        heard: Result<Greeted, HandshakeError>,
        waiting: &mut Waiting,
    ) -> Seen {
        match heard {
            Ok(greeted) => {
                if let Some((refusal, why)) = self.other_program(&*stranger.io, &greeted) {
                    self.turn_away(stranger, why, refusal, waiting);
                    return Seen::Nothing;
                }
                let Stranger { io, address, .. } = *stranger;
                Seen::Guest(Box::new(Guest { io, address, greeted }))
            }
            // A proxy that looks whether the server is well says no more than that.
            Err(HandshakeError::Ended | HandshakeError::Io(_)) if stranger.is_a_look() => {
                Seen::Nothing
            }
            Err(error) => {
                self.turn_away(stranger, error, Refusal::Accepted, waiting);
                Seen::Nothing
            }
        }
    }

    /// Turns away a stranger that has not greeted, or not properly. It is sent our greeting, so
    /// that it learns what kind of server it has reached.
    // [greeting.server-answers]
    #[expect(clippy::boxed_local, reason = "a stranger stays in its box")]
    fn turn_away(
        &self,
        stranger: Box<Stranger>,
        why: HandshakeError,
        refusal: Refusal,
        waiting: &mut Waiting,
    ) {
        let refusal = match (refusal, &why) {
            (Refusal::Accepted, HandshakeError::Unproven(unproven)) => *unproven,
            (refusal, _) => refusal,
        };
        let refusal = match refusal {
            Refusal::Accepted if is_plain(&why) => Refusal::Plain,
            // [refusal.proxy]
            Refusal::Accepted if matches!(why, HandshakeError::Proxy(_)) => Refusal::Proxy,
            Refusal::Accepted if self.is_full() => Refusal::Full,
            other => other,
        };
        // If this fails the stranger is gone, and the reason has no reader.
        let io = stranger.io.transport();
        let text = match &why {
            HandshakeError::OtherProgram(text) if refusal == Refusal::OtherProgram => text.clone(),
            HandshakeError::Refused { text, .. } => text.clone(),
            _ => self.reason(refusal),
        };
        let _gone = if stranger.hearing.is_greeted() {
            handshake::answer(io, None, refusal, &text)
        } else {
            self.greet_saying(io, refusal, &text)
        };
        waiting.push_refused(stranger.io.into_transport());
        self.tell_refused(Some(&stranger.address), why);
    }

    /// Closes the stream of one peer that is not a client, because an `accept` has failed and a
    /// stream may hold what the system lacks, such as a file descriptor. A newcomer that was
    /// refused goes before a stranger: it has had some time to read why.
    fn free_descriptor(&self, waiting: &mut Waiting) {
        if waiting.refused.is_empty() {
            self.make_room(waiting, NO_DESCRIPTOR);
        }
        // A refused newcomer holds its descriptor as long as it is kept.
        waiting.refused.pop_front();
    }

    /// Turns a stranger away with `text`, to make room for another one.
    fn make_room(&self, waiting: &mut Waiting, text: &str) {
        let Some(stranger) = waiting.take_first_to_go() else { return };
        let (refusal, text) = (Refusal::NoResources, text.to_owned());
        let why = HandshakeError::Refused { refusal, text };
        self.turn_away(stranger, why, refusal, waiting);
    }

    /// Tells the strangers that the server stops.
    pub(super) fn send_strangers_away(&self, waiting: &mut Waiting) {
        while let Some(stranger) = waiting.strangers.pop_front() {
            let why = self.refused(Refusal::Stopping);
            self.turn_away(stranger, why, Refusal::Stopping, waiting);
        }
    }
}

/// Whether a newcomer was found to speak no TLS where it should.
fn is_plain(why: &HandshakeError) -> bool {
    matches!(why, HandshakeError::Io(error)
        if TlsFault::inside(error).is_some_and(|fault| fault.nature == NatureTls::EnClair))
}

fn has_ended(io: &dyn Transport) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::sync::{AsFd, BorrowedFd};
    use crate::transport::{Memory, Socket};

    /// A listening socket whose `accept` fails because the process has no descriptor left.
    struct Exhausted(TcpListener);

    impl Source for Exhausted {
        fn as_fd(&self) -> BorrowedFd<'_> {
            AsFd::as_fd(&self.0)
        }

        fn accept(&self, _: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
            Err(io::Error::other("too many open files"))
        }
    }

    #[test]
    fn a_failed_accept_closes_one_refused_newcomer_or_else_one_stranger() {
        let serveur = Serveur::options(0).ouvrir().unwrap();
        let source = Exhausted(TcpListener::bind("127.0.0.1:0").unwrap());
        let address = source.0.local_addr().unwrap();
        let mut waiting = Waiting::default();
        let mut streams = Vec::new();
        for _ in 0..2 {
            streams.push(TcpStream::connect(address).unwrap());
            let (stranger, from) = source.0.accept().unwrap();
            serveur.meet(Box::new(Socket::new(stranger)), from.into(), &mut waiting);
        }
        // It is never accepted.
        let _newcomer = TcpStream::connect(address).unwrap();
        let (ours, _theirs) = Memory::pair(100);
        waiting.push_refused(Arc::new(ours));
        for strangers in [2, 1, 0, 0] {
            let seen = serveur.look_at_waiting(Some(&source), &mut waiting, None);
            assert!(matches!(seen, Seen::Trouble));
            assert_eq!(waiting.strangers.len(), strangers);
            assert!(waiting.refused.is_empty(), "a descriptor is free at once");
        }
        for mut stream in streams {
            let mut told = Vec::new();
            io::Read::read_to_end(&mut stream, &mut told).unwrap();
            assert!(String::from_utf8_lossy(&told).contains("lacks"), "{told:?}");
        }
    }

    #[test]
    fn so_many_refused_newcomers_are_kept_and_of_one_more_the_oldest_goes() {
        let mut waiting = Waiting::default();
        let streams: Vec<Arc<dyn Transport>> = (0..=MAX_REFUSED)
            .map(|n| {
                let (ours, _theirs) = Memory::pair(100);
                let ours: Arc<dyn Transport> = Arc::new(ours);
                assert_eq!(waiting.refused.len(), n);
                waiting.push_refused(ours.clone());
                ours
            })
            .collect();
        assert_eq!(waiting.refused.len(), MAX_REFUSED);
        assert!(Arc::ptr_eq(&waiting.refused.front().unwrap().0, &streams[1]));
    }
}
