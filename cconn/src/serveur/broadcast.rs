//! One message to many clients, encoded once.

use std::fmt::Display;
use std::sync::Arc;

use super::Serveur;
use super::each::each;
use crate::client::{Client, Manner, encode_frame};
use crate::erreur::{Codage, Erreur, Resultat};
use crate::link::{Failure, Limits, Link};
use crate::message::{ArgumentWriter, Message};
use crate::wire::Start;

/// Which clients a broadcast reached.
#[doc(alias = "Broadcast")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Diffusion {
    /// The number of clients to which the message was sent.
    pub atteints: usize,
    /// Clients that have no room for the message now, that accept no message so large, or that are
    /// stopping. The program may close them or leave them connected.
    pub manques: Vec<Client>,
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
    pub fn diffuser_a<'c>(
        &self,
        clients: impl IntoIterator<Item = &'c Client>,
        message: impl Message,
    ) -> Resultat<Diffusion> {
        let links: Vec<_> = clients.into_iter().map(|client| client.link.clone()).collect();
        self.sender().broadcast(&message, &links, |_, _| {})
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
    pub fn diffuser_si(
        &self,
        mut filtre: impl FnMut(&Client) -> bool,
        message: impl Message,
    ) -> Resultat<Diffusion> {
        let mut clients = self.clients();
        clients.retain(|client| filtre(client));
        self.diffuser_a(&clients, message)
    }

    fn broadcast(&self, message: &dyn Message) -> Resultat<Diffusion> {
        self.sender().broadcast(message, &self.shared.clients.links(), |_, _| {})
    }

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
    /// Sends a message to every connection that has not ended, encoded once. `told` is told of each
    /// whether it was reached.
    pub(super) fn broadcast(
        &self,
        message: &dyn Message,
        links: &[Arc<Link>],
        mut told: impl FnMut(&Arc<Link>, bool),
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
        let mut diffusion = Diffusion { atteints: 0, manques: Vec::new() };
        each(links, |link| {
            link.names.remember(head.hash(), head.nom());
            let sent = encoded && link.send_at_once(frame).is_ok();
            if sent {
                diffusion.atteints += 1;
            } else if link.ending().is_none() {
                diffusion.manques.push(Client::of(link));
            }
            told(link, sent);
        });
        Ok(diffusion)
    }

    fn not_sent(&self, nom: &str, failure: Failure) -> Erreur {
        let link = self.link.to_string();
        let deadline = self.limits.answer_deadline;
        crate::erreur::About { command: nom, link: &link, deadline }.failed(failure)
    }

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
