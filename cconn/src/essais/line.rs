//! One direction of a line in memory: passes bytes on, and fails where its plan says.
//!
//! Where each fault lies is counted in bytes, so it lies there in every run. Only how long things
//! take is up to the machine.

use std::io::IoSlice;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use crate::order;
use crate::sync::Deadline;
use crate::transport::{Memory, Ready, Transport};

/// The most bytes taken from the sender at once.
const CHUNK: usize = 16 << 10;

/// Numbers from a seed (splitmix64).
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    #[inline]
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    #[inline]
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}

/// What happens to the bytes of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Bytes pass in pieces of 1 to so many.
    pub(super) pieces: Option<u64>,
    /// Bytes a second.
    pub(super) rate: Option<u64>,
    /// Before the byte with this number nothing passes for so long.
    pub(super) stalls: Vec<(u64, Duration)>,
    /// No byte with this number or a higher one passes: the line is cut.
    pub(super) cut: Option<u64>,
}

/// What a direction does next.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Stall(Duration),
    Cut,
    /// Pass at most so many bytes.
    Pass(usize),
}

/// The progress of one direction along its plan.
struct Progress {
    plan: Plan,
    dice: Dice,
    /// Bytes that have passed.
    passed: u64,
    /// Stalls that are over. `stalled <= plan.stalls.len()`
    stalled: usize,
}

impl Progress {
    #[inline]
    fn new(mut plan: Plan, dice: Dice) -> Self {
        order::sort_by(&mut plan.stalls, |(one, _), (other, _)| one.cmp(other));
        Progress { plan, dice, passed: 0, stalled: 0 }
    }

    #[inline]
    fn step(&mut self) -> Step {
        let stall = self.plan.stalls.get(self.stalled).copied();
        if let Some((at, time)) = stall
            && at <= self.passed
        {
            self.stalled += 1;
            return Step::Stall(time);
        }
        if self.plan.cut.is_some_and(|cut| cut <= self.passed) {
            return Step::Cut;
        }
        let next = stall.map(|(at, _)| at).into_iter().chain(self.plan.cut).min();
        let room = next.map_or(CHUNK as u64, |next| next - self.passed);
        let piece = self.plan.pieces.map_or(CHUNK as u64, |most| 1 + self.dice.below(most));
        // A slow line passes a hundred pieces a second.
        let slow = self.plan.rate.map_or(CHUNK as u64, |rate| (rate / 100).max(1));
        Step::Pass(usize::try_from(room.min(piece).min(slow)).unwrap_or(CHUNK))
    }
}

/// Passes bytes on until the sender ends its side, the receiver is gone, or the plan cuts the line.
#[inline]
pub(super) fn pass(from: &Arc<Memory>, to: &Arc<Memory>, plan: Plan, dice: Dice) {
    let mut progress = Progress::new(plan, dice);
    let mut held: Vec<u8> = Vec::with_capacity(CHUNK);
    loop {
        held.clear();
        match from.recv(&mut held, &mut Deadline::Never) {
            Ok(1..) => {}
            // What was sent before the end has passed.
            _ => return to.shutdown_write(),
        }
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            let most = match progress.step() {
                Step::Stall(time) => {
                    sleep(time);
                    continue;
                }
                Step::Cut => {
                    from.shutdown();
                    return to.shutdown();
                }
                Step::Pass(most) => most,
            };
            let (piece, behind) = rest.split_at(most.min(rest.len()));
            if let Some(rate) = progress.plan.rate {
                let nanos = 1_000_000_000_u64.saturating_mul(piece.len() as u64) / rate.max(1);
                sleep(Duration::from_nanos(nanos));
            }
            if !send(to, piece) {
                return from.shutdown();
            }
            progress.passed += piece.len() as u64;
            rest = behind;
        }
    }
}

/// Sends all bytes; false if the receiver is gone.
#[inline]
fn send(to: &Memory, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match to.try_send(&[IoSlice::new(bytes)]) {
            Ok(sent) => bytes = bytes.get(sent..).unwrap_or(&[]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                let writable = Ready { readable: false, writable: true };
                if to.poll(writable, None).is_err() {
                    return false;
                }
            }
            Err(_) => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The steps of a plan up to its cut, or the first 50.
    fn steps(plan: &Plan, seed: u64) -> Vec<Step> {
        let mut progress = Progress::new(plan.clone(), Dice(seed));
        let mut steps = Vec::new();
        while steps.len() < 50 && steps.last() != Some(&Step::Cut) {
            let step = progress.step();
            if let Step::Pass(most) = step {
                progress.passed += most as u64;
            }
            steps.push(step);
        }
        steps
    }

    #[test]
    fn faults_lie_at_their_bytes_in_whatever_order_they_are_given() {
        let stalls = vec![(7, SECOND), (0, SECOND * 2), (7, SECOND * 3)];
        let plan = Plan { stalls, cut: Some(9), ..Plan::default() };
        let stall = |n| Step::Stall(SECOND * n);
        let expected = [stall(2), Step::Pass(7), stall(1), stall(3), Step::Pass(2), Step::Cut];
        assert_eq!(steps(&plan, 1), expected);
        let dead = Plan { cut: Some(0), ..Plan::default() };
        assert_eq!(steps(&dead, 1), [Step::Cut]);
    }

    #[test]
    fn one_seed_makes_one_run() {
        let plan = Plan { pieces: Some(5), stalls: vec![(40, SECOND)], ..Plan::default() };
        assert_eq!(steps(&plan, 7), steps(&plan, 7));
        assert_ne!(steps(&plan, 7), steps(&plan, 8));
        let mut sizes = Vec::new();
        for step in steps(&plan, 7) {
            if let Step::Pass(most) = step {
                sizes.push(most);
            }
        }
        assert!(sizes.iter().all(|size| (1..=5).contains(size)) && sizes.contains(&5));
    }
}
