//! All groups of a server, and the members of each.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Lenteur;
use crate::adresse::Adresse;
use crate::erreur::Resultat;
use crate::link::{Ending, Limits, Link, Placed, SlotId};
use crate::message::Message;
use crate::order;
use crate::serveur::broadcast::{Diffusion, Fate, Sender, send_or_miss};
use crate::sync::Mutex;
use crate::table;
use crate::text::Harmless;
use crate::wire::{EndReason, Outgoing};

/// All groups of a server. The lock of the table is taken before the lock of a group.
pub(in crate::serveur) struct Rooms {
    table: Mutex<Table>,
    limits: Arc<Limits>,
    address: Adresse,
    /// Where the server's service is in memory: the connections that it serves are the server's.
    service: usize,
}

#[derive(Default)]
struct Table {
    by_name: HashMap<Box<str>, Weak<Room>>,
    /// The groups that are kept without members too.
    kept: HashMap<Box<str>, Arc<Room>>,
    /// The groups of each client, by the number of the client: members hold their groups.
    of_client: table::Table<Vec<Arc<Room>>>,
    /// The number of names at which groups that are gone are next looked for.
    sweep_at: usize,
    /// The number of the membership that begins next.
    next_membership: u64,
}

/// One group.
pub(super) struct Room {
    name: Box<str>,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    slow: Lenteur,
    all: table::Table<Member>,
}

struct Member {
    link: Arc<Link>,
    /// Which membership of the server's groups it is: a client that comes back has another.
    membership: u64,
    /// Since when it has missed every message of the group.
    missing_since: Option<Instant>,
}

/// The fewest names among which groups that are gone are looked for.
const SWEEP: usize = 64;

impl Rooms {
    #[inline]
    pub(in crate::serveur) fn new(limits: Arc<Limits>, address: Adresse, service: usize) -> Self {
        Rooms { table: Mutex::new(Table::default()), limits, address, service }
    }

    /// Whether a connection is one of the server's.
    #[inline]
    pub(super) fn are_of(&self, link: &Link) -> bool {
        Arc::as_ptr(link.commands()).cast::<()>().addr() == self.service
    }

    #[inline]
    pub(super) fn find(&self, name: &str, slow: Option<Lenteur>) -> Arc<Room> {
        let mut table = self.table.lock();
        let found = table.by_name.get(name).and_then(Weak::upgrade);
        let room = found.unwrap_or_else(|| table.make(name));
        if let Some(slow) = slow {
            table.kept.insert(name.into(), room.clone());
            room.members.lock().slow = slow;
        }
        room
    }

    /// The groups that are there without a handle, by name.
    #[inline]
    pub(super) fn all(&self) -> Vec<Arc<Room>> {
        let table = self.table.lock();
        let members = table.of_client.values().flatten().cloned();
        let all = table.kept.values().cloned().chain(members);
        let mut all: Vec<Arc<Room>> = all.collect();
        drop(table);
        order::sort_by(&mut all, |one, other| one.name.cmp(&other.name));
        all.dedup_by(|one, other| one.name == other.name);
        all
    }

    /// Adds a member; false if it is one already.
    #[inline]
    pub(super) fn enter(&self, room: &Arc<Room>, link: &Arc<Link>) -> Result<bool, Arc<Ending>> {
        let mut table = self.table.lock();
        // Whoever leaves takes the lock after the end: a member that enters before is taken out.
        if let Some(ending) = link.ending() {
            return Err(ending);
        }
        let membership = table.next_membership;
        let member = Member { link: link.clone(), membership, missing_since: None };
        let id = link.identity.id;
        let mut members = room.members.lock();
        if members.all.has(id) {
            return Ok(false);
        }
        members.all.insert(id, member);
        drop(members);
        table.next_membership = membership.wrapping_add(1);
        table.of_client.get_or_insert_with(id, Vec::new).push(room.clone());
        Ok(true)
    }

    /// Takes a member out; false if it was none.
    #[inline]
    pub(super) fn leave(&self, room: &Arc<Room>, link: &Link) -> bool {
        if !self.are_of(link) {
            return false;
        }
        let (id, mut table) = (link.identity.id, self.table.lock());
        if let Some(rooms) = table.of_client.get_mut(id) {
            rooms.retain(|other| !Arc::ptr_eq(other, room));
            if rooms.is_empty() {
                table.of_client.remove(id);
            }
        }
        let left = room.members.lock().all.remove(id);
        drop(table);
        if let Some(member) = &left {
            member.link.forget_latest(member.membership);
        }
        left.is_some()
    }

    /// Takes a client whose connection has ended out of all groups.
    #[inline]
    pub(in crate::serveur) fn leave_all(&self, id: u64) {
        let mut table = self.table.lock();
        let rooms = table.of_client.remove(id).unwrap_or_default();
        let left: Vec<_> = rooms.iter().map(|room| room.members.lock().all.remove(id)).collect();
        drop(table);
        drop((left, rooms));
    }

