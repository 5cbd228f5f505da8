//! What is carried out behind the lock: threads woken and started, the watchman called, the last
//! words said, the layer above told of the end.

use std::time::Duration;

use crate::link::Link;
use crate::link::core::due::{Due, LastWords};
use crate::link::io::channel::Crew;
use crate::sync::Purpose;

/// How soon the layer above is told of the end again, if it had no thread for it.
pub(super) const TELL_AGAIN: Duration = Duration::from_millis(10);

impl Crew for Link {
    fn carry_out(&self, mut due: Due) {
        // Woken first, because the steps below may take their time.
        due.take_woken().for_each(|parker| parker.unpark());
        if let Some(after) = due.watch() {
            self.call_watchman(after);
        }
        for _ in 0..due.stand_ins() {
            self.start_stand_in();
        }
        if due.starts_lookout() {
            self.start_lookout();
        }
        if let Some(words) = due.last_words() {
            self.say_last_words(words);
        }
        // Last, because this runs the program's code.
        let wakers = due.take_wakers();
        if !wakers.is_empty() {
            self.call_wakers(wakers);
        }
    }
}

impl Link {
    fn say_last_words(&self, words: LastWords) {
        match words {
            LastWords::HangUp if self.is_inherited() => return,
            LastWords::HangUp => return self.io.shutdown(),
            // The stream belongs to the parent process, which goes on using it.
            _ if self.is_inherited() => {}
            LastWords::Goodbye => self.say_goodbye(),
            LastWords::EndOfStream => self.end_stream(),
            LastWords::None => self.close_stream(),
        }
        // This line is reached once in the life of a connection.
        self.tell_end();
    }

    /// Tells the layer above that the connection has ended, until it has taken notice.
    pub(super) fn tell_end(&self) {
        if let Some(link) = self.me.upgrade()
            && !self.commands.ended(&link)
        {
            self.noted(|state| state.note_end_unreported());
            self.call_watchman(TELL_AGAIN);
        }
    }

    fn start_stand_in(&self) {
        let Some(link) = self.me.upgrade() else { return };
        loop {
            let (name, link) = (self.identity.stand_in_name(), link.clone());
            let (purpose, stack) = (Purpose::StandIn, self.limits.stack);
            let started = crate::sync::spawn_for(purpose, name, stack, move || link.stand_in());
            // Behind a refused command another one may need a thread too.
            if started.is_ok() || !self.refuse_front() {
                return;
            }
        }
    }

    /// Asks the watchman to look after this connection, in `after` at the latest.
    pub(super) fn call_watchman(&self, after: Duration) {
        if let Some(watch) = &self.watch
            && !watch.look_after(self.me.clone(), after)
        {
            // `noted`, because a release of the lock would ask again at once; the next release
            // does.
            self.noted(|state| state.watchman_did_not_hear());
        }
    }
}
