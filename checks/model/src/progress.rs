//! Reports of progress in the models: commands that make them, and callers that are told.

use std::sync::Arc;

use crate::commands::Gate;
use crate::link::{Failure, Link, Report};
use crate::op::Op;
use crate::speaker::Speaker;
use crate::wire::{Context, Features, Outgoing, Start};
use crate::world::random;

/// Reports as often as that, with numbers that rise to `count`.
pub(crate) fn tell(link: &Arc<Link>, count: u8) {
    for done in 1..=count {
        let report = || Report { done: done.into(), total: count.into(), text: "".into() };
        link.report(report);
        if random(3) == 0 {
            shuttle::thread::yield_now();
        }
    }
}

/// One report.
pub(crate) fn tell_one(link: &Arc<Link>, done: u8) {
    link.report(|| Report { done: done.into(), total: 0, text: "".into() });
}

impl Speaker {
    /// Calls, and is told how far the command has come. Opens the gate at the last report.
    pub(crate) fn call_reported(&self, op: Op, count: u8, gate: &Gate) {
        let (message, body) = self.body(count, 0);
        let mut last = 0;
        let mut told = |report: Report| {
            assert!(report.done > last, "an old report behind a newer one");
            last = report.done;
            // The command's own turn would not let this one start while it waits.
            if op == Op::Report && random(3) == 0 {
                self.call(Op::Echo, 0, 0);
            }
            if last == u64::from(count) {
                gate.open();
            }
        };
        let until = (self.deadline().into(), None);
        let answer = self.reported_frame(op, &body).and_then(|mut frame| {
            self.wait(|| self.link.call_reported(&mut frame, until, &mut told))
        });
        self.told_answer(message, answer, &body);
    }

    /// A call that wants reports.
    fn reported_frame(&self, op: Op, body: &[u8]) -> Result<Outgoing<&'static [u8]>, Failure> {
        let mut start = Start::plain(self.link.sends()?.0, op as u64, 0);
        let context = Context { progress: true, ..Context::default() };
        start.context = Some((&context, Features::OURS));
        let mut frame = Outgoing::in_buffer(Vec::new());
        frame.begin_call(start);
        frame.bytes.extend(body);
        frame.finish().expect("a small frame");
        Ok(frame)
    }
}
