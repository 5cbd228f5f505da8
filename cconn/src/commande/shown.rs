//! Messages on the standard error for programs without a hook: a few lines a second, with a count
//! of those that were left out.

use std::fmt::Display;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::text::{counted, verb};

/// The number of lines in each `PERIOD`.
const MOST: u32 = 10;

const PERIOD: Duration = Duration::from_secs(1);

/// How much the process has shown lately.
struct Told {
    since: Option<Instant>,
    lines: u32,
    left_out: u64,
}

static TOLD: Mutex<Told> = Mutex::new(Told { since: None, lines: 0, left_out: 0 });

impl Told {
    /// Whether one more line may be shown now. If not, the line is counted as left out.
    fn may_tell(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.saturating_duration_since(since) >= PERIOD) {
            self.since = Some(now);
            self.lines = 0;
        }
        if self.lines >= MOST {
            self.left_out += 1;
            return false;
        }
        self.lines += 1;
        true
    }
}

/// Shows that a one-way message failed.
pub(super) fn show(error: &dyn Display) {
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.may_tell(Instant::now()) {
        let left_out = std::mem::take(&mut told.left_out);
        drop(told);
        line_of_left_out(left_out);
        line(format_args!("cconn: a message failed: {error} (see `quand_echec`)"));
    }
}

/// Shows how many lines were left out, if any: there may be no later line to show it.
pub(super) fn show_left_out() {
    let left_out =
        std::mem::take(&mut TOLD.lock().unwrap_or_else(PoisonError::into_inner).left_out);
    line_of_left_out(left_out);
}

/// Shows that the hook of an ended connection waits for a thread.
pub(super) fn no_thread_for_end(link: &str) {
    line(format_args!(
        "cconn: {link}: no thread could be had for `quand_deconnecte`; it is run once there is one"
    ));
}

/// Shows that commands of the peer wait and no thread runs them.
pub(super) fn nobody_listens(link: &str, commands: usize) {
    let (commands, wait) = (counted(commands, "command"), verb(commands, "waits", "wait"));
    line(format_args!(
        "cconn: {link}: {commands} of the server {wait} here, and nothing runs them: call `ecouter`, \
         or run `lancer` on a thread"
    ));
}

fn line_of_left_out(count: u64) {
    if count > 0 {
        let (failures, were) = (counted(count, "more failure"), verb(count, "was", "were"));
        line(format_args!("cconn: {failures} of messages {were} not shown"));
    }
}

fn line(text: std::fmt::Arguments<'_>) {
    // The line is written at once, so that lines of other threads can't come between its parts. If
    // the standard error is closed, it has no reader.
    let _closed = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_lines_in_a_period_and_the_others_are_counted() {
        let mut told = Told { since: None, lines: 0, left_out: 0 };
        let start = Instant::now();
        let shown = (0..100).filter(|_| told.may_tell(start)).count();
        assert_eq!((shown, told.left_out), (10, 90));
        assert!(told.may_tell(start + PERIOD));
    }
}
