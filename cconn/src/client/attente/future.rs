//! A deferred call as a future, and as a closure that is called once the answer is there.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::Attente;
use crate::erreur::Erreur;
use crate::link::tell;
use crate::message::ErreurCommande;
use crate::sync::Mutex;

/// Waits without a thread, in any async runtime or none; see
/// [above](Attente#in-async-code).
///
/// # Errors
///
/// Those of [`attendre`](Attente::attendre).
impl<R, E: ErreurCommande> Future for Attente<R, E> {
    type Output = Result<R, Erreur<E>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let Some(call) = this.call else { return Poll::Ready(Err(this.claimed())) };
        if let Some(given) = this.fed.as_ref().and_then(|fed| fed.given) {
            this.look_at_arguments(call, given);
        }
        let patience = this.client.deadline();
        let until = this.until.get_or_insert(patience);
        match this.client.link.follow(call, context.waker(), until) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(answer) => Poll::Ready(this.read(answer)),
        }
    }
}

impl<R: 'static, E: ErreurCommande + 'static> Attente<R, E> {
    /// Has `f` called with the result, once, as soon as it is there.
    ///
    /// No thread waits meanwhile, so any number of calls may be under way in this way. `f` is
    /// called when the answer comes, when the connection ends, or when the deadline of the handle
    /// that sent the call has passed, counted from now, and anew while arguments that are streams go
    /// on, as long as the command takes items or waits for some; if the result is there already, it
    /// is called before this returns. The connection is kept open until then. If no thread of the
    /// program reads the connection, one of the connection's own does.
    ///
    /// # What `f` may do
    ///
    /// The thread that has routed the answer calls `f`: a thread of the program that waits in a
    /// call, one that runs commands, or one of the library's. None of the library's locks is held.
    /// So `f` should be short, and hand long work to another thread: signal an event loop, push
    /// into a queue, send the next call.
    ///
    /// Inside `f` the verbs do not wait. [`envoyer`](crate::Client::envoyer),
    /// [`differer`](crate::Client::differer) and the like work while the peer has room;
    /// [`appeler`](crate::Client::appeler), [`attendre`](Attente::attendre) and whatever else would
    /// have to wait fail at once with
    /// [`RaisonNonEnvoi::DansUnRappel`](crate::erreur::RaisonNonEnvoi::DansUnRappel) or
    /// [`RaisonNonEnvoi::SansPlace`](crate::erreur::RaisonNonEnvoi::SansPlace);
    /// [`eteindre`](crate::Client::eteindre) only begins the stop. A panic in `f` ends neither the
    /// thread nor the connection.
    ///
    /// To be able to give the call up, keep the `Attente` and await it instead.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn carre(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![carre])?;
    /// let client = serveur.client_local()?;
    /// let (events, event_loop) = mpsc::channel(); // the queue of an event loop, say
    /// for n in 1..=3 {
    ///     let events = events.clone();
    ///     let appel = client.essayer_appel(carre { n })?;
    ///     appel.quand_prete(move |result| events.send(result).unwrap());
    /// }
    /// let mut total = 0;
    /// for result in event_loop.iter().take(3) {
    ///     total += result?;
    /// }
    /// assert_eq!(total, 1 + 4 + 9);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("then", "on_complete", "callback", "and_then"))]
    #[doc(alias = "when_ready")]
    pub fn quand_prete(self, f: impl FnOnce(Result<R, Erreur<E>>) + Send + 'static) {
        let task = Arc::new(Task(Mutex::new(Some((self, f)))));
        // The first poll is like all others: inside of what may not wait.
        tell(vec![Waker::from(task)]);
    }
}

/// A call and the closure that its result goes to; `None` once the closure has been called.
struct Task<R, E, F>(Mutex<Option<(Attente<R, E>, F)>>);

impl<R: 'static, E: ErreurCommande + 'static, F> Wake for Task<R, E, F>
where
    F: FnOnce(Result<R, Erreur<E>>) + Send + 'static,
{
    /// Polls the call. This is reached through `tell` only, so it is never nested: what the poll
    /// makes ready is told after it.
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut place = self.0.lock();
        let Some((attente, _)) = &mut *place else { return };
        let polled = Pin::new(attente).poll(&mut Context::from_waker(&waker));
        let Poll::Ready(result) = polled else { return };
        let task = place.take();
        drop(place);
        if let Some((attente, f)) = task {
            // The closure sees the call ended, and holds no handle that it does not own.
            drop(attente);
            f(result);
        }
    }
}
