//! Connecting a client, and the settings that both sides have.

mod ecoute;
mod kept;
mod options;
mod secure;
mod shared;
mod tcp;
#[cfg(unix)]
mod unix;

use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::adresse::{Adresse, AdresseInvalide, VersAdresse};
use crate::client::Client;
use crate::commande::{Given, Registry, begin_connection};
use crate::erreur::{Delai, EchecConnexion, Erreur, NatureSecret, Phase, Resultat, Usage};
use crate::handshake::{self, Greeted, HandshakeError};
use crate::link::{self, Identity, Link, Parts, Watch};
use crate::preuve::Keys;
use crate::transport::{NatureTls, TlsFault, Transport};
use crate::wire::Refusal;

pub(crate) use kept::black_box_setting;
pub use options::OptionsClient;
use options::same_program;
pub(crate) use options::{Settings, check};
pub(crate) use shared::shared_settings;

impl Client {
    /// Connects to a server.
    ///
    /// A bare port means `127.0.0.1`, and `unix:/run/moi.sock` a Unix socket. If a name means several addresses, they are tried in turn; a
    /// server on a name listens on only one of them.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Connexion`]: nothing listens there, the server is full or stopping, or it is not
    ///   a cconn server.
    /// - [`Erreur::Delai`]: no connection, or no greeting, in time.
    ///
    /// # Blocking
    ///
    /// Until connected and greeted, at most 10 seconds (see [`OptionsClient::delai_connexion`]).
    /// Looking a name up is not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let adresse = serveur.adresse();
    /// # let thread = std::thread::spawn({ let s = serveur.clone(); move || s.lancer() });
    /// let client = Client::new(adresse)?;
    /// client.eteindre()?;
    /// # serveur.eteindre()?;
    /// # thread.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("dial", "open"))]
    #[doc(alias = "connect")]
    pub fn new(adresse: impl VersAdresse) -> Resultat<Client> {
        Client::options(adresse).connecter()
    }

    /// Options for a connection with other than the default settings.
    #[doc(alias = "builder")]
    pub fn options(adresse: impl VersAdresse) -> OptionsClient {
        OptionsClient::new(adresse.vers_adresse())
    }

    /// Runs the commands that the peer asks for, until the connection ends.
    ///
    /// Commands are handled on this thread, one at a time, in the order in which they were sent.
    /// A client that does other things meanwhile calls [`ecouter`](Client::ecouter) instead. Without
    /// either they wait, except while a thread of this program waits for an answer, for
    /// room at the peer or for the end of the connection, or looks for an answer. Commands that
    /// have come by then are run to their end, on a thread of their own.
    ///
    /// # Errors
    ///
    /// - [`Erreur::Fermee`]: the connection was cut, or ended for another reason than
    ///   [`eteindre`](Client::eteindre) or [`close`](Client::close) on either side. If the peer
    ///   sent this side away with [`expulser`](Client::expulser), the error says so and gives the
    ///   reason.
    /// - [`Erreur::Usage`]: `lancer` runs already, or was called from inside a command or a hook of
    ///   this connection; or a command is handed state or a session that is not there.
    ///
    /// # Blocking
    ///
    /// Until the connection ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Client, Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let greets = |client: &Client, (): ()| client.envoyer(nommee("bonjour", ("Ada",)));
    /// serveur.enregistrer_commande("salue", greets)?;
    /// let client = serveur.client_local()?;
    ///
    /// let (sender, names) = std::sync::mpsc::channel();
    /// client.enregistrer_commande("bonjour", move |_, (nom,): (String,)| sender.send(nom).unwrap())?;
    /// let running = client.clone();
    /// let lancer = std::thread::spawn(move || running.lancer());
    ///
    /// client.appeler::<(), _>(nommee("salue", ()))?;
    /// assert_eq!(names.recv().unwrap(), "Ada");
    /// client.eteindre()?;
    /// lancer.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("serve", "poll", "event_loop", "start"))]
    #[doc(alias = "run")]
    #[doc(alias = "listen")]
    pub fn lancer(&self) -> Resultat<()> {
        self.check_needs()?;
        if !self.link.execute() {
            let lien = self.link.identity.label().into();
            return Err(Erreur::Usage(Box::new(if self.link.is_served_here() {
                Usage::LancerDansUneCommande { lien }
            } else if self.link.listens() {
                Usage::DejaEcoute { lien }
            } else {
                Usage::DejaLance { lien }
            })));
        }
        self.link.linger();
        Registry::end_untold(&self.link);
        self.result_of_end()
    }
}

