//! A call whose answer is waited for later.

mod fed;
mod future;
mod head;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::telling::Told;
use crate::erreur::{Erreur, Jamais, Resultat, Usage};
use crate::link::{Answer, Awaited, Failure, wait_for_first};
use crate::message::{AnswerReader, Entete, ErreurCommande, ValueError};
use crate::sync::Deadline;
use crate::wire::CallId;
use fed::Fed;
use head::Head;

/// A call that is under way.
///
/// Dropping it gives the call up: the peer is told, and a late answer is dropped.
///
/// | to | write |
/// |---|---|
/// | wait on this thread | [`attendre`](Attente::attendre), [`attendre_au_plus`](Attente::attendre_au_plus) |
/// | look, without waiting | [`est_prete`](Attente::est_prete) |
/// | wait for the first of several | [`premiere`](Attente::premiere) |
/// | wait in an async function | `.await`: it is a [`Future`], see [below](#in-async-code) |
/// | be called when the answer is there | [`quand_prete`](Attente::quand_prete) |
///
/// # In async code
///
/// An `Attente` is a future of any runtime, or of none: it needs no runtime of its own, and makes
/// no thread wait. The thread that routes the answer wakes its task. If no thread of the program
/// reads the connection, because it only awaits, one thread of the connection's own reads while
/// calls are awaited, however many they are; it is kept for 10 seconds without one.
///
/// The deadline of the handle counts from the first poll, and anew while arguments that are streams
/// go on, as long as the command takes items or waits for some. A future that is dropped gives its
/// call up, like any `Attente`. One that is polled again after its answer returns
/// [`Usage::DejaReclamee`], and does not panic.
///
/// To send without waiting either, use [`essayer_appel`](Client::essayer_appel):
/// [`differer`](Client::differer) waits while the peer's window is full. Inside a command prefer
/// [`appeler`](Client::appeler): a command that polls keeps its turn, so a command that the peer
/// calls back would wait for it.
///
/// ```
/// use cconn::{Client, Resultat, Serveur, commande, commandes};
///
/// #[commande]
/// fn somme(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// async fn total(client: &Client) -> Resultat<i64> {
///     let un = client.essayer_appel(somme { a: 1, b: 2 })?;
///     let deux = client.essayer_appel(somme { a: 3, b: 4 })?; // both are under way
///     Ok(un.await? + deux.await?)
/// }
/// # use std::task::{Context, Poll, Wake, Waker};
/// # struct Unpark(std::thread::Thread);
/// # impl Wake for Unpark {
/// #     fn wake(self: std::sync::Arc<Self>) { self.0.unpark(); }
/// # }
/// # fn block_on<T>(future: impl Future<Output = T>) -> T {
/// #     let mut future = std::pin::pin!(future);
/// #     let waker = Waker::from(std::sync::Arc::new(Unpark(std::thread::current())));
/// #     loop {
/// #         match future.as_mut().poll(&mut Context::from_waker(&waker)) {
/// #             Poll::Ready(value) => return value,
/// #             Poll::Pending => std::thread::park(),
/// #         }
/// #     }
/// # }
///
/// # fn main() -> Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer(commandes![somme])?;
/// let client = serveur.client_local()?;
/// assert_eq!(block_on(total(&client))?, 10); // any executor will do
/// # Ok(())
/// # }
/// ```
#[doc(alias("Promise", "PendingCall", "JoinHandle"))]
#[doc(alias = "Pending")]
#[doc(alias = "Future")]
#[must_use = "dropping it gives the call up; wait for it, or send with `envoyer`"]
pub struct Attente<R, E = Jamais> {
    client: Client,
    /// `None` once the answer has been claimed.
    call: Option<CallId>,
    /// When the call is late, once it has been polled as a future.
    until: Option<Deadline>,
    /// What its arguments that are streams need, if there are any.
    fed: Option<Box<Fed>>,
    head: Head,
    decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    told: Told,
    error: PhantomData<fn() -> E>,
}

