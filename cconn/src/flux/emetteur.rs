//! The end of a channel that items are pushed into.

use std::fmt;
use std::sync::Arc;

use super::canal::{Cause, Encode, NOWHERE};
use crate::erreur::{About, Codage, Depart, Erreur, RaisonNonEnvoi, Resultat, name};
use crate::link::{self, Finish, Gone, StreamChannel, Unsent, WhenFull, put_scratch, take_scratch};
use crate::wire::Answering;

/// The end of a channel that items are pushed into, from any thread; made by [`Flux::canal`].
///
/// A command returns the channel's [`Flux`] and the program keeps the emitter: the stream then needs
/// no thread, however long it goes on. Clones push into the same stream. It ends when the last of
/// them is dropped, or with [`finir`](Emetteur::finir) or [`echouer`](Emetteur::echouer).
///
/// An emitter is no handle to the connection that its stream goes to, and keeps nothing alive.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
///
/// use cconn::flux::{Emetteur, Flux};
/// use cconn::{Etat, Resultat, Serveur, commande, commandes};
///
/// #[derive(Clone, Default)]
/// struct Abonnes(Arc<Mutex<Vec<Emetteur<u32>>>>);
///
/// #[commande]
/// fn suivre(abonnes: &Etat<Abonnes>) -> Flux<u32> {
///     let (emetteur, flux) = Flux::canal(64);
///     abonnes.0.lock().unwrap().push(emetteur);
///     flux
/// }
///
/// /// Tells all subscribers, and forgets those that have gone.
/// fn publier(abonnes: &Abonnes, mesure: u32) {
///     abonnes.0.lock().unwrap().retain(|emetteur| emetteur.essayer(mesure).is_ok());
/// }
///
/// fn main() -> Resultat<()> {
///     let abonnes = Abonnes::default();
///     let serveur = Serveur::options(0).fournir(abonnes.clone()).ouvrir()?;
///     serveur.enregistrer(commandes![suivre])?;
///     let client = serveur.client_local()?;
///     let mut mesures = client.appeler(suivre {})?;
///     publier(&abonnes, 17);
///     assert_eq!(mesures.next().unwrap()?, 17);
///     drop(mesures);
///     client.eteindre()
/// }
/// ```
///
/// [`Flux::canal`]: super::Flux::canal
/// [`Flux`]: super::Flux
#[doc(alias("Sender", "Emitter", "Publisher", "Subscriber", "Sink", "tx"))]
pub struct Emetteur<T> {
    channel: Arc<StreamChannel>,
    encode: Encode<T>,
}

impl<T> Emetteur<T> {
    /// The first emitter of a channel, which counts it already.
    pub(super) fn new(channel: Arc<StreamChannel>, encode: Encode<T>) -> Self {
        Emetteur { channel, encode }
    }

    /// Sends an item: behind all those that this thread has sent.
    ///
    /// An item that was taken arrives, unless the stream ends first: because its taker drops it, or
    /// because the connection ends. Nobody is told which items were still under way then.
    ///
    /// # Errors
    ///
    /// - [`Erreur::NonEnvoyee`]: the item was not taken. Its reason is
    ///   [`ConsommateurParti`](RaisonNonEnvoi::ConsommateurParti) once nobody takes items any more,
    ///   which never changes again: the emitter can be dropped. Else it is `CanalPlein` (with
    ///   [`SiPlein::Refuser`]), `CanalPasOuvert`, `CanalFini`, `TropGrande`, `TropDAttentes` or
    ///   `DansUnRappel`, and the stream goes on.
    /// - [`Erreur::Codage`]: the item can't be encoded. The stream goes on.
    ///
    /// # Blocking
    ///
    /// With [`SiPlein::Attendre`], while the channel is full: until its taker has taken items, has
    /// gone, or the connection ends; no other time bounds it. Inside a command, the next command of
    /// its connection may start meanwhile, and the wait counts among
    /// [`max_attentes`](crate::OptionsServeur::max_attentes). A command can't wait for room in a
    /// stream that it has not returned yet: that is an error at once, `CanalPasOuvert`.
    ///
    /// [`SiPlein::Attendre`]: super::SiPlein::Attendre
    /// [`SiPlein::Refuser`]: super::SiPlein::Refuser
    #[doc(alias("send", "push", "emit", "publish", "next"))]
    pub fn envoyer(&self, item: T) -> Resultat<()> {
        self.emit(item, self.channel.when_full)
    }

    /// Sends an item if that needs no waiting.
    ///
    /// It never blocks, so it may be called with locks of the program held. With
    /// [`SiPlein::Ecarter`](super::SiPlein::Ecarter) it makes room like `envoyer`; else it is an
    /// error if the channel is full, [`CanalPlein`](RaisonNonEnvoi::CanalPlein).
    ///
    /// # Errors
    ///
    /// As for [`envoyer`](Emetteur::envoyer).
    #[doc(alias = "try_send")]
    pub fn essayer(&self, item: T) -> Resultat<()> {
        let when_full = match self.channel.when_full {
            WhenFull::Wait | WhenFull::Refuse => WhenFull::Refuse,
            WhenFull::DropOldest => WhenFull::DropOldest,
        };
        self.emit(item, when_full)
    }

