//! What stands at the path of a socket and is none of a server's: never followed, overwritten or
//! removed, whoever races for the path.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::sync::Barrier;

use cconn::{Client, Resultat, Serveur};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use testkit::{Dice, Folder};

use crate::host::spawn;
use crate::run::Run;

/// Threads that race for a path.
const RACERS: usize = 4;

/// What stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Obstacle {
    File,
    EmptyFile,
    Folder,
    Pipe,
    /// Somebody listens.
    Socket,
    Datagrams,
    LinkToFile,
    LinkToFolder,
    /// To where nothing is: something could be made there.
    LinkToNothing,
    LinkToSocket,
    LinkToStaleSocket,
    /// Nothing, but the name of the lock is a link to a file.
    LockLink,
    LockFile,
}

const ALL: [Obstacle; 13] = [
    Obstacle::File,
    Obstacle::EmptyFile,
    Obstacle::Folder,
    Obstacle::Pipe,
    Obstacle::Socket,
    Obstacle::Datagrams,
    Obstacle::LinkToFile,
    Obstacle::LinkToFolder,
    Obstacle::LinkToNothing,
    Obstacle::LinkToSocket,
    Obstacle::LinkToStaleSocket,
    Obstacle::LockLink,
    Obstacle::LockFile,
];

const PRECIOUS: &[u8] = b"precious";

/// What keeps an obstacle alive.
type Kept = Option<Box<dyn std::any::Any>>;

impl Obstacle {
    /// Puts it at the path; beside it are a file, and where links lead to.
    fn put(self, path: &Path, folder: &Folder) -> Kept {
        let beside = folder.join("beside");
        let link_to = |target: &Path| symlink(target, path).expect("nothing is there");
        match self {
            Obstacle::File => fs::write(path, PRECIOUS).expect("there is room"),
            Obstacle::EmptyFile => fs::write(path, "").expect("there is room"),
            Obstacle::Folder => fs::create_dir(path).expect("nothing is there"),
            Obstacle::Pipe => {
                mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
            }
            Obstacle::Socket => return Some(Box::new(UnixListener::bind(path).expect("free"))),
            Obstacle::Datagrams => return Some(Box::new(UnixDatagram::bind(path).expect("free"))),
            Obstacle::LinkToFile => link_to(&folder.join("precious")),
            Obstacle::LinkToFolder => link_to(&folder.join(".")),
            Obstacle::LinkToNothing => link_to(&beside),
            Obstacle::LinkToSocket => {
                let listener = UnixListener::bind(&beside).expect("free");
                link_to(&beside);
                return Some(Box::new(listener));
            }
            Obstacle::LinkToStaleSocket => {
                drop(UnixListener::bind(&beside).expect("free"));
                link_to(&beside);
            }
            Obstacle::LockLink => {
                symlink(folder.join("precious"), lock_of(path)).expect("nothing is there");
            }
            Obstacle::LockFile => fs::write(lock_of(path), PRECIOUS).expect("there is room"),
        }
        None
    }
}

fn lock_of(path: &Path) -> PathBuf {
    path.with_file_name("s.lock")
}

/// What is in the folder, as far as anything could have changed it.
fn seen(folder: &Folder) -> Vec<(String, u64, u64, i64, u32)> {
    let look = |name: String| {
        let found = fs::symlink_metadata(folder.join(&name)).expect("it was there a moment ago");
        (name, found.ino(), found.len(), found.mtime_nsec(), found.mode())
    };
    folder.names().into_iter().map(look).collect()
}

pub(super) fn left_alone(run: &Run) {
    let (rounds, mut dice) = (run.pick(5, 50), Dice::new(5));
    let mut refused = 0;
    for _ in 0..rounds {
        let mut order = ALL;
        (1..order.len()).rev().for_each(|last| order.swap(last, dice.size(last + 1)));
        for obstacle in order {
            refused += be_in_the_way(run, obstacle);
        }
        one_takes_over(run);
    }
    run.exactly("racers kept out by what stood there", refused, rounds * ALL.len() * RACERS);
    run.figure("stale sockets taken over by one of them", rounds, "");
}

/// How many of the racers were refused.
fn be_in_the_way(run: &Run, obstacle: Obstacle) -> usize {
    let folder = Folder::new();
    fs::write(folder.join("precious"), PRECIOUS).expect("there is room");
    let path = folder.join("s");
    let kept = obstacle.put(&path, &folder);
    let before = seen(&folder);
    let results = race(&path);
    let refused = results.iter().filter(|result| result.is_err()).count();
    run.require(refused == RACERS, || format!("{obstacle:?}: {results:?}"));
    drop(results);
    let after = seen(&folder);
    run.require(before == after, || format!("{obstacle:?}: {before:?} has become {after:?}"));
    let precious = fs::read(folder.join("precious")).unwrap_or_default();
    run.require(precious == PRECIOUS, || format!("{obstacle:?}: a file was written to"));
    drop(kept);
    refused
}

/// All want to be the server of that path, at once.
fn race(path: &Path) -> Vec<Resultat<Serveur>> {
    let start = Barrier::new(RACERS);
    std::thread::scope(|scope| {
        let run = || {
            start.wait();
            Serveur::unique(path)
        };
        let racers: Vec<_> = (0..RACERS).map(|_| scope.spawn(run)).collect();
        racers.into_iter().map(|racer| racer.join().expect("a racer does not panic")).collect()
    })
}

/// A socket that nobody listens on, and a lock file that nobody holds, are in nobody's way but one.
fn one_takes_over(run: &Run) {
    let folder = Folder::new();
    let path = folder.join("s");
    drop(UnixListener::bind(&path).expect("free"));
    File::create(lock_of(&path)).expect("there is room");
    let mut servers: Vec<Serveur> = race(&path).into_iter().flatten().collect();
    run.require(servers.len() == 1, || format!("{} servers have the path", servers.len()));
    let Some(serveur) = servers.pop() else { return };
    let running = serveur.clone();
    let thread = spawn("lancer", move || running.lancer());
    let client = Client::new(path.as_path()).map(drop);
    run.require(client.is_ok(), || format!("a client: {client:?}"));
    let stopped = serveur.eteindre().and(thread.join().expect("`lancer` does not panic"));
    run.require(stopped.is_ok(), || format!("the stop: {stopped:?}"));
    let left = folder.names();
    run.require(left.is_empty(), || format!("{left:?} is left"));
}
