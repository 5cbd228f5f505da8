//! Frames in captured bytes, decoded for people and tools that look at what travels.
//!
//! The bytes are those of one direction of a connection, from its greeting or from the beginning of
//! some frame on. They may be anything: what is no frame is told as such.
//!
//! # Examples
//!
//! ```
//! use cconn::essais::trames;
//!
//! // A one-way message to the command whose name has this hash, with a body of 2 bytes.
//! let bytes = [16, 0, 0, 0, 1, 0, 8, 7, 6, 5, 4, 3, 2, 1, 0xdd, 0xcc, 0xbb, 0xaa, 12, 34];
//! let [frame]: [_; 1] = trames::lire(&bytes).collect::<Vec<_>>().try_into().unwrap();
//! assert_eq!((frame.genre, frame.taille, frame.octets), ("one-way", 20, Some(2)));
//! assert_eq!((frame.commande, frame.faute), (Some(0x0102_0304_0506_0708), None));
//! let nothing = trames::lire(b"GET / HTTP/1.1\r\n\r\n").next().unwrap();
//! assert!(nothing.faute.is_some());
//! ```

mod fields;

use std::collections::HashSet;

use crate::wire::{
    CallId, Features, GREETING_HEAD, Greeting, GreetingHead, LENGTH_PREFIX, Role, VERSION,
    frame_length, is_proof, parse,
};

/// The largest frame that is waited for; a length beyond it is taken for something else.
const LARGEST: u32 = 1 << 30;

/// What stands at one place of a capture: a greeting, a frame, or bytes that are neither.
#[doc(alias = "Frame")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Trame {
    /// Where it begins, in bytes from the beginning of the capture.
    #[doc(alias = "offset")]
    pub position: u64,
    /// How many bytes of the capture it takes, its length prefix included.
    #[doc(alias = "size")]
    pub taille: u64,
    /// What it is, in the words of the protocol page: `call`, `answer`, `greeting`; `?` if that is
    /// not known.
    #[doc(alias = "kind")]
    pub genre: &'static str,
    /// The id of the call that it is about.
    pub id: Option<u64>,
    /// The hash of the command's name that it names.
    #[doc(alias = "command")]
    pub commande: Option<u64>,
    /// How many bytes of the program's it carries: arguments, an answer, an error, items.
    #[doc(alias = "body")]
    pub octets: Option<u64>,
    /// Its other fields, by name.
    #[doc(alias = "fields")]
    pub champs: Vec<(&'static str, String)>,
    /// Why it breaks the protocol, if it does.
    #[doc(alias = "fault")]
    pub faute: Option<String>,
}

/// Decodes a capture. Nothing that stands in it makes this panic, or take more memory than a small
/// multiple of its length.
#[doc(alias("decode", "parse", "read"))]
#[inline]
pub fn lire(octets: &[u8]) -> Trames<'_> {
    Trames {
        rest: octets,
        position: 0,
        features: Features::OURS,
        has_greeting: false,
        lanes: HashSet::new(),
    }
}

/// The frames of a capture, one after the other.
#[doc(alias = "Frames")]
#[derive(Clone, Debug)]
pub struct Trames<'a> {
    rest: &'a [u8],
    position: u64,
    /// What the frames may use.
    features: Features,
    /// Whether the capture shows the connection from its beginning.
    has_greeting: bool,
    /// The lanes of streams whose first frame was seen.
    lanes: HashSet<(CallId, u8)>,
}

impl Iterator for Trames<'_> {
    type Item = Trame;

    #[inline]
    fn next(&mut self) -> Option<Trame> {
        if self.rest.is_empty() {
            return None;
        }
        let mut frame = Trame { position: self.position, genre: "?", ..Trame::default() };
        let taken = if self.position == 0 && self.begins_with_greeting() {
            self.greeting(&mut frame)
        } else {
            self.frame(&mut frame)
        };
        // What can't be cut off is the last word: nothing tells where the next frame begins.
        let taken = taken.unwrap_or(self.rest.len());
        self.rest = self.rest.get(taken..).unwrap_or_default();
        frame.taille = taken as u64;
        self.position = self.position.saturating_add(frame.taille);
        Some(frame)
    }
}

