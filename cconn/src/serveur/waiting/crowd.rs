//! The choice of the stranger that is turned away when one more comes than may wait.
//!
//! If the oldest were turned away, whatever its address, a peer that opens many connections would
//! push out clients that need a few round trips to greet. So the stranger is one of the address
//! that has the most strangers, if that address has many, and the oldest of those whose greeting
//! has made the least progress.

use super::super::bounds::Origin;

/// How much of what precedes a client's place a stranger has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It has sent nothing.
    Silent,
    /// It has sent a part of a proxy's header, of a handshake of TLS or of a greeting.
    Begun,
    /// Its handshake of TLS is done, or its greeting has come and its proof of a secret has not.
    Known,
}

/// What the choice depends on, for one stranger: its address, and its progress.
pub(super) type Candidate = (Option<Origin>, Progress);

/// The strangers of one address are a crowd if they are more than one in so many of all strangers.
const CROWD: usize = 8;

/// The strangers of one progress are safe while they are at most one in so many of their crowd.
const SAFE: usize = 4;

/// The index in `strangers`, oldest first, of the one that is turned away. `None` if there are
/// none.
pub(super) fn first_to_go(strangers: &[Candidate]) -> Option<usize> {
    // Where no address has a crowd, all strangers together are one.
    let crowd = largest_crowd(strangers);
    let is_in_crowd = |stranger: &Candidate| crowd.as_ref().is_none_or(|one| stranger.0 == one.0);
    let size = strangers.iter().filter(|stranger| is_in_crowd(stranger)).count();
    // A known stranger is turned away last: it has cost its peer a calculation of keys or a proof.
    for progress in [Progress::Silent, Progress::Begun, Progress::Known] {
        let is_one = |stranger: &Candidate| is_in_crowd(stranger) && stranger.1 == progress;
        let count = strangers.iter().filter(|stranger| is_one(stranger)).count();
        // If no silent stranger were safe, a peer that sends half a greeting on many connections
        // would push out every client that has just connected.
        if count.saturating_mul(SAFE) > size {
            return strangers.iter().position(is_one);
        }
    }
    None
}

/// The address of a crowd; `Crowd(None)` are the strangers that have no address of their own, such
/// as those of a Unix socket.
struct Crowd(Option<Origin>);

/// The address with the most strangers, if those are a crowd.
fn largest_crowd(strangers: &[Candidate]) -> Option<Crowd> {
    let mut origins: Vec<_> = strangers.iter().map(|(origin, _)| *origin).collect();
    origins.sort_unstable();
    let rows = origins.chunk_by(|a, b| a == b);
    let largest = rows.max_by_key(|row| row.len())?;
    let is_crowd = largest.len().saturating_mul(CROWD) > strangers.len();
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
    fn a_silent_stranger_goes_before_an_older_one_that_has_spoken() {
        let all = [some(1, 1, Known), some(2, 1, Begun), some(125, 1, Silent)].concat();
        assert_eq!(first_to_go(&all), Some(3));
    }

    #[test]
    fn a_quarter_of_the_crowd_is_safe_in_each_progress() {
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
    fn of_any_strangers_one_is_chosen() {
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
