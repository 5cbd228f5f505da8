//! A program that another one starts on the same machine: a child, or a server that is started when
//! it is needed. `voisin <how> [<address>]`.
#![cfg_attr(not(unix), allow(unused))]

use std::io::{Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(unix)]
use std::os::unix::net::UnixListener;
use std::process;
use std::thread;
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, nommee};
use cconn_tests::raw::Greeting;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(20);

fn with_commands(serveur: &Serveur) -> Resultat<()> {
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
    serveur.enregistrer_commande("pid", |_, (): ()| process::id())?;
    serveur.enregistrer_commande("rappel", |client: &Client, (n,): (u64,)| {
        client.appeler::<u64, _>(nommee("plus", (n,)))
    })?;
    serveur.enregistrer_commande("dit", |_, (text,): (String,)| println!("{text}"))?;
    serveur.enregistrer_commande("finit", |_, (code,): (i32,)| -> () { process::exit(code) })?;
    serveur.enregistrer_commande("tombe", |_, (): ()| -> () { process::abort() })?;
    serveur.enregistrer_commande("lit", |_, (): ()| {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(cconn::Erreur::echec)?;
        Ok::<_, cconn::Erreur>(line)
    })?;
    serveur.enregistrer_commande("dort", |_, (): ()| thread::sleep(LONG))
}

fn child() -> Resultat<()> {
    let serveur = Serveur::depuis_parent()?;
    with_commands(&serveur)?;
    serveur.lancer()
}

fn argument(n: usize) -> String {
    std::env::args().nth(n).expect("a further argument")
}

/// A server that is started when it is needed, and stops after so many milliseconds without a
/// client.
fn server() -> Resultat<()> {
    let idle = argument(3).parse().expect("a number");
    let mut options = Serveur::options(argument(2)).unique().max_clients(300);
    if let Some(version) = std::env::args().nth(4) {
        options = options.programme("voisin", &version, "");
    }
    let serveur = options.s_arreter_si_oisif(Duration::from_millis(idle)).ouvrir()?;
    with_commands(&serveur)?;
    let faible = serveur.faible();
    serveur.enregistrer_commande("combien", move |_, (): ()| {
        faible.serveur().map_or(0, |serveur| serveur.clients().len())
    })?;
    eprintln!("it is about to serve");
    serveur.lancer()?;
    // The standard error leads nowhere by now; a write to it must not fail.
    eprintln!("it has served");
    Ok(())
}

/// A server whose only place is taken for a while, and that stops after so many milliseconds without
/// a client.
fn full() -> Resultat<()> {
    let idle = argument(3).parse().expect("a number");
    let options = Serveur::options(argument(2)).unique().max_clients(1);
    let serveur = options.s_arreter_si_oisif(Duration::from_millis(idle)).ouvrir()?;
    let taken = serveur.client_local()?;
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(500));
        drop(taken);
    });
    serveur.lancer()
}

/// A server whose time is over when the first client comes; then one that has ended before; and
/// then one that serves.
#[cfg(unix)]
fn hesitant() -> Resultat<()> {
    let address = argument(2);
    let path = address.trim_start_matches("unix:");
    let [first, second] = ["1", "2"].map(|n| format!("{path}.{n}"));
    if std::fs::remove_file(&second).is_ok() {
        return server();
    }
    if std::fs::rename(&first, &second).is_ok() {
        std::fs::remove_file(path).expect("the socket is there");
        return Ok(());
    }
    std::fs::write(first, "").expect("a folder of the test's");
    let socket = std::io::stdin().as_fd().try_clone_to_owned().expect("a further descriptor");
    let listener = UnixListener::from(socket);
    // Whoever handed it over may have it never block, and connects a moment later.
    listener.set_nonblocking(false).expect("it is a socket");
    let mut newcomer = listener.accept().expect("somebody comes").0;
    let refusal = Greeting::refusing(2, "");
    newcomer.write_all(&refusal.bytes()).expect("the newcomer waits");
    // Until the newcomer has read it.
    let _gone = newcomer.read_to_end(&mut Vec::new());
    Ok(())
}

