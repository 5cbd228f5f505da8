//! Something is done with many connections, some of which may be busy.

use std::sync::Arc;
use std::time::Duration;

use crate::lien::Lien;

/// How often connections are passed over whose lock is taken, and the pause in between.
const ROUNDS: usize = 32;
const ROUND: Duration = Duration::from_micros(100);

/// Does that with all of them: first with those whose lock is free, so that one that is busy holds
/// up nobody but itself. Those that are busy are all asked to let go before one is waited for.
pub(super) fn each(liens: &[Arc<Lien>], mut act: impl FnMut(&Arc<Lien>)) {
    let mut passes = |lien: &Arc<Lien>| {
        let busy = lien.is_busy();
        if !busy {
            act(lien);
        }
        busy
    };
    let busy = liens.iter().filter(|lien| passes(lien));
    let mut busy: Vec<_> = busy.map(|lien| (lien, lien.want())).collect();
    for _ in 0..ROUNDS {
        if busy.is_empty() {
            return;
        }
        std::thread::sleep(ROUND);
        busy.retain(|(lien, _want)| passes(lien));
    }
    for (lien, _want) in busy {
        act(lien);
    }
}
