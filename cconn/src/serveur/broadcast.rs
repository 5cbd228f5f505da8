//! One message to every client, encoded once.

use super::Serveur;
use crate::client::{Client, encode_frame};
use crate::erreur::{Codage, Erreur, Resultat};
use crate::link::{Failure, Link};
use crate::message::{ArgumentWriter, Message};
use crate::wire::Outgoing;

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

    fn broadcast(&self, message: &dyn Message) -> Resultat<Diffusion> {
        let head = message.entete();
        let mut writer = ArgumentWriter::new(Vec::new());
        let depth = Link::depth_of(self.shared.options.settings.limits.max_depth);
        let depth = depth.map_err(|failure| self.not_sent(head.nom(), failure))?;
        let encoded = encode_frame(&head, depth, message, &mut writer, Outgoing::begin_one_way)
            .map_err(|cause| self.not_encoded(head.nom(), cause))?;
        let frame = &writer.frame;
        let mut diffusion = Diffusion { atteints: 0, manques: Vec::new() };
        self.shared.clients.each(|link| {
            link.names.remember(head.hash(), head.nom());
            let sent = encoded && link.send_at_once(frame).is_ok();
            if sent {
                diffusion.atteints += 1;
            } else if link.ending().is_none() {
                diffusion.manques.push(Client::of(link));
            }
        });
        Ok(diffusion)
    }

    fn not_sent(&self, nom: &str, failure: Failure) -> Erreur {
        let link = self.to_string();
        let deadline = self.shared.options.settings.limits.answer_deadline;
        crate::erreur::About { command: nom, link: &link, deadline }.failed(failure)
    }

    fn not_encoded(&self, nom: &str, cause: crate::message::ValueError) -> Erreur {
        Erreur::Codage(Box::new(Codage {
            commande: nom.into(),
            lien: self.to_string().into(),
            what: "an argument",
            verb: "encoded",
            cause: Box::new(cause),
            a_pu_etre_executee: false,
        }))
    }
}
