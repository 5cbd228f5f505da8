//! The stream of a command that has returned an iterator: the thread that ran the command pulls the
//! iterator, inside that call.

use std::cell::Cell;
use std::sync::Arc;

use super::ambient;
use super::dispatch::{ItemSink, Opening, Put};
use super::handler;
use super::leave::Appended;
use super::role::Role;
use crate::link::Link;
use crate::link::core::command::Ran;
use crate::link::core::flows::{Begun, Feeding};
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
    /// The credit that the caller gave with its call.
    credit: u32,
    role: Role,
    /// The sending end, once the stream is open.
    id: Cell<Option<OutletId>>,
    /// Whether the caller gave the call up before the stream opened.
    cancelled: Cell<bool>,
    /// Whether an item was sent.
    begun: Cell<bool>,
}

impl<'a> Pump<'a> {
    pub(super) fn new(link: &'a Arc<Link>, ran: Ran, credit: u32, role: Role) -> Self {
        Pump {
            link,
            ran,
            credit,
            role,
            id: Cell::new(None),
            cancelled: Cell::new(false),
            begun: Cell::new(false),
        }
    }

    /// The sending end, if the stream was opened.
    pub(super) fn opened(&self) -> Option<OutletId> {
        self.id.get()
    }

    /// Whether the stream was opened, or will not be because its call was given up.
    pub(super) fn is_decided(&self) -> bool {
        self.cancelled.get() || self.opened().is_some()
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
        let half = self.link.limits.grace.checked_div(2).unwrap_or_default();
        let left = state.stop_left(half, crate::sync::now());
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
