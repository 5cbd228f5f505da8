//! Waiting for answers over several connections at once.
//!
//! A thread can block in a read of one connection only. So this thread takes every helm that is
//! free, sleeps until one of these connections has input, and routes what came; if another thread
//! has a helm, that thread wakes this one. It never blocks in a write, because the other
//! connections would be unread meanwhile.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::answers::look_round;
use crate::link::Link;
use crate::link::core::alarm::Unwanted;
use crate::link::core::failure::Failure;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::io::read::LOOK_BUDGET;
use crate::link::io::reader::{QUIET, Reader};
use crate::link::io::sleep::is_past;
use crate::link::io::telling::may_wait;
use crate::link::threads::ambient::Working;
use crate::link::threads::aside::give_up_turn;
use crate::link::threads::handler;
use crate::link::threads::tend::READ_BUDGET;
use crate::link::threads::wait::next_look;
use crate::sync::{AsFd, Bell, BorrowedFd, Deadline, Parker, Rule, holds, now};
use crate::transport::Input;
use crate::wire::{CallId, EndReason};

/// How often the thread looks at what it can't wait for: a full socket, or every connection if no
/// bell can be had.
const TICK: Duration = Duration::from_millis(5);

/// The awaited calls of one connection.
pub(crate) struct Awaited<'a> {
    pub(crate) link: &'a Link,
    pub(crate) calls: Vec<CallId>,
}

impl Awaited<'_> {
    #[inline]
    fn is_answered(&self, state: &State) -> bool {
        state.first_answered(&self.calls).is_some()
    }

    /// Whether the wait is over: after the end of the connection no call will be answered any more.
    #[inline]
    fn is_over(&self, state: &State) -> bool {
        self.is_answered(state) || state.ended().is_some()
    }
}

/// Waits until a call of one of several connections is answered, one of the connections has ended,
/// or `time` is over. Every connection is read meanwhile.
#[inline]
pub(crate) fn wait_for_first(awaited: &[Awaited<'_>], time: Duration) -> Result<(), Failure> {
    let mut deadline = Deadline::After(time);
    if deadline.is_no_time() {
        // A look gives up no turn, so it is never refused because too many handlers wait.
        for each in awaited {
            each.link.locked_soon(|state| look_round(state, |state| each.is_answered(state)));
        }
        return Ok(());
    }
    may_wait()?;
    let away = match handler::current() {
        Some(handler) => give_up_turn(&handler)?,
        None => None,
    };
    let gave_up_turn = away.is_some();
    let holdings = awaited.iter().map(|awaited| Holding::new(awaited, gave_up_turn)).collect();
    let mut round = Round { parker: Parker::mine(), bell: None, holdings, shrunk: false };
    let working = Working::here();
    let why = round.wait(&mut deadline, working.as_ref());
    round.leave();
    if let Some(away) = away {
        away.take_turn_back();
    }
    why.map_or(Ok(()), |why| Err(Failure::Unwanted { why, may_have_run: true }))
}

/// One of the connections, and what the waiting thread holds of it.
struct Holding<'a> {
    awaited: &'a Awaited<'a>,
    /// The helm, while this thread has it.
    helm: Option<Box<Reader>>,
    /// Whether the thread is counted as one for whose sake commands are run.
    caller: bool,
    /// When the connection may be read again, if its peer floods us with frames that change
    /// nothing.
    held_back: Option<Instant>,
    /// When the connection is looked at again, whatever happens.
    due: Option<Instant>,
}

impl<'a> Holding<'a> {
    #[inline]
    fn new(awaited: &'a Awaited<'a>, gave_up_turn: bool) -> Self {
        let caller = !gave_up_turn || !awaited.link.is_inside();
        awaited.link.locked(|state| {
            state.begin_calling(caller);
            state.offer_turn();
        });
        Holding { awaited, helm: None, caller, held_back: None, due: None }
    }

    /// Reads what has arrived, writes what the socket takes, and lists the thread as a sleeper of
    /// this connection. True if the wait is over.
    #[inline]
    fn visit(&mut self, parker: &Arc<Parker>, readable: bool, budget: usize) -> bool {
        self.awaited.link.locked(|state| self.visit_locked(state, parker, readable, budget))
    }

    #[inline]
    fn visit_locked(
        &mut self,
        state: &mut Locked<'_>,
        parker: &Arc<Parker>,
        readable: bool,
        budget: usize,
    ) -> bool {
        // This thread looks at the connection itself, and is listed again below if it goes on
        // waiting.
        state.end_sleep(parker);
        let is_overdue = self.due.is_some_and(|due| due <= now());
        if (readable || is_overdue)
            && let Some(reader) = self.helm.take()
        {
            self.read(state, reader, budget);
        }
        state.flush_ready();
        if self.awaited.is_over(state) {
            return true;
        }
        // Kept while this thread sleeps: it reads the connection, and no other thread does.
        if self.helm.is_none() {
            self.helm = state.take_helm();
        }
        self.arrange(state);
        if holds(Rule::ListedInEach) {
            state.begin_sleep(parker.clone(), Sleep::Several);
        }
        false
    }

    #[inline]
    fn read(&self, state: &mut Locked<'_>, reader: Box<Reader>, budget: usize) {
        if self.held_back.is_some_and(|until| now() < until) {
            return state.put_helm(reader);
        }
        let read = state.read_ready(reader, budget);
        // The rest of the frame may have come while this process was stopped: it was read first.
        let overdue = |reader: &mut Reader| read == 0 && reader.inbox.is_overdue(now());
        if state.idle_reader().is_some_and(overdue) {
            state.close(Ending::here(EndReason::SlowFrame, ""));
        }
    }

