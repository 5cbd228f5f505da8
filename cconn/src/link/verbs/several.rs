//! Waiting for answers over several connections at once.
//!
//! A thread can block in a read of one connection only. So this one takes every helm that is free,
//! sleeps until one of them has input, and routes what came; where another thread has the helm,
//! that one wakes it. It never blocks in a write: the other connections would be unread meanwhile.

use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::answers::look_round;
use crate::link::Link;
use crate::link::core::failure::Failure;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::io::read::LOOK_BUDGET;
use crate::link::io::reader::{QUIET, Reader};
use crate::link::io::sleep::is_past;
use crate::link::threads::aside::give_up_turn;
use crate::link::threads::handler;
use crate::link::threads::tend::READ_BUDGET;
use crate::sync::{AsFd, Bell, BorrowedFd, Deadline, Parker, Rule, holds, now};
use crate::transport::Input;
use crate::wire::{CallId, EndReason};

/// How long what can't be waited for is let be: a full socket, and all where no bell can be had.
const TICK: Duration = Duration::from_millis(5);

/// Calls of one connection.
pub(crate) struct Awaited<'a> {
    pub(crate) link: &'a Link,
    pub(crate) calls: Vec<CallId>,
}

impl Awaited<'_> {
    fn is_answered(&self, state: &State) -> bool {
        self.calls.iter().any(|call| state.calls.is_answered(*call))
    }

    /// At the end of the connection none will be answered any more.
    fn is_over(&self, state: &State) -> bool {
        self.is_answered(state) || state.ended().is_some()
    }
}

/// Waits until a call of one of several connections is answered, or one of them has ended, or the
/// time is over. Each of them is read meanwhile.
pub(crate) fn wait_for_first(awaited: &[Awaited<'_>], time: Duration) -> Result<(), Failure> {
    let mut deadline = Deadline::After(time);
    if deadline.is_no_time() {
        // Who only looks gives no turn up, and is never refused for too many that wait.
        for each in awaited {
            each.link.locked_soon(|state| look_round(state, |state| each.is_answered(state)));
        }
        return Ok(());
    }
    let away = match handler::current() {
        Some(handler) => give_up_turn(&handler)?,
        None => None,
    };
    let gave_up_turn = away.is_some();
    let places = awaited.iter().map(|awaited| Place::new(awaited, gave_up_turn)).collect();
    let mut round = Round { parker: Parker::mine(), bell: None, places, shrunk: false };
    round.wait(&mut deadline);
    round.leave();
    if let Some(away) = away {
        away.take_turn_back();
    }
    Ok(())
}

/// One of the connections, as the waiting thread has it.
struct Place<'a> {
    awaited: &'a Awaited<'a>,
    /// The helm, where this thread has it.
    helm: Option<Box<Reader>>,
    /// Whether the thread is counted among those for whom commands are run.
    caller: usize,
    /// Nothing is read until then: too much came that changes nothing.
    held_back: Option<Instant>,
    /// It is looked at again then, whatever happens.
    due: Option<Instant>,
}

impl<'a> Place<'a> {
    fn new(awaited: &'a Awaited<'a>, gave_up_turn: bool) -> Self {
        let caller = usize::from(!gave_up_turn || !awaited.link.is_inside());
        awaited.link.locked(|state| {
            state.turn.callers = state.turn.callers.saturating_add(caller);
            state.offer_turn();
        });
        Place { awaited, helm: None, caller, held_back: None, due: None }
    }

    /// Reads what is there, writes what can be written without waiting, and enters the list of those
    /// who are to be woken; says whether the wait is over.
    fn visit(&mut self, parker: &Arc<Parker>, readable: bool, budget: usize) -> bool {
        self.awaited.link.locked(|state| self.visit_locked(state, parker, readable, budget))
    }

    fn visit_locked(
        &mut self,
        state: &mut Locked<'_>,
        parker: &Arc<Parker>,
        readable: bool,
        budget: usize,
    ) -> bool {
        state.sleepers.remove(parker);
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
        if self.helm.is_none() {
            self.helm = state.take_helm();
        }
        self.arrange(state);
        if holds(Rule::StandsInEach) {
            state.sleepers.push(parker.clone(), Sleep::Several);
        }
        false
    }

