//! One message to many clients, encoded once.

use std::fmt::Display;
use std::sync::Arc;

use super::Serveur;
use super::each::each;
use crate::client::{Client, Manner, encode_frame};
use crate::erreur::{Codage, Erreur, Resultat};
use crate::link::{Failure, Limits, Link, Placed};
use crate::message::{ArgumentWriter, Message};
use crate::wire::{Outgoing, Start};

/// Which clients a broadcast reached.
#[doc(alias = "Broadcast")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Diffusion {
    /// The number of clients to which the message was sent.
    #[doc(alias = "reached")]
    pub atteints: usize,
    /// Members of a group with [`Lenteur::Remplacer`](crate::salon::Lenteur::Remplacer) that have no
    /// room now: the message waits, and is sent to them as soon as they have, unless a later one
    /// takes its place. Elsewhere there are none.
    #[doc(alias = "waiting")]
    pub en_attente: Vec<Client>,
    /// For how many of `en_attente` it has taken the place of an earlier message, which they never
    /// get.
    #[doc(alias = "replaced")]
    pub remplaces: usize,
    /// Clients that have no room for the message now, that accept no message so large, or that are
    /// stopping; of a list that the program gave, also those that had gone. The program may close them or leave them connected.
    #[doc(alias = "missed")]
    pub manques: Vec<Client>,
}

/// What became of a broadcast's message for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Placed(Placed),
    Missed,
    /// It has left the group meanwhile.
    Left,
}

impl Diffusion {
    #[inline]
    fn note(&mut self, link: &Arc<Link>, fate: Fate) {
        match fate {
            Fate::Placed(Placed::Sent) => self.atteints += 1,
            Fate::Placed(placed) => {
                self.remplaces += usize::from(placed == Placed::Replaces);
                self.en_attente.push(Client::of(link));
            }
            Fate::Missed if !link.has_ended() => self.manques.push(Client::of(link)),
            Fate::Missed | Fate::Left => {}
        }
    }
}

impl Serveur {
    /// Sends a message to every client that is connected now (see [`clients`](Serveur::clients)),
    /// without an answer. The message is encoded once.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Codage`]: an argument could not be encoded; no client gets the message.
    /// - [`Erreur::NonEnvoyee`]: the message is nested too deep; no client gets it.
    ///
    /// # Blocking
    ///
    /// Never: clients without room come back in [`Diffusion::manques`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).max_clients(2).ouvrir()?;
    /// let clients = [serveur.client_local()?, serveur.client_local()?];
    /// let diffusion = serveur.diffuser(nommee("annonce", ("bonjour",)))?;
    /// // A client is reached once its greeting has arrived: here at most both are.
    /// assert!(diffusion.atteints + diffusion.manques.len() <= clients.len());
    /// # drop(clients);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("publish", "emit", "multicast", "notify_all", "send_all"))]
    #[doc(alias = "broadcast")]
    #[inline]
    pub fn diffuser(&self, message: impl Message) -> Resultat<Diffusion> {
        self.broadcast(&message)
    }

