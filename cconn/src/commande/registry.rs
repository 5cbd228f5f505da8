//! The table of commands, and how one is run: lookup, checks, panic fence.
//!
//! No lock is held while user code runs: the entry is cloned out of the table first.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use super::Context;
use super::builtin::Integree;
use super::fence::{fence, fence_telling};
use super::figures::TakeCensus;
use super::given::{Given, Sessions};
use super::hooks::{EndHook, Hooks};
pub(super) use super::registered::Registered;
use super::registered::{NotRun, Run, insert};
use super::runner::runner;
use super::shelf::Shelf;
use super::tally::Tallies;
use crate::body::Body;
use crate::client::Client;
use crate::erreur::Enregistrement;
use crate::link::{Dispatch, Incoming, Kinds, Link, Notice, Outcome, Runner};
use crate::message::{Reply, ReplyKind};
use crate::order;
use crate::wire::{Answering, FailureCode, NO_COMMAND};

/// The commands that a peer may ask for.
#[derive(Default)]
pub(crate) struct Registry {
    table: RwLock<Table>,
    /// Whether any command may run beside others. Checked for each command that arrives; rarely
    /// true.
    any_parallel: AtomicBool,
    hooks: RwLock<Hooks>,
    /// The program's state. A thread that runs commands holds it too.
    pub(super) states: RwLock<Arc<Shelf>>,
    pub(super) sessions: Sessions,
    /// What is counted of the commands, if the program has asked for that.
    pub(super) tallies: Option<Arc<Tallies>>,
    /// Counts the clients of the server, if this is a server's.
    pub(super) census: OnceLock<Box<TakeCensus>>,
    /// Commands may run from now on: what they need is there, and is checked for further ones.
    pub(super) begun: AtomicBool,
    /// No command will run any more, and none can be registered.
    pub(super) over: AtomicBool,
}

pub(super) type Table = HashMap<u64, Arc<Registered>, BuildHasherDefault<AsIs>>;

/// Commands that one thread has run lately. The thread finds them again without the table, whose
/// lock and reference counts all threads share. A command once registered stays registered.
#[derive(Default)]
pub(super) struct RecentlyRun([Option<Arc<Registered>>; 4]);

impl RecentlyRun {
    /// The command with this hash. The table is searched if the thread does not know the command
    /// yet.
    #[inline]
    fn find(&mut self, registry: &Registry, hash: u64) -> Option<&Registered> {
        let RecentlyRun(places) = self;
        let place = places.get_mut(usize::from((hash % 4) as u8))?;
        if place.as_ref().is_none_or(|command| command.hash != hash) {
            *place = Some(registry.find(hash)?);
        }
        place.as_deref()
    }
}

impl Registry {
    pub(crate) fn new(hooks: Hooks, given: Given) -> Self {
        super::builtin::begin();
        let (states, sessions) = (RwLock::new(Arc::new(given.states)), given.sessions);
        let tallies = hooks.tallies.clone();
        Registry { hooks: RwLock::new(hooks), states, sessions, tallies, ..Registry::default() }
    }

    /// A registry with the commands, states and sessions of this one, for one connection.
    pub(crate) fn for_connection(&self, hooks: Hooks) -> Registry {
        let states = self.states.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (states, sessions) = (RwLock::new(states), self.sessions.clone());
        let (tallies, hooks) = (hooks.tallies.clone(), RwLock::new(hooks));
        let registry = Registry { hooks, states, sessions, tallies, ..Registry::default() };
        self.share_with(&registry);
        registry
    }

    /// Adds the commands of this registry to another one that has none of other names.
    pub(crate) fn share_with(&self, other: &Registry) {
        let ours = self.read().clone();
        let mut theirs = other.table.write().unwrap_or_else(PoisonError::into_inner);
        if self.any_parallel.load(Ordering::Relaxed) {
            other.any_parallel.store(true, Ordering::Relaxed);
        }
        if !other.over.load(Ordering::Relaxed) {
            theirs.extend(ours);
        }
    }