    fn read(&self, state: &mut Locked<'_>, reader: Box<Reader>, budget: usize) {
        if self.held_back.is_some_and(|until| now() < until) {
            return state.put_helm(reader);
        }
        let read = state.read_ready(reader, budget);
        // Its rest may have come while this process was stopped: what is there was read first.
        let overdue = |reader: &mut Reader| read == 0 && reader.inbox.is_overdue(now());
        if state.idle_reader().is_some_and(overdue) {
            state.close(Ending::here(EndReason::SlowFrame, ""));
        }
    }

    /// What else than input or a signal is a reason to look at this connection again.
    fn arrange(&mut self, state: &mut State) {
        let frame = self.helm.as_mut().and_then(|reader| reader.inbox.frame_deadline());
        self.held_back = if state.waste.is_much() { state.waste.until(now()) } else { None };
        // The watchman writes it, if there is one.
        let full = if state.is_unflushed() { now().checked_add(TICK) } else { None };
        self.due = frame.into_iter().chain(self.held_back).chain(full).min();
    }

    fn shrink(&mut self) {
        self.awaited.link.locked(|state| state.shrink());
        if let Some(reader) = &mut self.helm {
            reader.inbox.shrink();
        }
    }

    /// Gives back what the thread has here, and passes the baton on.
    fn leave(self, parker: &Arc<Parker>) {
        self.awaited.link.locked(|state| {
            state.sleepers.remove(parker);
            if let Some(reader) = self.helm {
                state.put_helm(reader);
            }
            if holds(Rule::Baton) {
                state.pass_on();
            }
            state.turn.callers_left(self.caller);
            state.flush_ready();
        });
    }
}

/// What ended a sleep.
struct Woken {
    /// Which connections have input.
    found: Vec<bool>,
    /// Another thread has taken this one off a list: it is not known off which.
    signalled: bool,
}

struct Round<'a> {
    parker: Arc<Parker>,
    bell: Option<Arc<Bell>>,
    places: Vec<Place<'a>>,
    /// Large buffers were given up, and nothing came since.
    shrunk: bool,
}

impl Round<'_> {
    fn wait(&mut self, deadline: &mut Deadline) {
        let all = Woken { found: vec![false; self.places.len()], signalled: true };
        let mut over = self.visit(&all, READ_BUDGET);
        while !over {
            // No wait is given up without a last look at what is there.
            let last = deadline.has_passed();
            let woken = self.sleep(deadline.moment());
            over = self.visit(&woken, if last { LOOK_BUDGET } else { READ_BUDGET }) || last;
        }
    }

    fn visit(&mut self, woken: &Woken, budget: usize) -> bool {
        let begin = now();
        self.places.iter_mut().zip(&woken.found).any(|(place, found)| {
            let due = place.due.is_some_and(|due| due <= begin);
            (*found || due || woken.signalled) && place.visit(&self.parker, *found, budget)
        })
    }

    /// Sleeps until there is input, a signal, something to be looked at again, or the deadline.
    fn sleep(&mut self, deadline: Option<Instant>) -> Woken {
        let quiet = if self.shrunk { None } else { now().checked_add(QUIET) };
        let due = self.places.iter().filter_map(|place| place.due).min();
        let until = deadline.into_iter().chain(quiet).chain(due).min();
        let woken = self.sleep_until(until);
        if woken.signalled || woken.found.contains(&true) {
            self.shrunk = false;
        } else if is_past(quiet) {
            self.places.iter_mut().for_each(Place::shrink);
            self.shrunk = true;
        }
        woken
    }

    fn sleep_until(&mut self, mut until: Option<Instant>) -> Woken {
        let waker = Waker::from(self.parker.clone());
        let mut found = vec![false; self.places.len()];
        let mut sockets: Vec<(&mut bool, Box<dyn AsFd + '_>)> = Vec::new();
        for (place, found) in self.places.iter().zip(&mut found) {
            if place.helm.is_none() || place.held_back.is_some() {
                continue;
            }
            match place.awaited.link.io.input(&waker) {
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

    fn leave(self) {
        self.places.into_iter().for_each(|place| place.leave(&self.parker));
    }
}