impl<R, E> Attente<R, E> {
    pub(super) fn new(
        client: Client,
        (call, told): (CallId, Told),
        head: &Entete<'_>,
        decode: fn(AnswerReader<'_>) -> Result<R, ValueError>,
    ) -> Self {
        let (call, head, error) = (Some(call), Head::of(head), PhantomData);
        Attente { client, call, until: None, fed: None, head, decode, told, error }
    }

    /// Whether waiting would return at once.
    ///
    /// This reads what has arrived, so no other thread need read.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn somme(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![somme])?;
    /// let client = serveur.client_local()?;
    /// let waits = client.differer(somme { a: 12, b: 34 })?;
    /// while !waits.est_prete() {
    ///     std::thread::yield_now(); // a frame of a game is drawn here, say
    /// }
    /// assert_eq!(waits.attendre()?, 46); // at once
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("poll", "is_done", "try_wait"))]
    #[doc(alias = "is_ready")]
    pub fn est_prete(&self) -> bool {
        self.call.is_none_or(|call| self.client.link.is_ready(call))
    }

    /// Whether waiting would return at once, as far as is known without reading.
    fn is_known_ready(&self) -> bool {
        self.call.is_none_or(|call| self.client.link.is_known_ready(call))
    }
}

impl<R, E> Attente<R, E> {
    /// Waits until one of several calls can be claimed without waiting, at most for `delai`.
    /// Returns the index of that call, or `None` if there is none.
    ///
    /// The calls may belong to different connections, over TCP or in memory; the first call that is
    /// answered ends the wait. If several are answered already, the first of them in the slice is
    /// returned.
    ///
    /// # Errors
    ///
    /// [`Erreur::NonEnvoyee`]: inside a command, if too many commands of its connection wait
    /// already; the calls are still under way.
    ///
    /// # Blocking
    ///
    /// Until a call is answered, the connection of one ends, or the time is over. Each connection
    /// is read meanwhile, and its commands are run as during any wait. A `delai` of zero only reads
    /// what has arrived, and does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cconn::{Attente, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("carre", |_, (n,): (u64,)| n * n)?;
    /// let client = serveur.client_local()?;
    /// let mut appels = Vec::new();
    /// for n in 1..=3_u64 {
    ///     appels.push(client.differer::<u64, _>(nommee("carre", (n,)))?);
    /// }
    /// let mut somme = 0;
    /// while let Some(prete) = Attente::premiere(&appels, Duration::from_secs(5))? {
    ///     somme += appels.swap_remove(prete).attendre()?;
    /// }
    /// assert_eq!(somme, 1 + 4 + 9);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("race", "first"))]
    #[doc(alias = "select")]
    #[doc(alias = "wait_any")]
    pub fn premiere(attentes: &[Attente<R, E>], delai: Duration) -> Resultat<Option<usize>> {
        if let Some(ready) = attentes.iter().position(Attente::is_known_ready) {
            return Ok(Some(ready));
        }
        let Some(first) = attentes.first() else { return Ok(None) };
        let link = &first.client.link;
        let answered = if attentes.iter().all(|one| Arc::ptr_eq(&one.client.link, link)) {
            // No call is claimed here: a claimed call would count as ready.
            let calls: Vec<CallId> = attentes.iter().filter_map(|attente| attente.call).collect();
            link.wait_for_any(&calls, Deadline::After(delai))
        } else {
            wait_for_first(&Self::by_connection(attentes), delai)
                .map(|()| attentes.iter().position(Attente::is_known_ready))
        };
        let head = first.entete();
        let about = first.client.about(&head);
        answered
            .map_err(|failure| about.not_awaited(&failure).unwrap_or_else(|| about.failed(failure)))
    }

    fn by_connection(attentes: &[Attente<R, E>]) -> Vec<Awaited<'_>> {
        let mut places = HashMap::new();
        let mut awaited: Vec<Awaited<'_>> = Vec::new();
        for attente in attentes {
            let link = &attente.client.link;
            let place = *places.entry(Arc::as_ptr(link)).or_insert_with(|| {
                awaited.push(Awaited { link, calls: Vec::new() });
                awaited.len().saturating_sub(1)
            });
            if let Some(awaited) = awaited.get_mut(place) {
                awaited.calls.extend(attente.call);
            }
        }
        awaited
    }

    fn entete(&self) -> Entete<'_> {
        self.head.entete()
    }
}

