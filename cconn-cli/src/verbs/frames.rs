//! `trame`: the frames in captured bytes of one direction of a connection.

use std::collections::HashMap;
use std::time::Duration;

use cconn::description::{Integree, Programme};
use cconn::essais::trames::{self, Trame};
use cconn::essais::{BoiteNoire, Passage};
use cconn::nommee;
use cconn::traits::Message;
use serde_json::{Map, Value, json};

use super::contract::contract;
use crate::arguments::Common;
use crate::failure::{Failure, Kind, Outcome};
use crate::output::{self, DIM, NAME, harmless, styled};
use crate::reading;

pub fn run(source: &str, names: Option<&str>, common: &Common) -> Outcome<()> {
    let names = Names::of(names, common)?;
    let content = read(source, common.delai)?;
    if content.is_empty() {
        return Err(Failure::usage(format!("{source} is empty")));
    }
    let (mut faults, mut first) = (0_u64, None);
    for (passed, frame) in frames(content, source)? {
        if frame.faute.is_some() {
            faults += 1;
            first.get_or_insert(frame.position);
        }
        if common.json {
            output::json(&names.as_json(passed.as_ref(), &frame))?;
        } else {
            output::line(&format!("{}{}", when(passed.as_ref()), names.line(&frame)))?;
        }
    }
    match first {
        None => Ok(()),
        Some(at) => {
            let what = if faults == 1 { "place breaks" } else { "places break" };
            let text = format!("{faults} {what} the protocol, the first at byte {at}");
            Err(Failure::new(Kind::NotAPeer, text))
        }
    }
}

/// The frames of a capture; those of a black box with when they passed, and which way.
fn frames(content: Vec<u8>, source: &str) -> Outcome<Vec<(Option<Passage>, Trame)>> {
    if !content.starts_with(b"cconn black box") {
        return Ok(trames::lire(&bytes(content)).map(|frame| (None, frame)).collect());
    }
    let read = BoiteNoire::texte(&String::from_utf8_lossy(&content));
    let black_box = read.map_err(|error| Failure::usage(format!("{source}, {error}")))?;
    // Each direction is read by itself: what a frame means may depend on those before it.
    let direction = |sent| {
        let mut bytes = Vec::new();
        for one in black_box.passages.iter().filter(|one| one.envoyee == sent) {
            bytes.extend(&one.octets);
            // Of a frame that was too large the first bytes were kept.
            bytes.resize(bytes.len() + one.taille - one.octets.len(), 0);
        }
        trames::lire(&bytes).collect::<Vec<_>>().into_iter()
    };
    let (mut sent, mut received) = (direction(true), direction(false));
    let with_frame = |passed: Passage| {
        let frame = if passed.envoyee { sent.next() } else { received.next() };
        frame.map(|frame| (Some(passed), frame))
    };
    Ok(black_box.passages.clone().into_iter().filter_map(with_frame).collect())
}

/// When a frame of a black box has passed, and which way.
fn when(passed: Option<&Passage>) -> String {
    passed.map_or_else(String::new, |passed| {
        let way = if passed.envoyee { "->" } else { "<-" };
        format!("{:>12.6} {way} ", passed.apres.as_secs_f64())
    })
}

fn read(source: &str, silence: Duration) -> Outcome<Vec<u8>> {
    let read = match source {
        "-" => reading::stdin(silence),
        path => reading::file(path, silence),
    };
    read.map_err(|error| Failure::usage(format!("{source} can't be read: {error}")))
}

/// The bytes of a capture, which may be written in hexadecimal. A raw one always holds bytes that
/// are no digits.
fn bytes(content: Vec<u8>) -> Vec<u8> {
    let is_between = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b':' | b',');
    let is_text = content.iter().all(|byte| byte.is_ascii_hexdigit() || is_between(byte));
    let digits: Vec<u8> = content.iter().copied().filter(|byte| !is_between(byte)).collect();
    if !is_text || !digits.len().is_multiple_of(2) {
        return content;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|one| u8::try_from(one).ok());
    let pair = |pair: &[u8]| Some(value(pair[0])? * 16 + value(pair[1])?);
    digits.chunks(2).map(pair).collect::<Option<_>>().unwrap_or(content)
}

/// The names of commands by their hashes.
struct Names(HashMap<u64, String>);

impl Names {
    /// The names in a contract file, or of the peer at an address; those of every peer in any case.
    fn of(source: Option<&str>, common: &Common) -> Outcome<Names> {
        let programme = match source {
            None => Programme::default(),
            Some(source) => contract(source, common)?.programme,
        };
        let own = Integree::TOUTES.iter().map(|one| one.nom().to_owned());
        let names = programme.commandes.into_iter().map(|one| one.nom).chain(own);
        Ok(Names(names.map(|name| (nommee(&name, ()).entete().hash(), name)).collect()))
    }

    /// The command that a frame names; 0 stands for none.
    fn command(&self, frame: &Trame) -> Option<String> {
        let hash = frame.commande.filter(|hash| *hash != 0)?;
        Some(self.0.get(&hash).cloned().unwrap_or_else(|| format!("#{hash:016x}")))
    }

    fn line(&self, frame: &Trame) -> String {
        let space = " ".repeat(10_usize.saturating_sub(frame.genre.len()));
        let kind = styled(frame.genre, NAME) + &space;
        let mut parts = vec![format!("{:>8} {:>8} {kind}", frame.position, frame.taille)];
        let mut add = |name: &str, value: &str| {
            parts.push(format!("{}{}", styled(&format!("{name}="), DIM), harmless(value)));
        };
        if let Some(id) = frame.id {
            add("id", &id.to_string());
        }
        if let Some(command) = self.command(frame) {
            add("commande", &command);
        }
        for (name, value) in &frame.champs {
            add(name, value);
        }
        if let Some(bytes) = frame.octets {
            add("octets", &bytes.to_string());
        }
        if let Some(fault) = &frame.faute {
            parts.push(styled(&format!(" !! {}", harmless(fault)), output::BAD));
        }
        parts.join(" ").trim_end().to_owned()
    }

    fn as_json(&self, passed: Option<&Passage>, frame: &Trame) -> Value {
        let fields = frame.champs.iter();
        let fields: Map<_, _> =
            fields.map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        let mut value = json!({
            "position": frame.position,
            "taille": frame.taille,
            "genre": frame.genre,
            "id": frame.id,
            "commande": self.command(frame),
            "octets": frame.octets,
            "champs": fields,
            "faute": frame.faute,
        });
        if let Some(passed) = passed {
            value["apres"] = passed.apres.as_secs_f64().into();
            value["envoyee"] = passed.envoyee.into();
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_bytes_and_everything_else_is_as_it_is() {
        assert_eq!(bytes(b"00 ff:1A,\n2b\n".to_vec()), [0, 255, 0x1a, 0x2b]);
        assert_eq!(bytes(b"00f".to_vec()), b"00f");
        assert_eq!(bytes(b"\x00\x01".to_vec()), [0, 1]);
        assert_eq!(bytes(b" ".to_vec()), b"");
    }
}
