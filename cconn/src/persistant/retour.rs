//! The coming back: one connection after the other, each rebuilt before it is used.

use std::sync::{Arc, Weak};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use super::patience::{Pauses, Tokens};
use super::{Reconnu, Retour};
use crate::adresse::{Adresse, AdresseInvalide};
use crate::client::{Client, ClientFaible};
use crate::commande::{Given, Lien, Registry, fence};
use crate::connexion::{Settings, connect};
use crate::erreur::{
    Delai, Erreur, Fermee, NonEnvoyee, Phase, RaisonFin, RaisonNonEnvoi, Resultat,
};
use crate::link::is_telling;
use crate::sync::{Condvar, Mutex, MutexGuard, random};

/// The hook that rebuilds a session.
pub(super) type Hook = Arc<dyn Fn(&Client, &Retour) -> Resultat<()> + Send + Sync>;

/// What all handles of one client share.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) address: Result<Adresse, AdresseInvalide>,
    /// The address, for errors.
    pub(super) text: Box<str>,
    /// The commands of every connection.
    pub(super) commands: Arc<Registry>,
    pub(super) hook: Option<Hook>,
    pub(super) state: Mutex<State>,
    /// Notified when `state` changes.
    pub(super) changed: Condvar,
}

/// Where the connection is.
#[derive(Debug, Default)]
enum Place {
    /// There is none now, and a thread is about to make one.
    #[default]
    Away,
    There {
        client: Client,
        since: Instant,
    },
    /// The program has ended it.
    Over,
}

#[derive(Debug, Default)]
pub(super) struct State {
    place: Place,
    /// The last connection, once the program has ended it: it may still be stopping.
    last: Option<ClientFaible>,
    /// The number of the last connection, counted from 1.
    number: u64,
    /// The number of the last connection that has ended. `ended <= number`
    ended: u64,
    /// Whether there was a connection before.
    was_connected: bool,
    /// The number that the last server had chosen.
    instance: Option<u64>,
    /// How long the last connection had lived.
    lived: Duration,
    pauses: Pauses,
    pub(super) tokens: Tokens,
    /// Why there is no connection, as far as is known.
    why: Box<str>,
    /// The thread that is inside the hook.
    rebuilds: Option<ThreadId>,
}

/// The moment until which an operation may wait; `None` for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Until {
    pub(super) delay: Duration,
    moment: Option<Instant>,
}

impl Until {
    #[inline]
    pub(super) fn after(delay: Duration) -> Self {
        Until { delay, moment: Instant::now().checked_add(delay) }
    }

    /// An error of what was done in the time that was left, as one of the whole time.
    pub(super) fn told<E>(self, mut error: Erreur<E>) -> Erreur<E> {
        if let Erreur::Delai(late) = &mut error {
            late.delai = self.delay;
        }
        error
    }

    /// The time that is left.
    #[inline]
    pub(super) fn rest(self) -> Duration {
        self.moment.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()))
    }
}

impl Shared {
    /// The present connection and its number, unless that is `lost`. Waits for the next one until
    /// then.
    #[inline]
    pub(super) fn connected(
        &self,
        command: &str,
        until: Until,
        lost: Option<u64>,
    ) -> Resultat<(Client, u64)> {
        let mut state = self.state.lock();
        let mut has_waited = false;
        loop {
            match &state.place {
                Place::Over => return Err(self.over(command)),
                // What would be sent now would be given up at once: it is rather not sent.
                Place::There { .. } if has_waited && until.rest().is_zero() => {
                    return Err(self.late(command, until.delay, &state.why));
                }
                Place::There { client, .. } if lost != Some(state.number) => {
                    return Ok((client.clone(), state.number));
                }
                Place::There { .. } | Place::Away => {}
            }
            if state.rebuilds == Some(std::thread::current().id()) {
                return Err(self.refused(command, RaisonNonEnvoi::DansLeRetour));
            }
            if until.rest().is_zero() {
                return Err(self.late(command, until.delay, &state.why));
            }
            if is_telling() {
                return Err(self.refused(command, RaisonNonEnvoi::DansUnRappel));
            }
            has_waited = true;
            state = self.changed.wait(state, until.moment);
        }
    }