    /// Decides when to look at this connection again, apart from input and signals.
    #[inline]
    fn arrange(&mut self, state: &mut State) {
        let frame = self.helm.as_mut().and_then(|reader| reader.inbox.frame_deadline(now()));
        self.held_back = if state.is_flooded() { state.held_until(now()) } else { None };
        // The watchman writes the bytes, if there is one.
        let full = if state.is_unflushed() { now().checked_add(TICK) } else { None };
        self.due = frame.into_iter().chain(self.held_back).chain(full).min();
    }

    #[inline]
    fn shrink(&mut self) {
        self.awaited.link.locked(|state| state.shrink());
        if let Some(reader) = &mut self.helm {
            reader.inbox.shrink();
        }
    }

    /// Gives back what the thread holds of this connection, and passes the baton on.
    #[inline]
    fn leave(self, parker: &Arc<Parker>) {
        self.awaited.link.locked(|state| {
            state.end_sleep(parker);
            if let Some(reader) = self.helm {
                state.put_helm(reader);
            }
            if holds(Rule::Baton) {
                state.pass_on();
            }
            state.end_calling(self.caller);
            state.flush_ready();
        });
    }
}

/// What ended a sleep.
struct Woken {
    /// Which connections have input.
    found: Vec<bool>,
    /// Another thread has taken this one off a connection's list of sleepers; which list is
    /// unknown.
    signalled: bool,
}

struct Round<'a> {
    parker: Arc<Parker>,
    bell: Option<Arc<Bell>>,
    holdings: Vec<Holding<'a>>,
    /// Large buffers have been freed, and nothing has come since.
    shrunk: bool,
}

impl Round<'_> {
    /// Waits for the deadline at most, and no longer than the command that the thread works for is
    /// wanted; says why if it is not.
    #[inline]
    fn wait(&mut self, deadline: &mut Deadline, working: Option<&Working>) -> Option<Unwanted> {
        // At first every connection is visited.
        let all = Woken { found: vec![false; self.holdings.len()], signalled: true };
        let mut over = self.visit(&all, READ_BUDGET);
        while !over {
            // The wait is not given up without a last look at the sockets.
            let last = deadline.has_passed();
            let why = working.and_then(|working| working.unwanted());
            if why.is_some() {
                return why;
            }
            let look = if working.is_some() { next_look() } else { None };
            let woken = self.sleep(deadline.moment().into_iter().chain(look).min());
            over = self.visit(&woken, if last { LOOK_BUDGET } else { READ_BUDGET }) || last;
        }
        None
    }

    #[inline]
    fn visit(&mut self, woken: &Woken, budget: usize) -> bool {
        let begin = now();
        self.holdings.iter_mut().zip(&woken.found).any(|(holding, found)| {
            let due = holding.due.is_some_and(|due| due <= begin);
            (*found || due || woken.signalled) && holding.visit(&self.parker, *found, budget)
        })
    }

    /// Sleeps until there is input, a signal, a connection to look at again, or the deadline.
    #[inline]
    fn sleep(&mut self, deadline: Option<Instant>) -> Woken {
        let quiet = if self.shrunk { None } else { now().checked_add(QUIET) };
        let due = self.holdings.iter().filter_map(|holding| holding.due).min();
        let until = deadline.into_iter().chain(quiet).chain(due).min();
        let woken = self.sleep_until(until);
        if woken.signalled || woken.found.contains(&true) {
            self.shrunk = false;
        } else if is_past(quiet) {
            self.holdings.iter_mut().for_each(Holding::shrink);
            self.shrunk = true;
        }
        woken
    }

    #[inline]
    fn sleep_until(&mut self, mut until: Option<Instant>) -> Woken {
        let waker = Waker::from(self.parker.clone());
        let mut found = vec![false; self.holdings.len()];
        let mut sockets: Vec<(&mut bool, Box<dyn AsFd + '_>)> = Vec::new();
        for (holding, found) in self.holdings.iter().zip(&mut found) {
            if holding.helm.is_none() || holding.held_back.is_some() {
                continue;
            }
            match holding.awaited.link.io.input(&waker) {
                Input::There => {
                    *found = true;
                    until = Some(now());
                }
                Input::Awaited => {}
                Input::Polled(socket) => sockets.push((found, socket)),
            }
        }
        if sockets.is_empty() {
            let signalled = self.parker.park(until);
            drop(sockets);
            return Woken { found, signalled };
        }
        if self.bell.is_none() {
            self.bell = Bell::new().ok().map(Arc::new);
        }
        if self.bell.is_none() {
            // Without a bell no other thread can end the sleep, so it is a short one.
            until = now().checked_add(TICK).into_iter().chain(until).min();
        }
        let fds: Vec<BorrowedFd<'_>> = sockets.iter().map(|(_, socket)| socket.as_fd()).collect();
        let (signalled, readable) = self.parker.park_for_input(&fds, self.bell.as_ref(), until);
        drop(fds);
        for ((found, _), readable) in sockets.into_iter().zip(readable) {
            *found = readable;
        }
        Woken { found, signalled }
    }

    #[inline]
    fn leave(self) {
        self.holdings.into_iter().for_each(|holding| holding.leave(&self.parker));
    }
}
