//! cconn, as its docs have it: commands are functions, every setting is the default but
//! `max_clients`, which is 1 unless set. A connection is closed by dropping its handle.
//!
//! Its other peers are the same commands and calls in another manner: see `manner`.

mod manner;

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cconn::flux::Flux;
use cconn::{Attente, Client, Octets, Resultat, Serveur, commande, commandes};

use crate::drive::blocking::{self, Connection};
use crate::drive::{A, B, FIRST, SUM, Source, Tally, check_echo, payload, repeat_until};
use crate::laps::Laps;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Kind, Peer, Server};
use crate::peers::ways;
use crate::session::Session;
use crate::work::Work;

use manner::Manner;
pub(crate) use manner::{Active, Plain, Tls, Unix};

/// More than any work connects.
const MAX_CLIENTS: usize = 4096;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande] // What it owns is answered from where it was received.
fn echo(octets: Vec<u8>) -> Vec<u8> {
    octets
}

#[commande(nom = "echo")] // The same command, by whoever sends what it only borrows.
fn echo_de(octets: &[u8]) -> Vec<u8>;

#[commande]
fn imbriquee(client: &Client, a: i64, b: i64) -> Resultat<i64> {
    client.appeler(somme { a, b })
}

static NOTES: AtomicU64 = AtomicU64::new(0);

/// A message without an answer: counted, so that it is seen to be executed.
#[commande]
fn note(a: i64, b: i64) {
    let one = u64::from(a + b == SUM);
    NOTES.fetch_add(one, Ordering::Relaxed);
}

/// How many messages have been executed since the last time.
#[commande]
fn notes() -> u64 {
    NOTES.swap(0, Ordering::Relaxed)
}

/// A message to every client.
#[commande]
fn nouvelle(a: i64, b: i64);

/// Numbers, until the client wants no more.
#[commande]
fn numeros() -> impl Iterator<Item = u64> {
    FIRST..
}

/// One number.
#[commande]
fn premier() -> impl Iterator<Item = u64> {
    std::iter::once(FIRST)
}

/// What a source yields, until the client wants no more.
#[commande]
fn lire(taille: usize) -> Flux<Octets> {
    Flux::lire(Source(payload(taille)))
}

pub(crate) struct Cconn<M>(pub(crate) M);

impl<M: Manner> Peer for Cconn<M> {
    fn name(&self) -> &'static str {
        M::NAME
    }

    fn kind(&self) -> Kind {
        Kind::Own
    }

    fn has(&self, work: Work) -> bool {
        M::has(work)
    }

    fn serve(&self, _work: Work) -> Outcome<Box<dyn Server>> {
        let serveur = M::serveur()?.max_clients(MAX_CLIENTS).ouvrir()?;
        serveur
            .enregistrer(commandes![somme, echo, imbriquee, note, notes, premier, numeros, lire])?;
        let running = serveur.clone();
        thread::spawn(move || running.lancer());
        Ok(Box::new(CconnServer(serveur)))
    }

    fn measure(&self, work: Work, session: &mut Session, budget: Budget) -> Outcome<Vec<Figure>> {
        blocking::measure::<CconnConnection<M>>(work, session, budget)
    }
}

struct CconnServer(Serveur);

impl Server for CconnServer {
    fn port(&self) -> u16 {
        self.0.adresse().port().unwrap_or_else(ways::number)
    }

    fn reverse(&mut self, budget: Duration) -> Outcome<f64> {
        let clients = self.0.clients();
        let client = clients.first().ok_or("no client is connected")?;
        let mut laps = Laps::start(budget);
        while laps.goes_on() {
            expect(&client.appeler(somme { a: A, b: B })?, &SUM)?;
            laps.lap();
        }
        Ok(laps.finish().percentile(0.50))
    }

    fn broadcast(&mut self) -> Outcome<usize> {
        Ok(self.0.diffuser(nouvelle { a: A, b: B })?.atteints)
    }
}

struct CconnConnection<M> {
    client: Client,
    manner: PhantomData<M>,
    /// Whether the commands of this side are registered.
    serves: bool,
}

impl<M> CconnConnection<M> {
    fn register(&mut self) -> Resultat<()> {
        if !self.serves {
            self.client.enregistrer(commandes![somme])?;
            self.serves = true;
        }
        Ok(())
    }
}

impl<M: Manner> Connection for CconnConnection<M> {
    fn connect(address: SocketAddr) -> Outcome<Self> {
        let client = M::client(address)?.connecter()?;
        Ok(CconnConnection { client, manner: PhantomData, serves: false })
    }

    fn share(&self) -> Outcome<Self> {
        Ok(CconnConnection { client: self.client.clone(), ..*self })
    }

    fn somme(&mut self, a: i64, b: i64) -> Outcome<i64> {
        Ok(self.client.appeler(somme { a, b })?)
    }

    fn echo(&mut self, bytes: &[u8]) -> Outcome<()> {
        check_echo(bytes, &self.client.appeler(echo_de { octets: bytes })?)
    }

    fn nested(&mut self, a: i64, b: i64) -> Outcome<i64> {
        self.register()?;
        Ok(self.client.appeler(imbriquee { a, b })?)
    }

    fn pipelined(&mut self, depth: usize, until: Instant) -> Outcome<u64> {
        let mut calls: VecDeque<Attente<i64>> = VecDeque::with_capacity(depth);
        let count = repeat_until(until, || {
            if calls.len() == depth {
                let call = calls.pop_front().ok_or("no call is in flight")?;
                expect(&call.attendre()?, &SUM)?;
            }
            calls.push_back(self.client.differer(somme { a: A, b: B })?);
            Ok(())
        })?;
        for call in calls {
            expect(&call.attendre()?, &SUM)?;
        }
        Ok(count)
    }

    fn one_way(&mut self, until: Instant) -> Outcome<u64> {
        let count = repeat_until(until, || Ok(self.client.envoyer(note { a: A, b: B })?))?;
        expect(&self.client.appeler(notes {})?, &count)?;
        Ok(count)
    }

    fn first(&mut self, laps: &mut Laps) -> Outcome<()> {
        let mut numbers = self.client.appeler(premier {})?;
        let number = numbers.next().ok_or("the stream is empty")??;
        laps.lap();
        expect(&(number, numbers.next().is_none()), &(FIRST, true))
    }

    fn stream(self, until: Instant) -> Outcome<u64> {
        let mut numbers = self.client.appeler(numeros {})?;
        let mut next = FIRST;
        repeat_until(until, || {
            let number = numbers.next().ok_or("the stream has ended")??;
            expect(&number, &next)?;
            next += 1;
            Ok(())
        })
    }

    fn octets(self, bytes: usize, until: Instant) -> Outcome<u64> {
        let sent = payload(bytes);
        let mut count = 0;
        for piece in self.client.appeler(lire { taille: bytes })? {
            check_echo(&sent, &piece?.0)?;
            count += 1;
            if Instant::now() > until {
                break;
            }
        }
        Ok(count)
    }

    fn listen(mut self, messages: Arc<Tally>) -> Outcome<()> {
        self.register()?;
        self.client
            .enregistrer_commande("nouvelle", move |_, (_, _): (i64, i64)| messages.count())?;
        Ok(self.client.lancer()?)
    }
}
