//! How a stop ends the clients of a server, and what the program is told of those it had to cut.

use std::fmt;
use std::time::{Duration, Instant};

use super::super::Serveur;
use super::super::each::each;
use super::Clients;
use crate::erreur::{Delai, Erreur, Fermee, Phase, RaisonFin, Resultat, end_of};
use crate::link::Link;
use crate::text::{counted, verb};
use crate::wire::EndReason;

/// How long a stop waits for the greeting of a newcomer that has been let in.
const GREETING: Duration = Duration::from_millis(250);

/// How long threads may take to end after their connections are cut, and again after the server
/// stops reading what the peers still send.
const UNWIND: Duration = Duration::from_millis(250);

/// What an orderly stop had to cut.
#[derive(Clone)]
pub(super) struct Cut {
    /// How long the stop took, at most the grace period.
    waited: Duration,
    /// Connections that were cut.
    connections: usize,
    /// The end of the first connection that was cut for another reason than the end of the grace
    /// period.
    early: Option<Fermee>,
    /// Threads that were still inside a command or a hook when the stop returned.
    threads: usize,
}

impl Clients {
    /// Whether the stop is done and no thread is left.
    pub(in super::super) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.cut.is_some() && state.threads == 0
    }

    /// Lets no more newcomers in. Those that have been let in may still greet: they know that they
    /// were let in, and what they have sent must be handled.
    pub(in super::super) fn refuse_more(&self) {
        self.state.lock().stopping = true;
        self.fewer.notify_all();
    }

    /// Stops waiting for newcomers that have not greeted yet.
    fn send_away(&self) {
        let mut state = self.state.lock();
        state.sent_away = true;
        let late: Vec<_> = state.greeting.values().cloned().collect();
        drop(state);
        for io in late {
            io.shutdown();
        }
    }

    pub(in super::super) fn begin_stop(&self) {
        self.each(|link| link.begin_stop());
    }

    /// Reads goodbyes that arrived while this process was stopped; true if anything was read. A
    /// little is read from each client first, because a few clients may have sent much.
    fn take_in(&self) -> bool {
        let until = Instant::now().checked_add(UNWIND);
        let mut some = false;
        each(&self.connected(), |link| some |= link.take_in(false));
        each(&self.connected(), |link| {
            if until.is_none_or(|until| Instant::now() < until) {
                some |= link.take_in(true);
            }
        });
        some
    }

    /// Waits for all threads within the grace period, then cuts what is left and waits a little
    /// more.
    pub(in super::super) fn finish(&self, grace: Duration) {
        let start = Instant::now();
        let in_time = self.wait_for_threads(start.checked_add(GREETING.min(grace)));
        if !in_time {
            self.send_away();
        }
        let mut waited = grace;
        if !in_time && !self.wait_for_threads(start.checked_add(grace)) {
            // The goodbyes of clients may have come while this process was stopped, and be unread.
            if self.take_in() {
                self.wait_for_threads(Instant::now().checked_add(UNWIND));
            }
            // A connection that is ending by itself, and still runs what had arrived, is cut too.
            each(&self.connected(), |link| link.close(EndReason::GraceOver, ""));
            if !self.wait_for_threads(Instant::now().checked_add(UNWIND)) {
                self.connected().iter().for_each(|link| link.end_linger());
                self.wait_for_threads(Instant::now().checked_add(UNWIND));
            }
        } else {
            let took = start.elapsed();
            let below_a_millisecond = u64::from(took.subsec_nanos() % 1_000_000);
            waited = waited.min(took.saturating_sub(Duration::from_nanos(below_a_millisecond)));
        }
        let state = self.state.lock();
        let left: Vec<_> = state.connected.values().cloned().collect();
        let (mut cut, hooks) = (state.cut_off.clone(), state.inside_hooks);
        drop(state);
        cut.extend(left.iter().filter_map(|link| cut_in_stop(link)));
        let connections = cut.len();
        let early = cut.into_iter().find(|end| end.raison != RaisonFin::DelaiDeGrace);
        let threads = hooks + left.iter().map(|link| link.threads_inside()).sum::<usize>();
        self.state.lock().cut = Some(Cut { waited, connections, early, threads });
    }

    /// Waits until no client thread is left; false if the deadline passed first.
    fn wait_for_threads(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.threads > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            state = self.fewer.wait(state, deadline);
        }
        state.threads == 0
    }

    /// The result of the stop for the program.
    pub(in super::super) fn outcome(&self, serveur: &Serveur) -> Resultat<()> {
        let cut = self.state.lock().cut.clone();
        match cut {
            Some(cut) if cut.connections + cut.threads > 0 => Err(Erreur::Delai(Box::new(Delai {
                phase: Phase::Arret,
                delai: cut.waited,
                commande: None,
                lien: format!("server {serveur}: {cut}").into(),
                a_pu_etre_executee: false,
                etape: None,
                derriere: None,
            }))),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (connections, threads) = (self.connections, self.threads);
        write!(
            f,
            "{} {} cut",
            counted(connections, "connection"),
            verb(connections, "was", "were")
        )?;
        if threads > 0 {
            let (threads, are) = (counted(threads, "thread"), verb(threads, "is", "are"));
            write!(f, ", {threads} {are} still inside a command or a hook")?;
        }
        match &self.early {
            Some(early) => {
                let which = if connections > 1 { "one of them " } else { "" };
                write!(f, ", {which}before the end of `delai_arret`: {early}")
            }
            None => Ok(()),
        }
    }
}

/// How the connection ended, if this side cut it while its program was stopping it.
pub(super) fn cut_in_stop(link: &Link) -> Option<Fermee> {
    let ending = link.cut_in_stop()?;
    Some(end_of(&ending, link.identity.label(), None))
}