    /// Sends a message to the clients of a list, without an answer. The message is encoded once.
    ///
    /// # Errors
    ///
    /// Those of [`diffuser`](Serveur::diffuser).
    ///
    /// # Blocking
    ///
    /// Never: clients without room come back in [`Diffusion::manques`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).max_clients(9).ouvrir()?;
    /// let amis = serveur.clients(); // a table that the program keeps, say
    /// let diffusion = serveur.diffuser_a(&amis, nommee("annonce", ("bonjour",)))?;
    /// assert_eq!(diffusion.atteints, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("multicast", "send_to"))]
    #[doc(alias = "broadcast_to")]
    #[inline]
    pub fn diffuser_a<'c>(
        &self,
        clients: impl IntoIterator<Item = &'c Client>,
        message: impl Message,
    ) -> Resultat<Diffusion> {
        let clients = clients.into_iter();
        let (there, gone): (Vec<_>, Vec<_>) = clients.partition(|client| client.est_connecte());
        let links: Vec<_> = there.iter().map(|client| client.link.clone()).collect();
        let mut diffusion = self.sender().broadcast(&message, &links, send_or_miss)?;
        diffusion.manques.extend(gone.into_iter().cloned());
        Ok(diffusion)
    }

    /// Sends a message to the connected clients that a closure chooses, without an answer. The
    /// message is encoded once.
    ///
    /// # Errors
    ///
    /// Those of [`diffuser`](Serveur::diffuser).
    ///
    /// # Blocking
    ///
    /// Never, if the closure does not: clients without room come back in [`Diffusion::manques`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, commande, commandes, nommee};
    ///
    /// #[commande]
    /// fn dire(serveur: &Serveur, client: &Client, mot: &str) -> cconn::Resultat<usize> {
    ///     let autres = |autre: &Client| autre.id() != client.id();
    ///     Ok(serveur.diffuser_si(autres, nommee("entendre", (mot,)))?.atteints)
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![dire])?;
    /// assert_eq!(serveur.client_local()?.appeler(dire { mot: "moi" })?, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("filter", "send_where"))]
    #[doc(alias = "broadcast_if")]
    #[inline]
    pub fn diffuser_si(
        &self,
        mut filtre: impl FnMut(&Client) -> bool,
        message: impl Message,
    ) -> Resultat<Diffusion> {
        let mut clients = self.clients();
        clients.retain(|client| filtre(client));
        self.diffuser_a(&clients, message)
    }

    #[inline]
    fn broadcast(&self, message: &dyn Message) -> Resultat<Diffusion> {
        self.sender().broadcast(message, &self.shared.clients.links(), send_or_miss)
    }

    #[inline]
    fn sender(&self) -> Sender<'_> {
        Sender { limits: &self.shared.limits, link: &self.shared.address }
    }
}

/// Sends one message to many connections.
pub(super) struct Sender<'a> {
    pub(super) limits: &'a Limits,
    /// What sends, as errors name it.
    pub(super) link: &'a dyn Display,
}

impl Sender<'_> {
    /// Sends a message to every connection that has not ended, encoded once. `send` sends it to one
    /// of them.
    #[inline]
    pub(super) fn broadcast(
        &self,
        message: &dyn Message,
        links: &[Arc<Link>],
        mut send: impl FnMut(&Arc<Link>, &Outgoing<&[u8]>) -> Fate,
    ) -> Resultat<Diffusion> {
        let mut head = message.entete();
        if head.expects_stream() {
            return Err(self.not_sent(head.nom(), Failure::NoTaker));
        }
        if head.is_fed() {
            return Err(self.not_sent(head.nom(), Failure::NoFeeder));
        }
        // One frame goes to all, so it is in a form that all understand.
        // [features.forms]
        if head.omitted() > 0 && !links.iter().all(|link| link.takes_short_forms()) {
            head = head.full();
        }
        let mut writer = ArgumentWriter::new(Vec::new());
        let (depth, _) = Link::sends_within(self.limits.max_depth)
            .map_err(|failure| self.not_sent(head.nom(), failure))?;
        let start = Start::plain(depth, head.hash(), head.empreinte());
        let encoded = encode_frame(&head, message, &mut writer, Manner::OneWay, start)
            .map_err(|cause| self.not_encoded(head.nom(), cause))?;
        let frame = &writer.frame;
        let mut diffusion =
            Diffusion { atteints: 0, en_attente: Vec::new(), remplaces: 0, manques: Vec::new() };
        each(links, |link| {
            link.names.remember(head.hash(), head.nom());
            let fate = if encoded { send(link, frame) } else { Fate::Missed };
            diffusion.note(link, fate);
        });
        Ok(diffusion)
    }

    #[inline]
    fn not_sent(&self, nom: &str, failure: Failure) -> Erreur {
        let link = self.link.to_string();
        let deadline = self.limits.answer_deadline;
        crate::erreur::About { command: nom, link: &link, deadline }.failed(failure)
    }

    #[inline]
    fn not_encoded(&self, nom: &str, cause: crate::message::ValueError) -> Erreur {
        Erreur::Codage(Box::new(Codage {
            commande: nom.into(),
            lien: self.link.to_string().into(),
            what: "an argument",
            verb: "encoded",
            cause: Box::new(cause),
            a_pu_etre_executee: false,
        }))
    }
}

/// Sends a message to one connection, if there is room for it now.
#[inline]
pub(super) fn send_or_miss(link: &Arc<Link>, frame: &Outgoing<&[u8]>) -> Fate {
    link.send_at_once(frame).map_or(Fate::Missed, |()| Fate::Placed(Placed::Sent))
}
