//! A thread of the connection's own that runs its commands, in the place of a thread of the
//! program's; and the hint to a program that has neither.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::gone::let_go;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::io::lock::Locked;

/// How long commands wait for a thread before the program is told. A program that runs commands only
/// while it waits for answers mostly waits again within that time.
const UNHEARD: Duration = Duration::from_secs(1);

/// Why a connection does not begin to run its commands on a thread of its own.
#[derive(Debug)]
pub(crate) enum NotListening {
    /// The calling thread is inside a command or a hook of the connection.
    Inside,
    /// A thread runs the connection's commands already.
    Taken,
    /// The connection has ended.
    Ended(Arc<Ending>),
    /// No thread could be started.
    NoThread(io::Error),
}

impl Link {
    /// Runs the peer's commands on a thread that the connection owns, until the connection has ended;
    /// then runs `finish` there.
    ///
    /// The thread holds the connection and counts as no handle: the end of the last handle ends the
    /// connection, and the thread with it.
    pub(crate) fn listen(
        self: &Arc<Self>,
        finish: impl FnOnce(&Arc<Link>) + Send + 'static,
    ) -> Result<(), NotListening> {
        if self.is_served_here() {
            return Err(NotListening::Inside);
        }
        // The place of the executor is taken before the thread runs, so that of two calls one fails.
        self.locked(|state| {
            if let Some(ending) = state.ended() {
                return Err(NotListening::Ended(ending.clone()));
            }
            if !state.become_executor() {
                return Err(NotListening::Taken);
            }
            self.listens.store(true, Ordering::Relaxed);
            Ok(())
        })?;
        let link = self.clone();
        let body = move || {
            link.execute_on();
            link.linger();
            finish(&link);
            // This may be the last reference: the program has dropped all of its handles.
            let stack = link.limits.stack;
            let_go(link, stack);
        };
        crate::sync::spawn(self.identity.listener_name(), self.limits.stack, body).map_err(
            |cause| {
                self.locked(|state| {
                    self.listens.store(false, Ordering::Relaxed);
                    state.end_executor();
                    state.pass_on();
                });
                NotListening::NoThread(cause)
            },
        )
    }

    /// Whether the connection has a thread of its own that runs its commands.
    pub(crate) fn listens(&self) -> bool {
        self.listens.load(Ordering::Relaxed)
    }

    /// How many commands have waited for `UNHEARD` and no thread runs them, if the program has not
    /// been told yet.
    pub(super) fn tend_unheard(&self, state: &mut Locked<'_>, now: Instant) -> Option<usize> {
        if self.ends_with_handles { state.look_for_unheard(UNHEARD, now) } else { None }
    }

    pub(super) fn tell_unheard(&self, commands: usize) {
        if let Some(link) = self.me.upgrade() {
            self.commands.unheard(&link, commands);
        }
    }
}