    /// The commands that a peer is shown, sorted by name: those that it may call.
    // [builtin.rights]
    pub(super) fn shown(&self, client: &Client) -> Vec<Arc<Registered>> {
        let mut all: Vec<_> = self.read().values().cloned().collect();
        // With nothing locked: a guard is code of the program's.
        all.retain(|command| self.allows(client, command));
        order::sort_by(&mut all, |one, other| one.name.cmp(&other.name));
        all
    }

    pub(super) fn add(&self, new: Vec<Registered>) -> Result<(), Enregistrement> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if self.over.load(Ordering::Relaxed) {
            drop(table);
            return Err(Enregistrement::Finie);
        }
        let mut added = Vec::with_capacity(new.len());
        if new.iter().any(|command| command.parallel) {
            self.any_parallel.store(true, Ordering::Relaxed);
        }
        for command in new {
            if let Err(error) = insert(&mut table, command, &mut added) {
                for hash in added {
                    table.remove(&hash);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// Runs one command and returns how it ended. `is_allowed`: its guards were asked already.
    #[expect(clippy::inline_always, reason = "of its callers one runs every plain command")]
    #[inline(always)]
    pub(super) fn run(
        &self,
        known: &mut RecentlyRun,
        context: &Context<'_>,
        incoming: &Incoming<'_>,
        is_allowed: bool,
        out: &mut Answering,
    ) -> Outcome {
        let Some(command) = known.find(self, incoming.command) else {
            let builtin = self.run_builtin(context.client, incoming, out);
            return builtin.unwrap_or_else(|| self.unknown(incoming.command, out));
        };
        let omitted = match command.admit(incoming.fingerprint, context, is_allowed) {
            Ok(omitted) => omitted,
            Err(reason) => return not_run(reason, command, context.client, out),
        };
        let start = out.bytes.len();
        let body = Body::new(incoming.body, incoming.apart.take());
        match fence_telling(|| command.execute(context, (body, omitted), out)) {
            Ok(Ok(reply)) => reply.into(),
            Ok(Err(fault)) => {
                let (code, text) = *fault.0;
                failed(start, code, &text, out)
            }
            Err(said) => {
                // The text may be meant for the program's author only.
                let text = said.filter(|_| self.hooks().tells_panics).unwrap_or_default();
                failed(start, FailureCode::Panic, &text, out)
            }
        }
    }

    /// Whether the peer may call the command: the guard of every command is asked first, then the
    /// command's own.
    pub(super) fn allows(&self, client: &Client, command: &Registered) -> bool {
        self.lets_in(client, command.own_name()) && command.allows(client)
    }

    /// Whether the guard of every command lets the peer call the one of that name.
    pub(super) fn lets_in(&self, client: &Client, name: &str) -> bool {
        self.hooks().around.is_none_or(|around| around.lets_in(client, name))
    }

    /// Whether the command with this hash may run beside others of its connection.
    pub(crate) fn is_parallel(&self, command: u64) -> bool {
        self.any_parallel.load(Ordering::Relaxed)
            && self.find(command).is_some_and(|command| command.parallel)
    }

    /// The fingerprints that the command with this hash accepts.
    pub(crate) fn accepted(&self, command: u64) -> Vec<u32> {
        self.find(command).map_or_else(Vec::new, |command| command.accepted())
    }

    pub(super) fn find(&self, hash: u64) -> Option<Arc<Registered>> {
        // A call that was given up before it left carries a hash that no command has.
        self.read().get(&hash).filter(|_| hash != NO_COMMAND).cloned()
    }

    fn unknown(&self, hash: u64, out: &mut Answering) -> Outcome {
        let count = self.read().len();
        let text = format!("hash {hash:#018x}, commands registered: {count}");
        Reply::failure(FailureCode::UnknownCommand, &text, out).into()
    }

    /// The command's name, or its hash if there is no such command.
    pub(super) fn name(&self, hash: u64) -> Box<str> {
        match self.find(hash) {
            Some(command) => (*command.name).into(),
            None => match Integree::of(hash) {
                Some(builtin) => builtin.nom().into(),
                None => format!("#{hash:016x}").into(),
            },
        }
    }

    /// The program's hooks.
    pub(super) fn hooks(&self) -> Hooks {
        self.hooks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The hook for the end of the connection, returned once.
    pub(super) fn take_end_hook(&self) -> Option<EndHook> {
        self.hooks.write().unwrap_or_else(PoisonError::into_inner).on_end.take()
    }

    /// Ends registration. True if any closure or hook of the program's is kept.
    pub(super) fn close(&self) -> bool {
        let table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        self.over.store(true, Ordering::Relaxed);
        let captured = table.values().any(|command| matches!(command.run, Run::Closure(_)));
        drop(table);
        captured || self.hooks().any() || !self.states().is_empty()
    }

    /// Drops the program's closures and everything they have captured, because a captured handle
    /// would keep the connection or the server for ever. Each closure is dropped with nothing
    /// locked, once no thread runs it any more.
    pub(crate) fn let_go(&self) {
        self.close();
        let table =
            std::mem::take(&mut *self.table.write().unwrap_or_else(PoisonError::into_inner));
        let mut hooks = self.hooks.write().unwrap_or_else(PoisonError::into_inner);
        let hooks = std::mem::take(&mut *hooks);
        for command in table.into_values() {
            let _panicked = fence(|| drop(command));
        }
        self.let_go_of_states();
        hooks.let_go();
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a message for which a command is not run.
#[cold]
fn not_run(reason: NotRun, command: &Registered, client: &Client, out: &mut Answering) -> Outcome {
    match reason {
        NotRun::Forbidden => forbidden(client, command.own_name(), out),
        NotRun::OtherSignature => {
            Reply::failure(FailureCode::Signature, &command.signature, out).into()
        }
        NotRun::Stream(fault) => {
            let (code, text) = *fault.0;
            Reply::failure(code, &text, out).into()
        }
    }
}

/// Refuses a command that the peer may not call. Nothing of its signature is told.
#[cold]
pub(super) fn forbidden(client: &Client, name: &str, out: &mut Answering) -> Outcome {
    Reply::failure(FailureCode::Forbidden, &not_allowed(client, name), out).into()
}

/// What the caller of a command is told that a guard keeps from it.
pub(super) fn not_allowed(client: &Client, name: &str) -> String {
    let who = match client.known_as() {
        None => "an anonymous caller, who has proved nothing".to_owned(),
        Some(known) => format!("its caller, who is known there as {known}"),
    };
    format!(
        "the guard of `{name}` does not allow it to {who}; connect as somebody whom it allows, or \
         ask whoever runs the peer"
    )
}

/// Puts a text in the place of what a command wrote before it failed.
pub(super) fn failed(start: usize, code: FailureCode, text: &str, out: &mut Answering) -> Outcome {
    out.truncate(start);
    Reply::failure(code, &text, out).into()
}

impl From<Reply> for Outcome {
    fn from(reply: Reply) -> Self {
        match reply.0 {
            ReplyKind::Answer => Outcome::Answer,
            ReplyKind::Refusal => Outcome::UserError,
            ReplyKind::Failure(code) => Outcome::Failure(code),
            ReplyKind::Later => Outcome::Later,
        }
    }
}

impl Dispatch for Registry {
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a> {
        runner(self, link, None)
    }

    fn notice(&self, link: &Arc<Link>, notice: &Notice) {
        self.report(link, notice);
    }

    fn ended(&self, link: &Arc<Link>) -> bool {
        self.end(link)
    }

    fn unheard(&self, link: &Arc<Link>, commands: usize) {
        if !self.hooks().silent {
            super::shown::nobody_listens(link.identity.label(), commands);
        }
    }

    fn given(&self) -> Option<&dyn Any> {
        Some(self)
    }

    fn accepted(&self, command: u64) -> Vec<u32> {
        self.accepted(command)
    }
}

impl Kinds for Registry {
    fn is_parallel(&self, command: u64) -> bool {
        self.is_parallel(command)
    }

    fn name(&self, command: u64) -> Option<Box<str>> {
        self.find(command).map(|command| (&*command.name).into())
    }
}

/// A hasher for keys that are hashes already.
///
/// The keys in the table are the program's own; a peer only looks up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