/// Connects, greets, and makes the connection. Returns the server's number too.
pub(crate) fn connect(
    settings: &Settings,
    given: &mut Given,
    address: &Result<Adresse, AdresseInvalide>,
) -> Resultat<(Client, Option<u64>)> {
    settings.check()?;
    given.check()?;
    let invalid = |invalid: &AdresseInvalide| unreachable(&invalid.text(), invalid.to_io());
    let address = address.as_ref().map_err(invalid)?;
    if address.is_parent() {
        let cause = "the process that started this one is a client: `Serveur::depuis_parent` is \
                     its server";
        return Err(unreachable(address, io::Error::new(io::ErrorKind::InvalidInput, cause)));
    }
    if let Some(name) = address.unix() {
        let deadline = Instant::now().checked_add(settings.connect_deadline);
        let (io, peer) = unix::connect(address, name, settings, deadline)?;
        let io = secure::secured(settings, io, address, deadline)?;
        return greet_and_join(settings, given, io, peer, address, deadline);
    }
    let found = address.resolve().map_err(|cause| unreachable(address, cause))?;
    let deadline = Instant::now().checked_add(settings.connect_deadline);
    let (io, peer) = tcp::connect_any(address, &found, settings, deadline)?;
    let io = secure::secured(settings, io, address, deadline)?;
    greet_and_join(settings, given, io, peer, address, deadline)
}

/// Windows has Unix sockets that safe code can't use.
#[cfg(not(unix))]
mod unix {
    use super::{Adresse, Arc, Instant, Resultat, Settings, Transport, unreachable};

    pub(super) fn connect(
        address: &Adresse,
        _: &str,
        _: &Settings,
        _: Option<Instant>,
    ) -> Resultat<(Arc<dyn Transport>, Option<Adresse>)> {
        Err(unreachable(address, crate::transport::no_unix_sockets()))
    }
}

/// Greets over a transport that leads to a server, and makes the connection.
pub(crate) fn join(settings: &Settings, io: Arc<dyn Transport>, text: &str) -> Resultat<Client> {
    let deadline = Instant::now().checked_add(settings.connect_deadline);
    // Both ends are in this process: there is nobody to prove anything to, and the server's end
    // keeps what passes.
    let settings = Settings { keys: Keys::default(), black_box: None, ..settings.clone() };
    let joined = greet_and_join(&settings, &mut Given::default(), io, None, &text, deadline);
    joined.map(|(client, _)| client)
}

/// Greets a child process as `join` does a server; errors call the connection `text`.
#[cfg(unix)]
pub(crate) fn join_child(
    settings: &Settings,
    given: &mut Given,
    io: Arc<dyn Transport>,
    text: &str,
) -> Resultat<Client> {
    let deadline = Instant::now().checked_add(settings.connect_deadline);
    let identity = Identity::of_client(next_id(), None).called(text);
    greet_and_link(settings, given, io, identity, &text, deadline).map(|(client, _)| client)
}

fn greet_and_join(
    settings: &Settings,
    given: &mut Given,
    io: Arc<dyn Transport>,
    address: Option<Adresse>,
    text: &dyn Display,
    deadline: Option<Instant>,
) -> Resultat<(Client, Option<u64>)> {
    let identity = Identity::of_client(next_id(), address);
    greet_and_link(settings, given, io, identity, text, deadline)
}

fn greet_and_link(
    settings: &Settings,
    given: &mut Given,
    io: Arc<dyn Transport>,
    identity: Identity,
    text: &dyn Display,
    deadline: Option<Instant>,
) -> Resultat<(Client, Option<u64>)> {
    let watch = Watch::of_process();
    link::note_maker(&watch);
    let greeted = greet_server(&*io, settings, text, deadline)?;
    let hooks = settings.hooks.clone();
    let registry = match &settings.commands {
        Some(commands) => commands.for_connection(hooks),
        None => Registry::new(hooks, std::mem::take(given)),
    };
    let proven = match &greeted.proven {
        Some(secret) => io.peer().with_secret(secret.name()),
        None => io.peer(),
    };
    let identity = identity.proven(proven);
    let io = settings.around(io, &identity, &greeted.rest);
    let link = Link::new(Parts {
        io,
        commands: Arc::new(registry),
        limits: Arc::new(settings.limits.clone()),
        peer: greeted.limits,
        watch: Some(watch),
        identity,
        ends_with_handles: true,
        rest: greeted.rest,
    });
    begin_connection(&link);
    // The process may end with this thread, whichever thread has sent.
    link.note_unread();
    // A hook may run at once for frames that came after the greeting. It has a handle of its own,
    // whose drop must not end the connection.
    let client = Client::of(&link);
    link.leave_helm();
    Ok((client, greeted.instance))
}

