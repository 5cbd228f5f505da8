//! What the threads and the stream do: writing, last words, what is due behind the lock.

use super::*;

impl Side {
    pub(super) fn begin_write(&mut self) {
        if self.batch.is_none() && self.state.is_unflushed() {
            self.state.begin_flush();
            self.batch = Some(self.state.take_batch());
        }
    }

    pub(super) fn end_write(&mut self, most: usize) {
        let Some(batch) = self.batch.take() else { return };
        let bytes = batch
            .send_with(|parts| parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<_>>());
        let room = PIPE.saturating_sub(self.pipe.len());
        let n = most.min(room).min(bytes.len());
        if !self.hung_up {
            self.pipe.extend(&bytes[..n]);
        }
        let full_at = (n == 0).then(now);
        drop(self.state.give_batch_back(batch, n, full_at));
        if self.state.end_flush() {
            self.say_goodbye();
        } else {
            self.state.leave_unflushed();
        }
    }

    pub(super) fn say_goodbye(&mut self) {
        match self.state.begin_last_words() {
            Speaker::Caller => {}
            Speaker::Another => return,
            Speaker::Blocked => {
                self.hung_up = true;
                return;
            }
        }
        while let Some(batch) = self.state.next_last_words() {
            let bytes = batch
                .send_with(|parts| parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<_>>());
            let n = PIPE.saturating_sub(self.pipe.len()).min(bytes.len());
            if n == 0 {
                break;
            }
            if !self.hung_up {
                self.pipe.extend(&bytes[..n]);
            }
            self.state.said_last_words(batch, n);
        }
        self.state.end_last_words();
        self.hung_up = true;
    }

    /// Does what is due behind the lock.
    pub(super) fn carry_out(&mut self) {
        for _ in 0..ROUNDS {
            if self.state.asks_for_watchman() {
                self.state.arrange_watch(now());
            }
            let Some(due) = self.state.take_due() else { return };
            for _ in 0..due.stand_ins() {
                while !self.has_threads {
                    if self.state.refuse_front() != Front::RefusedBeforeAnother {
                        break;
                    }
                }
            }
            match due.last_words() {
                None => {}
                Some(LastWords::HangUp) => self.hung_up = true,
                Some(words) => {
                    self.last_words += 1;
                    match words {
                        LastWords::Goodbye => self.say_goodbye(),
                        _ => self.hung_up = true,
                    }
                }
            }
        }
        panic!("what is due has no end");
    }

    /// Does all that can be done now; false if there was nothing.
    pub(super) fn work(&mut self) -> bool {
        let mut did = false;
        while self.callers > 0 {
            self.call_ends();
        }
        for at in 0..self.running.len() {
            self.come_back_at(at);
        }
        while self.batch.is_some() || self.state.is_unflushed() {
            let before =
                self.state.end_of_outbox().wrapping_sub(self.state.inside().outbox.bytes());
            self.begin_write();
            self.end_write(usize::MAX);
            let after = self.state.end_of_outbox().wrapping_sub(self.state.inside().outbox.bytes());
            did |= before != after;
            if before == after {
                break;
            }
        }
        for at in (0..self.running.len()).rev() {
            did |= self.finish_at(at, 7, 1);
        }
        for at in (0..self.pumping.len()).rev() {
            did |= self.end_pump_at(at, 0);
        }
        for at in (0..self.promises.len()).rev() {
            did |= self.keep_promise_at(at);
        }
        self.carry_out();
        while self.start(0) || self.start(1) {
            did = true;
            self.carry_out();
        }
        for at in (0..self.calls.len()).rev() {
            did |= self.claim_at(at);
        }
        for at in (0..self.taking.len()).rev() {
            did |= self.take_row_at(at);
        }
        did
    }
}
