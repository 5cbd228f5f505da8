//! The setters that the options of both sides have, written once.

/// Defines the setters that both kinds of options have, over a field `settings`.
macro_rules! shared_settings {
    () => {
        /// Lets only peers in that know one of these secrets, and proves to them that this side
        /// knows it too.
        ///
        /// Both sides prove a secret before anything else: until then no command runs, no argument
        /// is decoded, and at most 16 KiB are kept of a peer. The first secret that both sides know
        /// is taken, in the order of the client's, so that a new one can be given to one side after
        /// the other; [`Client::identite`](crate::Client::identite) has its name.
        ///
        /// A secret proves who has connected. It does not encrypt: without `tls` whoever can change
        /// packets on their way can also read, change and make up messages afterwards.
        #[cfg(feature = "secret")]
        #[doc(alias("psk", "password", "token", "authentication", "authkey", "shared_secrets"))]
        pub fn secrets(
            mut self,
            secrets: impl IntoIterator<Item = crate::secret::Secret>,
        ) -> Self {
            self.settings.keys = crate::secret::keys(secrets);
            self
        }

        /// Says which commands a peer may call: the guard is given the peer's handle and the
        /// command's name, and returns whether the command may run.
        ///
        /// It is asked for each call and one-way message of a registered command, before the
        /// signatures are compared and the arguments are decoded, by the command's own name. What it
        /// does not allow is not run, and its caller gets
        /// [`Interdite`]($crate::erreur::NatureDistante::Interdite), which names the command and how
        /// this side knows the caller. It stands before the commands of this library too, and
        /// `cconn.commandes` shows each caller what it may call.
        ///
        /// `#[commande(garde = function)]` guards one command alone; it is asked after this one. Both
        /// are asked before the hooks of [`avant_commande`](Self::avant_commande).
        ///
        /// The guard runs on the command's thread, and must not block for long. If it panics, the
        /// command is not run. A second guard takes the place of the first. It is dropped, and a
        /// handle that it captures counts, as for [`quand_echec`](Self::quand_echec).
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::erreur::NatureDistante;
        /// use cconn::{Client, Erreur, Serveur, nommee};
        ///
        /// fn may_call(client: &Client, command: &str) -> bool {
        ///     !command.starts_with("admin.") || client.identite().unix().is_some_and(|u| u.uid == 0)
        /// }
        ///
        /// # fn main() -> cconn::Resultat<()> {
        /// let serveur = Serveur::options(0).garde(may_call).ouvrir()?;
        /// serveur.enregistrer_commande("admin.effacer", |_, (): ()| "done")?;
        /// let client = serveur.client_local()?;
        /// let refused = client.appeler::<String, _>(nommee("admin.effacer", ())).unwrap_err();
        /// let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        /// assert_eq!(distante.nature, NatureDistante::Interdite);
        /// assert!(!refused.a_pu_etre_executee());
        /// # Ok(())
        /// # }
        /// ```
        #[doc(alias("authorize", "permissions", "middleware", "acl", "guard"))]
        pub fn garde(
            mut self,
            peut_appeler: impl Fn(&$crate::Client, &str) -> bool + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.around().set_guard(peut_appeler);
            self
        }

        /// The largest message that is accepted, in bytes; 8 MiB unless set, at least 1024.
        ///
        /// The other side is told, and refuses to send larger messages.
        ///
        /// The commands that wait here may take twice as many bytes. Small commands take more,
        /// because each takes some memory besides its arguments: up to 4 times as much with
        /// arguments of some 50 bytes, up to 7 times without arguments. Answers to deferred calls
        /// that are not claimed yet may take twice as much too, or 64 MiB if that is more.
        #[doc(alias("max_message_size", "max_frame_size"))]
        pub fn taille_max(mut self, octets: u32) -> Self {
            self.settings.limits.set_max_frame(octets);
            self
        }

        /// How long a call may take, from sending to the answer; 30 seconds unless set.
        #[doc(alias("timeout", "deadline", "request_timeout", "call_timeout"))]
        pub fn delai_reponse(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.answer_deadline = delai;
            self
        }

        /// How long a peer may take no bytes before it is cut; 10 seconds unless set.
        ///
        /// A peer that is gone and acknowledges nothing is noticed after about twice that time,
        /// idle or not, but not before 2.25 seconds. Less than 5 seconds here leaves little room
        /// for a network that loses packets.
        #[doc(alias("timeout", "send_timeout", "write_timeout"))]
        pub fn delai_ecriture(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.write_deadline = delai;
            self
        }

        /// How long a message may take to arrive once its first byte has come, besides a second for
        /// each 16 KiB; 30 seconds unless set.
        #[doc(alias("timeout", "recv_timeout", "read_timeout"))]
        pub fn delai_lecture(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.read_deadline = delai;
            self
        }

        /// How long an orderly stop may take; 10 seconds unless set.
        #[doc(alias("timeout", "shutdown_timeout", "grace_period"))]
        pub fn delai_arret(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.grace = delai;
            self
        }

        /// How many commands of one connection may wait for a peer at the same time; 16 unless set.
        ///
        /// Each of them keeps a thread.
        #[doc(alias = "max_waiting")]
        pub fn max_attentes(mut self, commandes: usize) -> Self {
            self.settings.limits.max_waiting = commandes;
            self
        }

        /// How many `parallele` commands of one connection may run at the same time; 16 unless set,
        /// at least 1.
        ///
        /// Further ones wait aside until one has ended; the commands behind them go on.
        #[doc(alias = "max_parallel")]
        pub fn max_paralleles(mut self, commandes: usize) -> Self {
            self.settings.limits.max_parallel = commandes;
            self
        }

        /// How many commands of one connection may send the items of an iterator at the same time;
        /// 16 unless set.
        ///
        /// Each of them keeps a thread for as long as its stream goes on. A further one is refused,
        /// not run.
        #[doc(alias = "max_streams")]
        pub fn max_flux(mut self, iterateurs: usize) -> Self {
            self.settings.limits.max_pumps = iterateurs;
            self
        }

        /// How many channels of one connection may be open at the same time; 4,096 unless set.
        ///
        /// A stream made by [`Flux::canal`](crate::flux::Flux::canal) keeps no thread, but some
        /// memory. A command that returns a further one has run, and its caller is told
        /// ([`SurchargeeApres`](crate::erreur::NatureDistante::SurchargeeApres)).
        #[doc(alias = "max_channels")]
        pub fn max_canaux(mut self, canaux: usize) -> Self {
            self.settings.limits.max_channels = canaux;
            self
        }

        /// How long a stream may bring nothing while its items are waited for; 30 seconds unless
        /// set.
        ///
        /// The time counts only while the program waits in `next`, and anew for each item: neither
        /// a long stream nor a slow taker trips it.
        #[doc(alias("timeout", "idle_timeout", "stream_timeout"))]
        pub fn delai_silence(mut self, delai: std::time::Duration) -> Self {
            self.settings.limits.silence = delai;
            self
        }

        /// Deepest nesting of calls; 32 unless set, at most 127.
        ///
        /// Every second level of a call waits on this side, the other levels on the peer's. Calls
        /// that nest deeper than twice [`max_attentes`](Self::max_attentes) are refused by that
        /// limit, so raise both.
        #[doc(alias = "max_depth")]
        pub fn profondeur_max(mut self, niveaux: u8) -> Self {
            self.settings.limits.max_depth = niveaux;
            self
        }

        /// How long a thread looks for the next message before it sleeps; not at all unless set.
        ///
        /// 50 microseconds is a good value. It is worth setting if both sides have a processor to
        /// spare and answer within microseconds: a call then takes a fraction of the time, because
        /// waking a thread on another processor takes longer than the call. A thread looks only
        /// where looking has lately paid. The peer decides for its own side.
        #[doc(alias = "busy_poll")]
        #[doc(alias = "spin")]
        pub fn attente_active(mut self, au_plus: std::time::Duration) -> Self {
            self.settings.limits.active_wait = au_plus;
            self
        }

        /// Stack size in bytes of each thread that runs commands, from 1 MiB to 1 GiB; the
        /// platform's default unless set.
        ///
        /// An argument of 128 levels, the deepest that is accepted, takes up to 1 MiB to decode in
        /// a build without optimisation.
        #[doc(alias = "stack_size")]
        pub fn pile(mut self, octets: usize) -> Self {
            self.settings.limits.stack = Some(octets);
            self
        }

        /// Whether the text of a panic in a command is sent to the caller; not unless set.
        ///
        /// The text of a panic is meant for the program's author and may hold what the other side
        /// must not know. Without it the caller only learns that the command panicked.
        #[doc(alias = "panic_messages")]
        pub fn textes_de_panique(mut self, oui: bool) -> Self {
            self.settings.hooks.tells_panics = oui;
            self
        }

        /// Whether a command that this library brings along, such as `cconn.info`, is there for the
        /// peer; all are unless set.
        ///
        /// A peer that calls one that is switched off is told so.
        #[doc(alias("reflection", "introspection", "builtin"))]
        pub fn integree(mut self, laquelle: $crate::description::Integree, oui: bool) -> Self {
            self.settings.hooks.switched_off.switch(laquelle, !oui);
            self
        }

        /// Whether the commands that the peer asks for are counted; not unless set.
        ///
        /// Then `chiffres` says of each command how often it was asked for, how it ended, how long
        /// it took and how many run now, and the peer may ask for the same with
        /// [`description::chiffres`]($crate::description::chiffres). Counting reads the
        /// clock twice more for each command; without it the clock is not read.
        #[doc(alias("metrics", "statistics", "measure", "count"))]
        pub fn compter(mut self, oui: bool) -> Self {
            self.settings.hooks.count(oui);
            self
        }

        /// Runs when a message sent with `envoyer` has failed at the peer.
        ///
        /// Without this hook a line on the standard error reports the failure, at most ten a second
        /// for the whole process. The error names the command. At most 64 such reports wait, and no
        /// more are believed than messages were sent; the text of the next report counts those that
        /// were dropped. The hook runs as a command does, and must not block for long.
        ///
        /// The hook is dropped when the connection or the server has ended. A handle that it
        /// captures keeps that open until then: use the handle that the hook receives, or a
        /// `faible` one.
        #[doc(alias("on_error", "hook", "callback", "on_failure"))]
        pub fn quand_echec(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::Erreur) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failure = Some(std::sync::Arc::new(quoi));
            self
        }

        /// Runs when a message that the peer sent with `envoyer` has failed on this side.
        ///
        /// The reasons are: no such command, arguments that could not be decoded, a panic, an error
        /// that the command returned, or no thread for it. A call that fails is reported to its
        /// caller and not to this hook. The hook runs on the thread that ran the command, as part
        /// of it, and must not block for long. It is dropped, and a handle that it captures counts,
        /// as for [`quand_echec`](Self::quand_echec).
        #[doc(alias = "on_command_failure")]
        pub fn quand_commande_echoue(
            mut self,
            quoi: impl Fn(&$crate::Client, &$crate::erreur::CommandeEchouee) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hooks.on_failed_here = Some(std::sync::Arc::new(quoi));
            self
        }

        /// Runs before each command that the peer asks for; an error refuses the command.
        ///
        /// The hook runs on the command's thread and inside its turn, before the arguments are
        /// decoded and before the signatures are compared. If it returns an error, or panics, the
        /// command is not run, and its caller gets
        /// [`Interdite`]($crate::erreur::NatureDistante::Interdite) with the error's text. It may
        /// call the client, as a command may. Commands that are not registered come to no hook.
        ///
        /// Given more than once, the hooks run in that order, until one refuses. On a server they
        /// stand before the commands of all clients. They are dropped, and a handle that they
        /// capture counts, as for [`quand_echec`](Self::quand_echec).
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::{Erreur, Serveur, nommee};
        ///
        /// # fn main() -> cconn::Resultat<()> {
        /// let serveur = Serveur::options(0)
        ///     .avant_commande(|execution| match execution.nom() {
        ///         "effacer" if execution.client().id() > 1 => Err(Erreur::echec("not for you")),
        ///         _ => Ok(()),
        ///     })
        ///     .max_clients(2)
        ///     .ouvrir()?;
        /// serveur.enregistrer_commande("effacer", |_, (): ()| "done")?;
        /// let (first, second) = (serveur.client_local()?, serveur.client_local()?);
        /// assert_eq!(first.appeler::<String, _>(nommee("effacer", ()))?, "done");
        /// let refused = second.appeler::<String, _>(nommee("effacer", ())).unwrap_err();
        /// assert!(!refused.a_pu_etre_executee() && refused.to_string().contains("not for you"));
        /// # Ok(())
        /// # }
        /// ```
        #[doc(alias("middleware", "interceptor", "filter", "hook", "before_command"))]
        pub fn avant_commande(
            mut self,
            quoi: impl Fn(&$crate::crochets::Execution<'_>) -> $crate::Resultat<()>
            + Send
            + Sync
            + 'static,
        ) -> Self {
            self.settings.hooks.around().add_before(quoi);
            self
        }

        /// Runs after each command that the peer asks for, with how it ended and how long it took.
        ///
        /// The hook runs on the command's thread and inside its turn, when the answer is encoded and
        /// before it leaves: so it must not take long. It runs for commands that
        /// [`avant_commande`](Self::avant_commande) or a guard has refused too, and what it does changes
        /// nothing about the answer; a panic in it neither. The time is that of the hooks before,
        /// the decoding, the command and the encoding.
        ///
        /// Given more than once, the hooks run in the opposite order.
        ///
        /// # Examples
        ///
        /// ```
        /// use cconn::{Serveur, nommee};
        ///
        /// # fn main() -> cconn::Resultat<()> {
        /// let (log, lines) = std::sync::mpsc::channel();
        /// let serveur = Serveur::options(0)
        ///     .apres_commande(move |execution, issue, lasted| {
        ///         log.send(format!("{} {issue:?}", execution.nom())).unwrap();
        ///         assert!(lasted.as_secs() < 10);
        ///     })
        ///     .ouvrir()?;
        /// serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n)?;
        /// serveur.client_local()?.appeler::<u32, _>(nommee("double", (21_u32,)))?;
        /// assert_eq!(lines.recv().unwrap(), "double Reponse");
        /// # Ok(())
        /// # }
        /// ```
        #[doc(alias("middleware", "interceptor", "log", "metrics", "hook", "after_command"))]
        pub fn apres_commande(
            mut self,
            quoi: impl Fn(
                &$crate::crochets::Execution<'_>,
                &$crate::crochets::Issue<'_>,
                std::time::Duration,
            ) + Send
            + Sync
            + 'static,
        ) -> Self {
            self.settings.hooks.around().add_after(quoi);
            self
        }

        /// Gives a value that the commands are handed as [`Etat<T>`]($crate::Etat).
        ///
        /// One value of each type: a second one of the type is an error when this is opened. Of two
        /// values of one type make two types, `struct Recettes(Mutex<u64>)` and so on. What commands
        /// are handed and the program has not given is an error before the first of them runs, which
        /// names all of it with the commands. The value is dropped once no command runs any more; a
        /// handle that it holds counts until then, so hold a `faible` one.
        #[doc(alias("state", "manage", "app_data", "with_state", "extension", "provide"))]
        pub fn fournir<T: Send + Sync + 'static>(mut self, valeur: T) -> Self {
            self.given.state(valeur);
            self
        }

        /// Says that the session `T` is opened later, with
        /// [`ouvrir_session`]($crate::Client::ouvrir_session).
        ///
        /// Commands that are handed [`Session<T>`]($crate::Session) before that are refused without
        /// being run, with [`PasPrete`]($crate::erreur::NatureDistante::PasPrete).
        #[doc(alias = "session_later")]
        pub fn session_plus_tard<T: Send + Sync + 'static>(mut self) -> Self {
            self.given.session_later::<T>();
            self
        }

        /// Whether messages that failed at the peer are reported on the standard error if
        /// [`quand_echec`](Self::quand_echec) is not set; they are unless this is `false`.
        #[doc(alias = "log_failures")]
        pub fn echecs_affiches(mut self, oui: bool) -> Self {
            self.settings.hooks.silent = !oui;
            self
        }
    };
}
pub(crate) use shared_settings;
