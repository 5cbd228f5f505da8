//! The file of a Unix socket: whose it is, what it replaces, what is an error and in which words.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;

use cconn::{Adresse, Client, Erreur, Serveur};
use cconn_tests::with_watchdog;

use super::dossier::{Dossier, LIMIT, launch, stop};

fn not_listened(path: &Path) -> String {
    let error = Serveur::new(path).unwrap_err();
    assert!(matches!(error, Erreur::Connexion(_)), "{error:?}");
    let text = error.to_string();
    assert_eq!(text.matches(&format!("unix:{}", path.display())).count(), 1, "named once: {text}");
    text
}

fn not_reached(path: &Path) -> String {
    let error = Client::new(path).unwrap_err();
    assert!(matches!(error, Erreur::Connexion(_)), "{error:?}");
    error.to_string()
}

#[test]
fn the_socket_is_for_this_user_alone_and_goes_with_the_server() {
    with_watchdog("mode", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let serveur = Serveur::new(&path).unwrap();
        let found = fs::metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o7777, 0o600);
        assert_eq!(serveur.adresse().to_string(), format!("unix:{}", path.display()));
        assert_eq!(serveur.adresse().chemin(), Some(&*path));
        assert_eq!((serveur.adresse().port(), serveur.adresse().socket()), (None, None));
        let lancer = launch(&serveur);
        drop(Client::new(&path).unwrap());
        stop(&serveur, lancer);
        assert_eq!(dossier.names(), [""; 0]);
    });
}

#[test]
fn a_server_that_never_ran_and_one_that_was_stopped_before_leave_nothing() {
    with_watchdog("never ran", LIMIT, || {
        let dossier = Dossier::new();
        drop(Serveur::new(dossier.join("dropped")).unwrap());
        let stopped = Serveur::new(dossier.join("stopped")).unwrap();
        stopped.eteindre().unwrap();
        assert_eq!(dossier.names(), [""; 0]);
        drop(stopped);
    });
}

#[test]
fn a_second_server_is_refused_and_the_first_goes_on() {
    with_watchdog("second", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let serveur = Serveur::new(&path).unwrap();
        let lancer = launch(&serveur);
        for _ in 0..3 {
            let text = not_listened(&path);
            let process =
                format!("a server listens there already (process {})", std::process::id());
            assert!(text.contains(&process), "{text}");
        }
        drop(Client::new(&path).unwrap());
        stop(&serveur, lancer);
        drop(Serveur::new(&path).unwrap());
    });
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    with_watchdog("left behind", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        drop(UnixListener::bind(&path).unwrap());
        let text = not_reached(&path);
        assert!(
            text.contains("was left behind") && text.contains("start the server again"),
            "{text}"
        );
        // A lock file that nobody holds says nothing.
        fs::write(dossier.join("s.lock"), "1").unwrap();
        let serveur = Serveur::new(&path).unwrap();
        let lancer = launch(&serveur);
        drop(Client::new(&path).unwrap());
        stop(&serveur, lancer);
        assert_eq!(dossier.names(), [""; 0]);
    });
}

#[test]
fn what_another_program_listens_on_is_left_alone() {
    with_watchdog("another program", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let theirs = UnixListener::bind(&path).unwrap();
        assert!(not_listened(&path).contains("a server listens there already"));
        UnixStream::connect(&path).unwrap();
        drop(theirs);
        let datagrams = dossier.join("d");
        let _theirs = UnixDatagram::bind(&datagrams).unwrap();
        assert!(not_listened(&datagrams).contains("listens there already"));
        assert!(not_reached(&datagrams).contains("of another type"));
        assert!(datagrams.exists());
    });
}

#[test]
fn what_is_no_socket_is_left_alone() {
    with_watchdog("no socket", LIMIT, || {
        let dossier = Dossier::new();
        let (file, folder, link) = (dossier.join("f"), dossier.join("d"), dossier.join("l"));
        fs::write(&file, "precious").unwrap();
        fs::create_dir(&folder).unwrap();
        symlink(&file, &link).unwrap();
        for (path, wanted) in [
            (&file, "a file and no socket; choose another path"),
            (&folder, "a folder and no socket; put the socket into it"),
            (&link, "a symbolic link and no socket"),
        ] {
            assert!(not_listened(path).contains(wanted), "{path:?}: {}", not_listened(path));
            assert!(not_reached(path).contains(wanted), "{path:?}: {}", not_reached(path));
        }
        assert_eq!(fs::read(&file).unwrap(), b"precious");
        assert_eq!(dossier.names(), ["d", "f", "l"]);
        let inside = file.join("s");
        assert!(not_listened(&inside).contains("is no folder"), "{}", not_listened(&inside));
        assert!(not_reached(&inside).contains("is no folder"), "{}", not_reached(&inside));
    });
}

#[test]
fn what_is_not_there_is_named() {
    with_watchdog("missing", LIMIT, || {
        let dossier = Dossier::new();
        let nobody = not_reached(&dossier.join("s"));
        assert!(nobody.contains("there is no socket; start the server first"), "{nobody}");
        let path = dossier.join("absent/s");
        let text = not_listened(&path);
        assert!(text.contains("there is no folder `") && text.contains("mode 0700"), "{text}");
        assert!(not_reached(&path).contains("there is no folder `"), "{}", not_reached(&path));
    });
}