    /// Sends a message to the members except `others`.
    #[inline]
    pub(super) fn broadcast(
        &self,
        room: &Room,
        message: &dyn Message,
        except: &[u64],
    ) -> Resultat<Diffusion> {
        let links = room.links(except);
        let sender = Sender { limits: &self.limits, link: &self.address };
        let slow = room.members.lock().slow;
        match slow {
            Lenteur::Compter => sender.broadcast(message, &links, send_or_miss),
            Lenteur::Couper(most) => {
                let mut told = Vec::new();
                let diffusion = sender.broadcast(message, &links, |link, frame| {
                    let fate = send_or_miss(link, frame);
                    told.push((link.clone(), fate != Fate::Missed));
                    fate
                })?;
                room.cut(&told, most);
                Ok(diffusion)
            }
            Lenteur::Remplacer => {
                let (command, mut shared) = (message.entete().hash(), None);
                sender.broadcast(message, &links, |link, frame| {
                    room.place(link, command, frame, &mut shared)
                })
            }
        }
    }
}

impl Table {
    #[inline]
    fn make(&mut self, name: &str) -> Arc<Room> {
        if self.by_name.len() >= self.sweep_at.max(SWEEP) {
            self.by_name.retain(|_, room| room.strong_count() > 0);
            self.sweep_at = self.by_name.len() * 2;
        }
        let room = Arc::new(Room { name: name.into(), members: Mutex::new(Members::default()) });
        self.by_name.insert(name.into(), Arc::downgrade(&room));
        room
    }
}

impl Room {
    #[inline]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    #[inline]
    pub(super) fn has(&self, link: &Arc<Link>) -> bool {
        self.membership(link).is_some()
    }

    /// The connections of the members that have not ended, without those of `except`.
    #[inline]
    pub(super) fn links(&self, except: &[u64]) -> Vec<Arc<Link>> {
        let members = self.members.lock();
        let links = members.all.values().map(|member| &member.link);
        let links: Vec<_> =
            links.filter(|link| !except.contains(&link.identity.id)).cloned().collect();
        drop(members);
        links.into_iter().filter(|link| !link.has_ended()).collect()
    }

    /// The membership of a connection, while it is a member.
    #[inline]
    fn membership(&self, link: &Arc<Link>) -> Option<u64> {
        let members = self.members.lock();
        let member = members.all.get(link.identity.id)?;
        Arc::ptr_eq(&member.link, link).then_some(member.membership)
    }

    /// Sends a message of a command to a member, or lets it wait in the member's slot for that. The
    /// first that waits makes the frame that all others share.
    #[inline]
    fn place(
        &self,
        link: &Arc<Link>,
        command: u64,
        frame: &Outgoing<&[u8]>,
        shared: &mut Option<Arc<[u8]>>,
    ) -> Fate {
        let Some(membership) = self.membership(link) else { return Fate::Left };
        let whole = || shared.get_or_insert_with(|| frame.parts().concat().into()).clone();
        let slot = SlotId { membership, command };
        let Ok(placed) = link.send_latest(slot, frame, whole) else { return Fate::Missed };
        if placed != Placed::Sent && self.membership(link) != Some(membership) {
            // Whoever leaves empties the slots afterwards, perhaps before this message came.
            link.forget_latest(membership);
            return Fate::Left;
        }
        Fate::Placed(placed)
    }

    /// Notes who was reached, and sends away who has missed everything for `most`.
    #[inline]
    fn cut(&self, told: &[(Arc<Link>, bool)], most: Duration) {
        let now = Instant::now();
        let mut members = self.members.lock();
        let mut cut = Vec::new();
        for (link, sent) in told {
            let Some(member) = members.all.get_mut(link.identity.id) else { continue };
            if *sent {
                member.missing_since = None;
            } else if now.duration_since(*member.missing_since.get_or_insert(now)) >= most {
                cut.push(link);
            }
        }
        drop(members);
        for link in cut {
            let name = Harmless(&self.name);
            let text = format!("it has not kept up with the group `{name}` for {most:?}");
            link.close(EndReason::Closed, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serveur::Serveur;

    #[test]
    fn groups_that_are_gone_are_forgotten_and_kept_ones_are_not() {
        let serveur = Serveur::new(0).unwrap();
        serveur.salon_avec("kept", Lenteur::Couper(Duration::from_secs(1)));
        let held = serveur.salon("held");
        for n in 0..10_000 {
            assert!(serveur.salon(&n.to_string()).membres().is_empty());
        }
        let names = serveur.shared.rooms.table.lock().by_name.len();
        assert!(names <= 2 * SWEEP, "{names}");
        assert_eq!(serveur.salons().len(), 1);
        assert!(Arc::ptr_eq(&held.room, &serveur.salon("held").room));
        let kept = serveur.salon("kept");
        assert_eq!(kept.room.members.lock().slow, Lenteur::Couper(Duration::from_secs(1)));
    }
}