fn next_id() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn unreachable(text: &dyn Display, cause: io::Error) -> Erreur {
    Erreur::Connexion(Box::new(EchecConnexion::Connexion {
        adresse: text.to_string().into(),
        cause,
    }))
}

fn late(text: &dyn Display, phase: Phase, delai: Duration) -> Erreur {
    let (commande, link) = (None, text.to_string().into());
    Erreur::Delai(Box::new(Delai {
        phase,
        delai,
        commande,
        lien: link,
        a_pu_etre_executee: false,
        etape: None,
        derriere: None,
    }))
}

fn greet_server(
    io: &dyn Transport,
    settings: &Settings,
    text: &dyn Display,
    deadline: Option<Instant>,
) -> Resultat<Greeted> {
    // [greeting.client-at-once] [greeting.before-frames]
    let said = settings.program.as_deref();
    handshake::greet_and_prove(io, &settings.limits, &settings.keys, said, deadline)
        .and_then(|greeted| same_program(said, greeted))
        .map_err(|error| handshake_failed(ended_early(error), text, settings.connect_deadline))
}

/// The error of a greeting, with likely reasons if the server has ended the stream without a
/// greeting.
fn ended_early(error: HandshakeError) -> HandshakeError {
    match error {
        HandshakeError::Ended => HandshakeError::Io(no_word()),
        HandshakeError::Io(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => {
            HandshakeError::Io(no_word())
        }
        error => error,
    }
}

/// The error of a stream that the server has ended before it had greeted. Over TLS a server can't
/// tell its reason before both sides have agreed on keys.
fn no_word() -> io::Error {
    let text = "the server ended it before it had greeted; it may be stopping, have more \
                newcomers than it can keep, or be no cconn server";
    io::Error::new(io::ErrorKind::UnexpectedEof, text)
}

/// The public error of a failed greeting.
pub(crate) fn handshake_failed(
    error: HandshakeError,
    text: &dyn Display,
    delay: Duration,
) -> Erreur {
    let (adresse, texte) = (text.to_string().into(), error.to_string().into());
    Erreur::Connexion(Box::new(match error {
        HandshakeError::Late => return late(text, Phase::Accueil, delay),
        HandshakeError::SpeaksTls(_) => {
            EchecConnexion::Tls { adresse, nature: NatureTls::Inattendu, texte }
        }
        HandshakeError::Refused { refusal, .. } | HandshakeError::Unproven(refusal)
            if refusal.is_about_secrets() =>
        {
            let nature = match refusal {
                Refusal::Unproven => NatureSecret::Absent,
                Refusal::NoSecret => NatureSecret::Inconnu,
                _ => NatureSecret::Faux,
            };
            EchecConnexion::Secret { adresse, nature, texte }
        }
        HandshakeError::Refused { refusal: Refusal::OtherProgram, .. }
        | HandshakeError::OtherProgram(_) => EchecConnexion::AutreProgramme { adresse, texte },
        HandshakeError::Refused { refusal: Refusal::Proxy, .. } | HandshakeError::Proxy(_) => {
            EchecConnexion::Mandataire { adresse, texte }
        }
        HandshakeError::Refused { refusal: Refusal::Plain, .. } => {
            EchecConnexion::Tls { adresse, nature: NatureTls::Exige, texte }
        }
        HandshakeError::Io(cause) => match TlsFault::inside(&cause).map(|fault| fault.nature) {
            Some(nature) => EchecConnexion::Tls { adresse, nature, texte },
            None => EchecConnexion::Accueil { adresse, cause },
        },
        HandshakeError::Ended => {
            let cause = io::ErrorKind::UnexpectedEof.into();
            EchecConnexion::Accueil { adresse, cause }
        }
        HandshakeError::Refused { refusal: Refusal::Full, .. } => {
            EchecConnexion::Complet { adresse, texte }
        }
        HandshakeError::Refused { .. } => EchecConnexion::Refusee { adresse, texte },
        _ => EchecConnexion::Incompatible { adresse, texte },
    }))
}
