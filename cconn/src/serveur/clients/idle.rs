//! Clients that were never used, and a server without clients, and since when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Clients;
use crate::link::Link;
use crate::wire::EndReason;

impl Clients {
    /// Ends the connection of the client that has been there unused for longest, at least for
    /// `unused`. False if there is none.
    pub(super) fn send_unused_away(&self, unused: Duration) -> bool {
        let oldest = self.oldest_unused(unused);
        if let Some(link) = &oldest {
            link.close(EndReason::Closed, "it was never used, and another needs its place");
            // The client has sent nothing, so no thread need read what is left.
            link.end_linger();
        }
        oldest.is_some()
    }

    pub(super) fn oldest_unused(&self, unused: Duration) -> Option<Arc<Link>> {
        let moment = Instant::now().checked_sub(unused)?;
        let old: Vec<_> = {
            let state = self.state.lock();
            state.connected.values().filter(|link| link.was_there(moment)).cloned().collect()
        };
        // They are in the order of their numbers, and so of their arrival.
        old.into_iter().find(|link| link.is_unused_since(moment))
    }

    /// Waits until the server stops, at most for `most`. True if it does.
    pub(in crate::serveur) fn wait_for_stop(&self, most: Duration) -> bool {
        let until = Instant::now().checked_add(most);
        let mut state = self.state.lock();
        while !state.stopping && until.is_none_or(|until| Instant::now() < until) {
            state = self.fewer.wait(state, until);
        }
        state.stopping
    }

    /// Waits until there has been no client for `most`, and lets no more in. False if the server is
    /// stopped otherwise.
    pub(in crate::serveur) fn stop_when_idle(&self, most: Duration) -> bool {
        let (mut state, began) = (self.state.lock(), Instant::now());
        while !state.stopping {
            // Clients may come and go while this thread sleeps, so `leave` notes the moment.
            let since = state.left.map_or(began, |left| left.max(began));
            let is_deserted = state.clients() == 0;
            let until = since.checked_add(most).filter(|_| is_deserted);
            if until.is_some_and(|until| Instant::now() >= until) {
                state.stopping = true;
                return true;
            }
            state = self.fewer.wait(state, until);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::super::bounds::Claim;
    use super::super::Admission;
    use super::*;

    const MOST: Duration = Duration::from_millis(60);

    /// How long a server takes to stop as idle, while `happens` has clients come and go.
    fn stops_after(most: Duration, happens: impl FnOnce(&Clients)) -> Duration {
        let clients = Clients::default();
        let began = Instant::now();
        thread::scope(|scope| {
            let stops = scope.spawn(|| clients.stop_when_idle(most).then(|| began.elapsed()));
            happens(&clients);
            stops.join().unwrap().expect("nothing else stops it")
        })
    }

    fn come(clients: &Clients) -> u64 {
        let claim = Claim { most: 9, unused: Duration::MAX, origin: None };
        let Admission::Place(id) = clients.enter(&claim) else { panic!("no place") };
        id
    }

    /// Asserts that none of five times is below `least`, and that one of them is close to it: a
    /// busy machine makes some of them longer, and a fault all of them, by `MOST` or more.
    fn assert_about(least: Duration, times: impl Fn() -> Duration) {
        let all: Vec<_> = (0..5).map(|_| times()).collect();
        assert!(all.iter().all(|time| *time >= least), "{least:?}: {all:?}");
        assert!(all.iter().any(|time| *time < least + MOST / 2), "{least:?}: {all:?}");
    }

    #[test]
    fn a_thread_that_waits_for_a_client_is_no_client() {
        for most in [Duration::from_millis(1), MOST / 2, MOST] {
            assert_about(most, || stops_after(most, |clients| _ = clients.expect(9)));
        }
        let comes_and_goes = |clients: &Clients| {
            let id = clients.expect(9).unwrap();
            thread::sleep(MOST / 2);
            clients.leave(id);
        };
        assert_about(MOST, || stops_after(MOST, comes_and_goes));
    }

    #[test]
    fn the_time_begins_anew_when_the_last_one_leaves() {
        assert_about(MOST + MOST / 2, || {
            stops_after(MOST, |clients| {
                let id = come(clients);
                thread::sleep(MOST / 2);
                clients.leave(id);
            })
        });
        // Clients that stay for as long as the time.
        assert_about(2 * MOST + MOST, || {
            stops_after(MOST, |clients| {
                let (first, second) = (come(clients), come(clients));
                thread::sleep(MOST);
                clients.leave(first);
                thread::sleep(MOST);
                clients.leave(second);
            })
        });
        // Clients that come and go, by turns on a thread of their own and on one that waits for
        // them.
        assert_about(MOST + MOST / 2, || {
            stops_after(MOST, |clients| {
                for _ in 0..3 {
                    thread::sleep(MOST / 6);
                    clients.leave(come(clients));
                    if let Some(id) = clients.expect(9) {
                        let claim = Claim { most: 9, unused: Duration::MAX, origin: None };
                        assert!(clients.arrive(id, &claim));
                        clients.leave(id);
                    }
                }
            })
        });
    }
}
