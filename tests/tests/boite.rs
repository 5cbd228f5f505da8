//! The black box: what it keeps of a connection, when it writes it, and what can be made of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cconn::essais::{BoiteNoire, Passage, trames};
use cconn::{Client, Erreur, Octets, Serveur, nommee};
use cconn_tests::raw::{Raw, call, one_way};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(30);

/// A folder of a test's own, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("cconn-boite-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    fn files(&self) -> Vec<PathBuf> {
        fs::read_dir(&self.0).unwrap().map(|file| file.unwrap().path()).collect()
    }

    /// The only file, once it is there.
    fn file(&self) -> PathBuf {
        let begin = Instant::now();
        loop {
            if let [file] = &self.files()[..]
                && file.extension().is_some_and(|found| found == "boite")
            {
                return file.clone();
            }
            assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", self.files());
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn serveur(folder: &Path, octets: usize) -> Serveur {
    let options =
        Serveur::options(0).max_clients(4).boite_noire(folder, octets).echecs_affiches(false);
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
    serveur.enregistrer_commande("echo", |_, (octets,): (Octets,)| octets).unwrap();
    serveur
        .enregistrer_commande("tombe", |_, (): ()| -> () { panic!("as it was asked to") })
        .unwrap();
    serveur
}

fn running(folder: &Path, octets: usize) -> (Serveur, std::thread::JoinHandle<()>) {
    let serveur = serveur(folder, octets);
    let lancer = std::thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer().unwrap()
    });
    (serveur, lancer)
}

fn kinds(boite: &BoiteNoire, sent: bool) -> Vec<&'static str> {
    let one = |passed: &Passage| trames::lire(&passed.octets).next().unwrap().genre;
    boite.passages.iter().filter(|one| one.envoyee == sent).map(one).collect()
}

#[test]
fn an_orderly_end_leaves_no_file() {
    with_watchdog("orderly", LIMIT, || {
        let folder = Folder::new();
        let (serveur, lancer) = running(&folder.0, 1 << 20);
        let options = Client::options(serveur.adresse()).boite_noire(&folder.0, 1 << 20);
        let client = options.connecter().unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (2_u64,))).unwrap(), 4);
        client.eteindre().unwrap();
        serveur.eteindre().unwrap();
        lancer.join().unwrap();
        drop((client, serveur));
        assert!(folder.files().is_empty(), "{:?}", folder.files());
    });
}

#[test]
fn a_cut_leaves_what_was_said_on_both_sides() {
    with_watchdog("cut", LIMIT, || {
        let (theirs, ours) = (Folder::new(), Folder::new());
        let (serveur, lancer) = running(&theirs.0, 1 << 20);
        let options = Client::options(serveur.adresse()).boite_noire(&ours.0, 1 << 20);
        let client = options.connecter().unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (2_u64,))).unwrap(), 4);
        let image = Octets(vec![5; 200_000]);
        assert_eq!(client.appeler::<Octets, _>(nommee("echo", (&image,))).unwrap(), image);
        assert!(client.appeler::<(), _>(nommee("tombe", ())).is_err());
        client.close();
        let (theirs, ours) =
            (BoiteNoire::lire(theirs.file()).unwrap(), BoiteNoire::lire(ours.file()).unwrap());
        for (boite, caller, callee) in [(&theirs, false, true), (&ours, true, false)] {
            let asked = kinds(boite, caller);
            let told = kinds(boite, callee);
            assert_eq!(asked.iter().filter(|kind| **kind == "call").count(), 3, "{asked:?}");
            assert_eq!(told.iter().filter(|kind| **kind == "answer").count(), 2, "{told:?}");
            assert!(told.contains(&"failure"), "{told:?}");
            assert!(asked.contains(&"adieu"), "the close is told: {asked:?}");
            assert!(boite.passages.is_sorted_by_key(|one| one.apres), "{boite:?}");
            assert!(boite.passages.iter().all(|one| one.taille == one.octets.len()));
        }
        assert!(ours.lien.contains(&serveur.adresse().to_string()), "{}", ours.lien);
        serveur.eteindre().unwrap();
        lancer.join().unwrap();
    });
}

#[test]
fn the_ring_keeps_the_last_frames_and_the_beginning_of_one_that_is_too_large() {
    with_watchdog("ring", LIMIT, || {
        let folder = Folder::new();
        let serveur = serveur(&folder.0, 2000);
        let client = serveur.client_local().unwrap();
        for n in 0..100_u64 {
            client.appeler::<u64, _>(nommee("double", (n,))).unwrap();
        }
        let image = Octets(vec![5; 50_000]);
        client.appeler::<Octets, _>(nommee("echo", (&image,))).unwrap();
        for n in 0..3_u64 {
            client.appeler::<u64, _>(nommee("double", (n,))).unwrap();
        }
        client.close();
        let boite = BoiteNoire::lire(folder.file()).unwrap();
        let held: usize = boite.passages.iter().map(|one| one.octets.len() + 64).sum();
        assert!(held <= 2000 && boite.passages.len() > 5, "{held}, {}", boite.passages.len());
        // The newest is the last word.
        assert_eq!(kinds(&boite, false).last(), Some(&"adieu"), "{boite:?}");

        let folder = Folder::new();
        let serveur = self::serveur(&folder.0, 2000);
        let client = serveur.client_local().unwrap();
        client.appeler::<Octets, _>(nommee("echo", (&image,))).unwrap();
        client.close();
        let text = fs::read_to_string(folder.file()).unwrap();
        assert!(text.len() < 20_000, "{} bytes", text.len());
    });
}

