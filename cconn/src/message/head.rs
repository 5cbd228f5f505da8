//! The head of a message, and the hash that names a command on the wire.

/// The head of a message: the command's name and signature.
///
/// Returned by [`Message::entete`](super::Message::entete).
#[doc(alias = "header")]
#[derive(Clone, Copy, Debug)]
pub struct Entete<'a> {
    texts: Texts<'a>,
    hash: u64,
    empreinte: u32,
}

/// The name and the signature.
#[derive(Clone, Copy, Debug)]
enum Texts<'a> {
    /// Texts of a declared command, which can be kept without a copy.
    Fixed(&'static str, &'static str),
    Given(&'a str, &'a str),
}

impl<'a> Entete<'a> {
    /// The head of a message to the command called `nom`.
    ///
    /// If the signature is not known, `empreinte` is 0 and `signature` is empty.
    #[doc(hidden)]
    pub const fn new(nom: &'a str, empreinte: u32, signature: &'a str) -> Self {
        Entete { texts: Texts::Given(nom, signature), hash: hash(nom), empreinte }
    }

    /// The head of a message to a declared command.
    #[doc(hidden)]
    pub const fn fixed(nom: &'static str, empreinte: u32, signature: &'static str) -> Self {
        Entete { texts: Texts::Fixed(nom, signature), hash: hash(nom), empreinte }
    }

    /// A copy of this head with another fingerprint.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn with(self, empreinte: u32) -> Self {
        Entete { empreinte, ..self }
    }

    /// A copy that can be kept, if the texts are those of a declared command.
    pub(crate) fn as_fixed(&self) -> Option<Entete<'static>> {
        match self.texts {
            Texts::Fixed(nom, signature) => Some(Entete {
                texts: Texts::Fixed(nom, signature),
                hash: self.hash,
                empreinte: self.empreinte,
            }),
            Texts::Given(..) => None,
        }
    }

    /// The command's name on the wire.
    #[doc(alias = "name")]
    #[inline]
    pub fn nom(&self) -> &'a str {
        match self.texts {
            Texts::Fixed(nom, _) | Texts::Given(nom, _) => nom,
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
            Texts::Fixed(_, signature) | Texts::Given(_, signature) => signature,
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