impl Trames<'_> {
    #[inline]
    fn begins_with_greeting(&self) -> bool {
        GreetingHead::may_begin_with(self.rest.get(..8).unwrap_or(self.rest))
    }

    /// Reads a greeting; its length, if that is known.
    #[inline]
    fn greeting(&mut self, frame: &mut Trame) -> Option<usize> {
        frame.genre = "greeting";
        let cut = "the capture ends inside the greeting";
        let Some(head) = self.rest.first_chunk::<GREETING_HEAD>() else {
            frame.faute = Some(cut.to_owned());
            return None;
        };
        let head = match GreetingHead::parse(head) {
            Ok(head) => head,
            Err(error) => {
                frame.faute = Some(error.to_string());
                return None;
            }
        };
        let size = GREETING_HEAD.saturating_add(head.rest);
        frame.champs.push(("version", head.version.to_string()));
        let Some(rest) = self.rest.get(GREETING_HEAD..size) else {
            frame.faute = Some(cut.to_owned());
            return None;
        };
        if head.version != VERSION {
            frame.faute = Some(format!("this program reads version {VERSION} of the protocol"));
            return None;
        }
        match Greeting::parse(rest) {
            Ok(greeting) => {
                self.has_greeting = true;
                self.features = greeting.features.incoming();
                told(&greeting, &mut frame.champs);
            }
            Err(error) => frame.faute = Some(error.to_string()),
        }
        Some(size)
    }

    /// Reads a frame; its length with its prefix, if that is known.
    #[inline]
    fn frame(&mut self, frame: &mut Trame) -> Option<usize> {
        let Some(length) = frame_length(self.rest) else {
            frame.faute = Some("the capture ends inside the length of a frame".to_owned());
            return None;
        };
        if length == 0 || length > LARGEST {
            let what = other_protocol(self.rest).unwrap_or("no frame");
            frame.faute = Some(format!("{what}: its first bytes would be the length {length}"));
            return None;
        }
        let size = LENGTH_PREFIX.saturating_add(usize::try_from(length).ok()?);
        let whole = self.rest.get(LENGTH_PREFIX..size);
        let bytes = whole.or_else(|| self.rest.get(LENGTH_PREFIX..)).unwrap_or_default();
        if is_proof(bytes) {
            // What proves a secret is nobody's to see.
            frame.genre = "proof";
            return whole.map(|_| size);
        }
        match parse(bytes, self.features) {
            Ok(parsed) => {
                let lanes = self.has_greeting.then_some(&mut self.lanes);
                fields::told(&parsed, lanes, frame);
            }
            Err(error) => frame.faute = Some(error.to_string()),
        }
        let is_first = self.position == 0;
        if let Some(what) = other_protocol(self.rest).filter(|_| is_first && frame.faute.is_some())
        {
            frame.faute = Some(what.to_owned());
            return None;
        }
        if whole.is_none() {
            let here = bytes.len();
            frame.faute = Some(format!("the capture ends inside it: {here} of {length} bytes"));
            return None;
        }
        Some(size)
    }
}

/// What is known of bytes that are no frame.
#[inline]
fn other_protocol(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x14..=0x17, 3, 0..=4, ..] => Some("an encrypted connection (TLS)"),
        [b'S', b'S', b'H', b'-', ..] => Some("SSH"),
        [b'H', b'T', b'T', b'P', ..]
        | [b'G', b'E', b'T', b' ', ..]
        | [b'P', b'O', b'S', b'T', ..] => Some("HTTP"),
        _ => None,
    }
}

/// The numbers of the features in a set, as the greeting's record holds it.
#[inline]
fn numbers(bits: &[u8]) -> String {
    let is_set =
        |number: &usize| bits.get(number / 8).is_some_and(|byte| byte >> (number % 8) & 1 == 1);
    let numbers = (0..bits.len().saturating_mul(8)).filter(is_set);
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// The fields of a greeting.
#[inline]
fn told(greeting: &Greeting, fields: &mut Vec<(&'static str, String)>) {
    let side = match greeting.role {
        Role::Client => "client",
        Role::Server => "serveur",
    };
    fields.push(("cote", side.to_owned()));
    fields.push(("decision", format!("{:?}", greeting.refusal)));
    fields.push(("max_trame", greeting.max_frame.to_string()));
    fields.push(("fenetre", greeting.window.to_string()));
    fields.push(("capacites", numbers(greeting.features.bits(&mut [0; 8]))));
    if let Some(instance) = greeting.instance {
        fields.push(("instance", format!("{instance:016x}")));
    }
    if !greeting.text.is_empty() {
        fields.push(("texte", greeting.text.clone()));
    }
}
