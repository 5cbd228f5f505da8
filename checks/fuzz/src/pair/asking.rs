//! What the program of a side asks of the other: calls, messages, streams that it takes.

use super::*;

impl Side {
    pub(super) fn call(&mut self, dice: &mut Dice<'_>) {
        let (how, length) = (dice.byte(), usize::from(dice.byte()) * 2);
        let tag = self.ids.len() as u8;
        let mut body = vec![tag; 1 + length];
        body[0] = tag;
        let expects = how & 1 != 0 && how & 2 != 0;
        let reports = how & 4 != 0 && how & 8 != 0;
        let peer = self.state.peer_features();
        let context = Context {
            stream: if expects { NonZeroU32::new(CREDIT) } else { None },
            progress: reports,
            ..Context::default()
        };
        let name = if how & 16 != 0 { PARALLEL } else { PLAIN };
        let mut frame = Outgoing::in_buffer(Vec::new());
        let plain = Start::plain(how >> 6, name, 0);
        let context = (expects || reports).then_some((&context, peer));
        frame.begin_call(Start { context, ..plain });
        let expects = frame.stream_of_call() > 0;
        frame.bytes.extend(&body);
        frame.finish().expect("it fits");
        if self.state.admit_or_refuse(charge(frame.charged_call()), || false).is_err() {
            return;
        }
        let Ok(id) = self.state.open_call(&mut frame, how & 32 != 0, CALLS) else { return };
        assert!(self.ids.insert(id.0), "an id is used twice");
        if reports {
            self.state.want_reports(id);
        }
        self.state.append(&mut frame);
        self.calls.push(Asked { id, tag, expects, reports });
    }

    pub(super) fn send(&mut self, dice: &mut Dice<'_>) {
        let (how, length) = (dice.byte(), usize::from(dice.byte()) * 2);
        let mut frame = Outgoing::in_buffer(Vec::new());
        frame.begin_one_way(Start::plain(0, if how & 1 != 0 { PARALLEL } else { PLAIN }, 0));
        frame.bytes.extend(vec![how; length]);
        frame.finish().expect("it fits");
        if self.state.admit_or_refuse(charge(frame.charged_one_way()), || false).is_ok() {
            self.state.append_one_way(&mut frame);
        }
    }

    /// Takes the outcome of a call, if it is there.
    pub(super) fn claim(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.calls.len()) {
            self.claim_at(at);
        }
    }

    pub(super) fn claim_at(&mut self, at: usize) -> bool {
        let Asked { id, tag, expects, reports } = self.calls[at];
        let is_answered = self.state.is_answered(id);
        let has_ended = self.state.ended().is_some();
        let outcome = self.state.outcome(id);
        assert_eq!(outcome.is_some(), is_answered || has_ended, "a call has one outcome");
        let Some(outcome) = outcome else { return false };
        self.calls.swap_remove(at);
        if reports {
            self.state.forget_reports(id);
        }
        match outcome {
            Ok(Answer::Stream(stream)) => {
                assert!(stream == id && expects, "a stream that nobody expects");
                self.taking.push(Taking { id, next: 0, taken: Taken::default() });
            }
            Ok(Answer::Value(mut body) | Answer::UserError(mut body)) if self.trusted => {
                assert_eq!(body.parts().0.first(), Some(&!tag), "another call's answer");
            }
            _ => {}
        }
        if !self.taking.iter().any(|taking| taking.id == id) {
            assert!(self.state.claim(id).is_none(), "a call has one outcome");
        }
        self.state.advance_goodbye();
        true
    }

    pub(super) fn give_up(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.calls.len()) else { return };
        let Asked { id, reports, .. } = self.calls.swap_remove(at);
        if reports {
            self.state.forget_reports(id);
        }
        if self.state.has_stream(id) {
            self.state.drop_stream(Lane { call: id, lane: ANSWER }, Taken::default());
        } else {
            self.state.give_up(id);
            assert!(self.state.claim(id).is_none(), "a call that was given up is over");
        }
    }

    pub(super) fn ask(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.calls.len())
            && self.state.can_ask()
        {
            self.state.ask(self.calls[at].id);
        }
    }

    pub(super) fn take_row(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.taking.len()) {
            self.take_row_at(at);
        }
    }

    pub(super) fn take_row_at(&mut self, at: usize) -> bool {
        let taking = &mut self.taking[at];
        let lane = Lane { call: taking.id, lane: ANSWER };
        match self.state.take_row(lane, std::mem::take(&mut taking.taken)) {
            Row::Items { mut row, .. } => {
                let bytes = row.len();
                let (mut items, mut cost) = (row.parts().0, 0);
                while let Some(item) = wire::next_item(&mut items).expect("they were checked") {
                    if self.trusted {
                        assert_eq!(item.first(), Some(&taking.next), "items have an order");
                    }
                    taking.next = taking.next.wrapping_add(1);
                    cost += wire::item_cost(item.len());
                }
                taking.taken = Taken { cost, bytes, slowly: cost % 3 == 0 };
                true
            }
            Row::Nothing => false,
            Row::End(_) | Row::Lost => {
                let Taking { taken, .. } = self.taking.swap_remove(at);
                self.state.drop_stream(lane, taken);
                true
            }
        }
    }

    pub(super) fn drop_stream(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.taking.len()) {
            let Taking { id, taken, .. } = self.taking.swap_remove(at);
            self.state.drop_stream(Lane { call: id, lane: ANSWER }, taken);
        }
    }

    pub(super) fn call_begins(&mut self) {
        self.callers += 1;
        self.state.begin_calling(true);
        self.state.offer_turn();
    }

    pub(super) fn call_ends(&mut self) {
        if self.callers > 0 {
            self.callers -= 1;
            self.state.end_calling(true);
            self.state.pass_on();
        }
    }
}
