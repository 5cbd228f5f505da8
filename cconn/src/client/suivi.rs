//! Calls that are told how far their command has come.

use super::Client;
use super::frames::Manner;
use super::telling;
use crate::contexte::Avancement;
use crate::erreur::{Erreur, remember};
use crate::link::{Report, Reporting};
use crate::message::Appel;
use crate::sync::Deadline;
use crate::wire::{MAX_TEXT, shorten};

impl Client {
    /// Sends a message and waits for its answer like [`appeler`](Client::appeler); `suivi` is called
    /// with what the command says meanwhile of how far it has come.
    ///
    /// `suivi` runs on the calling thread, before this returns, for the latest report only: those
    /// that came while it ran are left out but for the last. It may call commands of any
    /// connection. An argument that is a [`Flux`](crate::flux::Flux) is fed as by
    /// [`appeler`](Client::appeler), and `suivi` is called between its items. If it panics the call
    /// is given up. A peer that does not know of reports sends
    /// none.
    ///
    /// # Errors
    ///
    /// Those of [`appeler`](Client::appeler).
    ///
    /// # Blocking
    ///
    /// Until the answer comes or the connection ends. A deadline that the program has set with
    /// [`avec_delai`](Client::avec_delai) covers the whole call. Without one the call may last as
    /// long as reports come: it fails when the peer has been silent for as long as a call may take
    /// otherwise (`delai_reponse`, 30 seconds unless set).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn compter(client: &Client, jusqu_a: u64) -> u64 {
    ///     for n in 1..=jusqu_a {
    ///         client.avancement(n, jusqu_a, "counting");
    ///     }
    ///     jusqu_a
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![compter])?;
    /// let client = serveur.client_local()?;
    /// let mut last = 0;
    /// let all = client.appeler_suivi(compter { jusqu_a: 1000 }, |p| {
    ///     assert!(p.fait >= last && p.total == Some(1000));
    ///     last = p.fait;
    /// })?;
    /// assert!(all == 1000 && last >= 1);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("call_with_progress", "on_progress"))]
    pub fn appeler_suivi<R, M: Appel<R>>(
        &self,
        message: M,
        mut suivi: impl FnMut(Avancement),
    ) -> Result<R, Erreur<M::Erreur>> {
        let head = message.entete();
        let silence = (!self.limits_calls).then_some(Deadline::After(self.deadline));
        let mut told = |report| suivi(Avancement::of(report));
        if M::__CCONN_FED {
            let told = Some(Reporting { told: &mut told, silence });
            return self.call_fed(&head, &message, M::__cconn_decode, told);
        }
        remember(head.hash(), head.nom());
        let answer = telling::called(self, &head, |size| {
            self.with_frame(&head, &message, Manner::Reported, |frame, deadline| {
                size.note(frame);
                self.link.call_reported(frame, (deadline, silence), &mut told)
            })
        });
        self.read(&head, answer.map_err(super::Failed), M::__cconn_decode)
    }

    /// Says how far the command has come that the calling thread works for. Does nothing unless its
    /// caller wants to know ([`appeler_suivi`](Client::appeler_suivi)).
    ///
    /// `fait` and `total` are in whatever the command counts; `total` is `None` if it is not known.
    /// `texte` is for a person to read, and shortened to 900 bytes. Ten reports a second are sent at
    /// most: a later one replaces an earlier one that was not sent yet. A thread that the command
    /// has started says it too, if it was given a closure of
    /// [`Contexte::porter`](crate::contexte::Contexte::porter). Once the command has its outcome
    /// nothing is sent any more: a command that returns at once has told its last report only if
    /// that was due.
    ///
    /// # Blocking
    ///
    /// Never.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer_commande("lire", |client: &Client, (): ()| {
    ///     client.avancement(1, None, "the first file");
    /// })?;
    /// let client = serveur.client_local()?;
    /// let mut said = String::new();
    /// client.appeler_suivi::<(), _>(nommee("lire", ()), |p| said.push_str(&p.texte))?;
    /// assert_eq!(said, "the first file");
    /// client.appeler::<(), _>(nommee("lire", ()))?; // nobody wants to know
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("progress", "report_progress"))]
    pub fn avancement(&self, fait: u64, total: impl Into<Option<u64>>, texte: &str) {
        let total = total.into().unwrap_or(0);
        self.link.report(|| Report { done: fait, total, text: shorten(texte, MAX_TEXT).into() });
    }
}
