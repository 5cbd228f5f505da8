//! The server: a stand-in that owns a registry and no socket.

use std::sync::{Arc, Weak};

use crate::client::Client;
use crate::commande::{Arguments, Commandes, Contexte, Registre, Rendu};
use crate::erreur::Resultat;
use crate::lien::{Dispatch, Incoming, Lien, Limits, Notice, Outcome, Parts, PeerLimits};
use crate::transport::Memory;

/// Listens, accepts clients, gives each one a thread.
#[doc(alias = "server")]
#[derive(Clone)]
pub struct Serveur {
    registre: Arc<Registre>,
}

impl std::fmt::Debug for Serveur {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Serveur").finish_non_exhaustive()
    }
}

/// Runs the server's commands for one connection; holds the server weakly, which holds it.
struct Accueil {
    registre: Weak<Registre>,
}

impl Dispatch for Accueil {
    fn run(&self, lien: &Arc<Lien>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome {
        let registre = self.registre.upgrade().unwrap_or_default();
        let serveur = Serveur { registre };
        let client = Client::of(lien);
        let contexte = Contexte { client: &client, serveur: Some(&serveur) };
        serveur.registre.run(&contexte, incoming, out)
    }

    fn notice(&self, _: &Arc<Lien>, _: &Notice) {}

    fn is_parallel(&self, command: u64) -> bool {
        self.registre.upgrade().is_some_and(|registre| registre.is_parallel(command))
    }
}

impl Serveur {
    /// The stand-in's only way to make one: a server, and a client that is connected to it.
    #[doc(hidden)]
    pub fn boucle() -> (Serveur, Client) {
        let registre = Arc::new(Registre::default());
        let accueil = Accueil { registre: Arc::downgrade(&registre) };
        (Serveur { registre }, looped(Arc::new(accueil)))
    }

    /// The stand-in's only way to make a client whose commands can be registered.
    #[doc(hidden)]
    pub fn client_seul() -> Client {
        looped(Arc::new(Registre::default()))
    }

    /// Makes commands callable by every client.
    #[doc(alias = "register")]
    pub fn enregistrer<P>(&self, commandes: Commandes<P>) -> Resultat<()> {
        self.registre.enregistrer(commandes)
    }

    /// Makes a closure callable by every client, under a name.
    #[doc(alias = "register")]
    pub fn enregistrer_commande<A, R, K, F>(&self, nom: &str, commande: F) -> Resultat<()>
    where
        A: Arguments,
        R: Rendu<K>,
        F: Fn(&Client, A) -> R + Send + Sync + 'static,
    {
        self.registre.enregistrer_commande(nom, commande)
    }
}

/// A client over a stream that nothing is written to.
fn looped(commands: Arc<dyn Dispatch>) -> Client {
    let limits = Limits::default();
    let peer = PeerLimits { max_frame: limits.max_frame, window: limits.window };
    let (io, _) = Memory::pair(1);
    let lien = Lien::new(Parts {
        io: Box::new(io),
        commands,
        limits,
        peer,
        watch: None,
        label: "stand-in".into(),
        thread_name: "stand-in".into(),
        rest: Vec::new(),
    });
    Client::of(&lien)
}
