//! The figures of a program, put together: what its registry counts, and what is under way on its
//! connections.

use std::sync::Arc;

use super::Registry;
use super::builtin::Integree;
use super::tally::Tallies;
use crate::client::Client;
use crate::forme::{Charge, Chiffres, ConnexionChiffree};
use crate::link::Link;
use crate::order;

/// The version of the format of figures.
const FORMAT: u16 = 1;

/// The most commands that run, and the most connections, that are listed one by one.
// [figures.most]
const MOST: usize = 1000;

/// What a server knows of its clients.
#[derive(Default)]
pub(crate) struct Census {
    pub(crate) clients: u64,
    pub(crate) places: u64,
    pub(crate) accepted: u64,
    pub(crate) refused: u64,
    pub(crate) links: Vec<Arc<Link>>,
}

/// Counts the clients of the server that has the registry.
pub(crate) type TakeCensus = dyn Fn() -> Census + Send + Sync;

/// Whom figures are for.
#[derive(Clone, Copy)]
pub(crate) enum Reader<'a> {
    /// The program itself.
    Program,
    /// The peer of a connection: it is shown the commands that it may call.
    Peer(&'a Client),
}

impl Registry {
    /// Says how the clients of the server are counted that has this registry.
    pub(crate) fn count_clients(&self, take: Box<TakeCensus>) {
        // A server has one registry, and gives it one way.
        let _only_one = self.census.set(take);
    }

    /// What is counted here. Without a server, `own` is the connection.
    pub(crate) fn figures(&self, reader: Reader<'_>, own: Option<&Arc<Link>>) -> Chiffres {
        let census = match (self.census.get(), own) {
            (Some(take), _) => take(),
            (None, own) => {
                Census { links: own.into_iter().cloned().collect(), ..Census::default() }
            }
        };
        let Census { clients, places, accepted, refused, links } = census;
        let (charge, connexions) = connections(&links);
        let figures = Chiffres {
            format: FORMAT,
            clients,
            places,
            venus: accepted,
            refuses: refused,
            charge,
            connexions,
            ..Chiffres::default()
        };
        match &self.tallies {
            Some(tallies) => self.with_commands(figures, tallies, reader),
            None => figures,
        }
    }

    fn with_commands(&self, figures: Chiffres, tallies: &Tallies, reader: Reader<'_>) -> Chiffres {
        let shown = |hash: u64| match reader {
            Reader::Program => true,
            Reader::Peer(client) => self.shows(client, hash),
        };
        let mut executions = tallies.running(shown);
        executions.truncate(MOST);
        Chiffres {
            comptees: true,
            depuis: tallies.age(),
            commandes: tallies.commands(shown),
            inconnues: tallies.unknown(),
            executions,
            ..figures
        }
    }

    /// Whether a peer may know of the command with this hash.
    fn shows(&self, client: &Client, hash: u64) -> bool {
        match self.find(hash) {
            Some(command) => self.allows(client, &command),
            None => Integree::of(hash).is_some_and(|which| self.lets_in(client, which.nom())),
        }
    }
}

/// What is under way on these connections: together, and on each.
fn connections(links: &[Arc<Link>]) -> (Charge, Vec<ConnexionChiffree>) {
    let mut sum = Charge::default();
    let mut each: Vec<_> = links
        .iter()
        .map(|link| {
            let charge = charge(link);
            sum.add(&charge);
            ConnexionChiffree { client: link.identity.id, depuis: link.age(), charge }
        })
        .collect();
    keep_most_waiting(&mut each);
    (sum, each)
}

/// Sorts connections, those with the most waiting first, and leaves out those beyond the limit.
fn keep_most_waiting(each: &mut Vec<ConnexionChiffree>) {
    let waiting = |one: &ConnexionChiffree| one.charge.en_file.saturating_add(one.charge.sortie);
    let by_waiting = |one: &_, other: &_| waiting(other).cmp(&waiting(one));
    order::sort_by(each, |one, other| by_waiting(one, other).then(one.client.cmp(&other.client)));
    each.truncate(MOST);
}

fn charge(link: &Link) -> Charge {
    let load = link.load();
    Charge {
        recues: load.arrived,
        en_file: load.queued,
        en_cours: load.running,
        appels: load.calls,
        flux_envoyes: load.sent_streams,
        flux_recus: load.taken_streams,
        fenetre: load.window,
        sortie: load.outbox,
        threads: load.threads,
    }
}

impl Client {
    /// What is counted on this connection: what is under way, and, if this side's commands are
    /// counted ([`compter`](crate::OptionsClient::compter)), those of them that the peer asked for.
    ///
    /// On a server's side of a connection only what is under way is there:
    /// [`Serveur::chiffres`](crate::Serveur::chiffres) has the rest.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Serveur, nommee};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// let client = serveur.client_local()?;
    /// let attente = client.differer::<(), _>(nommee("absente", ()))?;
    /// assert!(client.chiffres().charge.appels <= 1);
    /// assert!(attente.attendre().is_err());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("stats", "metrics", "pending_calls"))]
    #[doc(alias = "figures")]
    pub fn chiffres(&self) -> Chiffres {
        let own = Registry::default();
        self.registry().unwrap_or(&own).figures(Reader::Program, Some(&self.link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    // [figures.most]
    fn of_more_connections_than_are_listed_those_with_the_most_waiting_are() {
        for count in [MOST - 1, MOST, MOST + 1] {
            let connection = |client: u64| {
                let (en_file, sortie) = (client % 7, u64::from(client == 3) * 99);
                let charge = Charge { en_file, sortie, ..Charge::default() };
                ConnexionChiffree { client, charge, ..ConnexionChiffree::default() }
            };
            let mut each: Vec<_> = (1..=count as u64).map(connection).collect();
            keep_most_waiting(&mut each);
            assert_eq!(each.len(), count.min(MOST));
            let first: Vec<_> = each.iter().take(3).map(|one| one.client).collect();
            assert_eq!(first, [3, 6, 13]);
            assert!(each.last().is_some_and(|one| one.client % 7 == 0));
        }
    }
}