#[test]
fn a_peer_that_breaks_the_protocol_is_there_to_be_looked_at() {
    with_watchdog("broken", LIMIT, || {
        let folder = Folder::new();
        let (serveur, lancer) = running(&folder.0, 1 << 16);
        let mut raw = Raw::client(serveur.adresse().socket().unwrap());
        raw.send(&one_way("double", &[1]));
        raw.send(&[3, 0, 0, 0, 99, 1, 2]);
        raw.rest();
        let boite = BoiteNoire::lire(folder.file()).unwrap();
        let last = boite.passages.iter().rfind(|one| !one.envoyee).unwrap();
        assert_eq!(last.octets, [3, 0, 0, 0, 99, 1, 2]);
        assert!(kinds(&boite, true).contains(&"adieu"), "{boite:?}");
        serveur.eteindre().unwrap();
        lancer.join().unwrap();
    });
}

#[test]
fn what_was_received_is_played_to_the_commands_of_a_test() {
    with_watchdog("replay", LIMIT, || {
        let folder = Folder::new();
        let (first, lancer) = running(&folder.0, 1 << 20);
        let mut raw = Raw::client(first.adresse().socket().unwrap());
        // Calls of which the last one is cut in the middle, and a one-way message.
        raw.send(&call(1, "double", &[21]));
        raw.send(&one_way("double", &[1]));
        raw.send(&call(2, "inconnue", &[]));
        raw.send(&call(3, "tombe", &[]));
        raw.send(&call(4, "double", &[7])[..20]);
        raw.end();
        raw.rest();
        let boite = BoiteNoire::lire(folder.file()).unwrap();
        first.eteindre().unwrap();
        lancer.join().unwrap();
        let text = fs::read_to_string(folder.file()).unwrap();
        assert!(text.ends_with("# < 20 bytes of a further frame\n"), "{text}");

        let other = Folder::new();
        for _ in 0..2 {
            let again = serveur(&other.0, 0);
            let answers = boite.rejouer(&again).unwrap();
            let told =
                |id, genre| answers.iter().any(|one| one.id == Some(id) && one.genre == genre);
            assert!(told(1, "answer") && told(2, "failure") && told(3, "failure"), "{answers:?}");
            assert!(!answers.iter().any(|one| one.id == Some(4)), "{answers:?}");
        }
        // A server that lets nobody in says so.
        let full = Serveur::options(0).max_clients(1).ouvrir().unwrap();
        let _place = full.client_local().unwrap();
        let refused = boite.rejouer(&full).unwrap_err();
        assert!(matches!(refused, Erreur::Connexion(_)), "{refused:?}");
    });
}

#[test]
fn a_folder_that_is_not_there_is_told_and_ends_nothing_else() {
    with_watchdog("folder", LIMIT, || {
        let serveur = serveur(Path::new("/nowhere/at/all"), 1 << 16);
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (2_u64,))).unwrap(), 4);
        client.close();
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler::<u64, _>(nommee("double", (3_u64,))).unwrap(), 6);
    });
}

#[test]
fn files_that_are_no_black_boxes_are_told_by_their_line() {
    let line = |text: &str| BoiteNoire::texte(text).unwrap_err().ligne;
    let head = "cconn black box 1\nlink\n";
    assert_eq!((line(""), line("hello"), line("cconn black box 2\nlink\n")), (1, 1, 1));
    assert_eq!(line("cconn black box 1"), 2);
    for wrong in [
        "x > 3 00",
        "0.1 = 3 00",
        "0.1 > x 00",
        "0.1 > 3 0",
        "0.1 > 3 zz",
        "0.1 > 1 0000",
        "0.1 > 3",
        "0.1 > 3 00 00",
        "-1 > 3 00",
        "nan > 3 00",
        "0.1 > 3 é0",
        "1e400 > 3 00",
    ] {
        assert_eq!(line(&format!("{head}0.5 < 1 00\n{wrong}\n")), 4, "{wrong}");
    }
    let read = BoiteNoire::texte(&format!("{head}0.5 < 9 00ff\n# > 3 bytes\n")).unwrap();
    assert_eq!((read.lien.as_str(), read.passages.len()), ("link", 1));
    assert_eq!((read.passages[0].taille, &read.passages[0].octets[..]), (9, &[0, 255][..]));
}
