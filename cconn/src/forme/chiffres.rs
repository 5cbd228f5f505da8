//! What a program counts of itself: clients, commands, connections.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use super::Durees;
use super::records::{Fields, record, records};

/// What a program counts of itself, as `cconn.chiffres` tells.
///
/// Later versions may add fields, which older readers pass over; a field that an older program does
/// not send is 0 or empty.
#[doc(alias("Figures", "Statistics", "Stats", "Metrics"))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chiffres {
    /// The version of the format, now 1.
    pub format: u16,
    /// Whether commands are counted
    /// ([`compter`](crate::OptionsServeur::compter)): if not, `commandes` and `executions` are
    /// empty and `inconnues` is 0.
    #[doc(alias = "counts")]
    pub comptees: bool,
    /// For how long commands have been counted; 0 if they are not.
    #[doc(alias("since", "uptime"))]
    pub depuis: Duration,
    /// Clients that are connected now; 0 for a client.
    pub clients: u64,
    /// How many clients there may be at the same time; 0 for a client.
    #[doc(alias("capacity", "max_clients"))]
    pub places: u64,
    /// Clients that have come since the server was opened, those that have left included.
    #[doc(alias = "accepted")]
    pub venus: u64,
    /// Newcomers that did not become clients.
    #[doc(alias("refused", "rejected"))]
    pub refuses: u64,
    /// What is under way on all connections together.
    #[doc(alias("load", "total"))]
    pub charge: Charge,
    /// The commands that were asked for since counting began, sorted by name. A command called by
    /// an earlier name has an entry of its own.
    #[doc(alias = "commands")]
    pub commandes: Vec<CommandeChiffree>,
    /// How often commands were asked for that are not there.
    #[doc(alias = "unknown")]
    pub inconnues: u64,
    /// Commands that run now, the one that has run for longest first; at most 1000.
    #[doc(alias("running", "in_flight"))]
    pub executions: Vec<EnCours>,
    /// The connections: those with the most waiting first; at most 1000.
    #[doc(alias = "connections")]
    pub connexions: Vec<ConnexionChiffree>,
}

/// What is counted of one command.
#[doc(alias = "CommandFigures")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandeChiffree {
    /// The name under which the command was asked for.
    #[doc(alias = "name")]
    pub nom: String,
    /// The command's present name, if `nom` is an earlier one: somebody still uses that.
    #[doc(alias("deprecated", "alias_of"))]
    pub ancien_nom_de: Option<String>,
    /// How often it has answered; messages sent with `envoyer` and streams that came to their end
    /// count too.
    #[doc(alias("answers", "successes"))]
    pub reponses: u64,
    /// How often it has returned its own error.
    #[doc(alias = "refusals")]
    pub refus: u64,
    /// How often it was not run or has failed, by reason.
    #[doc(alias("failures", "errors"))]
    pub echecs: Vec<EchecsComptes>,
    /// How many run now.
    #[doc(alias("running", "in_flight"))]
    pub en_cours: u64,
    /// How long those took that have ended, however they did: hooks, decoding, the command,
    /// encoding; of a stream until its last item has left.
    #[doc(alias("latencies", "durations"))]
    pub durees: Durees,
}

/// How often a command failed for one reason.
#[doc(alias = "FailureCount")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EchecsComptes {
    /// The failure code of the reason. [`nature`](EchecsComptes::nature) names it.
    pub code: u16,
    /// How often.
    #[doc(alias = "count")]
    pub nombre: u64,
}

/// A command that runs now.
#[doc(alias = "Running")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnCours {
    /// Its name; empty if the caller may not call it.
    #[doc(alias("command", "name"))]
    pub commande: String,
    /// The number of the connection that it came by.
    pub client: u64,
    /// For how long it has run.
    #[doc(alias = "since")]
    pub depuis: Duration,
}

/// What is under way on one connection.
#[doc(alias = "ConnectionFigures")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnexionChiffree {
    /// The connection's number: [`Client::id`](crate::Client::id).
    #[doc(alias = "id")]
    pub client: u64,
    /// For how long the connection has been there.
    #[doc(alias("since", "age"))]
    pub depuis: Duration,
    /// What is under way.
    #[doc(alias = "load")]
    pub charge: Charge,
}

/// What is under way on a connection, or on several together.
#[doc(alias = "Load")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Charge {
    /// Commands that the other side has sent since the connection began.
    #[doc(alias("received", "commands"))]
    pub recues: u64,
    /// Commands that have arrived and not started.
    #[doc(alias("queued", "queue_length"))]
    pub en_file: u64,
    /// Commands that have started and not ended.
    #[doc(alias = "running")]
    pub en_cours: u64,
    /// Calls of this side that wait for their outcome, streams included.
    #[doc(alias("calls", "pending"))]
    pub appels: u64,
    /// Streams that this side sends.
    #[doc(alias("streams_out", "sent_streams"))]
    pub flux_envoyes: u64,
    /// Streams that this side receives.
    #[doc(alias("streams_in", "received_streams"))]
    pub flux_recus: u64,
    /// Bytes of commands that the other side would take now.
    #[doc(alias("window", "credit"))]
    pub fenetre: u64,
    /// Bytes that wait to be written.
    #[doc(alias("outbox", "unwritten"))]
    pub sortie: u64,
    /// Threads that run the other side's commands.
    pub threads: u64,
}

impl Charge {
    /// Adds what is under way elsewhere.
    pub(crate) fn add(&mut self, other: &Charge) {
        let sums = [
            (&mut self.recues, other.recues),
            (&mut self.en_file, other.en_file),
            (&mut self.en_cours, other.en_cours),
            (&mut self.appels, other.appels),
            (&mut self.flux_envoyes, other.flux_envoyes),
            (&mut self.flux_recus, other.flux_recus),
            (&mut self.fenetre, other.fenetre),
            (&mut self.sortie, other.sortie),
            (&mut self.threads, other.threads),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
    }
}

// [figures.records]
records! {
    Chiffres {
        format, comptees, depuis, clients, places, venus, refuses, charge, commandes, inconnues,
        executions, connexions
    }
    CommandeChiffree { nom, ancien_nom_de, reponses, refus, echecs, en_cours, durees }
    EchecsComptes { code, nombre }
    EnCours { commande, client, depuis }
    ConnexionChiffree { client, depuis, charge }
    Charge {
        recues, en_file, en_cours, appels, flux_envoyes, flux_recus, fenetre, sortie, threads
    }
    Durees { nombres, somme, maximum }
}
