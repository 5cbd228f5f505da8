//! A server and its clients, each a process of its own, and most of what they can do together.
//!
//!     cargo run --example complet
//!
//! Without arguments the program is the server. It starts itself again for each client.

use std::env;
use std::error::Error;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use cconn::erreur::EchecConnexion;
use cconn::{Adresse, Client, Erreur, Resultat, Serveur, commandes, nommee};
use cconn_examples::{Compte, Decouvert, annonce, ping, retirer, somme};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Who this process is.
static WHO: OnceLock<String> = OnceLock::new();

/// Prints a line that says who speaks.
macro_rules! say {
    ($($text:tt)*) => {
        println!("[{}] {}", WHO.get().map_or("?", String::as_str), format_args!($($text)*))
    };
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let who = arguments.last().map_or("serveur".to_owned(), |number| format!("client {number}"));
    WHO.get_or_init(|| who);
    let outcome = match &arguments[..] {
        [address, number] => be_client(address, number),
        _ => be_server(),
    };
    if let Err(error) = outcome {
        say!("failed: {error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What the server's main thread waits for.
enum News {
    /// A client has asked all it wanted, and listens from now on.
    Ready(Client),
    /// The process of a client has ended.
    Ended(ExitStatus),
}

fn be_server() -> Outcome<()> {
    let (news, inbox) = mpsc::channel();
    let serveur = open(news.clone())?;
    say!("listening on the loopback interface, for two clients");
    // `lancer` accepts clients until the server is stopped, so it has a thread of its own here.
    let listening = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });

    start_client(1, &serveur.adresse(), &news)?;
    let first = expect_ready(&inbox)?;
    start_client(2, &serveur.adresse(), &news)?;
    let second = expect_ready(&inbox)?;
    // Two clients are in, so the server tells the third one that it is full.
    start_client(3, &serveur.adresse(), &news)?;
    expect_success(&inbox)?;

    ask(&first, &second)?;
    let told = serveur.diffuser(annonce { texte: "we are closing" })?;
    say!("told {} clients that we are closing", told.atteints);

    // What was sent is still handled: both clients show the announcement before they leave.
    serveur.eteindre()?;
    listening.join().map_err(|_| "the listening thread panicked")??;
    expect_success(&inbox)?;
    expect_success(&inbox)?;
    say!("stopped, and all three clients ended well");
    Ok(())
}

/// A server with its commands. Port 0 takes any free port.
fn open(news: Sender<News>) -> Resultat<Serveur> {
    let serveur = Serveur::options(0)
        .max_clients(2)
        .quand_connecte(|client| say!("client {} has come", client.id()))
        .quand_deconnecte(|client, end| match end {
            Ok(()) => say!("client {} has left in order", client.id()),
            Err(why) => say!("client {} was lost: {why}", client.id()),
        })
        .ouvrir()?;
    serveur.enregistrer(commandes![ping, somme, retirer])?;
    // A closure is a command too, and keeps what it captures. If nobody reads the news any more,
    // this process is about to end.
    serveur.enregistrer_commande("pret", move |client, (): ()| {
        let _ = news.send(News::Ready(client.clone()));
    })?;
    Ok(serveur)
}

/// The server asks, the clients answer.
fn ask(first: &Client, second: &Client) -> Outcome<()> {
    let total = first.appeler(somme { a: 12, b: 34 })?;
    say!("client 1 says that 12 + 34 = {total}");

    // Deferred: both calls are under way before the first answer is waited for.
    let one = first.differer(somme { a: 1, b: 2 })?;
    let two = second.differer(somme { a: 3, b: 4 })?;
    say!("asked both at once: 1 + 2 = {}, 3 + 4 = {}", one.attendre()?, two.attendre()?);
    Ok(())
}

fn start_client(number: u8, address: &Adresse, news: &Sender<News>) -> Outcome<()> {
    let mut client = Command::new(env::current_exe()?);
    let mut client = client.args([address.to_string(), number.to_string()]).spawn()?;
    let news = news.clone();
    thread::spawn(move || {
        if let Ok(status) = client.wait() {
            let _ = news.send(News::Ended(status));
        }
    });
    Ok(())
}

fn expect_ready(inbox: &Receiver<News>) -> Outcome<Client> {
    match inbox.recv()? {
        News::Ready(client) => Ok(client),
        News::Ended(status) => Err(format!("a client ended too early: {status}").into()),
    }
}

fn expect_success(inbox: &Receiver<News>) -> Outcome<()> {
    match inbox.recv()? {
        News::Ended(status) if status.success() => Ok(()),
        News::Ended(status) => Err(format!("a client failed: {status}").into()),
        News::Ready(client) => Err(format!("{client} should have been refused").into()),
    }
}

/// Bodies for the commands that `cconn_examples` only declares, as one list.
#[cconn::commande]
mod bodies {
    use super::WHO;
    use cconn::commande;

    #[commande]
    pub(super) fn pong(mot: &str) {
        say!("pong: {mot}");
    }

    #[commande]
    pub(super) fn annonce(texte: &str) {
        say!("the server says: {texte}");
    }
}

fn be_client(address: &str, number: &str) -> Outcome<()> {
    let client = match Client::new(address) {
        Ok(client) => client,
        Err(Erreur::Connexion(why)) if matches!(*why, EchecConnexion::Complet { .. }) => {
            say!("not let in: {why}");
            return Ok(());
        }
        Err(other) => return Err(other.into()),
    };
    client.enregistrer(bodies::commandes())?;
    client.enregistrer(commandes![somme])?;

    // While this thread waits for the answer, `pong` runs on a thread of its own.
    client.appeler(ping { mot: "bonjour" })?;
    let total = client.appeler(somme { a: 20, b: 3 })?;
    say!("the server says that 20 + 3 = {total}");

    let compte = Compte { titulaire: format!("client {number}"), solde: 100 };
    let compte = client.appeler(retirer { compte, montant: 30 })?;
    say!("took out 30, {} are left", compte.solde);
    match client.appeler(retirer { compte, montant: 500 }) {
        Err(Erreur::Refus(Decouvert { manque })) => say!("can't take out 500: {manque} missing"),
        other => return Err(format!("500 were not refused: {other:?}").into()),
    }

    // From here on this client only listens. What comes before `lancer` runs is kept for it.
    client.envoyer(nommee("pret", ()))?;
    client.lancer()?;
    say!("the connection was stopped in order");
    Ok(())
}
