//! Servers that are started or replaced with a relative path, and are in another folder then.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use cconn::{Client, nommee};
use cconn_tests::{until, with_watchdog};

use super::dossier::{Dossier, LIMIT};

const VOISIN: &str = env!("CARGO_BIN_EXE_voisin");

/// The folder of the process that starts, the one of the program, and what the latter has at the
/// same name.
struct Folders {
    here: PathBuf,
    there: PathBuf,
    _all: Dossier,
}

impl Folders {
    /// `depth` folders below a new one, so that the path of a socket is longer than the system has
    /// it.
    fn new(depth: usize) -> Self {
        let all = Dossier::new();
        let mut here = all.join("here");
        here.extend((0..depth).map(|_| "a-folder-with-a-long-name"));
        let there = all.join("there");
        fs::create_dir_all(&here).unwrap();
        fs::create_dir(&there).unwrap();
        Folders { here, there, _all: all }
    }

    /// A process in the first folder that connects, and starts `script` for it.
    fn start(&self, address: &str, script: &str, time: &str) -> Command {
        let mut command = Command::new(VOISIN);
        command.args(["lance", address, script, time]).current_dir(&self.here);
        command.env("THERE", &self.there).stdin(Stdio::null());
        command
    }

    fn started(&self, address: &str, script: &str, time: &str) -> Output {
        self.start(address, script, time).output().unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    fs::read_dir(folder).unwrap().map(|entry| name(entry.unwrap())).collect()
}

/// Something of another's at `path`: it is kept while the value lives.
fn put(what: &str, path: &Path) -> Option<UnixListener> {
    match what {
        "file" => fs::write(path, "precious").unwrap(),
        "folder" => fs::create_dir(path).unwrap(),
        "link" => symlink("/dev/null", path).unwrap(),
        "dangling" => symlink("nowhere", path).unwrap(),
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "left behind" => drop(UnixListener::bind(path).unwrap()),
        "socket" => return Some(UnixListener::bind(path).unwrap()),
        _ => assert_eq!(what, "nothing"),
    }
    None
}

const OTHERS: [&str; 8] =
    ["nothing", "file", "folder", "link", "dangling", "pipe", "left behind", "socket"];

/// The number of what is at a path, and when it was last changed.
fn seen(path: &Path) -> Option<(u64, i64, i64)> {
    let found = fs::symlink_metadata(path).ok()?;
    Some((found.ino(), found.mtime(), found.mtime_nsec()))
}

const GOES: &str = "cd \"$THERE\"; exec \"$0\" serveur";

#[test]
fn a_program_in_another_folder_serves_and_removes_the_socket_it_was_given() {
    with_watchdog("elsewhere", 4 * LIMIT, || {
        for what in OTHERS {
            for (address, depth) in [("s", 0), ("./s", 0), ("../here/s", 0), ("s", 5)] {
                let folders = Folders::new(depth);
                let other = folders.there.join("s");
                let _kept = put(what, &other);
                let before = seen(&other);
                let address = format!("unix:{address}");
                let script = format!("{GOES} {address} 100");
                let output = folders.started(&address, &script, "10000");
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{what} {address}: {said}");
                until("the server has stopped", || names(&folders.here).is_empty());
                assert_eq!(seen(&other), before, "{what}");
                let left = if what == "nothing" { vec![] } else { vec!["s".to_owned()] };
                assert_eq!(names(&folders.there), left, "{what}");
            }
        }
    });
}

#[test]
fn a_program_that_is_not_told_the_folder_takes_nothing_for_its_socket() {
    with_watchdog("not told", 2 * LIMIT, || {
        for (what, depth, says) in [
            ("file", 0, "what is there is a file and no socket"),
            ("file", 5, "what is there is a file and no socket"),
            ("socket", 0, "a server listens there already"),
            ("nothing", 0, "needs an absolute path"),
            ("nothing", 5, "needs an absolute path"),
        ] {
            let folders = Folders::new(depth);
            let other = folders.there.join("s");
            let _kept = put(what, &other);
            let before = seen(&other);
            let script = format!("unset CCONN_SOCKET; {GOES} unix:s 5000");
            let output = folders.started("unix:s", &script, "700");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && said.contains(says), "{what} {depth}: {said}");
            assert_eq!(names(&folders.here), [""; 0]);
            assert!(what == "nothing" || seen(&other) == before);
        }
    });
}

#[test]
fn the_file_of_a_socket_is_that_one_and_no_other_of_its_name() {
    with_watchdog("another file", LIMIT, || {
        for what in OTHERS {
            let folders = Folders::new(0);
            let own = folders.here.join("s");
            let (moved, new) = (folders.here.join("moved"), folders.there.join("new"));
            let _kept = put(what, &new);
            // Another file takes the socket's place before the program takes it over.
            let swap = "mv s moved; mv \"$THERE/new\" s 2>/dev/null";
            let script = format!("{swap}; exec \"$0\" serveur unix:s 100");
            let before = seen(&new);
            let output = folders.started("unix:s", &script, "700");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success(), "{what}");
            // If nothing of the name is there, it makes its own, which nobody comes to.
            assert!(
                said.contains("it wrote: can't listen") || said.contains("did not serve"),
                "{said}"
            );
            if what != "left behind" {
                assert_eq!(seen(&own), before, "{what}: {said}");
            }
            assert!(moved.exists());
        }
    });
}

#[test]
fn a_successor_in_another_folder_has_the_socket_of_its_predecessor() {
    with_watchdog("successor elsewhere", 2 * LIMIT, || {
        for (what, depth) in [("file", 0), ("socket", 0), ("nothing", 0), ("file", 5)] {
            let folders = Folders::new(depth);
            let other = folders.there.join("s");
            let _kept = put(what, &other);
            let before = seen(&other);
            let mut command = Command::new(VOISIN);
            command.args(["relaye", "unix:s"]).current_dir(&folders.here);
            command.env("CCONN_TEST_FOLDER", &folders.there);
            let mut first = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = String::new();
            let mut said = BufReader::new(first.stdout.take().unwrap());
            said.read_line(&mut line).unwrap();
            // What its successor says is read too.
            thread::spawn(move || said.lines().for_each(drop));
            // Short enough for the system, however deep.
            let short = folders.there.with_file_name("short");
            symlink(&folders.here, &short).unwrap();
            let client = Client::new(short.join("s")).unwrap();
            client.appeler::<(), _>(nommee("relaie", ("ailleurs",))).unwrap();
            assert!(first.wait().unwrap().success());
            let client = Client::new(short.join("s")).unwrap();
            assert_eq!(names(&folders.here).len(), 2, "the socket and its lock");
            client.appeler::<(), _>(nommee("finit", (0,))).unwrap_err();
            assert_eq!(seen(&other), before, "{what}");
        }
    });
}
