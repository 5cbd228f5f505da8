//! Calls by one connection, and maybe by the next.

use std::time::Instant;

use super::ClientPersistant;
use super::retour::{State, Until};
use crate::client::Client;
use crate::contexte::Avancement;
use crate::erreur::{Erreur, RaisonNonEnvoi, Resultat};
use crate::message::{Appel, Message};

impl ClientPersistant {
    /// Sends a message and waits for its answer like [`appeler`](ClientPersistant::appeler); `suivi`
    /// is called with what the command says meanwhile of how far it has come, as with
    /// [`Client::appeler_suivi`].
    ///
    /// A call that goes by a second connection tells `suivi` of the second try from its beginning.
    ///
    /// # Errors
    ///
    /// Those of [`appeler`](ClientPersistant::appeler).
    ///
    /// # Blocking
    ///
    /// As for [`appeler`](ClientPersistant::appeler): the deadline of this handle covers the whole
    /// call, however much is reported. Give a long one its time with
    /// [`avec_delai`](ClientPersistant::avec_delai).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::persistant::ClientPersistant;
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("copie", |client: &Client, (): ()| {
    ///     client.avancement(1, 2, "the first of two files");
    /// })?;
    /// let fil = std::thread::spawn({
    ///     let serveur = serveur.clone();
    ///     move || serveur.lancer()
    /// });
    /// let client = ClientPersistant::new(serveur.adresse())?;
    /// let mut said = String::new();
    /// client.appeler_suivi::<(), _>(nommee("copie", ()), |p| said.push_str(&p.texte))?;
    /// assert_eq!(said, "the first of two files");
    /// client.eteindre()?;
    /// serveur.eteindre()?;
    /// fil.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("call_with_progress", "on_progress"))]
    pub fn appeler_suivi<R, M: Appel<R>>(
        &self,
        message: M,
        mut suivi: impl FnMut(Avancement),
    ) -> Result<R, Erreur<M::Erreur>> {
        self.call(&message, |client| client.appeler_suivi(&message, &mut suivi))
    }

    /// Calls by one connection, and maybe by the next. `call`: over that one.
    pub(super) fn call<R, E>(
        &self,
        message: &dyn Message,
        mut call: impl FnMut(&Client) -> Result<R, Erreur<E>>,
    ) -> Result<R, Erreur<E>> {
        let until = Until::after(self.delai);
        let (mut lost, mut first) = (None, None);
        loop {
            let place = self.shared().connected(message.entete().nom(), until, lost);
            let (client, number) = match place {
                Ok(place) => place,
                // What is known of the first try is what matters.
                Err(error) => return Err(first.unwrap_or_else(|| error.for_command())),
            };
            // The items of a stream would be gone with a connection that has ended already.
            if message.entete().is_fed() && !client.est_connecte() {
                lost = Some(number);
                continue;
            }
            let error = match call(&client.avec_delai(until.rest())) {
                Ok(answer) => return Ok(answer),
                Err(error) => until.told(error),
            };
            if is_of_an_ended_connection(&error) {
                lost = Some(number);
                // The items of a stream are gone with the call that was to take them.
                if !error.a_pu_etre_executee() && !message.entete().is_fed() {
                    continue;
                }
                if first.is_none() && message.__cconn_idempotente() && self.may_try_again() {
                    first = Some(error);
                    continue;
                }
            }
            return Err(first.filter(|_| !error.a_pu_etre_executee()).unwrap_or(error));
        }
    }

    /// Does something that may find that its connection has just ended, and goes to the next one
    /// then.
    pub(super) fn on_a_connection<T>(
        &self,
        message: &dyn Message,
        until: Until,
        act: impl Fn(&Client) -> Resultat<T>,
    ) -> Resultat<T> {
        let mut lost = None;
        loop {
            let (client, number) = self.shared().connected(message.entete().nom(), until, lost)?;
            match act(&client) {
                Err(error) if is_of_an_ended_connection(&error) && !error.a_pu_etre_executee() => {
                    lost = Some(number);
                }
                result => return result.map_err(|error| until.told(error)),
            }
        }
    }

    /// Whether a call that may have run is tried once more. Takes a token for it.
    #[inline]
    fn may_try_again(&self) -> bool {
        let mut state = self.shared().state.lock();
        !State::is_over(&state) && state.tokens.take(Instant::now())
    }
}

/// Whether the connection has ended or is being stopped, so that another one is to be had.
fn is_of_an_ended_connection<E>(error: &Erreur<E>) -> bool {
    match error {
        Erreur::Fermee(_) => true,
        Erreur::NonEnvoyee(refused) => refused.raison == RaisonNonEnvoi::Arret,
        _ => false,
    }
}