    /// Encodes an item, with nothing locked, and pushes it.
    fn emit(&self, item: T, when_full: WhenFull) -> Resultat<()> {
        let mut out = Answering { bytes: take_scratch(), ..Answering::default() };
        let encoded = (self.encode)(item, &mut out).map_err(|cause| self.not_encoded(cause));
        let sent = encoded.and_then(|()| {
            link::emit(&self.channel, &out.bytes, std::mem::take(&mut out.tail), when_full)
                .map_err(|unsent| self.not_sent(unsent))
        });
        put_scratch(out.bytes);
        sent
    }

    /// Whether no item is taken any more: the stream's taker has gone, or the stream was ended here.
    ///
    /// It looks at what is known and asks nobody.
    #[doc(alias("is_closed", "is_disconnected"))]
    pub fn est_ferme(&self) -> bool {
        self.channel.is_finished() || self.channel.gone().is_some()
    }

    /// How many items were dropped so far because the channel was full
    /// ([`SiPlein::Ecarter`](super::SiPlein::Ecarter)).
    #[doc(alias("lost", "dropped", "lagged"))]
    pub fn perdus(&self) -> u64 {
        self.channel.dropped()
    }

    /// Ends the stream, complete, behind the items that were sent; for all clones. Does not wait.
    ///
    /// The first end counts: after `echouer` this does nothing.
    #[doc(alias("finish", "close", "complete", "end"))]
    pub fn finir(&self) {
        link::finish(&self.channel, Finish::Complete);
    }

    /// Ends the stream with a failure, behind the items that were sent; for all clones. Does not
    /// wait.
    ///
    /// The taker's last item is an error with this text: [`Erreur::Distante`], as of a command that
    /// failed. The first end counts: after `finir` this does nothing.
    #[doc(alias("fail", "abort", "error"))]
    pub fn echouer(&self, cause: impl fmt::Display) {
        link::finish(&self.channel, Finish::Failed(cause.to_string().into()));
    }

    /// The names of the command that returned the stream, or has it as an argument, and of the
    /// connection.
    fn names(&self) -> [Box<str>; 2] {
        match self.channel.origin() {
            Some(origin) => {
                let command = origin.name.clone();
                [command.unwrap_or_else(|| name(origin.command)), (&*origin.link).into()]
            }
            None => ["".into(), NOWHERE.into()],
        }
    }

    #[cold]
    fn not_sent(&self, unsent: Unsent) -> Erreur {
        let [command, link] = self.names();
        let about = About { command: &command, link: &link, deadline: std::time::Duration::ZERO };
        about.unsent_item(match unsent {
            Unsent::Full => RaisonNonEnvoi::CanalPlein,
            Unsent::NotOpen => RaisonNonEnvoi::CanalPasOuvert,
            Unsent::Finished => RaisonNonEnvoi::CanalFini,
            Unsent::Gone(gone) => RaisonNonEnvoi::ConsommateurParti { depart: departure(gone) },
            Unsent::Failed(failure) => return about.failed_item(failure),
        })
    }

    #[cold]
    fn not_encoded(&self, cause: Cause) -> Erreur {
        let [commande, lien] = self.names();
        Erreur::Codage(Box::new(Codage {
            commande,
            lien,
            what: "an item",
            verb: "encoded",
            cause,
            a_pu_etre_executee: false,
        }))
    }
}

fn departure(gone: Gone) -> Depart {
    match gone {
        Gone::Dropped => Depart::JamaisEnvoye,
        Gone::Stopped => Depart::Arrete,
        Gone::GivenUp => Depart::AppelAbandonne,
        Gone::Stopping => Depart::Extinction,
        Gone::Ended => Depart::ConnexionFinie,
        Gone::Crowded => Depart::TropDeCanaux,
        Gone::TooLarge => Depart::ElementTropGrand,
    }
}

impl<T> Clone for Emetteur<T> {
    fn clone(&self) -> Self {
        self.channel.add_emitter();
        Emetteur { channel: self.channel.clone(), encode: self.encode }
    }
}

impl<T> Drop for Emetteur<T> {
    fn drop(&mut self) {
        if self.channel.take_emitter_off() {
            link::finish(&self.channel, Finish::Complete);
        }
    }
}

impl<T> fmt::Debug for Emetteur<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [commande, lien] = self.names();
        f.debug_struct("Emetteur")
            .field("commande", &commande)
            .field("lien", &lien)
            .field("est_ferme", &self.est_ferme())
            .finish_non_exhaustive()
    }
}
