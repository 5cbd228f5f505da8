//! A chat with rooms: the server.
//!
//!     cargo run --example chat_serveur -- 12801
//!
//! Whoever connects gives a name and enters a room; what is said there is heard by the others in
//! it. `cconn_examples::chat` declares the commands of both sides. `stop` or the end of the input
//! ends the server.

use std::env;
use std::error::Error;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use cconn::salon::Salon;
use cconn::{Client, Resultat, Serveur, Session, commande, commandes};
use cconn_examples::chat::{self, entendre, savoir};

/// Who a client is, once it has entered a room. Each connection has one.
#[derive(Default)]
struct Place(Mutex<Option<Membre>>);

#[derive(Clone)]
struct Membre {
    nom: String,
    salon: Salon,
}

impl Place {
    fn membre(&self) -> Option<Membre> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, membre: Option<Membre>) -> Option<Membre> {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), membre)
    }
}

/// The name under which a client is in its room.
fn name(client: &Client) -> Option<String> {
    client.avec_session(|place: &Place| place.membre()).flatten().map(|membre| membre.nom)
}

#[commande(de = chat::entrer)]
#[expect(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]
fn entrer(
    serveur: &Serveur,
    client: &Client,
    place: &Session<Place>,
    nom: String,
    salon: &str,
) -> Result<Vec<String>, String> {
    let salon = serveur.salon(salon);
    let there: Vec<String> = salon.membres().iter().filter_map(name).collect();
    if there.contains(&nom) {
        return Err(format!("{nom} is in that room already"));
    }
    leave(client, place);
    salon.entrer(client).map_err(|error| error.to_string())?;
    place.change(Some(Membre { nom: nom.clone(), salon: salon.clone() }));
    tell(client, &salon, &format!("{nom} has come"));
    Ok(there)
}

#[commande(de = chat::dire)]
fn dire(client: &Client, place: &Session<Place>, mot: &str) -> Result<usize, String> {
    let Some(Membre { nom, salon }) = place.membre() else {
        return Err("enter a room first".to_owned());
    };
    let said = salon.sauf(client).diffuser(entendre { nom: &nom, mot });
    Ok(said.map_err(|error| error.to_string())?.atteints)
}

/// Takes a client out of its room, and tells the others.
fn leave(client: &Client, place: &Place) {
    if let Some(Membre { nom, salon }) = place.change(None) {
        salon.quitter(client);
        tell(client, &salon, &format!("{nom} has left"));
    }
}

/// Tells the others in a room. Who does not keep up misses it.
fn tell(client: &Client, salon: &Salon, texte: &str) {
    println!("[{salon}] {texte}");
    if let Err(error) = salon.sauf(client).diffuser(savoir { texte }) {
        println!("[{salon}] {error}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let port: u16 = env::args().nth(1).map_or(Ok(12801), |port| port.parse())?;
    let serveur = Serveur::options(port)
        .max_clients(100)
        .quand_deconnecte(|client, _| {
            client.avec_session(|place: &Place| leave(client, place));
        })
        .ouvrir()?;
    serveur.enregistrer(commandes![entrer, dire])?;
    println!("listening on {}", serveur.adresse());
    let stops = serveur.clone();
    thread::spawn(move || -> Resultat<()> {
        io::stdin().lines().map_while(Result::ok).find(|line| line == "stop");
        stops.eteindre()
    });
    serveur.lancer()?;
    println!("stopped");
    Ok(())
}
