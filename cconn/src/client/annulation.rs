//! Commands whose outcome is not wanted any more, as their own code sees it.

use super::Client;
use crate::contexte::{Contexte, GardeAnnulation};
use crate::erreur::{Annulee, RaisonAnnulation, Resultat};
use crate::link::Alarm;

impl Client {
    /// Whether the calling thread works for a command that came by this connection and whose outcome
    /// is not wanted any more: its caller gave it up or has no time left, the connection has ended,
    /// or this side stops and half of the grace period is over.
    ///
    /// A long command can check this now and then on the client that it receives, and return early.
    /// The answer is about the calling thread and this connection: it is `false` outside the
    /// commands of this connection and for the handle of another client. A thread that such a
    /// command has started works for it if the command has given it a closure of
    /// [`Contexte::porter`]. While commands run one after the other, a cancel is noticed within
    /// about a quarter of a second.
    ///
    /// [`verifier`](Client::verifier) says the same as an error, and
    /// [`annulation`](Client::annulation) says why.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let (vu, voir) = std::sync::mpsc::channel();
    /// serveur.enregistrer_commande("longue", move |client: &Client, (): ()| {
    ///     while !client.est_annule() {
    ///         std::thread::sleep(Duration::from_millis(1)); // a part of the work
    ///     }
    ///     vu.send(()).unwrap();
    /// })?;
    /// let client = serveur.client_local()?;
    /// let court = client.avec_delai(Duration::from_millis(20));
    /// assert!(court.appeler::<(), _>(nommee("longue", ())).is_err());
    /// voir.recv().unwrap(); // the command has seen that its answer is not wanted
    /// assert!(!client.est_annule());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("cancelled", "cancellation"))]
    #[doc(alias = "is_cancelled")]
    pub fn est_annule(&self) -> bool {
        self.link.unwanted().is_some()
    }

    /// Why the outcome of the command that the calling thread works for is not wanted any more (see
    /// [`est_annule`](Client::est_annule)); `None` if it is wanted.
    #[doc(alias = "cancel_reason")]
    #[doc(alias = "cancellation")]
    pub fn annulation(&self) -> Option<RaisonAnnulation> {
        self.link.unwanted().map(Into::into)
    }

    /// Fails if the command that the calling thread works for is not wanted any more (see
    /// [`est_annule`](Client::est_annule)): `client.verifier()?` in a loop is all that a long
    /// command needs.
    ///
    /// Waits of the command end with the same error without being asked: those for an answer, for
    /// room in a window, for one of several answers. What it has called is then given up too. To
    /// go on regardless, to undo what was begun say, there is
    /// [`Contexte::sans_annulation`].
    ///
    /// # Errors
    ///
    /// [`Erreur::Annulee`](crate::Erreur::Annulee), which says why.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cconn::{Client, Resultat, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("tri", |client: &Client, (parts,): (u32,)| -> Resultat<u32> {
    ///     for _ in 0..parts {
    ///         client.verifier()?;
    ///         // a part of the work
    ///     }
    ///     Ok(parts)
    /// })?;
    /// let client = serveur.client_local()?;
    /// assert_eq!(client.appeler::<u32, _>(nommee("tri", (3_u32,)))?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("throw_if_cancelled", "checkpoint"))]
    #[doc(alias = "check")]
    pub fn verifier(&self) -> Resultat<()> {
        match self.link.unwanted() {
            Some(why) => Err(Annulee::of_command(why, self.link.identity.label())),
            None => Ok(()),
        }
    }

    /// Runs `f` once when the command that the calling thread works for becomes unwanted (see
    /// [`est_annule`](Client::est_annule)), so that a foreign call that blocks can be ended: a
    /// socket shut down, a process killed. If it is unwanted already, `f` runs at once.
    ///
    /// `f` runs on the thread that notices, while the command may go on; it must be short, and can't
    /// wait on a connection ([`RaisonNonEnvoi::DansUnRappel`](crate::erreur::RaisonNonEnvoi)).
    /// Dropping what comes back keeps `f` from being run, unless that has begun. A deadline is
    /// noticed by the cancel that the caller sends when its time is over. Outside of the commands of
    /// this connection `f` is never run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("attend", |client: &Client, (): ()| {
    ///     let (stop, stopped) = channel();
    ///     let _guard = client.sur_annulation(move |_why| stop.send(()).unwrap());
    ///     stopped.recv().unwrap(); // a call that blocks, and knows nothing of cconn
    /// })?;
    /// let client = serveur.client_local()?;
    /// let short = client.avec_delai(Duration::from_millis(20));
    /// assert!(short.appeler::<(), _>(nommee("attend", ())).is_err());
    /// client.eteindre() // waits for the command, which has returned
    /// # }
    /// ```
    #[doc(alias("on_cancel", "on_cancelled", "cancel_callback"))]
    #[doc(alias = "on_cancellation")]
    pub fn sur_annulation(
        &self,
        f: impl FnOnce(RaisonAnnulation) + Send + 'static,
    ) -> GardeAnnulation {
        let alarm = Alarm::new(Box::new(move |why| f(why.into())));
        let context = Contexte::actuel();
        self.link.set_alarm(&alarm, context.asked());
        GardeAnnulation::of(alarm)
    }
}
