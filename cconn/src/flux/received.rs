//! A stream that comes from the peer: rows of items are taken from the connection, items from rows.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::body::Body;
use crate::erreur::{About, Codage, Erreur, Signatures};
use crate::link::{ANSWER, Bytes, Ended, Failure, Lane, Link, Row, Taken};
use crate::wire::{self, CallId, FailureCode};

/// Why an item or an error could not be decoded.
type Cause = Box<dyn Error + Send + Sync>;

/// How the items and the error of a stream are decoded.
pub(crate) struct ItemReader<T, E> {
    pub(crate) item: fn(Body<'_>) -> Result<T, Cause>,
    pub(crate) refusal: fn(&[u8]) -> Result<E, Cause>,
}

/// How long a sender hears nothing while its items are taken one after the other, at most.
const TELLING: Duration = Duration::from_millis(200);

/// The most items between two looks at the clock.
const SELDOM: u8 = 15;

/// Tells when the sender is to learn that items are taken, though what they cost does not yet come to
/// half the credit: a sender that hears nothing for its `delai_silence` takes this side for stuck.
///
/// The clock is looked at for every item while items are taken slowly, and for each 16th else.
#[derive(Debug, Default)]
struct Pace {
    /// Items until the next look.
    unlooked: u8,
    /// Items between the last two looks.
    step: u8,
    /// The last look.
    looked: Option<Instant>,
    /// When the sender was last told.
    told: Option<Instant>,
}

impl Pace {
    /// Whether the sender is to be told of the item that was just taken.
    #[inline]
    fn is_overdue(&mut self) -> bool {
        self.is_overdue_at(Instant::now)
    }

    #[inline]
    fn is_overdue_at(&mut self, now: impl FnOnce() -> Instant) -> bool {
        match self.unlooked.checked_sub(1) {
            Some(left) => {
                self.unlooked = left;
                false
            }
            None => self.look(now()),
        }
    }

    #[cold]
    fn look(&mut self, now: Instant) -> bool {
        let since = |before: Option<Instant>| {
            before.map_or(Duration::ZERO, |before| now.saturating_duration_since(before))
        };
        let is_slow = self.looked.is_none() || since(self.looked) > TELLING / 16;
        self.step =
            if is_slow { 0 } else { self.step.saturating_mul(2).saturating_add(1).min(SELDOM) };
        (self.unlooked, self.looked) = (self.step, Some(now));
        let is_overdue = since(self.told) >= TELLING;
        if is_overdue || self.told.is_none() {
            self.told = Some(now);
        }
        is_overdue
    }
}

/// A stream that answers a call of this side, or an argument of a call of the peer's. It counts as a
/// handle to its connection.
pub(crate) struct Received {
    link: Arc<Link>,
    lane: Lane,
    /// The command's name, for errors.
    nom: Box<str>,
    /// The argument's name, for errors; empty for an answer.
    argument: &'static str,
    silence: Duration,
    /// The row that items are taken from, and where its next item starts.
    row: Option<Bytes>,
    at: usize,
    /// What was taken since the connection was last told.
    taken: Taken,
    /// The cost of taken items from which the connection must be told.
    until_due: u64,
    pace: Pace,
    /// Whether the connection knows that the stream is over.
    is_over: bool,
}

impl Received {
    /// The stream that answers a call of this side.
    pub(crate) fn new(link: &Arc<Link>, call: CallId, nom: &str) -> Self {
        Received::of_lane(link, Lane { call, lane: ANSWER }, nom)
    }

    /// The argument `argument` of a call of the peer's.
    pub(crate) fn argument(
        link: &Arc<Link>,
        lane: Lane,
        nom: &str,
        argument: &'static str,
    ) -> Self {
        let mut received = Received::of_lane(link, lane, nom);
        received.argument = argument;
        received
    }

    fn of_lane(link: &Arc<Link>, lane: Lane, nom: &str) -> Self {
        link.add_handle();
        Received {
            link: Arc::clone(link),
            lane,
            nom: nom.into(),
            argument: "",
            silence: link.limits.silence,
            row: None,
            at: 0,
            taken: Taken::default(),
            until_due: 0,
            pace: Pace::default(),
            is_over: false,
        }
    }

    pub(super) fn nom(&self) -> &str {
        &self.nom
    }

    /// The next item; `None` behind the last one.
    pub(super) fn next<T, E>(&mut self, reader: &ItemReader<T, E>) -> Option<Result<T, Erreur<E>>> {
        loop {
            if let Some(item) = self.next_here(reader) {
                return Some(item);
            }
            let mut taken = std::mem::take(&mut self.taken);
            taken.slowly = taken.cost > 0 && self.pace.is_overdue();
            match self.link.next_row(self.lane, taken, self.silence) {
                Ok(Row::Items { row, until_due }) => {
                    (self.row, self.at, self.until_due) = (Some(row), 0, until_due);
                }
                Ok(Row::End(end)) => {
                    self.is_over = true;
                    return self.end(end, reader).map(Err);
                }
                Ok(Row::Nothing | Row::Lost) => return None,
                Err(failure) => return Some(Err(self.failed(failure))),
            }
        }
    }

