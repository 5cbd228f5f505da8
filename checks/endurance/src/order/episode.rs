//! One connection of the recorder: threads that send at random, and one of several ends.

use std::net::SocketAddr;
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::{Attente, Client, Erreur, OctetsRef, Resultat, nommee};

use super::ledger::{Ledger, Told};
use super::{CALLS_BACK, CLOSES, QUICK, SLOW};
use crate::host::spawn;
use crate::run::Run;
use testkit::Dice;

/// Threads that send on one connection, and the commands of each.
pub(super) const THREADS: u64 = 3;
pub(super) const OPS: u64 = 40;

/// Bytes that some commands carry, so that sockets fill and writes are cut in the middle.
const MOST_BALLAST: usize = 128 << 10;
static BALLAST: [u8; MOST_BALLAST] = [7; MOST_BALLAST];

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Stopped in order, once all have sent what they had.
    Stop,
    /// Stopped in order while others still send.
    StopEarly,
    /// The last handle is dropped.
    Drop,
    /// Closed while others still send.
    Close,
    /// A command closes it from the other side.
    ClosedThere,
    /// Cut by the proxy.
    Cut,
}

const ENDS: [End; 6] =
    [End::Stop, End::StopEarly, End::Drop, End::Close, End::ClosedThere, End::Cut];

pub(super) struct Episode<'a> {
    ledger: &'a Ledger,
    connection: u64,
    address: SocketAddr,
    end: End,
    dice: Dice,
}

/// Calls whose answers nobody has come for yet.
type Deferred = Vec<(u64, Attente<u64>)>;

impl<'a> Episode<'a> {
    /// `addresses` are the server's own, and its proxy's.
    pub(super) fn new(
        ledger: &'a Ledger,
        connection: u64,
        addresses: (SocketAddr, SocketAddr),
    ) -> Self {
        let mut dice = Dice::new(connection);
        let end = ENDS[dice.size(ENDS.len())];
        let address = if end == End::Cut { addresses.1 } else { addresses.0 };
        Episode { ledger, connection, address, end, dice }
    }

    /// Whether the connection was stopped in order.
    pub(super) fn run(mut self, run: &Run) -> bool {
        let client = match Client::options(self.address).connecter() {
            Ok(client) => client,
            Err(_) if self.end == End::Cut => return false,
            Err(error) => {
                run.fault(&format!("connecting: {error}"));
                return false;
            }
        };
        client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        let listener = (self.end != End::Drop && self.dice.one_in(2)).then(|| {
            let client = client.clone();
            spawn("listener", move || client.lancer())
        });
        let stopped = self.send_and_end(&client, run);
        let orderly = matches!(stopped, Some(Ok(())));
        if orderly {
            self.ledger.keep(self.connection);
        } else if let Some(Err(error)) = stopped {
            run.fault(&format!("an orderly stop: {error}"));
        }
        if let Some(listener) = listener {
            // It holds a handle too: without a word the connection would live on.
            client.close();
            let _how_it_ended = listener.join().unwrap();
        }
        orderly
    }

    /// Sends from several threads and ends the connection, by and by; what a stop said, if there
    /// was one.
    fn send_and_end(&self, client: &Client, run: &Run) -> Option<Resultat<()>> {
        std::thread::scope(|scope| {
            let senders: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || self.send_all(client, thread, run)))
                .collect();
            std::thread::sleep(self.dice.clone().micros(8000));
            match self.end {
                End::StopEarly => return Some(client.eteindre()),
                End::Close => client.close(),
                _ => {}
            }
            for sender in senders {
                sender.join().unwrap();
            }
            (self.end == End::Stop).then(|| client.eteindre())
        })
    }

    fn send_all(&self, client: &Client, thread: u64, run: &Run) {
        let mut dice = Dice::new(self.connection * THREADS + thread + 77);
        let mut deferred = Deferred::new();
        for op in 0..OPS {
            let id = self.ledger.id(self.connection, thread, op);
            self.send(client, id, &mut dice, &mut deferred, run);
            if dice.one_in(6) {
                self.settle(&mut deferred, &mut dice, run);
            }
            if dice.one_in(20) {
                std::thread::sleep(dice.micros(500));
            }
        }
        while !deferred.is_empty() {
            self.settle(&mut deferred, &mut dice, run);
        }
    }

    fn send(&self, client: &Client, id: u64, dice: &mut Dice, deferred: &mut Deferred, run: &Run) {
        let kind = self.kind(dice);
        let ballast = if dice.one_in(8) { dice.size(MOST_BALLAST) } else { 0 };
        let work = nommee("work", (id, kind, OctetsRef(&BALLAST[..ballast])));
        let told = match dice.below(10) {
            0..4 => {
                let sent = client.envoyer(nommee("note", (id,)));
                sent.map_or_else(|error| verdict(&error), |()| Told::Accepted)
            }
            4..7 => match client.differer(work) {
                Ok(attente) => {
                    deferred.push((id, attente));
                    Told::Unknown
                }
                Err(error) => verdict(&error),
            },
            7 | 8 => told(id, client.appeler(work), run),
            _ => told(id, client.avec_delai(dice.micros(1500)).appeler(work), run),
        };
        self.ledger.tell(id, told);
    }

    fn kind(&self, dice: &mut Dice) -> u8 {
        match dice.below(30) {
            0..4 => CALLS_BACK,
            4..7 => SLOW,
            7 if self.end == End::ClosedThere => CLOSES,
            _ => QUICK,
        }
    }

    /// Waits for the answers of some deferred calls, gives others up.
    fn settle(&self, deferred: &mut Deferred, dice: &mut Dice, run: &Run) {
        let some = dice.size(deferred.len() + 1);
        for (id, mut attente) in deferred.drain(some..) {
            match dice.below(8) {
                // Dropping it gives the call up; it may have run, or will.
                0 => drop(attente),
                1 => {
                    let answer = attente.attendre_au_plus(Duration::from_micros(200));
                    self.ledger.tell(id, answer.map_or(Told::Unknown, |a| told(id, a, run)));
                }
                _ => self.ledger.tell(id, told(id, attente.attendre(), run)),
            }
        }
    }
}

fn told(id: u64, answer: Resultat<u64>, run: &Run) -> Told {
    match answer {
        Ok(n) if n == 2 * id => Told::Answered,
        Ok(n) => {
            run.fault(&format!("command {id} was answered with {n}"));
            Told::Answered
        }
        Err(error) => verdict(&error),
    }
}

fn verdict(error: &Erreur) -> Told {
    match error {
        Erreur::Distante(there) if there.nature == NatureDistante::Echec => Told::Answered,
        error if error.a_pu_etre_executee() => Told::Unknown,
        _ => Told::NotRun,
    }
}
