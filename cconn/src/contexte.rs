//! What a thread works for, without a parameter: how much time is left, which trace the work
//! belongs to, who asked for it.
//!
//! A command runs on one thread from its beginning to its end, so what it works for is kept with
//! the thread. See [`Contexte`].

mod avancement;
mod trace;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::adresse::Adresse;
use crate::erreur::{Resultat, Usage};
use crate::identite::Identite;
use crate::link::{Alarm, Ambient, Asked, ambient, enter};
use crate::wire::MAX_BAGGAGE;

pub use avancement::Avancement;
pub use trace::{Trace, TraceInvalide};

/// What the calling thread works for.
///
/// Inside a command this is what the caller has sent along; what the command calls in turn gets
/// the same: the trace, the baggage, and the smaller of its own deadline and the time that is left.
/// Outside of every command it is empty, unless the program sets it with [`dans`](Contexte::dans).
///
/// The time travels only if a program has set a deadline with
/// [`avec_delai`](crate::Client::avec_delai) or [`Contexte::avec_delai`]; it travels as a rest, so
/// the clocks of the machines need not agree. A command whose caller has no time left is not
/// started, and its caller gets
/// [`NatureDistante::Expiree`](crate::erreur::NatureDistante::Expiree).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use cconn::contexte::{Contexte, Trace};
/// use cconn::{Serveur, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer_commande("etat", |_, (): ()| {
///     let contexte = Contexte::actuel();
///     let trace = contexte.trace().map(|trace| trace.id_hexa());
///     (trace, contexte.temps_restant().is_some())
/// })?;
/// let client = serveur.client_local()?;
/// let trace = Trace::nouvelle();
/// let contexte = Contexte::actuel().avec_trace(trace);
/// let limited = client.avec_delai(Duration::from_secs(5));
/// let (seen, timed): (Option<String>, bool) =
///     contexte.dans(|| limited.appeler(nommee("etat", ())))?;
/// assert_eq!((seen, timed), (Some(trace.id_hexa()), true));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[doc(alias("Context", "RequestContext", "CallContext"))]
#[must_use]
pub struct Contexte(Ambient);

/// Who has asked for a command: the peer of the connection that it came by, as the transport knows
/// it. What the peer says of itself is not in here.
#[derive(Clone, Debug)]
#[doc(alias("Caller", "Requester"))]
pub struct Demandeur {
    address: Option<Adresse>,
    identity: Identite,
    id: u64,
}

impl Contexte {
    /// What the calling thread works for now.
    #[doc(alias = "current")]
    pub fn actuel() -> Self {
        Contexte(ambient())
    }

    /// Nothing: no deadline, no trace, no baggage, no command.
    #[doc(alias("empty", "background"))]
    pub fn vide() -> Self {
        Contexte::default()
    }

