//! Argument streams that the thread which waits for the outcome does not feed: a channel has their
//! items, or a thread of their own pulls them, because the answer is a stream or no thread waits yet.
//! Where the answer is a stream, a source may wait for what the program does with that, so no thread
//! that takes the answer may pull it.

use std::sync::Arc;

use super::ambient::{self, Ambient, works};
use super::channel::{Origin, StreamChannel};
use super::feed::{Arguments, Fed};
use super::gone::let_go;
use super::patience::Patience;
use crate::link::Link;
use crate::link::core::channel::Gone;
use crate::link::core::channels::Attached;
use crate::link::core::failure::Failure;
use crate::link::core::outlet::OutletId;
use crate::link::core::state::State;
use crate::sync::{Condvar, Mutex};
use crate::wire::CallId;

/// The text of an end that the command has brought about for which the call was made.
const UNWANTED: &str = "the command that has called is not wanted any more";

/// What such a thread is to do: nothing, if its call was not sent.
type Task = Option<(CallId, Arguments)>;

/// Where such a thread waits for its task; it is started before the call is sent, so that a call
/// which no thread would feed is never sent.
#[derive(Default)]
struct Desk {
    task: Mutex<Option<Task>>,
    filled: Condvar,
}

impl Desk {
    #[inline]
    fn fill(&self, task: Task) {
        self.task.lock().get_or_insert(task);
        self.filled.notify_all();
    }

    #[inline]
    fn take(&self) -> Task {
        let mut task = self.task.lock();
        loop {
            match task.take() {
                Some(task) => return task,
                None => task = self.filled.wait(task, None),
            }
        }
    }
}

/// A thread that waits for its task. It ends when this is dropped, if it got none.
pub(in super::super) struct Feeder(Arc<Desk>);

impl Feeder {
    /// Gives the thread its task.
    #[inline]
    pub(in super::super) fn feed(self, call: CallId, arguments: Arguments) {
        self.0.fill(Some((call, arguments)));
    }
}

impl Drop for Feeder {
    #[inline]
    fn drop(&mut self) {
        // What was filled in first stays.
        self.0.fill(None);
    }
}

impl Link {
    /// Hands the arguments that channels feed over to their channels. Nothing may be locked.
    #[inline]
    pub(in super::super) fn attach_arguments(&self, arguments: &mut Arguments, command: u64) {
        for (channel, id, given) in arguments.take_channels() {
            self.attach_argument(&channel, id, command);
            drop(given);
        }
    }

    #[inline]
    fn attach_argument(&self, channel: &StreamChannel, id: OutletId, command: u64) {
        let (frame, most) = (self.peer.max_frame as usize, self.limits.max_channels);
        // The command runs on the peer's side, so its name is not registered on this one.
        let origin = Origin { command, name: None, link: self.identity.shared_label().clone() };
        channel.attach(self.me.clone(), origin, frame, |feed| {
            // What is due is left to the next release: it may run code that pushes to this channel,
            // whose lock is held here.
            let mut attached = Attached::Not(Gone::Ended);
            self.noted(|state| attached = state.attach_argument(id, feed, most));
            attached
        });
    }

    /// Starts a thread that will pull the arguments of a call. It works for what the calling thread
    /// works for, and counts as no handle.
    // [lane.both]
    #[inline]
    pub(in super::super) fn start_feeder(self: &Arc<Self>) -> Result<Feeder, Failure> {
        let desk = Arc::new(Desk::default());
        let (link, hers, ambient) = (self.clone(), desk.clone(), works().then(ambient::ambient));
        let (name, stack) = (self.identity.feeder_name(), self.limits.stack);
        let body = move || {
            if let Some((call, arguments)) = hers.take() {
                link.feed_apart(call, arguments, ambient);
            }
            let_go(link, None);
        };
        let feeder = Feeder(desk);
        crate::sync::spawn(name, stack, body).map_err(|_cause| Failure::NoThread)?;
        Ok(feeder)
    }

    #[inline]
    fn feed_apart(&self, call: CallId, mut arguments: Arguments, ambient: Option<Ambient>) {
        let _ambient = ambient.map(ambient::enter);
        let is_over = |_: &State, arguments: &Arguments| !arguments.are_pulled();
        while arguments.are_pulled() {
            let fed = self.locked(|state| {
                let mut patience = Patience::endless();
                let fed = self.feed(state, &mut arguments, (call, false), &mut patience, is_over);
                if !matches!(fed, Fed::Panicked(_)) {
                    arguments.end_all(state, UNWANTED);
                    state.flush(&mut self.patience());
                }
                fed
            });
            if let Fed::Panicked(payload) = fed {
                // The command is told, and the program was by its hook. The payload is the
                // program's, and may panic when it is dropped.
                std::mem::forget(payload);
            }
            arguments.drop_over();
        }
    }
}
