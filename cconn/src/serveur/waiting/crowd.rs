//! Which stranger goes when one more comes than there is room for.
//!
//! Any rule that looks at the moment of arrival alone lets a peer that opens many connections push
//! out clients that need a few round trips to greet. So the address with the most strangers makes
//! room first, and among its strangers those that have come least far.

use super::super::bounds::Origin;

/// How far a stranger has come with its greeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has sent nothing.
    Silent,
    /// A part of what comes first has arrived.
    Begun,
    /// It has agreed on keys with this side, or knows the name of a secret.
    Known,
}

/// A stranger, as the choice sees it.
pub(super) type Candidate = (Option<Origin>, Progress);

/// An address is crowded if more than this part of all strangers come from there.
const CROWDED: usize = 8;

/// Of the strangers of each progress, this part of the crowd is safe.
const SAFE: usize = 4;

/// The place of the stranger that makes room, of strangers in the order of their arrival. `None` if
/// there are none.
pub(super) fn first_to_go(strangers: &[Candidate]) -> Option<usize> {
    let address = crowded_address(strangers);
    let crowd = |stranger: &Candidate| address.as_ref().is_none_or(|one| stranger.0 == one.0);
    let size = strangers.iter().filter(|stranger| crowd(stranger)).count();
    // Known strangers go last: a peer has to calculate for each of them.
    for progress in [Progress::Silent, Progress::Begun, Progress::Known] {
        let is_one = |stranger: &Candidate| crowd(stranger) && stranger.1 == progress;
        let count = strangers.iter().filter(|stranger| is_one(stranger)).count();
        // A share for each progress, or else a peer that sends half a greeting on many connections
        // would push out everybody who has just come.
        if count.saturating_mul(SAFE) > size {
            return strangers.iter().position(is_one);
        }
    }
    None
}

/// Where a crowd comes from.
struct Crowd(Option<Origin>);

/// The origin of the most strangers, if those are a crowd.
fn crowded_address(strangers: &[Candidate]) -> Option<Crowd> {
    let mut origins: Vec<_> = strangers.iter().map(|(origin, _)| *origin).collect();
    origins.sort_unstable();
    let rows = origins.chunk_by(|a, b| a == b);
    let largest = rows.max_by_key(|row| row.len())?;
    let is_crowd = largest.len().saturating_mul(CROWDED) > strangers.len();
    largest.first().filter(|_| is_crowd).map(|origin| Crowd(*origin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Progress::{Begun, Known, Silent};

    fn from(last: u8) -> Option<Origin> {
        Origin::of(&(std::net::Ipv4Addr::new(192, 0, 2, last), 1).into())
    }

    /// `count` strangers of one address and progress.
    fn some(count: usize, last: u8, progress: Progress) -> Vec<Candidate> {
        vec![(from(last), progress); count]
    }

    #[test]
    fn the_address_with_the_most_strangers_makes_room_and_its_oldest_first() {
        let all = [some(3, 1, Silent), some(40, 2, Known), some(30, 3, Silent)].concat();
        assert_eq!(first_to_go(&all), Some(3));
        // Strangers without an address are counted together.
        let local = vec![(None, Silent); 50];
        assert_eq!(first_to_go(&[some(3, 1, Silent), local].concat()), Some(3));
    }

    #[test]
    fn many_addresses_with_few_strangers_each_are_one_crowd() {
        let mut all: Vec<_> = (0..100).map(|n| (from(n), Begun)).collect();
        all.extend((100..200).map(|n| (from(n), Silent)));
        assert_eq!(first_to_go(&all), Some(100));
        assert_eq!(first_to_go(&all[..100]), Some(0));
    }

    #[test]
    fn who_has_come_far_outstays_the_silent() {
        let all = [some(1, 1, Known), some(2, 1, Begun), some(125, 1, Silent)].concat();
        assert_eq!(first_to_go(&all), Some(3));
    }

    #[test]
    fn of_each_progress_a_quarter_is_safe() {
        for (silent, begun, known, goes) in [
            (32, 96, 0, 32),
            (33, 95, 0, 0),
            (32, 32, 64, 64),
            (32, 33, 63, 32),
            (0, 0, 128, 0),
            (1, 0, 0, 0),
            (1, 1, 1, 0),
        ] {
            let all = [some(silent, 1, Silent), some(begun, 1, Begun), some(known, 1, Known)];
            let first = first_to_go(&all.concat());
            assert_eq!(first, Some(goes), "{silent}, {begun}, {known}");
        }
        assert_eq!(first_to_go(&[]), None);
    }

    #[test]
    fn every_mixture_has_one_that_goes() {
        for silent in 0..20 {
            for begun in 0..20 {
                for known in 0..20 {
                    let all = [some(silent, 1, Silent), some(begun, 2, Begun)];
                    let all = [all.concat(), some(known, 1, Known)].concat();
                    assert_eq!(first_to_go(&all).is_some(), !all.is_empty());
                }
            }
        }
    }
}
