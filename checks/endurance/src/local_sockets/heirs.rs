//! Servers that are killed leave their socket's file: of several that race for it, one takes it over.

use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Serveur, nommee};
use testkit::{Dice, Folder};

use super::mode;
use crate::helper::{self, Helper};
use crate::run::Run;
use crate::times::Times;

/// Processes that race.
const HEIRS: usize = 4;

/// A killed one is killed within so many microseconds after the start of the race.
const MOMENT: u64 = 3000;

/// The longest that a takeover may take.
const MOST: Duration = Duration::from_secs(5);

/// What an heir says that serves, and what one begins with that does not.
const SERVES: &str = "serves";

/// Tries at each line to be the server of an address, and serves from when it is.
pub(crate) fn heir(args: &[String]) {
    helper::tell("ready");
    while helper::hear().is_some() {
        match Serveur::unique(args[0].as_str()) {
            Ok(serveur) => {
                helper::end_with_parent();
                let pid = |_: &Client, (): ()| std::process::id();
                serveur.enregistrer_commande("pid", pid).expect("a free name");
                helper::tell(SERVES);
                serveur.lancer().expect("it serves until it is killed");
            }
            Err(error) => helper::tell(&format!("refused: {error}")),
        }
    }
}

/// The race for one address.
struct Race<'a> {
    run: &'a Run,
    folder: Folder,
    address: String,
    heirs: Vec<Helper>,
    times: Times,
    torn: usize,
    /// Races in which the killed one had won already.
    torn_winners: usize,
}

pub(super) fn take_over(run: &Run) {
    let folder = Folder::new();
    let address = format!("unix:{}", folder.join("s").display());
    let heirs = (0..HEIRS).map(|_| new_heir(&address)).collect();
    let times = Times::default();
    let mut race = Race { run, folder, address, heirs, times, torn: 0, torn_winners: 0 };
    let (rounds, mut dice) = (run.pick(20, 200), Dice::new(4));
    for round in 0..rounds {
        if round % 2 == 1 {
            race.tear(&mut dice);
        }
        race.run_once();
        if run.has_failed() {
            break;
        }
    }
    run.exactly("takeovers", race.times.len(), rounds);
    run.figure("races with one killed in the middle", race.torn, "");
    run.figure("of them won by the killed one", race.torn_winners, "");
    run.time("takeover, median", race.times.percentile(500));
    run.time_within("takeover, worst", race.times.worst(), MOST);
}

fn new_heir(address: &str) -> Helper {
    let mut heir = Helper::start("heir", &[address.to_owned()]);
    heir.hear();
    heir
}

impl Race<'_> {
    /// All race; one serves, and is killed while a client calls it.
    fn run_once(&mut self) {
        let start = Instant::now();
        let winners = self.go(None);
        self.run.require(winners.len() == 1, || format!("{} servers serve", winners.len()));
        let Some(winner) = winners.first().copied() else { return };
        let client = self.client_of(winner);
        self.times.push(start.elapsed());
        self.heirs[winner].kill();
        if let Some(client) = client {
            let ended = client.appeler::<u32, _>(nommee("pid", ()));
            let is_closed = matches!(ended, Err(Erreur::Fermee(_)));
            self.run.require(is_closed, || format!("a call of a killed server: {ended:?}"));
        }
        self.look_at_what_is_left();
        self.heirs[winner] = new_heir(&self.address);
    }

    /// A race in which one is killed at a random moment; whoever has won is killed behind it.
    fn tear(&mut self, dice: &mut Dice) {
        let victim = dice.size(HEIRS);
        let winners = self.go(Some((victim, dice.micros(MOMENT))));
        self.torn += 1;
        self.torn_winners += usize::from(winners.contains(&victim));
        // If the killed one served first, another may have come after it.
        let living: Vec<usize> = winners.into_iter().filter(|winner| *winner != victim).collect();
        self.run.require(living.len() <= 1, || format!("{} serve, one killed", living.len()));
        for one in living.into_iter().chain([victim]) {
            self.heirs[one].kill();
            self.heirs[one] = new_heir(&self.address);
        }
    }

    /// Has all of them begin at once, and kills one of them; those who say that they serve.
    fn go(&mut self, victim: Option<(usize, Duration)>) -> Vec<usize> {
        self.heirs.iter_mut().for_each(|heir| heir.tell("go"));
        if let Some((victim, moment)) = victim {
            std::thread::sleep(moment);
            self.heirs[victim].kill();
        }
        let mut winners = Vec::new();
        for (number, heir) in self.heirs.iter_mut().enumerate() {
            let said = heir.try_hear();
            let is_victim = victim.is_some_and(|(victim, _)| victim == number);
            match said.as_deref() {
                Some(SERVES) => winners.push(number),
                Some(refused) if is_honest_refusal(refused) => {}
                None if is_victim => {}
                other => self.run.fault(&format!("an heir says {other:?}")),
            }
        }
        winners
    }

    /// A client, which must be that one's.
    fn client_of(&self, winner: usize) -> Option<Client> {
        let socket = self.folder.join("s");
        self.run.require(mode(&socket) == 0o600, || format!("mode {:o}", mode(&socket)));
        let client = Client::new(self.address.as_str());
        let pid = client.as_ref().map(|client| client.appeler::<u32, _>(nommee("pid", ())));
        let serves = matches!(&pid, Ok(Ok(pid)) if *pid == self.heirs[winner].id());
        self.run.require(serves, || format!("another than the winner serves: {pid:?}"));
        client.ok()
    }

    /// The socket of a killed server is still there, nothing else is, and it says what to do.
    fn look_at_what_is_left(&self) {
        let names = self.folder.names();
        self.run.require(names == ["s", "s.lock"], || format!("the folder holds {names:?}"));
        self.run.require(is_socket(&self.folder.join("s")), || "no socket is left".to_owned());
        let reached = Client::new(self.address.as_str()).map(drop);
        let told = matches!(&reached, Err(error) if error.to_string().contains("was left behind"));
        self.run.require(told, || format!("a client of a killed server: {reached:?}"));
    }
}

fn is_socket(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Whether an heir that does not serve says that another one does, or is about to.
fn is_honest_refusal(said: &str) -> bool {
    said.starts_with("refused: ")
        && ["listens there already", "holds the lock file"].iter().any(|text| said.contains(text))
}