#[test]
fn a_path_may_be_so_long_and_no_longer() {
    with_watchdog("long", LIMIT, || {
        let longest = if cfg!(target_os = "linux") { 107 } else { 103 };
        let dossier = Dossier::new();
        let taken = dossier.join("").as_os_str().len();
        let path = dossier.join("x".repeat(longest - taken));
        let serveur = Serveur::new(&path).unwrap();
        let lancer = launch(&serveur);
        drop(Client::new(&path).unwrap());
        stop(&serveur, lancer);
        let path = dossier.join("x".repeat(longest - taken + 1));
        for text in [not_listened(&path), not_reached(&path)] {
            let wanted =
                format!("takes {} bytes, and the path of a Unix socket at most", longest + 1);
            assert!(text.contains(&wanted) && text.contains("shorter folder"), "{text}");
        }
        assert_eq!(dossier.names(), [""; 0]);
    });
}

#[test]
fn the_lock_file_is_no_way_to_write_into_other_files() {
    with_watchdog("lock file", LIMIT, || {
        let dossier = Dossier::new();
        let precious = dossier.join("precious");
        fs::write(&precious, "precious").unwrap();
        symlink(&precious, dossier.join("s.lock")).unwrap();
        let text = not_listened(&dossier.join("s"));
        assert!(text.contains("s.lock` is no regular file, so it is left alone"), "{text}");
        assert_eq!(fs::read(&precious).unwrap(), b"precious");
        fs::remove_file(dossier.join("s.lock")).unwrap();
        fs::create_dir(dossier.join("s.lock")).unwrap();
        let text = not_listened(&dossier.join("s"));
        assert!(text.contains("s.lock` is no regular file, so it is left alone"), "{text}");
    });
}

#[test]
fn a_file_that_took_the_socket_s_place_is_not_removed() {
    with_watchdog("taken place", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let serveur = Serveur::new(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "another's").unwrap();
        serveur.eteindre().unwrap();
        assert_eq!(dossier.names(), ["s"]);
    });
}

#[test]
#[cfg(target_os = "linux")]
fn an_abstract_name_needs_no_file() {
    with_watchdog("abstract", LIMIT, || {
        let name = format!("unix:@cconn-{}", std::process::id());
        let nobody = Client::new(&name).unwrap_err().to_string();
        assert!(nobody.contains("no server listens under this abstract name"), "{nobody}");
        let serveur = Serveur::new(&name).unwrap();
        assert_eq!(serveur.adresse().chemin(), None);
        let second = Serveur::new(&name).unwrap_err().to_string();
        assert!(second.contains("listens under this abstract name already"), "{second}");
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        assert!(client.identite().unix().unwrap().est_meme_utilisateur());
        drop(client);
        stop(&serveur, lancer);
        let long = format!("unix:@{}", "x".repeat(108));
        assert!(Serveur::new(&long).unwrap_err().to_string().contains("takes 108 bytes"));
        drop(Serveur::new(format!("unix:@{}", "x".repeat(107))).unwrap());
    });
}

#[test]
fn a_socket_that_this_user_may_not_use_says_whose_it_is() {
    // The superuser may use every socket, so another user tries.
    let nobody = 65534;
    with_watchdog("forbidden", LIMIT, || {
        if let Some(path) = std::env::var_os("CCONN_TEST_FORBIDDEN") {
            let path = Path::new(&path);
            println!("{}", not_reached(path));
            println!("{}", not_listened(&path.with_file_name("t")));
            println!("{}", not_reached(&path.with_file_name("closed/s")));
            return;
        }
        let dossier = Dossier::new();
        let serveur = Serveur::new(dossier.join("s")).unwrap();
        if fs::metadata(dossier.join("s")).unwrap().uid() != 0 {
            return;
        }
        fs::create_dir(dossier.join("closed")).unwrap();
        fs::set_permissions(dossier.join("closed"), fs::Permissions::from_mode(0o700)).unwrap();
        // The program of this test is copied to where that user may run it.
        let program = dossier.join("program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let name = "unix::fichiers::a_socket_that_this_user_may_not_use_says_whose_it_is";
        let mut command = std::process::Command::new(program);
        command.args([name, "--exact", "--nocapture"]).uid(nobody).gid(nobody);
        let output = command.env("CCONN_TEST_FORBIDDEN", dossier.join("s")).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        for wanted in [
            "user 65534 may not use this socket: it belongs to user 0, with mode 0600",
            "user 65534 may not make files in the folder",
            "user 65534 may not look into the folder",
        ] {
            assert!(said.contains(wanted), "{wanted}: {output:?}");
        }
        drop(serveur);
    });
}

#[test]
fn what_is_no_name_of_a_socket_says_why() {
    for (text, wanted) in [
        ("unix:", "the path of the socket is missing"),
        ("unix:@", "the abstract name is missing"),
        (
            "unix:4000",
            "write `unix:./4000` for a socket of that name, or `unix.:4000` for the host",
        ),
        ("unix:/run/", "is a folder and no socket"),
        ("unix://run/x", "write `unix:/run/x`"),
        ("unix:/run/a\nb", "can't be part of the name"),
        ("unix:/run/a\0b", "can't be part of the name"),
        ("/run/x", "write `unix:/run/x` for a Unix socket"),
    ] {
        for error in [Client::new(text).unwrap_err(), Serveur::new(text).unwrap_err()] {
            assert!(error.to_string().contains(wanted), "{text:?}: {error}");
        }
    }
    for (text, shown) in [
        ("unix:///run/x", "unix:/run/x"),
        ("UNIX:/run/x", "unix:/run/x"),
        ("unix:./x", "unix:./x"),
        ("unix:x", "unix:x"),
        ("unix:/run/a b:c", "unix:/run/a b:c"),
        ("unix:@x", "unix:@x"),
        ("unix:./@x", "unix:./@x"),
    ] {
        let adresse: Adresse = text.parse().unwrap();
        assert_eq!(adresse.to_string(), shown);
        assert_eq!(shown.parse(), Ok(adresse));
    }
}
