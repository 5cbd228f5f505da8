//! Files of others at the names of the lock files, locks that others hold, and processes that are
//! killed while they start a server.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use cconn::{Client, Serveur, nommee};
use cconn_tests::{until, until_some, with_watchdog};
use rustix::fs::{FlockOperation, flock};

use super::dossier::{Dossier, LIMIT};

const VOISIN: &str = env!("CARGO_BIN_EXE_voisin");

fn not_listened(path: &Path) -> String {
    Serveur::new(path).unwrap_err().to_string()
}

fn not_started(path: &Path) -> String {
    let options = Client::options(path).delai_connexion(Duration::from_millis(100));
    options.ou_lancer(Command::new("/no/such/program")).unwrap_err().to_string()
}

fn lock(file: &File) {
    flock(file, FlockOperation::NonBlockingLockExclusive).unwrap();
}

/// The errors of a server at `path` and of a process that would start one, for a file that is in the
/// way of each. It stays as it is.
fn in_the_way(dossier: &Dossier, put: impl Fn(&Path)) -> Vec<String> {
    let path = dossier.join("s");
    let errors = ["s.lock", "s.start"].map(|name| {
        let file = dossier.join(name);
        put(&file);
        let seen = || {
            let found = fs::symlink_metadata(&file).unwrap();
            (found.ino(), found.mtime_nsec(), found.len(), found.mode(), found.nlink())
        };
        let before = seen();
        let errors = if name == "s.lock" {
            vec![not_listened(&path), not_started(&path)]
        } else {
            vec![not_started(&path)]
        };
        assert_eq!(seen(), before, "{errors:?}");
        assert_eq!(dossier.names(), [name], "{errors:?}");
        for error in &errors {
            assert!(error.contains(&format!("{name}`")), "{error}");
        }
        fs::remove_file(&file).or_else(|_| fs::remove_dir(&file)).unwrap();
        errors
    });
    errors.concat()
}

#[test]
fn a_file_of_the_user_s_own_is_not_taken_for_a_lock() {
    with_watchdog("own files", LIMIT, || {
        let dossier = Dossier::new();
        for text in [
            "precious",
            "12 34",
            "12\n34\n",
            "\n",
            " ",
            "-1\n",
            "+1\n",
            "1.5",
            "4711\n\n",
            "4711\r\n",
            "99999999999\n",
            "12345678901234567890123456789",
            "\0",
            "\u{665}",
        ] {
            for error in in_the_way(&dossier, |file| fs::write(file, text).unwrap()) {
                assert!(error.contains("holds something else than the number"), "{error}");
                assert!(error.contains("left alone"), "{error}");
            }
        }
        // What a server leaves that was killed, at any moment.
        for text in ["", "4711\n", "4711", "4294967295\n"] {
            fs::write(dossier.join("s.lock"), text).unwrap();
            drop(Serveur::new(dossier.join("s")).unwrap());
            assert_eq!(dossier.names(), [""; 0], "{text:?}");
        }
    });
}

#[test]
fn a_lock_file_has_one_name() {
    with_watchdog("hard links", LIMIT, || {
        let (dossier, other) = (Dossier::new(), Dossier::new());
        for text in ["", "4711\n", "precious"] {
            let file = other.join("precious");
            fs::write(&file, text).unwrap();
            for error in in_the_way(&dossier, |link| fs::hard_link(&file, link).unwrap()) {
                assert!(error.contains("is a file that has 2 names"), "{error}");
            }
            assert_eq!(fs::read(&file).unwrap(), text.as_bytes());
        }
    });
}

#[test]
fn what_is_no_regular_file_is_no_lock_and_is_not_waited_for() {
    with_watchdog("no file", LIMIT, || {
        let dossier = Dossier::new();
        let pipe = |file: &Path| {
            assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
        };
        let put: [&dyn Fn(&Path); 4] = [
            &pipe,
            &|file| fs::create_dir(file).unwrap(),
            &|file| drop(UnixListener::bind(file).unwrap()),
            &|file| std::os::unix::fs::symlink("/dev/zero", file).unwrap(),
        ];
        for put in put {
            for error in in_the_way(&dossier, put) {
                assert!(error.contains("is no regular file"), "{error}");
            }
        }
        // Another process holds its lock, and its end for writing.
        let errors = in_the_way(&dossier, |file| {
            pipe(file);
            let held = File::options().read(true).write(true).open(file).unwrap();
            lock(&held);
            std::mem::forget(held);
        });
        assert!(errors.iter().all(|error| error.contains("is no regular file")), "{errors:?}");
    });
}

