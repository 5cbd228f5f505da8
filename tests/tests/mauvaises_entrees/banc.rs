//! A real server under attack, with a client of it that must notice nothing.

use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::{Client, Erreur, Fermee, OptionsServeur, RaisonFin, Resultat, Serveur, nommee};
use cconn_tests::raw::{Raw, Seen};

/// Longest wait for what the server has to say.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server, its thread, and how its clients ended.
pub(crate) struct Bench {
    pub(crate) serveur: Serveur,
    thread: Option<JoinHandle<Resultat<()>>>,
    witness: Client,
    ends: Receiver<(SocketAddr, Resultat<()>)>,
}

impl Bench {
    /// With the usual settings.
    pub(crate) fn usual() -> Bench {
        Bench::new(|options| options)
    }

    /// A server that runs, with `somme` and a client that calls it now and then.
    pub(crate) fn new(set: impl FnOnce(OptionsServeur) -> OptionsServeur) -> Bench {
        let (tell, ends) = mpsc::channel();
        let hook = move |client: &Client, end| {
            // Nobody listens any more once the test is over.
            let _over = tell.send((client.adresse().expect("it came by TCP"), end));
        };
        let options = Serveur::options(0).max_clients(20).quand_deconnecte(hook);
        let serveur = set(options).ouvrir().unwrap();
        serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
        let running = serveur.clone();
        let thread = Some(thread::spawn(move || running.lancer()));
        let witness = Client::new(serveur.adresse()).unwrap();
        let bench = Bench { serveur, thread, witness, ends };
        bench.assert_serves();
        bench
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.serveur.adresse()
    }

    /// A peer that has greeted.
    pub(crate) fn raw(&self) -> Raw {
        Raw::client(self.address())
    }

    /// The other client notices nothing.
    #[track_caller]
    pub(crate) fn assert_serves(&self) {
        let total: i64 = self.witness.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
        assert_eq!(total, 46);
    }

    /// How the connection of that client ended, as the server sees it.
    #[track_caller]
    pub(crate) fn end_of(&self, client: SocketAddr) -> Resultat<()> {
        let (address, end) = self.ends.recv_timeout(PATIENCE).expect("the server sees its end");
        assert_eq!(address, client, "this one ended: {end:?}");
        end
    }

    /// That the connection ended here for that reason; the text names it, and says `what`.
    #[track_caller]
    pub(crate) fn assert_cut(&self, client: SocketAddr, reason: RaisonFin, what: &str) {
        let error = self.end_of(client).unwrap_err();
        assert!(error.est_fatale(), "{error}");
        let Erreur::Fermee(fermee) = &error else { panic!("{error:?}") };
        let Fermee { raison, commande: None, .. } = **fermee else { panic!("{fermee:?}") };
        assert_eq!(raison, reason, "{error}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains(&client.to_string()), "{text}");
        self.assert_serves();
    }
}

impl Drop for Bench {
    /// All is as it was, and the server stops in order.
    fn drop(&mut self) {
        if thread::panicking() {
            return;
        }
        self.assert_serves();
        self.witness.eteindre().unwrap();
        self.serveur.eteindre().unwrap();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

/// That the last word is an `adieu` with that reason, whose text says `what`; returns what came
/// before it.
#[track_caller]
pub(crate) fn assert_last_word(raw: &mut Raw, wanted: u16, what: &str) -> Vec<Seen> {
    let mut seen = raw.rest();
    let Some(Seen::Adieu { reason, text }) = seen.pop() else { panic!("no adieu: {seen:?}") };
    assert_eq!(reason, wanted, "{text}");
    assert!(text.contains(what), "{text:?} does not say {what:?}");
    seen
}
