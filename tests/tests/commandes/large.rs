//! Large payloads in every place of a message, in every form that bytes have.

use std::borrow::Cow;
use std::thread;
use std::time::Duration;

use cconn::{Client, Erreur, Octets, OctetsRef, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Serialize};

/// Sizes around those at which another way is taken.
const SIZES: [usize; 8] =
    [0, 1, (16 << 10) - 1, 16 << 10, (32 << 10) - 1, 32 << 10, 65_536, (1 << 20) + 3];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Photo {
    nom: String,
    image: Octets,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Trop {
    Grand(String),
    Gros(Octets),
}

#[commande]
fn octets(octets: Vec<u8>) -> Vec<u8> {
    octets
}

#[commande]
fn empruntes(octets: &[u8]) -> Vec<u8> {
    octets.to_vec()
}

#[commande]
fn au_choix(octets: Cow<'_, [u8]>) -> Octets {
    octets.into_owned().into()
}

#[commande]
fn texte(texte: String) -> String {
    texte
}

#[commande]
fn mot(texte: &str) -> Resultat<String> {
    Ok(texte.to_owned())
}

#[commande]
fn au_milieu(
    debut: u64,
    octets: Octets,
    fin: &str,
    dernier: Option<u8>,
) -> (u64, Octets, String, Option<u8>) {
    (debut, octets, fin.to_owned(), dernier)
}

#[commande]
fn deux(gauche: &[u8], droite: Vec<u8>) -> (Octets, Octets) {
    (droite.into(), gauche.to_vec().into())
}

#[commande]
fn photo(photo: Photo) -> Option<Photo> {
    Some(photo)
}

#[commande]
fn un_a_un(octets: Vec<Option<u8>>, champ: (u8, Vec<u8>)) -> (u8, Vec<u8>, usize) {
    (champ.0, champ.1, octets.len())
}

#[commande]
fn nombres(nombres: Vec<u32>) -> Vec<u32> {
    nombres
}

#[commande]
fn refus(texte: String) -> Result<(), Trop> {
    Err(if texte.len().is_multiple_of(2) {
        Trop::Grand(texte)
    } else {
        Trop::Gros(texte.into_bytes().into())
    })
}

#[commande]
fn paire(octets: OctetsRef<'_>) -> (u8, Octets) {
    (3, octets.0.to_vec().into())
}

fn with_client(test: impl FnOnce(&Client) + Send + 'static) {
    with_watchdog("large", Duration::from_secs(20), move || {
        let serveur = Serveur::new(0).unwrap();
        let all = commandes![
            octets, empruntes, au_choix, texte, mot, au_milieu, deux, photo, un_a_un, nombres,
            refus, paire
        ];
        serveur.enregistrer(all).unwrap();
        serveur.enregistrer_commande("ferme", |_, (a, b): (u8, Vec<u8>)| (b, a)).unwrap();
        serveur.enregistrer_commande("ferme_texte", |_, (a,): (String,)| a).unwrap();
        thread::scope(|scope| {
            let launched = scope.spawn(|| serveur.lancer());
            let client = Client::new(serveur.adresse().to_string()).unwrap();
            test(&client);
            client.eteindre().unwrap();
            serveur.eteindre().unwrap();
            launched.join().unwrap().unwrap();
        });
    });
}

fn numbered(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}

fn letters(size: usize) -> String {
    ('a'..='z').cycle().take(size).collect()
}

#[test]
fn bytes_come_back_whole_in_every_form() {
    with_client(|client| {
        for size in SIZES.into_iter().chain([32 << 10, 1, 70_000]) {
            let sent = numbered(size);
            assert!(client.appeler(octets { octets: sent.clone() }).unwrap() == sent);
            assert!(client.appeler(empruntes { octets: &sent }).unwrap() == sent);
            let cow = Cow::Borrowed(&*sent);
            assert!(client.appeler(au_choix { octets: cow }).unwrap().0 == sent);
            let found = client.appeler(paire { octets: sent.as_slice().into() }).unwrap();
            assert!(found == (3, sent.clone().into()));
            let found: (Octets, u8) =
                client.appeler(nommee("ferme", (9_u8, OctetsRef(&sent)))).unwrap();
            assert!(found == (sent.into(), 9), "{size}");
        }
    });
}

#[test]
fn texts_come_back_whole_in_every_form() {
    with_client(|client| {
        for size in SIZES {
            let sent = letters(size);
            assert!(client.appeler(texte { texte: sent.clone() }).unwrap() == sent);
            assert!(client.appeler(mot { texte: &sent }).unwrap() == sent);
            let found: String = client.appeler(nommee("ferme_texte", (&sent,))).unwrap();
            assert!(found == sent, "{size}");
        }
    });
}

#[test]
fn the_large_part_may_stand_anywhere() {
    with_client(|client| {
        for size in SIZES {
            let (sent, word) = (Octets(numbered(size)), letters(size % 1000));
            let found = client
                .appeler(au_milieu {
                    debut: 1 << 40,
                    octets: sent.clone(),
                    fin: &word,
                    dernier: None,
                })
                .unwrap();
            assert!(found == (1 << 40, sent.clone(), word, None), "{size}");
            let found = client.appeler(deux { gauche: &sent.0, droite: vec![1; size] }).unwrap();
            assert!(found == (vec![1; size].into(), sent.clone()), "{size}");
            let picture = Photo { nom: letters(size % 300), image: sent };
            let found = client.appeler(photo { photo: picture.clone() }).unwrap();
            assert!(found == Some(picture), "{size}");
        }
    });
}

#[test]
fn piecewise_reads_reach_a_part_that_stands_apart() {
    with_client(|client| {
        for size in SIZES {
            let (many, bytes) = (vec![None; size % 5], numbered(size));
            let found =
                client.appeler(un_a_un { octets: many, champ: (8, bytes.clone()) }).unwrap();
            assert!(found == (8, bytes, size % 5), "{size}");
            let numbers: Vec<u32> =
                (0..).map(|n: u32| n.wrapping_mul(77_777)).take(size / 4).collect();
            assert!(client.appeler(nombres { nombres: numbers.clone() }).unwrap() == numbers);
        }
    });
}

#[test]
fn a_refusal_may_be_large() {
    with_client(|client| {
        for size in SIZES {
            let sent = letters(size);
            let expected = if size % 2 == 0 {
                Trop::Grand(sent.clone())
            } else {
                Trop::Gros(sent.clone().into_bytes().into())
            };
            match client.appeler(refus { texte: sent }) {
                Err(Erreur::Refus(found)) => assert!(found == expected, "{size}"),
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn large_and_small_messages_from_many_threads_do_not_meet() {
    with_client(|client| {
        thread::scope(|scope| {
            for thread in 0..4_usize {
                scope.spawn(move || {
                    for round in 0..40 {
                        let size = SIZES[(thread + round) % SIZES.len()];
                        let mut sent = numbered(size);
                        sent.push(u8::try_from(thread).unwrap());
                        assert!(client.appeler(octets { octets: sent.clone() }).unwrap() == sent);
                    }
                });
            }
        });
    });
}