/// Who holds a lock that this process holds, as errors say it.
fn this_process() -> String {
    if cfg!(target_os = "linux") {
        format!("process {} ", std::process::id())
    } else {
        // What stands in the file counts there.
        "process".to_owned()
    }
}

#[test]
fn a_lock_without_a_server_is_said_to_be_one() {
    with_watchdog("held", LIMIT, || {
        // Process 1 is there, and holds nothing.
        for text in ["", "1\n", "4294967295\n"] {
            let dossier = Dossier::new();
            let path = dossier.join("s");
            let file = dossier.join("s.lock");
            fs::write(&file, text).unwrap();
            let held = File::open(&file).unwrap();
            lock(&held);
            for error in [not_listened(&path), not_started(&path)] {
                assert!(error.contains("holds the lock file `"), "{error}");
                assert!(error.contains("s.lock`, and nobody listens there"), "{error}");
                assert!(!error.contains("listens there already"), "{error}");
                assert!(!error.contains("did not greet"), "{error}");
                if !text.is_empty() {
                    assert!(error.contains(&this_process()), "{error}");
                }
            }
            drop(held);
            drop(Serveur::new(&path).unwrap());
            // The lock of who starts the server.
            let file = dossier.join("s.start");
            fs::write(&file, text).unwrap();
            let held = File::open(&file).unwrap();
            lock(&held);
            let error = not_started(&path);
            assert!(error.contains("no server was there within 100ms"), "{error}");
            assert!(error.contains("is to start it, and holds the lock file `"), "{error}");
            drop(held);
        }
    });
}

#[test]
fn a_server_whose_socket_was_removed_is_named() {
    with_watchdog("removed", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let serveur = Serveur::new(&path).unwrap();
        fs::remove_file(&path).unwrap();
        for error in [not_listened(&path), not_started(&path)] {
            let holder = format!("process {} holds the lock file", std::process::id());
            assert!(error.contains(&holder), "{error}");
            assert!(error.contains("a server whose socket was removed"), "{error}");
        }
        drop(serveur);
        assert_eq!(dossier.names(), [""; 0]);
    });
}

#[test]
fn a_listener_that_speaks_otherwise_is_said_to_be_there() {
    with_watchdog("another listener", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let listener = UnixListener::bind(&path).unwrap();
        thread::spawn(move || listener.incoming().for_each(drop));
        let error = not_started(&path);
        assert!(error.contains("ended each connection during the greeting"), "{error}");
        assert!(error.contains("is it a cconn server?"), "{error}");
    });
}

#[test]
fn a_program_that_does_not_take_its_socket_over_is_told_to() {
    with_watchdog("not taken over", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let mut command = Command::new(VOISIN);
        command.arg("simple").arg(format!("unix:{}", path.display()));
        let error = Client::ou_lancer(&path, command).unwrap_err().to_string();
        assert!(error.contains("`ou_lancer` has started this program"), "{error}");
        assert!(error.contains("`Serveur::unique`"), "{error}");
        // It was given another socket than the one that it wants.
        let other = dossier.join("t");
        let _taken = Serveur::new(&other).unwrap();
        let mut command = Command::new(VOISIN);
        command.arg("simple").arg(format!("unix:{}", other.display()));
        let error = Client::ou_lancer(&path, command).unwrap_err().to_string();
        assert!(error.contains("a server listens there already"), "{error}");
        assert!(!error.contains("has started this program"), "{error}");
    });
}

#[test]
fn a_server_goes_on_if_who_started_it_is_killed_before_it_serves() {
    with_watchdog("killed starter", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let address = format!("unix:{}", path.display());
        let waits = format!("{}.go", path.display());
        // More than a pipe takes, and more than once.
        let flood = "head -c 200000 /dev/zero >&2 || exit 1; echo words >&2 || exit 1";
        let script = format!(
            "until test -e {waits}; do sleep 0.01; done; {flood}; exec \"$0\" serveur {address} 50"
        );
        let mut command = Command::new(VOISIN);
        command.args(["lance", &address, &script, "10000"]).stdin(Stdio::piped());
        let mut starter = command.stdout(Stdio::piped()).spawn().unwrap();
        until("the socket is there", || path.exists());
        thread::sleep(Duration::from_millis(100));
        starter.kill().unwrap();
        starter.wait().unwrap();
        fs::write(&waits, "").unwrap();
        // It also waits in the queue of the socket until the server is there.
        let client = until_some("it serves", || Client::new(&path).ok());
        assert_eq!(client.appeler::<u64, _>(nommee("double", (4_u64,))).unwrap(), 8);
        drop(client);
        let left = ["s.go", "s.start"];
        until("the server has stopped", || dossier.names() == left);
    });
}
