//! The head of a message, and the hash that names a command on the wire.

use super::Signature;

/// The head of a message: the command's name and signature.
///
/// Returned by [`Message::entete`](super::Message::entete).
#[doc(alias = "header")]
#[derive(Clone, Copy, Debug)]
pub struct Entete<'a> {
    texts: Texts<'a>,
    hash: u64,
    empreinte: u32,
    /// How many arguments at the end are not sent, because they have their defaults.
    omitted: u8,
    /// Whether the answer is a stream.
    streams: bool,
    /// How many arguments are streams.
    fed: u8,
}

/// The name and the signature.
#[derive(Clone, Copy, Debug)]
enum Texts<'a> {
    /// Those of a declared command, which can be kept without a copy.
    Declared(&'static Signature),
    Given(&'a str, &'a str),
}

/// The head of a message to a declared command, in as few bytes as tell it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    signature: &'static Signature,
    empreinte: u32,
    omitted: u8,
    streams: bool,
    fed: u8,
}

impl Fixed {
    /// The head.
    pub(crate) fn entete(self) -> Entete<'static> {
        let Fixed { signature, empreinte, omitted, streams, fed } = self;
        let (texts, hash) = (Texts::Declared(signature), signature.hash);
        Entete { texts, hash, empreinte, omitted, streams, fed }
    }
}

impl<'a> Entete<'a> {
    /// The head of a message to the command called `nom`.
    ///
    /// If the signature is not known, `empreinte` is 0 and `signature` is empty.
    #[doc(hidden)]
    pub const fn new(nom: &'a str, empreinte: u32, signature: &'a str) -> Self {
        let (texts, hash) = (Texts::Given(nom, signature), hash(nom));
        Entete { texts, hash, empreinte, omitted: 0, streams: false, fed: 0 }
    }

    /// The head of a message to a declared command, without the last `omitted` arguments.
    #[doc(hidden)]
    #[inline]
    pub fn declared(signature: &'static Signature, omitted: u8) -> Self {
        let empreinte = match omitted {
            0 => signature.get(),
            omitted => signature.form(omitted.into()),
        };
        let (texts, hash) = (Texts::Declared(signature), signature.hash);
        Entete { texts, hash, empreinte, omitted, streams: false, fed: 0 }
    }

    /// How many arguments at the end are not sent, because they have their defaults.
    #[inline]
    pub(crate) fn omitted(&self) -> u8 {
        self.omitted
    }

    /// The head of this message with all arguments.
    // [features.forms]
    pub(crate) fn full(self) -> Self {
        match self.texts {
            Texts::Declared(signature) => {
                let Entete { streams, fed, .. } = self;
                Entete { streams, fed, ..Entete::declared(signature, 0) }
            }
            Texts::Given(..) => self,
        }
    }

    /// The signature of a declared command.
    pub(crate) fn known(&self) -> Option<&'static Signature> {
        match self.texts {
            Texts::Declared(signature) => Some(signature),
            Texts::Given(..) => None,
        }
    }

    /// The head of a message whose answer is a stream.
    #[doc(hidden)]
    #[must_use]
    pub const fn streaming(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Whether the answer is a stream.
    #[inline]
    pub(crate) fn expects_stream(&self) -> bool {
        self.streams
    }

    /// The head of a message with so many more arguments that are streams.
    #[doc(hidden)]
    #[must_use]
    pub const fn fed(mut self, count: u8) -> Self {
        self.fed = self.fed.saturating_add(count);
        self
    }

    /// Whether an argument is a stream.
    #[inline]
    pub(crate) fn is_fed(&self) -> bool {
        self.fed > 0
    }

    /// How many arguments are streams.
    pub(crate) fn fed_count(&self) -> u8 {
        self.fed
    }

    /// What is kept of the head, if it is that of a declared command.
    #[inline]
    pub(crate) fn as_fixed(&self) -> Option<Fixed> {
        let Entete { empreinte, omitted, streams, fed, .. } = *self;
        self.known().map(|signature| Fixed { signature, empreinte, omitted, streams, fed })
    }

    /// The command's name on the wire.
    #[doc(alias = "name")]
    #[inline]
    pub fn nom(&self) -> &'a str {
        match self.texts {
            Texts::Declared(signature) => signature.name,
            Texts::Given(nom, _) => nom,
        }
    }

    /// The hash of the name; the wire carries it instead of the name.
    #[inline]
    // [command.hash]
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// The fingerprint of the signature; 0 in a message by name.
    #[doc(alias = "fingerprint")]
    #[inline]
    pub fn empreinte(&self) -> u32 {
        self.empreinte
    }

    /// The signature, for people to read; empty in a message by name.
    #[inline]
    pub fn signature(&self) -> &'a str {
        match self.texts {
            Texts::Declared(signature) => signature.text,
            Texts::Given(_, signature) => signature,
        }
    }
}

impl PartialEq for Entete<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.nom() == other.nom()
            && self.empreinte == other.empreinte
            && self.signature() == other.signature()
    }
}

impl Eq for Entete<'_> {}

/// The hash that names a command on the wire: FNV-1a, 64 bits, of the command's name.
///
/// The constants are from <http://www.isthe.com/chongo/tech/comp/fnv/>.
pub const fn hash(nom: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut rest = nom.as_bytes();
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0100_0000_01b3);
        rest = tail;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_hashed_as_published() {
        // [command.hash]
        // Test vectors of the algorithm's authors.
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash("foobar"), 0x8594_4171_f739_67e8);
    }
}