    /// The next item of the row at hand.
    #[inline]
    fn next_here<T, E>(&mut self, reader: &ItemReader<T, E>) -> Option<Result<T, Erreur<E>>> {
        let (bytes, _) = self.row.as_mut()?.parts();
        let mut rest = bytes.get(self.at..).unwrap_or(&[]);
        let Ok(Some(item)) = wire::next_item(&mut rest) else {
            self.finish_row();
            return None;
        };
        let (left, cost) = (rest.len(), wire::item_cost(item.len()));
        let read = (reader.item)(Body::from(item));
        self.at = bytes.len().saturating_sub(left);
        self.taken.cost = self.taken.cost.saturating_add(cost);
        let slowly = self.pace.is_overdue();
        if slowly || self.taken.cost >= self.until_due {
            let cost = std::mem::take(&mut self.taken.cost);
            self.until_due = self.link.took(self.lane, Taken { cost, bytes: 0, slowly });
        }
        Some(read.map_err(|cause| self.undecoded("an item", cause)))
    }

    /// Gives the buffer of a row back that is used up.
    fn finish_row(&mut self) {
        if let Some(mut row) = self.row.take() {
            self.taken.bytes = self.taken.bytes.saturating_add(row.len());
            self.link.recycle(&mut row);
        }
    }

    /// The last item of a stream that has ended: its error, if it has one.
    fn end<T, E>(&self, end: Ended, reader: &ItemReader<T, E>) -> Option<Erreur<E>> {
        match end {
            Ended::Complete => None,
            Ended::UserError(mut bytes) => {
                let refusal = (reader.refusal)(bytes.body().into_slice());
                self.link.recycle(&mut bytes);
                Some(match refusal {
                    Ok(refusal) => Erreur::Refus(refusal),
                    Err(cause) => self.undecoded("the command's error", cause),
                })
            }
            Ended::Failure { code, text } => Some(self.remote(code, text)),
        }
    }

    fn remote<E>(&self, code: FailureCode, text: Box<str>) -> Erreur<E> {
        let text = match self.argument {
            "" => text,
            argument if text.is_empty() => format!("its argument `{argument}`").into(),
            argument => format!("its argument `{argument}`: {text}").into(),
        };
        self.about().remote(code, text, Signatures::default())
    }

    fn failed<E>(&self, failure: Failure) -> Erreur<E> {
        match self.about().not_awaited(&failure) {
            Some(error) => error,
            None => self.about().failed(failure),
        }
    }

    fn about(&self) -> About<'_> {
        let deadline = self.silence;
        About { command: &self.nom, link: self.link.identity.label(), deadline }
    }

    #[cold]
    fn undecoded<E>(&self, what: &'static str, cause: Cause) -> Erreur<E> {
        Erreur::Codage(Box::new(Codage {
            commande: self.nom.clone(),
            lien: self.link.identity.label().into(),
            what,
            verb: "decoded",
            cause,
            a_pu_etre_executee: true,
        }))
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.finish_row();
        if !self.is_over {
            self.link.drop_stream(self.lane, self.taken);
        }
        self.link.drop_handle();
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("nom", &self.nom).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The items after which the sender is told, where each of so many takes that long.
    fn told(items: usize, each: Duration) -> Vec<usize> {
        let (mut pace, start) = (Pace::default(), Instant::now());
        let mut now = start;
        let mut told = Vec::new();
        for item in 0..items {
            now += each;
            if pace.is_overdue_at(|| now) {
                told.push(item);
            }
        }
        told
    }

    #[test]
    fn a_sender_hears_of_slow_items_at_least_four_times_a_second() {
        for each in [1, 5, 20, 60, 150, 199] {
            let each = Duration::from_millis(each);
            let told = told(4000, each);
            let first = u32::try_from(told[0]).unwrap();
            assert!(each * first < Duration::from_millis(500), "{each:?}: first {first}");
            for pair in told.windows(2) {
                let between = each * u32::try_from(pair[1] - pair[0]).unwrap();
                assert!(between >= TELLING, "{each:?}: {between:?}");
                assert!(between <= Duration::from_millis(500), "{each:?}: {between:?}");
            }
        }
        let each = Duration::from_secs(7);
        assert_eq!(told(4, each), [1, 2, 3], "every item, but for the first");
    }

    #[test]
    fn the_clock_is_seldom_looked_at_for_fast_items() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let mut looks = 0;
        for _ in 0..1600 {
            assert!(!pace.is_overdue_at(|| {
                looks += 1;
                now
            }));
        }
        assert!(looks <= 104, "{looks}");
    }
}
