//! Groups of clients: who is in which, and one message to all members.

mod rooms;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Serveur;
use super::broadcast::Diffusion;
use crate::client::Client;
use crate::erreur::{Erreur, Resultat, Usage, ended};
use crate::message::Message;

use rooms::Room;
pub(super) use rooms::Rooms;

/// What happens to a member of a group that does not keep up with what is sent to the group.
#[doc(alias("Backpressure", "SlowConsumer"))]
#[doc(alias = "SlowMembers")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lenteur {
    /// It misses the message, and comes back in [`Diffusion::manques`](crate::Diffusion::manques).
    #[default]
    #[doc(alias = "Count")]
    Compter,
    /// It misses the message; and if it has missed every message of the group for so long, it is sent
    /// away, with a reason that names the group. This is looked at whenever it misses one.
    #[doc(alias = "Cut")]
    Couper(Duration),
    /// The message waits in the member's one slot for the group and the command, and is sent as soon
    /// as there is room; a later one takes its place meanwhile. So the latest always arrives, what it
    /// replaced never does: for state, such as positions or prices.
    ///
    /// It comes back in [`Diffusion::en_attente`](crate::Diffusion::en_attente). Nobody waits for it
    /// and no thread of the program's is needed to send it; a member that takes nothing costs one
    /// message a command, whose bytes all members share. Messages of one command arrive in their
    /// order. Between them and other commands to that member there is no order: what is sent later
    /// may arrive earlier.
    ///
    /// An orderly stop still sends what waits. What ends a membership otherwise, by
    /// [`quitter`](Salon::quitter), a close or a cut, drops it.
    ///
    /// ```
    /// use cconn::salon::Lenteur;
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let positions = serveur.salon_avec("positions", Lenteur::Remplacer);
    /// let said = positions.diffuser(nommee("bouger", (7_u32, 12.5_f32)))?;
    /// assert_eq!((said.atteints, said.en_attente.len(), said.remplaces), (0, 0, 0));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("LatestOnly", "Conflate", "KeepLast"))]
    #[doc(alias = "Replace")]
    Remplacer,
}

/// A group of a server's clients; from [`Serveur::salon`].
///
/// Groups are found by their name; a handle is cheap to clone and holds neither the server nor the
/// members. A group begins with its first member or handle and is gone with the last of both. Members
/// leave with their connection.
///
/// See the [module](crate::salon) for an example.
#[doc(alias("Group", "Channel", "Topic"))]
#[doc(alias = "Room")]
#[derive(Clone)]
pub struct Salon {
    room: Arc<Room>,
    rooms: Arc<Rooms>,
}

/// A group without some of its members; from [`Salon::sauf`].
#[doc(alias = "Except")]
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `diffuser` is called"]
pub struct Sauf<'s> {
    salon: &'s Salon,
    ids: Vec<u64>,
}

impl Serveur {
    /// The group of this name, which is made now if there is none.
    ///
    /// Its slow members only miss messages ([`Lenteur::Compter`]);
    /// [`salon_avec`](Serveur::salon_avec) says otherwise.
    #[doc(alias("group", "channel", "topic", "join"))]
    #[doc(alias = "room")]
    #[must_use]
    #[inline]
    pub fn salon(&self, nom: &str) -> Salon {
        self.room(nom, None)
    }

    /// The group of this name, with what happens to its slow members from now on. Messages that wait
    /// for members already are still sent.
    ///
    /// A group made so is kept while the server lives, without members too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cconn::Serveur;
    /// use cconn::salon::Lenteur;
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.salon_avec("capteurs", Lenteur::Couper(Duration::from_secs(5)));
    /// assert!(serveur.salon("capteurs").membres().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "room_with")]
    #[inline]
    pub fn salon_avec(&self, nom: &str, lenteur: Lenteur) -> Salon {
        self.room(nom, Some(lenteur))
    }

    #[inline]
    fn room(&self, nom: &str, lenteur: Option<Lenteur>) -> Salon {
        let rooms = self.shared.rooms.clone();
        Salon { room: rooms.find(nom, lenteur), rooms }
    }

