//! One message to every client, encoded once.

use super::Serveur;
use crate::client::{Client, encode_frame};
use crate::erreur::{Codage, Erreur, Resultat};
use crate::link::{Failure, Link};
use crate::message::{ArgumentWriter, Message};
use crate::wire;

/// Whom a broadcast reached.
#[doc(alias = "Broadcast")]
#[derive(Debug)]
#[non_exhaustive]
pub struct Diffusion {
    /// Clients to whom it was sent.
    pub atteints: usize,
    /// Clients who have no room for it now, take no message as large, or are stopping; they may be
    /// closed, or let be.
    pub manques: Vec<Client>,
}

impl Serveur {
    /// Sends a message to every client that is connected now (see [`clients`](Serveur::clients)),
    /// without an answer. It is encoded once.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Codage`]: an argument could not be encoded; nobody gets it.
    /// - [`Erreur::NonEnvoyee`]: it is nested too deep; nobody gets it.
    ///
    /// # Blocking
    ///
    /// Never: clients without room come back in [`Diffusion::manques`].
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
        let body = encode_frame(&head, depth, message, &mut writer, wire::begin_one_way)
            .map_err(|cause| self.not_encoded(head.nom(), cause))?;
        let frame = writer.buffer();
        let mut diffusion = Diffusion { atteints: 0, manques: Vec::new() };
        self.shared.clients.each(|link| {
            link.names.remember(head.hash(), head.nom());
            let sent = body.is_some_and(|body| link.send_at_once(frame, body).is_ok());
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
        let delai = self.shared.options.settings.limits.answer_deadline;
        crate::erreur::About { commande: nom, lien: &link, delai }.failed(failure)
    }

    fn not_encoded(&self, nom: &str, cause: crate::message::ValueError) -> Erreur {
        Erreur::Codage(Box::new(Codage {
            commande: nom.into(),
            lien: self.to_string().into(),
            quoi: "an argument",
            verbe: "encoded",
            cause: Box::new(cause),
            a_pu_etre_executee: false,
        }))
    }
}
