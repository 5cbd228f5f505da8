//! Ends that take time. Either this side sends the peer away, and the peer still gets everything
//! sent before; or the peer ended the connection, and this side still runs everything that had
//! arrived.
//!
//! The connection has *ended* from the first moment, for threads that wait for it or want to send.
//! It is *closed* once the rest is written, or run.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::io::telling::is_telling;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;
use crate::wire::EndReason;

/// What became of the last words to a peer that is sent away.
#[derive(Clone, Debug)]
pub(crate) enum Expelled {
    /// Everything was written, and the peer has ended its side or has had the time to.
    Said,
    /// The deadline passed first, and the connection was cut.
    Late,
    /// The connection had ended already, or ended first, for this reason.
    Ended(Arc<Ending>),
}

impl Link {
    /// Sends the peer away: writes everything sent so far, then the reason, and ends. Doing it
    /// twice does no harm. The connection is read meanwhile, but what comes is ignored.
    pub(crate) fn expel(&self, text: &str, mut deadline: Deadline) -> Expelled {
        if self.is_disowned()
            && let Some(ending) = self.ending()
        {
            return Expelled::Ended(ending);
        }
        if is_telling() {
            // No thread may wait here, so what the socket does not take at once is not written.
            self.close(EndReason::Closed, text);
            return Expelled::Said;
        }
        let (late, first) = self.locked_soon(|state| {
            state.expel(text);
            let waited = state.wait(Sleep::End, &mut deadline, |_| false);
            if waited == Waited::Expired {
                state.close(Ending::here(EndReason::SlowPeer, ""));
            }
            let cut_short = state.cut_short();
            let late = waited == Waited::Expired && cut_short.is_some();
            (late, cut_short.or_else(|| state.ended().cloned()))
        });
        // The peer gets a moment to read the last words.
        let most = crate::sync::now().checked_add(self.limits.linger);
        self.drain(deadline.moment().into_iter().chain(most).min());
        match first {
            _ if late => Expelled::Late,
            Some(ending) if !matches!(&*ending, Ending::Here { .. } if ending.is_expulsion()) => {
                Expelled::Ended(ending)
            }
            _ => Expelled::Said,
        }
    }
}
