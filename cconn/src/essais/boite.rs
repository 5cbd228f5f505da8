//! Reading a black box, and playing to a server what was received.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io::IoSlice;
use std::path::Path;
use std::time::{Duration, Instant};

use super::trames::{self, Trame};
use crate::Serveur;
use crate::boite::FIRST_LINE;
use crate::connexion::{handshake_failed, unreachable};
use crate::erreur::{Erreur, Resultat};
use crate::handshake;
use crate::link::Limits;
use crate::sync::Deadline;
use crate::transport::{Memory, Ready, Transport};
use crate::wire::{Features, Frame, LENGTH_PREFIX, Refusal, Role, frame_length, parse};

/// How long a server may take to answer what is played to it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes that a line in memory holds.
const CAPACITY: usize = 256 << 10;

/// The last frames of a connection, read from the file that
/// [`boite_noire`](crate::OptionsClient::boite_noire) has written.
///
/// # Examples
///
/// ```
/// use cconn::essais::BoiteNoire;
/// use cconn::{Serveur, nommee};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("cconn-doc-boite-{}", std::process::id()));
/// # std::fs::create_dir(&folder)?;
/// let serveur = Serveur::options(0).boite_noire(&folder, 64 << 10).ouvrir()?;
/// serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
/// let client = serveur.client_local()?;
/// assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
/// client.close(); // not in order
/// # serveur.eteindre()?;
///
/// // Later, in a test of the commands:
/// let file = std::fs::read_dir(&folder)?.next().unwrap()?.path();
/// let boite = BoiteNoire::lire(&file)?;
/// # let serveur = Serveur::new(0)?;
/// # serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
/// let answers = boite.rejouer(&serveur)?;
/// assert_eq!(answers.iter().filter(|trame| trame.genre == "answer").count(), 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "BlackBox")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoiteNoire {
    /// The connection, and how long it lived.
    #[doc(alias = "connection")]
    pub lien: String,
    /// The frames, in the order in which they passed.
    #[doc(alias = "frames")]
    pub passages: Vec<Passage>,
}

/// A frame that has passed.
#[doc(alias = "Passed")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passage {
    /// How long after the beginning of the connection.
    #[doc(alias = "after")]
    pub apres: Duration,
    /// Whether the side that kept it has sent it.
    #[doc(alias = "sent")]
    pub envoyee: bool,
    /// How long the frame was, its length prefix included.
    #[doc(alias = "length")]
    pub taille: usize,
    /// Its bytes, from its length prefix on; its first ones if it was larger than the whole box.
    #[doc(alias = "bytes")]
    pub octets: Vec<u8>,
}

/// Why a file is no black box.
#[doc(alias = "NotABlackBox")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoiteIllisible {
    /// The line, counted from 1.
    #[doc(alias = "line")]
    pub ligne: usize,
    /// What is wrong with it.
    #[doc(alias = "text")]
    pub texte: String,
}

impl fmt::Display for BoiteIllisible {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the black box: {}", self.ligne, self.texte)
    }
}

impl std::error::Error for BoiteIllisible {}

