//! The stream of a command that has returned an iterator: the thread that ran the command pulls the
//! iterator, inside that call.

use std::cell::Cell;
use std::sync::Arc;

use super::ambient;
use super::channel::{Origin, StreamChannel};
use super::dispatch::{ItemSink, Opening, Put};
use super::handler;
use super::leave::Appended;
use super::role::Role;
use crate::link::Link;
use crate::link::core::channel::Gone;
use crate::link::core::channels::Attached;
use crate::link::core::command::Ran;
use crate::link::core::feeding::Feeding;
use crate::link::core::flows::Begun;
use crate::link::core::outbox::Item;
use crate::link::core::outlet::OutletId;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::{self, LENGTH_PREFIX};

/// Feeds the stream that answers one call.
pub(crate) struct Pump<'a> {
    link: &'a Arc<Link>,
    ran: Ran,
    /// Hash of the command's name.
    command: u64,
    /// The credit that the caller gave with its call.
    credit: u32,
    role: Role,
    /// The sending end, once the stream is open.
    id: Cell<Option<OutletId>>,
    /// Whether the caller gave the call up before the stream opened.
    cancelled: Cell<bool>,
    /// Whether a channel feeds the stream.
    is_fed: Cell<bool>,
    /// Whether an item was sent.
    begun: Cell<bool>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(
        link: &'a Arc<Link>,
        ran: Ran,
        (command, credit): (u64, u32),
        role: Role,
    ) -> Self {
        Pump {
            link,
            ran,
            command,
            credit,
            role,
            id: Cell::new(None),
            cancelled: Cell::new(false),
            is_fed: Cell::new(false),
            begun: Cell::new(false),
        }
    }

    /// The sending end, if the stream was opened.
    pub(super) fn opened(&self) -> Option<OutletId> {
        self.id.get()
    }

    /// Whether a channel feeds the stream, which goes on without a thread.
    pub(super) fn is_fed(&self) -> bool {
        self.is_fed.get()
    }

    /// Whether the stream was opened, or will not be because its call was given up.
    pub(super) fn is_decided(&self) -> bool {
        self.cancelled.get() || self.is_fed.get() || self.opened().is_some()
    }
}

impl ItemSink for Pump<'_> {
    fn has_room(&self) -> Result<(), usize> {
        let limit = self.link.limits.max_pumps;
        if self.link.locked(|state| state.pumping()) < limit { Ok(()) } else { Err(limit) }
    }

    fn open(&self) -> Opening {
        let limit = self.link.limits.max_pumps;
        let opening = self.link.locked(|state| {
            match state.begin_pump(self.ran, self.credit, limit) {
                Begun::Open(id) => self.id.set(Some(id)),
                Begun::Cancelled => {
                    self.cancelled.set(true);
                    return Opening::Cancelled;
                }
                Begun::Crowded => return Opening::Crowded { limit },
            }
            if self.link.watch.is_none() {
                // No watchman reads while the iterator makes its first item.
                self.hand_role_on(state);
            }
            // The first item, if it comes at once, shares a write with the frame that opens the
            // stream.
            self.link.flush_or_leave(state, Appended::Answers, &mut Deadline::Never);
            state.offer();
            Opening::Open
        });
        if opening == Opening::Open {
            handler::begin_pumping();
            // [context.opening]
            ambient::forget_deadline();
        }
        opening
    }

    fn attach(&self, channel: &StreamChannel) -> Opening {
        let (link, ran, credit) = (self.link, self.ran, self.credit);
        let (frame, most) = (link.peer.max_frame as usize, link.limits.max_channels);
        let mut attached = Attached::Not(Gone::Ended);
        let origin = Origin {
            command: self.command,
            name: link.commands().name(self.command),
            link: link.identity.shared_label().clone(),
        };
        let attached = channel.attach(link.me.clone(), origin, frame, |feed| {
            // What is due is left to the release below: it may run code that pushes to this channel,
            // whose lock is held here.
            link.noted(|state| attached = state.attach(ran, credit, feed, most));
            attached
        });
        // The first items, if there are any, share a write with the frame that opens the stream.
        link.locked(|state| {
            link.flush_or_leave(state, Appended::Answers, &mut Deadline::Never);
        });
        match attached {
            Attached::Not(Gone::Crowded) => return Opening::Crowded { limit: most },
            Attached::Not(Gone::Stopping) => return Opening::Stopping,
            Attached::Not(_) => self.cancelled.set(true),
            Attached::Open(_) => self.is_fed.set(true),
        }
        if self.is_fed.get() { Opening::Open } else { Opening::Cancelled }
    }

    // [credit.spend]
    fn put(&self, head: &[u8], long: Vec<u8>) -> Put {
        let Some(id) = self.id.get() else { return Put::Halted };
        let item = Item { head, long };
        let limit = self.link.peer.max_frame as usize;
        let size = item.len().saturating_add(wire::ITEM_HEAD).saturating_sub(LENGTH_PREFIX);
        if size > limit {
            return Put::TooLarge { size, limit };
        }
        self.link.locked(|state| {
            loop {
                match state.feeding(id) {
                    Feeding::Halted => return Put::Halted,
                    Feeding::Ready => break,
                    Feeding::Waits(sleep) => {
                        let mut until = self.patience(state);
                        if until.is_no_time() {
                            return Put::Stopping;
                        }
                        let stops = state.is_stopping();
                        let done = |state: &State| {
                            state.feeding(id) != Feeding::Waits(sleep)
                                || state.is_stopping() != stops
                        };
                        state.wait(sleep, &mut until, done);
                    }
                }
            }
            if self.patience(state).is_no_time() {
                return Put::Stopping;
            }
            state.put_item(id, item, limit.saturating_add(LENGTH_PREFIX));
            self.write(state);
            Put::Done
        })
    }
}

impl Pump<'_> {
    /// Writes an item out, or leaves it to share a write with those that follow.
    fn write(&self, state: &mut Locked<'_>) {
        if self.begun.replace(true) {
            return self.link.flush_or_leave(state, Appended::Message, &mut Deadline::Never);
        }
        // The first item is never left to others: its receiver waits for it.
        state.flush(&mut Deadline::Never);
        if self.link.watch.is_some() {
            self.hand_role_on(state);
        }
    }

    /// How long the stream may go on: for ever, but during a stop for half the grace period.
    fn patience(&self, state: &mut State) -> Deadline {
        if !state.is_stopping() {
            return Deadline::Never;
        }
        let left = self.link.stop_left_for_iterators(state);
        left.map_or(Deadline::Never, Deadline::After)
    }

    /// Leaves the executor's role, if this thread has it, to a stand-in: the iterator may take long
    /// to make an item, and the connection must be read meanwhile.
    fn hand_role_on(&self, state: &mut Locked<'_>) {
        if self.role.is_executor() && holds(Rule::RoleIsHandedOn) {
            state.hand_role_on();
        }
    }
}