    /// The present connection.
    #[inline]
    pub(super) fn present(&self) -> Option<Client> {
        match &self.state.lock().place {
            Place::There { client, .. } => Some(client.clone()),
            Place::Away | Place::Over => None,
        }
    }

    /// Makes one connection: connects, rebuilds the session, and lets those go that wait for it.
    #[inline]
    pub(super) fn make_connection(self: &Arc<Self>) -> Resultat<()> {
        // What commands need is given by now, or never: the first connection tells.
        self.commands.begin(&self.lien())?;
        let number = self.begin();
        let (client, instance) =
            connect(&self.settings_of(number), &mut Given::default(), &self.address)?;
        let retour = self.recognise(number, instance);
        client.ecouter()?;
        self.rebuild(&client, &retour)?;
        self.publish(client, number, instance)
    }

    /// Whose commands these are, for errors.
    #[inline]
    pub(super) fn lien(&self) -> Lien<'_> {
        Lien { label: &self.text, link: None }
    }

    #[inline]
    fn begin(&self) -> u64 {
        let mut state = self.state.lock();
        state.number = state.number.saturating_add(1);
        state.number
    }

    /// The settings of one connection: its end is told to this client first, then to the program.
    #[inline]
    fn settings_of(self: &Arc<Self>, number: u64) -> Settings {
        let mut settings = self.settings.clone();
        settings.commands = Some(self.commands.clone());
        let (shared, told) = (Arc::downgrade(self), settings.hooks.on_end.take());
        settings.hooks.on_end = Some(Arc::new(move |client, result| {
            Self::lost(&shared, number, &result);
            if let Some(told) = &told {
                told(client, result);
            }
        }));
        settings
    }

    /// Compares a server with the last one.
    #[inline]
    fn recognise(&self, number: u64, instance: Option<u64>) -> Retour {
        let mut state = self.state.lock();
        let serveur = match (state.instance, instance) {
            _ if !state.was_connected => Reconnu::Premier,
            (Some(before), Some(now)) if before == now => Reconnu::Meme,
            (Some(_), Some(_)) => Reconnu::Redemarre,
            _ => Reconnu::Inconnu,
        };
        if serveur == Reconnu::Redemarre {
            let lived = state.lived;
            state.pauses.found_another(lived);
        }
        Retour { numero: number, serveur }
    }

    /// Runs the program's hook on the new connection, which is not used for anything else before.
    #[inline]
    fn rebuild(&self, client: &Client, retour: &Retour) -> Resultat<()> {
        let Some(hook) = &self.hook else { return Ok(()) };
        self.state.lock().rebuilds = Some(std::thread::current().id());
        let rebuilt = fence(|| hook(client, retour));
        self.state.lock().rebuilds = None;
        let result =
            rebuilt.unwrap_or_else(|| Err(Erreur::echec("the hook `quand_retablie` panicked")));
        if result.is_err() {
            client.close();
        }
        result
    }

    #[inline]
    fn publish(&self, client: Client, number: u64, instance: Option<u64>) -> Resultat<()> {
        let mut state = self.state.lock();
        state.instance = instance;
        if matches!(state.place, Place::Over) {
            drop(state);
            client.close();
            return Err(self.over(""));
        }
        if state.ended >= number {
            return Err(client.result_of_end().err().unwrap_or_else(|| self.over("")));
        }
        state.was_connected = true;
        state.place = Place::There { client, since: Instant::now() };
        drop(state);
        self.share_commands();
        self.changed.notify_all();
        Ok(())
    }

    /// Gives the present connection the commands that it does not have yet.
    #[inline]
    pub(super) fn share_commands(&self) {
        let Some(client) = self.present() else { return };
        if let Ok(registry) = client.registry() {
            self.commands.share_with(registry);
        }
    }

    /// Notes that a connection has ended, and begins to make the next one.
    #[inline]
    fn lost(shared: &Weak<Shared>, number: u64, result: &Resultat<()>) {
        // Without a handle of the program's left there is nothing to come back for.
        let Some(shared) = shared.upgrade() else { return };
        let mut state = shared.state.lock();
        state.ended = state.ended.max(number);
        let is_present = state.number == number && matches!(state.place, Place::There { .. });
        if !is_present {
            return;
        }
        state.why = match result {
            Ok(()) => "the peer ended the connection".into(),
            Err(error) => error.to_string().into(),
        };
        let client = state.leave(Place::Away);
        drop(state);
        // The handle's end may wait for what is left of the old connection.
        drop(client);
        shared.changed.notify_all();
        shared.come_back();
    }

    /// Connects again, on a thread of its own, until it succeeds or the client is ended.
    #[inline]
    pub(super) fn come_back(self: &Arc<Self>) {
        let shared = self.clone();
        let name = "cconn-retour".to_owned();
        if crate::sync::spawn(name, None, move || shared.come_back_here()).is_err() {
            // This thread is the one that was to tell of the end: nothing else waits for it.
            self.come_back_here();
        }
    }

    #[inline]
    fn come_back_here(self: &Arc<Self>) {
        while self.pause() {
            match self.make_connection() {
                Ok(()) => return,
                Err(error) => self.state.lock().why = error.to_string().into(),
            }
        }
    }

    /// Waits until the next attempt is due; false if the client is ended.
    #[inline]
    fn pause(&self) -> bool {
        let mut state = self.state.lock();
        let pause = state.pauses.next(random());
        let end = Instant::now().checked_add(pause);
        loop {
            if matches!(state.place, Place::Over) {
                return false;
            }
            if end.is_none_or(|end| Instant::now() >= end) {
                return true;
            }
            state = self.changed.wait(state, end);
        }
    }

    /// Ends the client: no further connection is made. Returns the present one.
    #[inline]
    pub(super) fn end(&self) -> Option<Client> {
        let mut state = self.state.lock();
        let client = state.leave(Place::Over);
        if let Some(client) = &client {
            state.last = Some(client.faible());
        }
        drop(state);
        self.changed.notify_all();
        self.commands.let_go();
        client
    }

    /// The connection that was there when the client was ended, while something of it is left.
    #[inline]
    pub(super) fn last(&self) -> Option<Client> {
        self.state.lock().last.as_ref()?.client()
    }

    #[inline]
    fn over(&self, command: &str) -> Erreur {
        let commande = Some(command).filter(|name| !name.is_empty()).map(Into::into);
        Erreur::Fermee(Box::new(Fermee {
            commande,
            lien: self.text.clone(),
            raison: RaisonFin::FermeeIci,
            ici: true,
            texte: "".into(),
            a_pu_etre_executee: false,
        }))
    }

    #[inline]
    fn refused(&self, command: &str, raison: RaisonNonEnvoi) -> Erreur {
        let (commande, lien) = (command.into(), self.text.clone());
        Erreur::NonEnvoyee(Box::new(NonEnvoyee {
            commande,
            lien,
            raison,
            a_pu_etre_executee: false,
            item: false,
        }))
    }

    #[inline]
    fn late(&self, command: &str, delai: Duration, why: &str) -> Erreur {
        let lien = match why {
            "" => self.text.clone(),
            why => format!("{} (at last: {why})", self.text).into(),
        };
        Erreur::Delai(Box::new(Delai {
            phase: Phase::Retour,
            delai,
            commande: Some(command).filter(|name| !name.is_empty()).map(Into::into),
            lien,
            a_pu_etre_executee: false,
            etape: None,
            derriere: None,
        }))
    }
}

impl State {
    /// Leaves the present connection for another place. Returns it.
    #[inline]
    fn leave(&mut self, place: Place) -> Option<Client> {
        match std::mem::replace(&mut self.place, place) {
            Place::There { client, since } => {
                self.lived = since.elapsed();
                let lived = self.lived;
                self.pauses.ended(lived);
                Some(client)
            }
            Place::Away => None,
            Place::Over => {
                // An ended client stays ended.
                self.place = Place::Over;
                None
            }
        }
    }

    #[inline]
    pub(super) fn is_over(guard: &MutexGuard<'_, State>) -> bool {
        matches!(guard.place, Place::Over)
    }
}
