//! What runs at a side: commands, iterators, promises, and the turns of their threads.

use super::*;

impl Side {
    pub(super) fn start(&mut self, how: u8) -> bool {
        let by = match (how & 1 == 0 && self.is_executor_free(), self.free_stand_ins()) {
            (true, _) => RunnerKind::Executor,
            (false, 1..) => RunnerKind::StandIn,
            (false, 0) => return false,
        };
        if by == RunnerKind::Executor && self.state.inside().turn.executors == 0 {
            return false;
        }
        match self.state.start(by) {
            None => false,
            Some(Work::Command(command)) => {
                self.begin(command, by);
                true
            }
            Some(Work::Notice(_)) => {
                self.state.pass_on();
                self.state.finish_notice();
                true
            }
        }
    }

    pub(super) fn begin(&mut self, mut command: Command, by: RunnerKind) {
        let Command { call, name, parallel, number, charge, .. } = command;
        self.state.take_up(charge);
        self.state.offer();
        let credit = command.carried.as_deref().map_or(0, |carried| carried.credit);
        if let Some(call) = call
            && command.carried.as_deref().is_some_and(|carried| carried.progress)
        {
            self.state.begin_reports(call);
        }
        let tag = command.body.parts().0.first().copied().unwrap_or(0);
        let ran = Ran { call, parallel, number };
        self.running.push(Running { ran, name, tag, credit, by, waits: false });
    }

    pub(super) fn finish(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len()) {
            let (how, size) = (dice.byte(), dice.byte());
            self.finish_at(at, how, size);
        }
    }

    /// Ends a command, in some way; false if it can't end now.
    pub(super) fn finish_at(&mut self, at: usize, how: u8, size: u8) -> bool {
        if self.state.is_above_high_water() || self.running[at].waits {
            return false;
        }
        let Running { ran, name, tag, credit, by, .. } = self.running.swap_remove(at);
        let Some(call) = ran.call else {
            if how & 3 == 0 {
                self.fail(None, name, FailureCode::Handler);
            }
            self.over(ran);
            return true;
        };
        match how % 8 {
            0 if self.state.promise(call).is_ok() => {
                assert_eq!(self.state.left_to_promise(call), Owed::Nothing);
                self.promises.push((call, tag));
                self.over(ran);
            }
            1 => {
                self.state.end_reports(call);
                self.fail(Some(call), name, FailureCode::Handler);
                self.over(ran);
            }
            2..=5 if credit > 0 => match self.state.begin_pump(ran, credit, PUMPS) {
                Begun::Open(id) => {
                    self.pumping.push(Pumping { ran, id, by, next: 0 });
                    self.state.offer();
                }
                Begun::Cancelled => {
                    self.state.end_reports(call);
                    self.over(ran);
                }
                Begun::Crowded => {
                    self.state.end_reports(call);
                    self.fail(Some(call), name, FailureCode::OverloadedAfterwards);
                    self.over(ran);
                }
            },
            how => {
                self.state.end_reports(call);
                self.answer(call, tag, usize::from(size) * 3, how == 6);
                self.over(ran);
            }
        }
        true
    }

    /// Notes that a command has returned.
    pub(super) fn over(&mut self, ran: Ran) {
        self.state.finish(ran);
        self.state.end_lanes(ran.call);
        self.state.advance_goodbye();
        self.state.pass_on();
    }

    pub(super) fn answer(&mut self, call: CallId, tag: u8, size: usize, is_error: bool) {
        let mut frame = Answering::default();
        frame.begin_answer(call);
        frame.bytes.push(!tag);
        frame.bytes.extend(vec![tag; size]);
        frame.finish().expect("it fits");
        if is_error {
            frame.turn_into_user_error();
        }
        self.state.append_answer(&mut frame);
    }

    pub(super) fn fail(&mut self, id: Option<CallId>, command: u64, code: FailureCode) {
        let accepted = Fingerprints::default();
        self.append(&Frame::Failure { id, command, code, accepted, text: "no" });
    }

    pub(super) fn append(&mut self, frame: &Frame<'_>) {
        let mut out = Answering::default();
        frame.write(&mut out.bytes, self.state.peer_features());
        self.state.append_answer(&mut out);
    }

    pub(super) fn keep_promise(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.promises.len()) {
            self.keep_promise_at(at);
        }
    }

    pub(super) fn keep_promise_at(&mut self, at: usize) -> bool {
        if self.state.is_above_high_water() {
            return false;
        }
        let (call, tag) = self.promises.swap_remove(at);
        if self.state.keep_promise(call).is_ok() {
            self.answer(call, tag, 10, false);
        }
        assert!(self.state.keep_promise(call).is_err(), "a promise is kept once");
        self.state.advance_goodbye();
        true
    }

    pub(super) fn put_item(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.pumping.len()) else { return };
        let length = 1 + usize::from(dice.byte()) * 3;
        let pumping = &mut self.pumping[at];
        if self.state.feeding(pumping.id) == Feeding::Ready {
            let mut head = vec![0; length];
            head[0] = pumping.next;
            pumping.next = pumping.next.wrapping_add(1);
            let item = Item { head: &head, long: Vec::new() };
            self.state.put_item(pumping.id, item, MAX_FRAME as usize + 4);
        }
    }

    pub(super) fn end_pump(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.pumping.len()) {
            let how = dice.byte();
            self.end_pump_at(at, how);
        }
    }

    pub(super) fn end_pump_at(&mut self, at: usize, how: u8) -> bool {
        if self.state.is_above_high_water() {
            return false;
        }
        let Pumping { ran, id, by, .. } = self.pumping.swap_remove(at);
        if self.state.owes_end(id) {
            let how = match how % 3 {
                0 => StreamEnd::Complete,
                1 => StreamEnd::UserError(&[1, 2]),
                _ => StreamEnd::Failure { code: FailureCode::Panic, text: "no" },
            };
            self.append(&Frame::End { id: id.lane.call, lane: id.lane.lane, how });
        }
        self.state.end_pump(ran, id);
        if by == RunnerKind::Executor {
            self.state.recall_role();
        }
        self.state.end_lanes(ran.call);
        self.state.advance_goodbye();
        self.state.pass_on();
        true
    }

    pub(super) fn leave_turn(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len())
            && !self.running[at].waits
        {
            let parallel = self.running[at].ran.parallel;
            self.running[at].waits = self.state.leave_turn(parallel).is_ok();
        }
    }

    pub(super) fn come_back(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len()) {
            self.come_back_at(at);
        }
    }

    pub(super) fn come_back_at(&mut self, at: usize) {
        if std::mem::take(&mut self.running[at].waits) {
            self.state.take_turn_back(self.running[at].ran.parallel);
        }
    }

    pub(super) fn report(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.running.len()) else { return };
        if let Some(call) = self.running[at].ran.call {
            let report = Report { done: 1, total: 2, text: "half".into() };
            self.state.report(call, report, now());
        }
    }

    pub(super) fn end_stand_in(&mut self) {
        if self.free_stand_ins() > 0 {
            self.state.end_stand_in();
        }
    }
}
