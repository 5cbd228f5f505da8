//! The operations on both sides: what programs and threads do, and what a network or a stranger does
//! to the bytes on their way.

use super::*;

impl Pair {
    #[expect(clippy::too_many_lines, reason = "a line for each operation")]
    pub(super) fn act(&mut self, op: u8, dice: &mut Dice<'_>) {
        let at = usize::from(op & 1);
        let side = &mut self.sides[at];
        match op >> 1 {
            0..=9 => side.call(dice),
            10..=14 => side.send(dice),
            15..=22 => side.begin_write(),
            23..=32 => side.end_write(usize::from(dice.byte()) * 16),
            33..=48 => {
                let (most, runs) = (usize::from(dice.byte()), dice.byte());
                self.deliver(at, most * most + 1, runs & 1 != 0);
            }
            49..=58 => {
                side.start(dice.byte());
            }
            59..=68 => side.finish(dice),
            69..=76 => side.claim(dice),
            77..=79 => side.give_up(dice),
            80..=81 => side.ask(dice),
            82..=85 => side.put_item(dice),
            86..=87 => side.end_pump(dice),
            88..=91 => side.take_row(dice),
            92 => side.drop_stream(dice),
            93 => side.leave_turn(dice),
            94 => side.come_back(dice),
            95 => side.state.begin_stop_here(),
            96 => side.keep_promise(dice),
            97 => side.report(dice),
            98 => {
                let _next = side.state.send_due_reports(now());
            }
            99 => side.call_begins(),
            100 => side.call_ends(),
            101 => side.end_stand_in(),
            102 => side.has_threads = dice.byte() & 1 == 0,
            103 => {
                if side.state.inside().turn.held {
                    side.state.admit_commands();
                    side.state.pass_on();
                }
            }
            104 => {
                let routing = routing(Router::Waits);
                side.state.input(&mut side.inbox, Err(Idle::Quiet), routing);
            }
            105 => {
                let routing = routing(Router::Waits);
                side.state.input(&mut side.inbox, Err(Idle::Deadline), routing);
            }
            106..=112 => self.spoil(at, dice),
            113..=121 => self.make_up(at, dice),
            122 => self.cut(at, dice),
            123 => {
                self.whole = false;
                side.state.close(Ending::here(EndReason::Closed, ""));
            }
            124 => {
                self.whole = false;
                side.state.expel("go");
            }
            125 => {
                self.whole = false;
                if side.batch.is_none() {
                    side.state.break_writing(|| "broken".into());
                    side.hung_up = true;
                }
            }
            126 => {
                if side.inbox.is_overdue(now() + Duration::from_secs(3600)) {
                    self.whole = false;
                    let routing = routing(Router::Waits);
                    side.state.input(&mut side.inbox, Err(Idle::SlowFrame), routing);
                }
            }
            _ => {
                let (least, left) = (self.sides[1 - at].pipe.len(), dice.byte());
                self.deliver(at, least, left & 1 != 0);
            }
        }
        self.sides.iter_mut().for_each(Side::carry_out);
    }

    /// Reads what has come to a side, at most `most` bytes.
    pub(super) fn deliver(&mut self, at: usize, most: usize, runs: bool) {
        let [first, second] = &mut self.sides;
        let (side, other) = if at == 0 { (first, second) } else { (second, first) };
        if side.state.is_closed() {
            // It is read and thrown away until the end.
            other.pipe.clear();
            if other.hung_up {
                side.state.note_input_over();
            }
            return;
        }
        if side.state.has_input_ended() || (other.pipe.is_empty() && !other.hung_up) {
            return;
        }
        let is_executor_free = side.is_executor_free();
        let router = if runs && is_executor_free { Router::Runs } else { Router::Waits };
        side.state.begin_pass();
        side.inbox.buffer.make_room();
        let n = side.inbox.buffer.receive(|buf| {
            let room = buf.capacity() - buf.len();
            assert!(room > 0, "a read needs room");
            let n = most.max(1).min(room).min(other.pipe.len());
            buf.extend(other.pipe.drain(..n));
            Ok::<_, Infallible>(n)
        });
        let Ok(n) = n;
        // A read is offered at most 256 KiB, and a vector that grows may take twice as much.
        assert!(side.inbox.buffer.kept() <= 4 * (MAX_FRAME as usize) + (1 << 19), "input grows");
        let mut more = side.state.input(&mut side.inbox, Ok(n), routing(router));
        while more {
            more = side.state.route(&mut side.inbox, routing(router));
        }
        side.state.end_pass();
        if router == Router::Runs {
            let mut place = None;
            if side.state.start_next(&mut place) {
                let command = place.expect("a command was started");
                side.begin(command, RunnerKind::Executor);
            }
        }
        side.state.pass_on();
    }