/// A server that another program can replace. It says its address, and stops when it was left
/// alone for long.
fn relayed() -> Resultat<()> {
    let options = Serveur::options(argument(2)).unique().max_clients(300);
    let serveur = options.s_arreter_si_oisif(LONG / 2).ouvrir()?;
    with_commands(&serveur)?;
    let faible = serveur.faible();
    serveur.enregistrer_commande("relaie", move |_, (how,): (String,)| {
        let Some(serveur) = faible.serveur() else { return Ok(()) };
        let mut commande = process::Command::new(std::env::current_exe().expect("it has a path"));
        commande.arg(how).arg(serveur.adresse().to_string());
        serveur.relayer(commande)
    })?;
    println!("{}", serveur.adresse());
    serveur.lancer()
}

/// Connects to such a server, starts it if need be, and says its number; ends with its input.
fn call() -> Resultat<()> {
    let mut commande = process::Command::new(std::env::current_exe().expect("it has a path"));
    commande.args(["serveur", &argument(2), &argument(3)]);
    let client = Client::ou_lancer(argument(2), commande)?;
    println!("{}", client.appeler::<u32, _>(nommee("pid", ()))?);
    std::io::stdin().read_line(&mut String::new()).expect("it can be read");
    client.eteindre()
}

/// Says as whom a server knows this process, or why it does not let it in.
fn visit() {
    let asked = Client::new(argument(2));
    match asked.and_then(|client| client.appeler::<String, _>(nommee("qui", ()))) {
        Ok(name) => println!("{name}"),
        Err(error) => println!("error: {error}"),
    }
}

/// Connects to a server that a script starts, within so many milliseconds, and says its number; ends
/// with its input.
fn start() -> Resultat<()> {
    let mut commande = process::Command::new("sh");
    let program = std::env::current_exe().expect("it has a path");
    commande.arg("-c").arg(argument(3)).arg(program);
    let time = Duration::from_millis(argument(4).parse().expect("a number"));
    let client = Client::options(argument(2)).delai_connexion(time).ou_lancer(commande)?;
    println!("{}", client.appeler::<u32, _>(nommee("pid", ()))?);
    std::io::stdin().read_line(&mut String::new()).expect("it can be read");
    client.eteindre()
}

fn run(how: &str) -> Resultat<()> {
    match how {
        "enfant" => child(),
        "bavard" => {
            child()?;
            println!("the connection has ended");
            Ok(())
        }
        "deux" => {
            let serveur = Serveur::depuis_parent()?;
            let second = Serveur::depuis_parent().expect_err("it is taken");
            serveur.enregistrer_commande("second", move |_, (): ()| second.to_string())?;
            serveur.lancer()
        }
        "serveur" => server(),
        "plein" => full(),
        #[cfg(unix)]
        "hesite" => hesitant(),
        "relaye" => relayed(),
        "ouvre" => Serveur::options(argument(2)).unique().ouvrir().map(drop),
        // A successor in another folder.
        "ailleurs" => {
            let folder = std::env::var_os("CCONN_TEST_FOLDER").expect("a folder");
            std::env::set_current_dir(folder).expect("it can be gone to");
            relayed()
        }
        // A program that was given a socket, and does not take it over.
        "simple" => Serveur::options(argument(2)).ouvrir()?.lancer(),
        "appelle" => call(),
        "visite" => {
            visit();
            Ok(())
        }
        "lance" => start(),
        "muet" => {
            thread::sleep(LONG);
            Ok(())
        }
        "rien" => Ok(()),
        "faute" => process::exit(3),
        "tarde" => {
            thread::sleep(Duration::from_secs(4));
            process::exit(3)
        }
        other => panic!("there is no way `{other}`"),
    }
}

fn main() {
    let how = std::env::args().nth(1).expect("how to run");
    if let Err(error) = run(&how) {
        eprintln!("{error}");
        process::exit(1);
    }
}
