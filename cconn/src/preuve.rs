//! Proving that both sides know a secret, without sending it.
//!
//! This file knows keys and what is computed from them. Which bytes they are computed over, and in
//! which order messages go, is known to `handshake`.

use std::fmt;
use std::sync::Arc;

use crate::wire::{Challenge, Mac};

/// The secrets that one side knows, the preferred one first. Empty if it asks for none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(Vec<Arc<Key>>);

/// A secret under the name that the program has for it.
pub(crate) struct Key {
    pub(crate) name: Box<str>,
    /// What the other side knows it by: made from the secret, and telling nothing of it.
    id: [u8; 8],
    #[cfg(feature = "secret")]
    mac: ring::hmac::Key,
}

/// Which side computes a proof. A proof of one side is none of the other's.
#[derive(Clone, Copy)]
pub(crate) enum Prover {
    Client,
    Server,
}

/// Everything that a proof covers besides the role of its side.
#[cfg_attr(not(feature = "secret"), allow(dead_code))]
pub(crate) struct Covered<'a> {
    /// Both greetings, as they were sent: versions, limits, numbers used once.
    pub(crate) client: &'a [u8],
    pub(crate) server: &'a [u8],
    /// What binds the proof to one encrypted stream, if it is one.
    pub(crate) binding: Option<[u8; 32]>,
}

impl Keys {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first of the other side's keys that this side knows too.
    pub(crate) fn known(&self, theirs: &Challenge) -> Option<Arc<Key>> {
        theirs.keys.iter().find_map(|id| self.0.iter().find(|key| key.id == *id)).cloned()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.name)
    }
}

#[cfg(feature = "secret")]
mod with_ring {
    use ring::digest;
    use ring::hmac::{self, HMAC_SHA256};
    use ring::rand::{self, SystemRandom};

    use super::{Arc, Challenge, Covered, Key, Keys, Mac, Prover};
    use crate::wire::MAX_KEYS;

    impl Key {
        pub(crate) fn new(name: &str, secret: &[u8]) -> Self {
            let mac = hmac::Key::new(HMAC_SHA256, secret);
            let id = hmac::sign(&mac, b"cconn1 id");
            let id = id.as_ref().first_chunk().copied().unwrap_or_default();
            Key { name: name.into(), id, mac }
        }

        /// The proof of one side.
        pub(crate) fn prove(&self, prover: Prover, covered: &Covered<'_>) -> Mac {
            let tag = hmac::sign(&self.mac, &message(prover, covered));
            tag.as_ref().first_chunk().copied().unwrap_or_default()
        }

        /// Whether the other side's proof is right. Takes as long for a wrong one as for a right
        /// one.
        pub(crate) fn is_proof(&self, prover: Prover, covered: &Covered<'_>, proof: &Mac) -> bool {
            hmac::verify(&self.mac, &message(prover, covered), proof).is_ok()
        }
    }

    /// What a proof is computed over.
    // [proof.covers]
    fn message(prover: Prover, covered: &Covered<'_>) -> Vec<u8> {
        let label: &[u8] = match prover {
            Prover::Client => b"cconn1 client",
            Prover::Server => b"cconn1 server",
        };
        let mut greetings = digest::Context::new(&digest::SHA256);
        greetings.update(covered.client);
        greetings.update(covered.server);
        let greetings = greetings.finish();
        let binding = covered.binding.as_ref().map_or(&[][..], |binding| binding);
        [label, greetings.as_ref(), binding].concat()
    }

