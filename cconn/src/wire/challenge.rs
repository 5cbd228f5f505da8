//! The proof of a secret on the wire: the record in a greeting that asks for it, and the message
//! that gives it.

use super::error::WireError;
use super::reader::Reader;
use super::record;
use super::text::shorten;

/// The number of the record.
// [record.numbers] [secret.record]
const CHALLENGE: u16 = 6;

/// The most secrets that one side offers.
// [secret.keys]
pub(crate) const MAX_KEYS: usize = 8;

/// The kind of the message with a proof.
// [proof.fields]
const PROOF: u8 = 13;

/// Bytes of a proof message up to its proof or text: length, kind and decision.
const PROOF_HEAD: usize = 6;

/// The longest text of a refusal in such a message, in bytes. With the head before it this is the
/// most that a side keeps before the other one is proved.
const MAX_TEXT: usize = 512;

/// A proof.
pub(crate) type Mac = [u8; 32];

/// What a greeting says of secrets: a number used once, and the secrets known by their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) nonce: [u8; 32],
    /// At least one and at most `MAX_KEYS`.
    pub(crate) keys: Vec<[u8; 8]>,
}

impl Challenge {
    /// Appends the record to a whole greeting, which must have room for it.
    pub(crate) fn append(&self, greeting: &mut Vec<u8>) {
        let data = [&self.nonce[..], self.keys.as_flattened()].concat();
        record::append(greeting, CHALLENGE, &data);
    }

    /// Reads the record of a greeting whose other parts are good; `rest` is what follows its head.
    pub(crate) fn find(rest: &[u8]) -> Result<Option<Self>, WireError> {
        record::find(rest, CHALLENGE)?.map(Challenge::parse).transpose()
    }

    // [secret.record] [secret.keys]
    fn parse(data: &[u8]) -> Result<Self, WireError> {
        let (nonce, keys) = data.split_first_chunk().ok_or(WireError::GreetingField)?;
        let (keys, []) = keys.as_chunks::<8>() else { return Err(WireError::GreetingField) };
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(WireError::GreetingField);
        }
        Ok(Challenge { nonce: *nonce, keys: keys.to_vec() })
    }
}

/// What a message with a proof says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Given(Mac),
    /// The server refuses after all: its decision, and a text for a person.
    Refused(u8, String),
}

/// Whether a frame, without its length, is a message with a proof.
pub(crate) fn is_proof(frame: &[u8]) -> bool {
    frame.first() == Some(&PROOF)
}

impl Proof {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (decision, rest) = match self {
            Proof::Given(mac) => (0, mac.to_vec()),
            Proof::Refused(decision, text) => {
                (*decision, shorten(text, MAX_TEXT).as_bytes().to_vec())
            }
        };
        let length = u32::try_from(rest.len()).unwrap_or(u32::MAX).saturating_add(2);
        out.extend(length.to_le_bytes());
        out.extend([PROOF, decision]);
        out.extend(rest);
    }

    /// The length of the message that begins with these bytes, as far as they tell.
    pub(crate) fn length(bytes: &[u8]) -> Result<usize, WireError> {
        let Some(length) = bytes.first_chunk() else { return Ok(PROOF_HEAD) };
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if bytes.get(4).is_some_and(|kind| *kind != PROOF) || !(2..=MAX_TEXT + 2).contains(&length)
        {
            return Err(WireError::GreetingField);
        }
        Ok(length.saturating_add(4))
    }

    /// Reads a whole message.
    // [proof.fields]
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let (_length, kind, decision) = (reader.u32()?, reader.u8()?, reader.u8()?);
        let rest = bytes.get(PROOF_HEAD..).unwrap_or(&[]);
        match (kind, decision) {
            (PROOF, 0) => {
                let mac = Mac::try_from(rest).map_err(|_| WireError::GreetingField)?;
                Ok(Proof::Given(mac))
            }
            (PROOF, decision) => {
                let text = std::str::from_utf8(rest).map_err(|_| WireError::Text)?;
                Ok(Proof::Refused(decision, text.to_owned()))
            }
            _ => Err(WireError::GreetingField),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::greeting::GREETING_HEAD;
    use super::super::{Features, Greeting, Refusal, Role};
    use super::*;

    fn greeting() -> Vec<u8> {
        let (role, refusal, features, instance) =
            (Role::Client, Refusal::Accepted, Features::OURS, None);
        let (max_frame, window, text) = (1 << 20, 1 << 22, String::from("plein"));
        let mut bytes = Vec::new();
        Greeting { role, refusal, max_frame, window, text, features, instance }.write(&mut bytes);
        bytes
    }

    #[test]
    fn a_challenge_stands_in_a_greeting_and_is_found_there() {
        // [secret.record] [secret.keys] [record.twice]
        let plain = greeting();
        assert_eq!(Challenge::find(&plain[GREETING_HEAD..]), Ok(None));
        for keys in 1..=MAX_KEYS + 1 {
            let challenge = Challenge { nonce: [7; 32], keys: vec![[9; 8]; keys] };
            let mut bytes = plain.clone();
            challenge.append(&mut bytes);
            assert!(Greeting::parse(&bytes[GREETING_HEAD..]).is_ok(), "others skip it");
            let expected = (keys <= MAX_KEYS).then_some(Some(challenge.clone()));
            let found = Challenge::find(&bytes[GREETING_HEAD..]);
            assert_eq!(found.clone().ok(), expected, "{keys}: {found:?}");
            if keys <= MAX_KEYS {
                challenge.append(&mut bytes);
                let twice = Challenge::find(&bytes[GREETING_HEAD..]);
                assert_eq!(twice, Err(WireError::RecordTwice(CHALLENGE)));
            }
        }
        for length in [0, 1, 31, 32, 33, 39, 41] {
            assert!(Challenge::parse(&vec![1; length]).is_err(), "{length}");
        }
    }

    #[test]
    fn proofs_and_refusals_are_read_as_they_were_written() {
        // [proof.fields]
        for proof in [Proof::Given([3; 32]), Proof::Refused(1, "plein".into())] {
            let mut bytes = Vec::new();
            proof.write(&mut bytes);
            assert_eq!(Proof::length(&bytes), Ok(bytes.len()));
            assert_eq!(Proof::parse(&bytes), Ok(proof));
            for n in 0..4 {
                assert_eq!(Proof::length(&bytes[..n]), Ok(PROOF_HEAD));
            }
        }
        for (length, kind) in [(1_u32, PROOF), (515, PROOF), (u32::MAX, PROOF), (34, 2)] {
            let bytes = [&length.to_le_bytes()[..], &[kind, 0]].concat();
            assert!(Proof::length(&bytes).is_err(), "{length} {kind}");
        }
        let mut short = Vec::new();
        Proof::Given([3; 32]).write(&mut short);
        assert!(Proof::parse(&short[..short.len() - 1]).is_err());
    }

    #[test]
    fn the_longest_refusal_fits_what_is_kept_for_a_proof() {
        for (length, expected) in [(511, 517), (512, 518), (513, 518), (9000, 518)] {
            let mut bytes = Vec::new();
            Proof::Refused(7, "x".repeat(length)).write(&mut bytes);
            assert_eq!((bytes.len(), Proof::length(&bytes)), (expected, Ok(expected)));
        }
    }

    #[test]
    fn a_proof_is_known_by_its_kind() {
        let mut bytes = Vec::new();
        Proof::Given([3; 32]).write(&mut bytes);
        assert!(is_proof(&bytes[4..]));
        assert!(!is_proof(&[]) && !is_proof(&[PROOF + 1, PROOF]));
    }
}