    /// The time that is left until nobody waits for the work any more; `None` if no deadline was
    /// set, zero if it has passed.
    #[doc(alias("remaining", "deadline"))]
    #[doc(alias = "time_left")]
    pub fn temps_restant(&self) -> Option<Duration> {
        self.0.until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    /// The trace that the work belongs to.
    ///
    /// Inside a command its [`span`](Trace::span) is new, made for this run of the command, and
    /// [`parent`](Trace::parent) is that of the caller.
    #[doc(alias = "trace_context")]
    pub fn trace(&self) -> Option<Trace> {
        self.0.trace.map(|trace| Trace::of(trace, self.0.parent))
    }

    /// The bytes that a program has sent along with the work; empty if there are none.
    #[doc(alias = "baggage")]
    pub fn bagage(&self) -> &[u8] {
        self.0.baggage.as_deref().unwrap_or(&[])
    }

    /// Who has asked for the command that the work is a part of; `None` outside of every command,
    /// and once the connection is gone.
    #[doc(alias("caller", "peer"))]
    #[doc(alias = "requester")]
    pub fn demandeur(&self) -> Option<Demandeur> {
        let link = self.0.asked.as_ref()?.link()?;
        let identity = &link.identity;
        Some(Demandeur {
            address: identity.address.clone(),
            identity: identity.proven.clone(),
            id: identity.id,
        })
    }

    /// How deep in a chain of commands the work is: 0 in a command that was sent from outside of
    /// every command; `None` outside of every command.
    #[doc(alias = "depth")]
    pub fn profondeur(&self) -> Option<u8> {
        self.0.asked.as_ref().map(|asked| asked.depth)
    }

    /// This context with a trace.
    #[doc(alias = "with_trace")]
    pub fn avec_trace(mut self, trace: Trace) -> Self {
        self.0.trace = Some(trace.wire());
        self.0.parent = trace.parent();
        self
    }

    /// This context with baggage, which travels with everything that is called within it.
    ///
    /// # Errors
    ///
    /// [`Usage::BagageTropLong`]: it has more than 128 bytes.
    #[doc(alias = "with_baggage")]
    pub fn avec_bagage(mut self, bagage: &[u8]) -> Resultat<Self> {
        if bagage.len() > MAX_BAGGAGE {
            let usage = Usage::BagageTropLong { taille: bagage.len(), limite: MAX_BAGGAGE };
            return Err(crate::Erreur::Usage(Box::new(usage)));
        }
        self.0.baggage = Some(bagage.into());
        Ok(self)
    }

    /// This context with a deadline for everything that is called within it. A deadline that passes
    /// earlier stays.
    #[doc(alias = "with_deadline")]
    #[doc(alias = "with_timeout")]
    pub fn avec_delai(mut self, delai: Duration) -> Self {
        let until = Instant::now().checked_add(delai);
        self.0.until = self.0.until.into_iter().chain(until).min();
        self
    }

    /// This context for work that goes on when the command that it is a part of is cancelled or has
    /// no time left: undoing what was begun, say. The trace and the baggage stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::contexte::Contexte;
    ///
    /// let begun = || { /* asks a third party to undo what was begun */ };
    /// Contexte::actuel().sans_annulation().dans(begun);
    /// ```
    #[doc(alias("detached", "without_cancel", "non_cancellable", "shield"))]
    pub fn sans_annulation(mut self) -> Self {
        self.0.until = None;
        self.0.is_free = true;
        self
    }

    /// Runs `f` on this thread, which works for this context meanwhile.
    #[doc(alias("scope", "enter", "attach"))]
    #[doc(alias = "within")]
    pub fn dans<R>(self, f: impl FnOnce() -> R) -> R {
        let _entered = enter(self.0);
        f()
    }

    /// Carries what the calling thread works for to another thread of the program's: the closure
    /// that comes back runs `f` there.
    ///
    /// Calls of that thread get the time that is left, the trace and the baggage;
    /// [`est_annule`](crate::Client::est_annule) and [`verifier`](crate::Client::verifier) tell it
    /// what became of the command.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::contexte::{Contexte, Trace};
    ///
    /// let trace = Trace::nouvelle();
    /// let seen = Contexte::vide().avec_trace(trace).dans(|| {
    ///     std::thread::spawn(Contexte::porter(|| Contexte::actuel().trace())).join().unwrap()
    /// });
    /// assert_eq!(seen, Some(trace));
    /// ```
    #[doc(alias("carry", "propagate", "wrap"))]
    #[doc(alias = "carry_to")]
    pub fn porter<R>(f: impl FnOnce() -> R) -> impl FnOnce() -> R {
        let carried = Contexte::actuel();
        move || carried.dans(f)
    }

    pub(crate) fn asked(&self) -> Option<&Asked> {
        self.0.asked.as_ref()
    }
}

impl fmt::Debug for Contexte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexte")
            .field("temps_restant", &self.temps_restant())
            .field("trace", &self.trace())
            .field("bagage", &self.bagage())
            .field("profondeur", &self.profondeur())
            .finish_non_exhaustive()
    }
}

impl Demandeur {
    /// The address of the peer; `None` for a connection without a socket.
    #[doc(alias = "address")]
    pub fn adresse(&self) -> Option<&Adresse> {
        self.address.as_ref()
    }

    /// What is proved about the peer.
    #[doc(alias = "identity")]
    pub fn identite(&self) -> &Identite {
        &self.identity
    }

    /// The number of the connection (see [`Client::id`](crate::Client::id)).
    pub fn id(&self) -> u64 {
        self.id
    }
}

/// Keeps the closure of [`Client::sur_annulation`](crate::Client::sur_annulation) from being run once it is dropped.
#[doc(alias("CancelGuard", "Registration"))]
#[must_use = "dropping it at once means that the closure is never run"]
pub struct GardeAnnulation(Arc<Alarm>);

impl GardeAnnulation {
    pub(crate) fn of(alarm: Arc<Alarm>) -> Self {
        GardeAnnulation(alarm)
    }
}

impl Drop for GardeAnnulation {
    fn drop(&mut self) {
        self.0.switch_off();
    }
}

impl fmt::Debug for GardeAnnulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GardeAnnulation").finish_non_exhaustive()
    }
}
