//! The end of the program's handles.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::core::limits::LAST_GRACE;
use crate::link::verbs::stop::Stopped;
use crate::sync::{now, thread_local};

/// How long a drop may take at least, however long those before it in the row have taken: enough for
/// a peer that is not busy.
const LEAST_OF_ROW: Duration = Duration::from_millis(100);

/// How soon after a drop the next one belongs to the same row, also where the thread was held up in
/// between.
const ROW: Duration = Duration::from_millis(100);

thread_local! {
    /// The last row of drops of this thread, if one of them has used up its time: until when the row
    /// may take, and when its last such drop ended.
    static LAST_ROW: Cell<Option<(Instant, Instant)>> = const { Cell::new(None) };
}

impl Link {
    /// Drops a handle of the program's, after writing the bytes that were left to the watchman.
    pub(crate) fn let_go_of_handle(&self) {
        self.write_if_left();
        self.drop_handle();
    }

    /// Drops a handle of the program's. The last handle ends the connection: at once if the peer
    /// has taken up everything that was sent, else in order within `LAST_GRACE`.
    pub(crate) fn drop_handle(&self) {
        if self.take_handle_off() {
            self.stop_in_row();
        }
    }

    /// Stops in order a connection whose last handle is dropped. Handles that a thread drops one
    /// after the other, as a list of connections does at its end, share the time.
    fn stop_in_row(&self) {
        let begin = now();
        let last = LAST_ROW.try_with(Cell::get).ok().flatten();
        let row = last.filter(|(_, end)| begin.saturating_duration_since(*end) < ROW);
        let until = match row {
            Some((until, _)) => begin.checked_add(LEAST_OF_ROW).map(|least| least.max(until)),
            None => begin.checked_add(LAST_GRACE),
        };
        // A drop that needs less than its time takes none from those behind it.
        if self.stop(until) == Stopped::GraceOver
            && let Some(until) = until
        {
            let _no_locals = LAST_ROW.try_with(|last| last.set(Some((until, now()))));
        }
    }
}
