//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the command answered with its own error, or failed; a change breaks older programs
  2  the command line makes no sense, or a value does not fit the peer's type
  3  nothing listens there
  4  what listens there is no cconn peer, or an encrypted one; captured bytes break the protocol
  5  the peer has no such command, or does not list its commands
  6  the peer refuses this caller, or is too busy for it
  7  the time limit passed
  8  the connection was lost
  9  the output was closed before all was written
  10 the server does not count its commands
  130  it was interrupted (Ctrl-C)

Addresses: 12800, 127.0.0.1:12800, unix:/run/moi.sock, exec:./programme (started, asked, ended).";

/// Calls, lists, loads and watches cconn peers.
#[derive(Debug, Parser)]
#[command(name = "cconn", version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub verb: Verb,
    #[command(flatten)]
    pub common: Common,
}

#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Print JSON, one value a line.
    #[arg(long, global = true)]
    pub json: bool,
    /// How long to wait for each thing of the peer's: `500ms`, `10s`, `2m`.
    #[arg(long, global = true, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub delai: Duration,
    #[cfg(feature = "securite")]
    #[command(flatten)]
    pub proofs: Proofs,
}

/// What a server wants to be sure of, and what this side believes.
#[cfg(feature = "securite")]
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Servers with TLS or a secret")]
pub struct Proofs {
    /// Speak TLS, and believe the servers that an authority in this PEM file vouches for.
    #[arg(long, global = true, value_name = "FILE", alias = "ca")]
    pub autorites: Option<PathBuf>,
    /// The name in the server's certificate, if it is not the host in the address.
    #[arg(long, global = true, value_name = "NAME", alias = "server-name")]
    pub nom_serveur: Option<String>,
    /// This side's certificate, a PEM file; its key is given by `--cle`.
    #[arg(long, global = true, value_name = "FILE", alias = "cert")]
    pub certificat: Option<PathBuf>,
    /// The key of this side's certificate, a PEM file.
    #[arg(long, global = true, value_name = "FILE", alias = "key")]
    pub cle: Option<PathBuf>,
    /// A file with the secret that both sides know.
    #[arg(long, global = true, value_name = "FILE")]
    pub secret: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the peer's commands with arguments, types and docs.
    #[command(visible_alias = "list")]
    Liste {
        /// Where the peer listens.
        adresse: String,
        /// Only this command, with every type that it uses.
        commande: Option<String>,
    },
    /// Call a command and print its answer; of a stream each item on a line, as JSON.
    #[command(visible_alias = "call")]
    Appeler {
        /// Of a stream, how many items to take.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        max: Option<u64>,
        #[command(flatten)]
        call: Call,
    },
    /// Send a command without waiting for an answer.
    #[command(visible_alias = "send")]
    Envoyer(Call),
    /// Ask the peer what it is, and how long an answer takes.
    #[command(visible_alias = "info")]
    Ping {
        /// Where the peer listens.
        adresse: String,
    },
    /// A prompt for the peer's commands, with history and completion.
    Console {
        /// Where the peer listens.
        adresse: String,
    },
    /// Call a command from many connections for a while, and show the latencies.
    #[command(visible_alias = "load")]
    Charge(Load),
    /// Watch a server: its clients, what runs and since when, rates, latencies, queues, streams.
    #[command(visible_alias = "watch")]
    Veille(Watch),
    /// Compare two contracts of a program, or one and a live peer, and say whom the changes break.
    #[command(visible_alias = "contract")]
    Contrat {
        /// The contract of before: a file of `cconn::essais::contrat`, or where a peer listens.
        avant: String,
        /// The contract of now: a file, or where a peer listens.
        apres: String,
    },
    /// Show the frames in captured bytes of one direction of a connection.
    #[command(visible_alias = "frames")]
    Trame {
        /// A file, or `-` for the standard input. Bytes as they are, or in hexadecimal.
        fichier: String,
        /// Names of commands: a contract file, or where a peer listens.
        #[arg(long, value_name = "FILE|ADDR")]
        noms: Option<String>,
    },
    /// Print the completions of a shell.
    #[command(hide = true)]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Manuel {
        /// The folder, which must exist.
        dossier: PathBuf,
    },
}

#[derive(Args, Clone, Debug)]
pub struct Call {
    /// Where the peer listens.
    pub adresse: String,
    /// The command.
    pub commande: String,
    /// Its arguments, in order or as `name=value`. Scalars as they are, everything else as JSON;
    /// `@file` is the content of a file, `-` the standard input, `@@word` a word as it is.
    /// Options may stand behind them; behind `--` everything is a value.
    #[arg(allow_hyphen_values = true, trailing_var_arg = true)]
    pub valeurs: Vec<String>,
}

#[derive(Args, Clone, Debug)]
pub struct Load {
    /// How many connections call at once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub clients: u16,
    /// For how long.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    pub duree: Duration,
    /// Calls a second, of all connections together. Latencies then count from the moment at which
    /// a call was due, so that a peer that stalls is not shown better than it is.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub debit: Option<u32>,
    /// Write the latencies as a picture into this file.
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    #[command(flatten)]
    pub call: Call,
}

#[derive(Args, Clone, Debug)]
pub struct Watch {
    /// Where the server listens.
    pub adresse: String,
    /// How often to look.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time)]
    pub rythme: Duration,
    /// How many times to look; else until `q`, Ctrl-C or the end of the connection.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max: Option<u64>,
    /// Watch a server that does not count its commands: its clients and connections only.
    #[arg(long)]
    pub sans_commandes: bool,
}

/// A length of time that is not zero and at most a day.
fn time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let range = Duration::from_millis(1)..=Duration::from_secs(86_400);
    if range.contains(&time) { Ok(time) } else { Err("between 1ms and 1day".to_owned()) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn negative_values_are_values() {
        let words = ["cconn", "appeler", "12800", "somme", "-12", "34"];
        let Verb::Appeler { call, .. } = Arguments::parse_from(words).verb else { panic!() };
        assert_eq!(call.valeurs, ["-12", "34"]);
    }

    #[test]
    fn times_have_units_and_bounds() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert!(time("0s").is_err() && time("10").is_err() && time("2days").is_err());
    }
}