    /// The groups that have members, or that were made with [`salon_avec`](Serveur::salon_avec), in
    /// the order of their names.
    #[doc(alias = "rooms")]
    #[inline]
    pub fn salons(&self) -> Vec<Salon> {
        let rooms = &self.shared.rooms;
        rooms.all().into_iter().map(|room| Salon { room, rooms: rooms.clone() }).collect()
    }
}

impl Salon {
    /// The group's name.
    #[doc(alias = "name")]
    #[inline]
    pub fn nom(&self) -> &str {
        self.room.name()
    }

    /// Adds a client to the group. False if it was in already.
    ///
    /// It leaves with its connection, or with [`quitter`](Salon::quitter).
    ///
    /// # Errors
    ///
    /// - [`Erreur::Fermee`]: its connection has ended.
    /// - [`Erreur::Usage`]: it is no client of this server.
    #[doc(alias("subscribe", "add"))]
    #[doc(alias = "join")]
    #[inline]
    pub fn entrer(&self, client: &Client) -> Resultat<bool> {
        let link = &client.link;
        if !self.rooms.are_of(link) {
            let lien = link.identity.label().into();
            return Err(Erreur::Usage(Box::new(Usage::AutreServeur { lien })));
        }
        self.rooms
            .enter(&self.room, link)
            .map_err(|ending| ended(&ending, link.identity.label(), None))
    }

    /// Takes a client out of the group. False if it was not in.
    ///
    /// A message of the group that still waits for room at the client ([`Lenteur::Remplacer`]) is
    /// dropped.
    #[doc(alias("unsubscribe", "remove"))]
    #[doc(alias = "leave")]
    #[inline]
    pub fn quitter(&self, client: &Client) -> bool {
        self.rooms.leave(&self.room, &client.link)
    }

    /// The members whose connections live, in the order of their numbers.
    #[doc(alias = "members")]
    #[inline]
    pub fn membres(&self) -> Vec<Client> {
        self.room.links(&[]).iter().map(Client::of).collect()
    }

    /// Whether a client is in the group.
    #[doc(alias = "contains")]
    #[inline]
    pub fn contient(&self, client: &Client) -> bool {
        self.room.has(&client.link)
    }

    /// Sends a message to all members, without an answer. The message is encoded once.
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::diffuser`].
    ///
    /// # Blocking
    ///
    /// Never: members without room come back in [`Diffusion::manques`], or in
    /// [`Diffusion::en_attente`]; see [`Lenteur`].
    #[doc(alias("publish", "emit", "multicast", "send"))]
    #[doc(alias = "broadcast")]
    #[inline]
    pub fn diffuser(&self, message: impl Message) -> Resultat<Diffusion> {
        self.rooms.broadcast(&self.room, &message, &[])
    }

    /// The group without this client, to send to the others.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cconn::{Client, Resultat, Serveur, nommee};
    /// fn dire(serveur: &Serveur, client: &Client, mot: &str) -> Resultat<usize> {
    ///     Ok(serveur.salon("cuisine").sauf(client).diffuser(nommee("entendre", (mot,)))?.atteints)
    /// }
    /// ```
    #[doc(alias = "except")]
    #[inline]
    pub fn sauf(&self, client: &Client) -> Sauf<'_> {
        Sauf { salon: self, ids: vec![client.id()] }
    }
}

impl Sauf<'_> {
    /// Leaves out one more client.
    #[doc(alias = "except")]
    #[inline]
    pub fn sauf(mut self, client: &Client) -> Self {
        self.ids.push(client.id());
        self
    }

    /// Sends a message to the members that are not left out; otherwise like [`Salon::diffuser`].
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::diffuser`].
    ///
    /// # Blocking
    ///
    /// Never.
    #[doc(alias("publish", "emit", "multicast", "send"))]
    #[doc(alias = "broadcast")]
    #[inline]
    pub fn diffuser(&self, message: impl Message) -> Resultat<Diffusion> {
        let Salon { room, rooms } = self.salon;
        rooms.broadcast(room, &message, &self.ids)
    }
}

impl fmt::Display for Salon {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.nom())
    }
}

impl fmt::Debug for Salon {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Salon").field("nom", &self.nom()).finish_non_exhaustive()
    }
}
