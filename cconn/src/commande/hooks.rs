//! The program's hooks of a connection, and the code that runs them.

use std::sync::{Arc, Mutex, PoisonError};

use super::fence::fence;
use super::tally::Tallies;
use super::{Around, Registry, SwitchedOff, end_connection, end_sessions, shown};
use crate::client::Client;
use crate::erreur::{CommandeEchouee, Erreur, Resultat};
use crate::link::{Link, Notice};
use crate::wire::FailureCode;

/// The hook for a one-way message that failed at the peer.
pub(crate) type FailureHook = Arc<dyn Fn(&Client, &Erreur) + Send + Sync>;

/// The hook for a one-way message of the peer's that failed here.
pub(crate) type FailedHereHook = Arc<dyn Fn(&Client, &CommandeEchouee) + Send + Sync>;

/// The hook for the end of a connection; the result tells how it ended.
pub(crate) type EndHook = Arc<dyn Fn(&Client, Resultat<()>) + Send + Sync>;

/// The program's hooks, and the settings that go with them.
#[derive(Clone, Default)]
pub(crate) struct Hooks {
    pub(crate) on_failure: Option<FailureHook>,
    pub(crate) on_failed_here: Option<FailedHereHook>,
    pub(crate) on_end: Option<EndHook>,
    /// Around each command. Threads that run commands hold them too.
    pub(crate) around: Option<Arc<Around>>,
    /// What is counted of the commands, if the program has asked for that.
    pub(crate) tallies: Option<Arc<Tallies>>,
    /// Whether the text of a panic is sent to the caller.
    pub(crate) tells_panics: bool,
    /// Whether failures without a hook are kept off the standard error.
    pub(crate) silent: bool,
    /// Which commands of this library are switched off.
    pub(crate) switched_off: SwitchedOff,
}

impl Hooks {
    /// Whether any hook is set.
    pub(super) fn any(&self) -> bool {
        let told = self.on_failure.is_some() || self.on_failed_here.is_some();
        told || self.on_end.is_some() || self.around.is_some()
    }

    /// Drops each hook by itself, because dropping what one has captured may panic.
    pub(super) fn let_go(self) {
        let Hooks { on_failure, on_failed_here, on_end, around, .. } = self;
        drop(around);
        let _panicked = fence(|| drop(on_failure));
        let _panicked = fence(|| drop(on_failed_here));
        let _panicked = fence(|| drop(on_end));
    }
}

impl Hooks {
    /// Has commands counted, or not.
    pub(crate) fn count(&mut self, wanted: bool) {
        self.tallies = wanted.then(Arc::default);
    }

    /// The hooks around each command, to add one.
    pub(crate) fn around(&mut self) -> &mut Around {
        Arc::make_mut(self.around.get_or_insert_default())
    }
}

/// Ended connections whose end hook could not run because no thread could be started. Kept until it
/// runs.
static UNTOLD: Mutex<Vec<Arc<Link>>> = Mutex::new(Vec::new());

impl Registry {
    /// Reports a one-way message that failed to the program.
    pub(crate) fn report(&self, link: &Arc<Link>, notice: &Notice) {
        let client = Client::of(link);
        if notice.here {
            return self.report_here(&client, notice.command, notice.code, &notice.text);
        }
        if !link.names.may_hold(notice.command) {
            // No message of that name was ever sent.
            return link.lose_notice();
        }
        let hooks = self.hooks();
        let error = client.failure_of(notice);
        if let Some(hook) = hooks.on_failure {
            let _panicked = fence(|| hook(&client, &error));
        } else if !hooks.silent {
            shown::show(&error);
        }
    }

    /// Reports a one-way message of the peer's that failed here to the program.
    pub(crate) fn report_here(&self, client: &Client, command: u64, code: FailureCode, text: &str) {
        if let Some(hook) = self.hooks().on_failed_here {
            let failed = CommandeEchouee::new(self.name(command), client.to_string(), code, text);
            let _panicked = fence(|| hook(client, &failed));
        }
    }

    /// Runs the end hook of a client's connection and drops its closures, on a thread of its own,
    /// because any thread may have noticed the end. False if that thread can't be started.
    pub(super) fn end(&self, link: &Arc<Link>) -> bool {
        end_connection(link);
        shown::show_left_out();
        if !self.close() && !link.attachment.is_some() {
            return true;
        }
        let ended = link.clone();
        let started = crate::sync::spawn("cconn-end".to_owned(), None, move || finish(&ended));
        let mut untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let before = untold.len();
        untold.retain(|other| !Arc::ptr_eq(other, link));
        if started.is_err() {
            if untold.len() == before {
                shown::no_thread_for_end(link.identity.label());
            }
            untold.push(link.clone());
        }
        started.is_ok()
    }

    /// Does on the thread that was in `lancer` what no other thread could be started for.
    pub(crate) fn end_untold(link: &Arc<Link>) {
        let mut untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner);
        let before = untold.len();
        untold.retain(|other| !Arc::ptr_eq(other, link));
        let was_there = untold.len() < before;
        drop(untold);
        if was_there {
            finish(link);
        }
    }
}

fn finish(link: &Arc<Link>) {
    let commands: &dyn std::any::Any = &**link.commands();
    let Some(registry) = commands.downcast_ref::<Registry>() else { return };
    // A second thread finds no hook any more.
    if let Some(hook) = registry.take_end_hook() {
        let client = Client::of(link);
        let _panicked = fence(|| hook(&client, client.result_of_end()));
        let _panicked = fence(|| drop(hook));
    }
    end_sessions(link);
    registry.let_go();
}