    /// Changes a byte on its way.
    fn spoil(&mut self, at: usize, dice: &mut Dice<'_>) {
        let (place, how) = (dice.byte(), dice.byte());
        let pipe = &mut self.sides[at].pipe;
        let length = pipe.len();
        if let Some(byte) = pipe.get_mut(usize::from(place) % length.max(1)) {
            let before = *byte;
            *byte = if how & 1 == 0 { how } else { *byte ^ (1 << (how >> 1 & 7)) };
            self.honest &= *byte == before;
        }
    }

    /// Says what the side has not said: a frame, or any bytes.
    fn make_up(&mut self, at: usize, dice: &mut Dice<'_>) {
        let side = &self.sides[at];
        let ours = side.calls.iter().map(|call| call.id);
        let theirs = side.running.iter().filter_map(|running| running.ran.call);
        let known: Vec<CallId> =
            ours.chain(theirs).chain(side.taking.iter().map(|t| t.id)).collect();
        let other = &self.sides[1 - at];
        let asked: Vec<CallId> = other.calls.iter().map(|call| call.id).collect();
        let mut id = || {
            let from = dice.byte();
            let list = if from & 1 == 0 { &known } else { &asked };
            let number = usize::from(from >> 1);
            list.get(number % list.len().max(1)).copied().unwrap_or(CallId(number as u64))
        };
        let (one, kind) = (id(), dice.byte());
        let (a, b) = (dice.byte(), dice.byte());
        let bytes = vec![b; usize::from(a)];
        let wide = u64::from(a) << (b & 31);
        let frame = match kind % 16 {
            0 => Frame::Grant { class: 0, bytes: wide },
            1 => Frame::Cancel { id: one },
            2 => Frame::Answer { id: one, body: &bytes },
            3 => Frame::UserError { id: one, body: &bytes },
            4 => Frame::Items { id: one, lane: b & 1, rest: &bytes },
            5 => Frame::End { id: one, lane: b & 1, how: StreamEnd::Complete },
            6 => Frame::Credit { id: one, lane: b & 1, bytes: wide as u32 },
            7 => Frame::Question { id: one },
            8 => Frame::Standing { id: one, standing: Standing::Running },
            9 => Frame::Progress { id: one, done: 1, total: wide, text: "" },
            10 => Frame::Retrait,
            11 => Frame::Adieu { reason: EndReason::from_number(u16::from(a)), text: "" },
            12 => Frame::Failure {
                id: (b & 1 == 0).then_some(one),
                command: PLAIN,
                code: FailureCode::from_number(u16::from(a)),
                accepted: Fingerprints::default(),
                text: "",
            },
            13 => Frame::Call {
                depth: b & 3,
                id: one,
                command: u64::from(b & 3),
                fingerprint: 0,
                context: None,
                body: &bytes,
            },
            14 => Frame::OneWay {
                depth: 0,
                command: u64::from(b & 3),
                fingerprint: 0,
                context: None,
                body: &bytes,
            },
            _ => {
                self.honest = false;
                self.sides[at].pipe.extend(bytes);
                return;
            }
        };
        let mut out = Vec::new();
        frame.write(&mut out, Features::OURS);
        self.honest = false;
        self.sides[at].pipe.extend(out);
    }

    /// Breaks the stream to a side off.
    fn cut(&mut self, at: usize, dice: &mut Dice<'_>) {
        self.whole = false;
        let how = dice.byte();
        if how & 1 == 0 {
            // The end comes behind what was said.
            self.sides[1 - at].hung_up = true;
            return;
        }
        let side = &mut self.sides[at];
        if !side.state.is_closed() && !side.state.has_input_ended() {
            let error = std::io::ErrorKind::ConnectionReset.into();
            let routing = routing(Router::Waits);
            side.state.input(&mut side.inbox, Err(Idle::Broken(error)), routing);
        }
    }
}
