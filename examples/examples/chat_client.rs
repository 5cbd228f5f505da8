//! A chat with rooms: a client.
//!
//!     cargo run --example chat_client -- 127.0.0.1:12801 Ada cuisine
//!
//! Each line that is typed goes to the others in the room; `/salon NAME` goes to another room.

use std::env;
use std::error::Error;
use std::io;

use cconn::{Client, Erreur, commande, commandes};
use cconn_examples::chat::{self, dire, entrer};

#[commande(de = chat::entendre)]
fn entendre(nom: &str, mot: &str) {
    println!("{nom}: {mot}");
}

#[commande(de = chat::savoir)]
fn savoir(texte: &str) {
    println!("* {texte}");
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or("127.0.0.1:12801".to_owned());
    let nom = arguments.next().unwrap_or("Ada".to_owned());
    let salon = arguments.next().unwrap_or("cuisine".to_owned());

    let client = Client::new(address)?;
    client.enregistrer(commandes![entendre, savoir])?;
    // What the others say comes while this thread waits for the keyboard.
    client.ecouter()?;
    go(&client, &nom, &salon);
    for line in io::stdin().lines().map_while(Result::ok) {
        match line.strip_prefix("/salon ") {
            Some(salon) => go(&client, &nom, salon),
            None => match client.appeler(dire { mot: &line }) {
                Ok(heard) => println!("* heard by {heard}"),
                Err(error) if error.est_fatale() => return Err(error.into()),
                Err(error) => println!("* {error}"),
            },
        }
    }
    Ok(client.eteindre()?)
}

fn go(client: &Client, nom: &str, salon: &str) {
    match client.appeler(entrer { nom: nom.to_owned(), salon }) {
        Ok(there) => println!("* in {salon}, with {there:?}"),
        Err(Erreur::Refus(why)) => println!("* not let in: {why}"),
        Err(error) => println!("* {error}"),
    }
}
