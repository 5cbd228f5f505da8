//! Something is done with many connections, some of which may be busy.

use std::sync::Arc;
use std::time::Duration;

use crate::link::Link;

/// How often connections are passed over whose lock is taken, and the pause in between.
const ROUNDS: usize = 32;
const ROUND: Duration = Duration::from_micros(100);

/// Does that with all of them: first with those whose lock is free, so that one that is busy holds
/// up nobody but itself. Those that are busy are all asked to let go before one is waited for.
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
