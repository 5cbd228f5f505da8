//! The numbered sets of the protocol. Codes and reasons are open sets: a number that this side
//! does not know is kept and shown.

use super::features::Features;

/// Declares an open set of numbers, and its conversions.
macro_rules! codes {
    ($(#[$meta:meta])* $name:ident: $repr:ty { $($(#[$vmeta:meta])* $variant:ident = $number:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$vmeta])* $variant,)*
            /// A number that no other variant has; only `from_number` makes one.
            Other($repr),
        }

        impl $name {
            /// The number on the wire.
            pub(crate) const fn number(self) -> $repr {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// The variant with that number.
            pub(crate) const fn from_number(number: $repr) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    other => Self::Other(other),
                }
            }
        }
    };
}

codes! {
    /// Why a command that arrived was not answered by a value.
    // [codes.numbers]
    FailureCode: u16 {
        UnknownCommand = 1;
        Signature = 2;
        Arguments = 3;
        NoResources = 8;
        Expired = 11;
        Forbidden = 12;
        NotReady = 13;
        Overloaded = 14;
        UnexpectedStream = 15;
        Panic = 0x0104;
        Handler = 0x0105;
        AnswerTooLarge = 0x0106;
        AnswerEncoding = 0x0107;
        AnswerDropped = 0x0109;
        Closed = 0x010a;
        OverloadedAfterwards = 0x010b;
        /// The command ran and left its answer to a promise, which was dropped without one.
        Unanswered = 0x010c;
    }
}

/// What a failure code says about the command, even if the code itself is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    NotRun,
    Ran,
    Unknown,
}

impl FailureCode {
    /// The class: the high byte of the number.
    // [codes.class]
    pub(crate) const fn class(self) -> FailureClass {
        match self.number() >> 8 {
            0 => FailureClass::NotRun,
            1 => FailureClass::Ran,
            _ => FailureClass::Unknown,
        }
    }

    /// Reads a code. A peer that does not declare classes sends codes of class 1 without it.
    // [codes.short]
    pub(super) const fn parse(number: u16) -> Self {
        match number {
            4..=7 | 9 | 10 => Self::from_number(number | 1 << 8),
            number => Self::from_number(number),
        }
    }

    /// The number that is sent to a peer with these features.
    // [codes.short] [features.used]
    pub(super) fn number_for(self, features: Features) -> u16 {
        if features.has(Features::CLASSES) {
            return self.number();
        }
        match (self.class(), self.number() & 0xff) {
            (FailureClass::NotRun, number @ 1..=3) | (FailureClass::Ran, number @ (4..=7 | 9)) => {
                number
            }
            (FailureClass::NotRun, _) => Self::NoResources.number(),
            _ => 10,
        }
    }
}

codes! {
    /// Why a side ends the connection.
    // [adieu.reasons]
    EndReason: u16 {
        Finished = 1;
        Closed = 2;
        NotCconn = 3;
        Version = 4;
        Protocol = 5;
        FrameTooLarge = 6;
        Window = 7;
        SlowPeer = 8;
        SlowFrame = 9;
        GraceOver = 10;
        Codec = 11;
    }
}

/// The server's decision about a newcomer, in its greeting. A closed set.
// [refusal.numbers]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Accepted = 0,
    Full = 1,
    Stopping = 2,
    NoResources = 3,
    // [refusal.plain]
    Plain = 4,
    // [refusal.secret]
    Unproven = 5,
    NoSecret = 6,
    WrongProof = 7,
    // [refusal.program]
    OtherProgram = 8,
    // [refusal.proxy]
    Proxy = 9,
}

impl Refusal {
    /// The number on the wire.
    pub(crate) const fn number(self) -> u8 {
        self as u8
    }

    /// The variant with that number, if there is one.
    pub(crate) const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Refusal::Accepted),
            1 => Some(Refusal::Full),
            2 => Some(Refusal::Stopping),
            3 => Some(Refusal::NoResources),
            4 => Some(Refusal::Plain),
            5 => Some(Refusal::Unproven),
            6 => Some(Refusal::NoSecret),
            7 => Some(Refusal::WrongProof),
            8 => Some(Refusal::OtherProgram),
            9 => Some(Refusal::Proxy),
            _ => None,
        }
    }

    /// Whether the refusal is about a secret that is not proved.
    pub(crate) const fn is_about_secrets(self) -> bool {
        matches!(self, Refusal::Unproven | Refusal::NoSecret | Refusal::WrongProof)
    }

    /// The meaning, as the middle of an English sentence.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Refusal::Accepted => "accepted",
            Refusal::Full => "the server is full",
            Refusal::Stopping => "the server is stopping",
            Refusal::NoResources => "the server lacks a thread or room for another newcomer",
            Refusal::Unproven => {
                "one side wants a secret proved and the other has none; give both `secrets`"
            }
            Refusal::NoSecret => {
                "both sides have no secret in common; both need the same bytes, and a line break at \
                 the end of a file is one of them"
            }
            Refusal::WrongProof => {
                "the proof of the secret is wrong: the secrets differ, or bytes were changed on \
                 their way"
            }
            Refusal::OtherProgram => "the server is another program, or another build of it",
            Refusal::Proxy => {
                "the server and the proxy in front of it do not agree about PROXY headers"
            }
            Refusal::Plain => "the server takes encrypted connections only; connect with `tls`",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_class_of_a_code_is_its_high_byte() {
        // [codes.class]
        for low in 0..=255 {
            assert_eq!(FailureCode::from_number(low).class(), FailureClass::NotRun);
            assert_eq!(FailureCode::from_number(0x0100 | low).class(), FailureClass::Ran);
            for high in [2, 3, 255] {
                let code = FailureCode::from_number(high << 8 | low);
                assert_eq!(code.class(), FailureClass::Unknown);
            }
        }
    }

    #[test]
    fn codes_of_either_numbering_are_read_and_each_peer_is_sent_its_own() {
        // [codes.short] [features.used]
        for number in [1, 2, 3, 8, 0x0104, 0x0105, 0x0106, 0x0107, 0x0109, 0x010a] {
            let code = FailureCode::parse(number);
            assert!(!matches!(code, FailureCode::Other(_)), "{number}");
            assert_eq!(code.number_for(Features::OURS), number);
            assert_eq!(code.number_for(Features::NONE), number & 0xff);
            assert_eq!(FailureCode::parse(number & 0xff), code);
        }
        for number in 0..=u16::MAX {
            let code = FailureCode::from_number(number);
            let short = code.number_for(Features::NONE);
            assert!((1..=10).contains(&short), "{number} as {short}");
            let told = FailureCode::parse(short).class();
            assert_eq!(told == FailureClass::NotRun, code.class() == FailureClass::NotRun);
        }
    }

    #[test]
    fn every_refusal_has_a_text_of_its_own() {
        // [refusal.numbers]
        let all: Vec<Refusal> = (0..=u8::MAX).filter_map(Refusal::from_number).collect();
        let texts: std::collections::BTreeSet<_> = all.iter().map(|one| one.text()).collect();
        assert_eq!((all.len(), texts.len()), (10, 10));
        assert!(all.iter().all(|one| one.text().len() > "xyzzy".len()));
        let secrets = all.iter().filter(|one| one.is_about_secrets());
        let secrets: Vec<u8> = secrets.map(|one| one.number()).collect();
        assert_eq!(secrets, [5, 6, 7]);
    }
}
