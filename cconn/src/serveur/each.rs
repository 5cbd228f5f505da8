//! Does something with many connections, some of which may be busy.

use std::sync::Arc;
use std::time::Duration;

use crate::link::Link;

/// How many times busy connections are passed over before their locks are waited for, and the pause
/// between two times.
const ROUNDS: usize = 32;
const ROUND: Duration = Duration::from_micros(100);

/// Runs `act` for every connection, first for those whose lock is free, so that a busy connection
/// delays only itself. The threads of all busy connections are asked to give their lock up before
/// the first of these locks is waited for.
pub(super) fn each(links: &[Arc<Link>], mut act: impl FnMut(&Arc<Link>)) {
    let mut passes = |link: &Arc<Link>| {
        let busy = link.is_busy();
        if !busy {
            act(link);
        }
        busy
    };
    let busy = links.iter().filter(|link| passes(link));
    let mut busy: Vec<_> = busy.map(|link| (link, link.want())).collect();
    for _ in 0..ROUNDS {
        if busy.is_empty() {
            return;
        }
        std::thread::sleep(ROUND);
        busy.retain(|(link, _want)| passes(link));
    }
    for (link, _want) in busy {
        act(link);
    }
}