impl<R, E: ErreurCommande> Attente<R, E> {
    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// Those of [`Client::appeler`]. Here [`Erreur::NonEnvoyee`] means that too many commands of
    /// the connection wait already, so that this one may not; the call was sent, and is given up.
    ///
    /// # Blocking
    ///
    /// Until the answer comes, the connection ends, or the deadline of the handle that sent the
    /// call passes, counted from now. While arguments that are streams go on it is as for
    /// [`appeler`](Client::appeler).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn somme(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![somme])?;
    /// let client = serveur.client_local()?;
    /// let first = client.differer(somme { a: 1, b: 2 })?;
    /// let second = client.differer(somme { a: 3, b: 4 })?; // both are under way
    /// assert_eq!(second.attendre()?, 7);
    /// assert_eq!(first.attendre()?, 3);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("join", "get", "recv"))]
    #[doc(alias = "wait")]
    pub fn attendre(mut self) -> Result<R, Erreur<E>> {
        let Some(call) = self.call else { return Err(self.claimed()) };
        let (link, deadline) = (&self.client.link, self.client.deadline_of_wait());
        let answer = match &self.fed {
            None => link.wait_out(call, deadline),
            Some(fed) => (fed.wait)(link, call, deadline),
        };
        self.read(answer)
    }

    /// Waits for the answer, at most for `delai`; `None` if it has not come yet and the call is
    /// still under way.
    ///
    /// # Errors
    ///
    /// Those of [`Client::appeler`], except that a deadline that passes is `None`. After
    /// [`Erreur::NonEnvoyee`] the call is still under way and can be waited for again; after any
    /// other `Some` this returns `None` for ever.
    ///
    /// # Blocking
    ///
    /// Until the answer comes, the connection ends, or the time is over. A `delai` of zero only
    /// reads what has arrived, and does not wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn somme(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![somme])?;
    /// let client = serveur.client_local()?;
    /// let mut waits = client.differer(somme { a: 12, b: 34 })?;
    /// let answer = loop {
    ///     if let Some(answer) = waits.attendre_au_plus(Duration::from_millis(5)) {
    ///         break answer;
    ///     }
    ///     // Something else is done here.
    /// };
    /// assert_eq!(answer?, 46);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("poll", "timeout", "try_wait"))]
    #[doc(alias = "wait_timeout")]
    pub fn attendre_au_plus(&mut self, delai: Duration) -> Option<Result<R, Erreur<E>>> {
        let call = self.call?;
        match self.client.link.wait_for(call, Deadline::After(delai)) {
            Err(Failure::Late { .. }) => None,
            answer => Some(self.read(answer)),
        }
    }

    /// The result of the call, which is then over unless too many commands wait.
    fn read(&mut self, answer: Result<Answer, Failure>) -> Result<R, Erreur<E>> {
        let head = self.head.entete();
        if let Err(failure) = &answer
            && let Some(error) = self.client.about(&head).not_awaited(failure)
        {
            return Err(error);
        }
        // Dropping this value gives up a call that is still there.
        self.call = self.call.filter(|_| matches!(answer, Err(Failure::Unwanted { .. })));
        match answer {
            Err(failure) => {
                let error = self.client.about(&head).failed(failure);
                self.told.failed(&error);
                Err(error)
            }
            Ok(answer) => {
                self.told.answered(&answer);
                self.client.read(&head, Ok(answer), self.decode)
            }
        }
    }

    /// The error of waiting again for an answer that was claimed before.
    fn claimed(&self) -> Erreur<E> {
        let lien = self.client.link.identity.label().into();
        let commande = self.entete().nom().into();
        Erreur::Usage(Box::new(Usage::DejaReclamee { commande, lien }))
    }
}

impl<R, E> Drop for Attente<R, E> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.client.link.give_up(call);
        }
    }
}

impl<R, E> fmt::Debug for Attente<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Attente");
        shown.field("commande", &self.entete().nom()).field("client", &self.client);
        shown.field("prete", &self.is_known_ready()).finish_non_exhaustive()
    }
}