impl BoiteNoire {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Erreur::Echec`] if it can't be read, or is no black box.
    #[doc(alias = "read")]
    #[inline]
    pub fn lire(chemin: impl AsRef<Path>) -> Resultat<BoiteNoire> {
        let text = fs::read_to_string(chemin).map_err(Erreur::echec)?;
        BoiteNoire::texte(&text).map_err(Erreur::echec)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// The line that is no line of a black box.
    #[doc(alias = "parse")]
    #[inline]
    pub fn texte(texte: &str) -> Result<BoiteNoire, BoiteIllisible> {
        let mut lines = (1..).zip(texte.lines());
        let wrong = |ligne, text: &str| BoiteIllisible { ligne, texte: text.to_owned() };
        if lines.next().is_none_or(|(_, line)| line != FIRST_LINE) {
            return Err(wrong(1, "it must be `cconn black box 1`"));
        }
        let (_, lien) = lines.next().ok_or_else(|| wrong(2, "the connection is missing"))?;
        let mut passages = Vec::new();
        for (number, line) in lines.filter(|(_, line)| !line.starts_with('#')) {
            let text = "it must be seconds, `<` or `>`, a length, and bytes in hexadecimal";
            passages.push(passage(line).ok_or_else(|| wrong(number, text))?);
        }
        Ok(BoiteNoire { lien: lien.to_owned(), passages })
    }

    /// Plays to the commands of a server what the side of the box had received, over a connection
    /// of its own; returns what the server sends.
    ///
    /// Frames of which only the first bytes were kept are left out, and so is what ends a
    /// connection. Answers to calls that the box's side made are left out too: they would come to
    /// calls that nobody made.
    ///
    /// # Errors
    ///
    /// Those of [`Serveur::client_local`]; and [`Erreur::Delai`] if the server does not answer each
    /// call within 10 seconds.
    ///
    /// # Blocking
    ///
    /// Until each call is answered, or the server ends the connection.
    #[doc(alias = "replay")]
    #[inline]
    pub fn rejouer(&self, serveur: &Serveur) -> Resultat<Vec<Trame>> {
        let (hers, ours) = Memory::pair(CAPACITY);
        let _refused = serveur.receive(ours)?;
        let deadline = Instant::now().checked_add(PATIENCE);
        let failed = |error| handshake_failed(error, &"local", PATIENCE);
        let (limits, told) = (Limits::default(), handshake::Told::default());
        handshake::greet(&hers, Role::Client, &limits, Refusal::Accepted, "", told, deadline)
            .map_err(failed)?;
        let greeted = handshake::read_greeting(&hers, Role::Client, deadline).map_err(failed)?;
        let (mut bytes, mut open) = (Vec::new(), HashSet::new());
        for one in self.passages.iter().filter(|one| !one.envoyee) {
            match one.frame() {
                Some(Frame::Call { id, .. }) => {
                    open.insert(id.0);
                }
                Some(Frame::OneWay { .. } | Frame::Cancel { .. } | Frame::Credit { .. }) => {}
                _ => continue,
            }
            bytes.extend(&one.octets);
        }
        let heard = exchange(&hers, &bytes, greeted.rest, &open, deadline)?;
        hers.close();
        Ok(trames::lire(&heard).collect())
    }
}

impl Passage {
    /// The frame, if all of it was kept.
    #[inline]
    fn frame(&self) -> Option<Frame<'_>> {
        if self.octets.len() != self.taille {
            return None;
        }
        parse(self.octets.get(LENGTH_PREFIX..)?, Features::OURS).ok()
    }
}

#[inline]
fn passage(line: &str) -> Option<Passage> {
    let mut words = line.split_ascii_whitespace();
    let seconds: f64 = words.next()?.parse().ok()?;
    let apres = Duration::try_from_secs_f64(seconds).ok()?;
    let envoyee = match words.next()? {
        ">" => true,
        "<" => false,
        _ => return None,
    };
    let taille = words.next()?.parse().ok()?;
    let digits = words.next()?;
    if words.next().is_some() || !digits.is_ascii() || !digits.len().is_multiple_of(2) {
        return None;
    }
    let pairs = (0..digits.len()).step_by(2);
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at.saturating_add(2))?, 16).ok();
    let octets = pairs.map(byte).collect::<Option<Vec<u8>>>()?;
    (octets.len() <= taille).then_some(Passage { apres, envoyee, taille, octets })
}

/// Sends these bytes, and reads until every open call has its outcome or the stream ends.
#[inline]
fn exchange(
    io: &Memory,
    bytes: &[u8],
    mut heard: Vec<u8>,
    open: &HashSet<u64>,
    deadline: Option<Instant>,
) -> Resultat<Vec<u8>> {
    let mut rest = bytes;
    loop {
        if !rest.is_empty()
            && let Ok(taken) = io.try_send(&[IoSlice::new(rest)])
        {
            rest = rest.get(taken..).unwrap_or(&[]);
            continue;
        }
        if rest.is_empty() && answered(&heard, open) {
            return Ok(heard);
        }
        let wanted = Ready { readable: true, writable: !rest.is_empty() };
        let ready = io.poll(wanted, deadline).map_err(|cause| unreachable(&"local", cause))?;
        if ready == Ready::default() {
            return Err(handshake_failed(handshake::HandshakeError::Late, &"local", PATIENCE));
        }
        if ready.readable {
            heard.reserve(4096);
            match io.recv(&mut heard, &mut Deadline::Never) {
                Ok(0) | Err(_) => return Ok(heard),
                Ok(_) => {}
            }
        }
    }
}

/// Whether each of these calls has its outcome in what was heard.
#[inline]
fn answered(heard: &[u8], open: &HashSet<u64>) -> bool {
    let (mut rest, mut left) = (heard, open.len());
    let mut seen = HashSet::new();
    while let Some(length) = frame_length(rest) {
        let whole = LENGTH_PREFIX.saturating_add(length as usize);
        let Some(frame) = rest.get(LENGTH_PREFIX..whole) else { break };
        let id = match parse(frame, Features::OURS) {
            Ok(Frame::Answer { id, .. } | Frame::UserError { id, .. } | Frame::End { id, .. }) => {
                Some(id)
            }
            Ok(Frame::Failure { id, .. }) => id,
            _ => None,
        };
        if id.is_some_and(|id| open.contains(&id.0) && seen.insert(id.0)) {
            left = left.saturating_sub(1);
        }
        rest = rest.get(whole..).unwrap_or(&[]);
    }
    left == 0
}