    impl Keys {
        pub(crate) fn new(keys: Vec<Arc<Key>>) -> Self {
            Keys(keys)
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        /// What a greeting says of these keys, or of the one that was chosen. `None` if the system
        /// has no random numbers.
        pub(crate) fn challenge(&self, chosen: Option<&Key>) -> Option<Challenge> {
            let nonce = rand::generate(&SystemRandom::new()).ok()?.expose();
            let keys = match chosen {
                Some(key) => vec![key.id],
                None => self.0.iter().take(MAX_KEYS).map(|key| key.id).collect(),
            };
            Some(Challenge { nonce, keys })
        }
    }
}

/// Without the feature nobody has keys, so none of these is ever asked.
#[cfg(not(feature = "secret"))]
#[expect(clippy::unused_self, reason = "with the feature the keys are used")]
mod without {
    use super::{Challenge, Covered, Key, Keys, Mac, Prover};

    impl Key {
        pub(crate) fn prove(&self, _: Prover, _: &Covered<'_>) -> Mac {
            Mac::default()
        }

        pub(crate) fn is_proof(&self, _: Prover, _: &Covered<'_>, _: &Mac) -> bool {
            false
        }
    }

    impl Keys {
        pub(crate) fn challenge(&self, _: Option<&Key>) -> Option<Challenge> {
            None
        }
    }
}

#[cfg(all(test, feature = "secret"))]
mod tests {
    use super::*;

    #[test]
    fn a_proof_covers_its_side_both_greetings_and_the_encrypted_stream() {
        // [proof.covers]
        let key = Key::new("a", &[7; 32]);
        let covered = || Covered { client: b"one", server: b"two", binding: Some([1; 32]) };
        let proof = key.prove(Prover::Client, &covered());
        assert!(key.is_proof(Prover::Client, &covered(), &proof));
        assert!(!key.is_proof(Prover::Server, &covered(), &proof), "reflected");
        assert!(!Key::new("a", &[8; 32]).is_proof(Prover::Client, &covered(), &proof));
        for other in [
            Covered { client: b"oneX", ..covered() },
            Covered { server: b"tw0", ..covered() },
            Covered { client: b"two", server: b"one", ..covered() },
            Covered { binding: None, ..covered() },
            Covered { binding: Some([2; 32]), ..covered() },
        ] {
            assert!(!key.is_proof(Prover::Client, &other, &proof));
        }
        for bit in 0..256 {
            let mut changed = proof;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.is_proof(Prover::Client, &covered(), &changed), "bit {bit}");
        }
    }

    #[test]
    fn the_first_key_of_the_other_side_that_is_known_here_is_chosen() {
        // [secret.record]
        let key = |name: &str, byte| Arc::new(Key::new(name, &[byte; 32]));
        let ours = Keys::new(vec![key("a", 1), key("b", 2), key("c", 3)]);
        let chosen = |bytes: &[u8]| {
            let theirs = Keys::new(bytes.iter().map(|byte| key("", *byte)).collect());
            Some(ours.known(&theirs.challenge(None)?)?.name.to_string())
        };
        assert_eq!(chosen(&[9, 3, 1]).as_deref(), Some("c"));
        assert_eq!(chosen(&[2]).as_deref(), Some("b"));
        assert_eq!((chosen(&[9, 8]), chosen(&[])), (None, None));
    }

    #[test]
    fn a_challenge_names_the_chosen_key_or_as_many_as_may_be_and_no_number_twice() {
        // [secret.keys]
        let keys = |count: u8| {
            Keys::new((0..count).map(|byte| Arc::new(Key::new("a", &[byte; 32]))).collect())
        };
        for count in [0, 1, 2, 8, 9] {
            let (keys, expected) = (keys(count), usize::from(count));
            assert_eq!((keys.len(), keys.is_empty()), (expected, count == 0));
            let challenge = keys.challenge(None).unwrap();
            let ids: Vec<[u8; 8]> = keys.0.iter().map(|key| key.id).collect();
            assert_eq!(challenge.keys, ids[..expected.min(crate::wire::MAX_KEYS)]);
        }
        let keys = keys(3);
        let one = keys.challenge(keys.0.get(1).map(|key| &**key)).unwrap();
        assert_eq!(one.keys, [keys.0[1].id]);
        assert_ne!(one.nonce, keys.challenge(None).unwrap().nonce);
    }
}
