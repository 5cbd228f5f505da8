//! The frames of the protocol page, written and read field by field.

use super::Seen;

/// A greeting, field by field; [`bytes`](Greeting::bytes) writes whatever stands in them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names are those of the protocol page")]
pub struct Greeting {
    pub magic: [u8; 8],
    pub version: u16,
    /// Where it is not that of what follows.
    pub length: Option<u16>,
    pub role: u8,
    pub codec: u8,
    pub refusal: u8,
    pub max_frame: u32,
    pub window: u64,
    /// Where it is not that of the text.
    pub text_length: Option<u16>,
    pub text: Vec<u8>,
    /// Bytes behind the text, of a later revision.
    pub more: Vec<u8>,
}

impl Greeting {
    /// A client's, with room for 1 MiB.
    #[must_use]
    pub fn client() -> Greeting {
        Greeting {
            magic: *b"cconn\r\n\0",
            version: 1,
            length: None,
            role: 0,
            codec: 1,
            refusal: 0,
            max_frame: 1 << 20,
            window: 2 * ((1 << 20) + 64),
            text_length: None,
            text: Vec::new(),
            more: Vec::new(),
        }
    }

    /// A server's that accepts.
    #[must_use]
    pub fn server() -> Greeting {
        Greeting { role: 1, ..Greeting::client() }
    }

    /// A server's that refuses.
    #[must_use]
    pub fn refusing(refusal: u8, text: &str) -> Greeting {
        Greeting { refusal, text: text.into(), ..Greeting::server() }
    }

    /// As it is sent.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut rest = vec![self.role, self.codec, self.refusal, 0];
        rest.extend(self.max_frame.to_le_bytes());
        rest.extend(self.window.to_le_bytes());
        rest.extend(self.text_length.unwrap_or(short(self.text.len())).to_le_bytes());
        rest.extend(&self.text);
        rest.extend(&self.more);
        let mut bytes = self.magic.to_vec();
        bytes.extend(self.version.to_le_bytes());
        bytes.extend(self.length.unwrap_or(short(rest.len())).to_le_bytes());
        bytes.extend(rest);
        bytes
    }
}

/// A record of a greeting.
#[must_use]
pub fn record(number: u16, data: &[u8]) -> Vec<u8> {
    [&number.to_le_bytes(), &short(data.len()).to_le_bytes(), data].concat()
}

fn short(length: usize) -> u16 {
    u16::try_from(length).expect("a greeting is short")
}

/// The FNV-1a hash of a command's name.
#[must_use]
pub fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A frame of that kind with those fields.
///
/// # Panics
/// If its length does not fit 32 bits.
#[must_use]
pub fn frame(kind: u8, fields: &[&[u8]]) -> Vec<u8> {
    let length = 1 + fields.iter().map(|field| field.len()).sum::<usize>();
    let length = u32::try_from(length).expect("a frame's length has 32 bits");
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.push(kind);
    bytes.extend(fields.concat());
    bytes
}

/// A one-way message by name.
#[must_use]
pub fn one_way(name: &str, body: &[u8]) -> Vec<u8> {
    frame(1, &[&[0], &hash(name).to_le_bytes(), &[0; 4], body])
}

/// A call by name.
#[must_use]
pub fn call(id: u64, name: &str, body: &[u8]) -> Vec<u8> {
    frame(2, &[&[0], &id.to_le_bytes(), &hash(name).to_le_bytes(), &[0; 4], body])
}

/// A call or one-way message, given as a frame, with a context block of these bytes.
///
/// # Panics
/// If the block is longer than 255 bytes.
#[must_use]
pub fn with_context(command: &[u8], block: &[u8]) -> Vec<u8> {
    let fixed = if command[4] == 2 { 26 } else { 18 };
    let length = u8::try_from(block.len()).expect("a block is short");
    let depth = command[5] | 0x80;
    frame(command[4], &[&[depth], &command[6..fixed], &[length], block, &command[fixed..]])
}

/// The answer of that call.
#[must_use]
pub fn answer(id: u64, body: &[u8]) -> Vec<u8> {
    frame(3, &[&id.to_le_bytes(), body])
}

/// The user error of that call.
#[must_use]
pub fn user_error(id: u64, body: &[u8]) -> Vec<u8> {
    frame(4, &[&id.to_le_bytes(), body])
}

/// The failure of that call, or of a one-way message where the id is 0.
#[must_use]
pub fn failure(id: u64, name: &str, code: u16, text: &[u8]) -> Vec<u8> {
    let (id, command) = (id.to_le_bytes(), hash(name).to_le_bytes());
    frame(5, &[&id, &command, &code.to_le_bytes(), text])
}

/// Gives a call up.
#[must_use]
pub fn cancel(id: u64) -> Vec<u8> {
    frame(6, &[&id.to_le_bytes()])
}

/// Gives so many bytes of the window back.
#[must_use]
pub fn grant(class: u8, bytes: u64) -> Vec<u8> {
    frame(7, &[&[class], &bytes.to_le_bytes()])
}

/// Items of that call's stream. `flags`: in the first frame.
///
/// # Panics
/// If an item is longer than 250 bytes.
#[must_use]
pub fn items(id: u64, lane: u8, flags: Option<u8>, items: &[&[u8]]) -> Vec<u8> {
    let mut row: Vec<u8> = flags.into_iter().collect();
    for item in items {
        row.push(u8::try_from(item.len()).expect("a short item"));
        row.extend(*item);
    }
    frame(8, &[&id.to_le_bytes(), &[lane], &row])
}

/// The end of that call's stream, and what tells more about it.
#[must_use]
pub fn end(id: u64, lane: u8, how: u8, more: &[u8]) -> Vec<u8> {
    frame(9, &[&id.to_le_bytes(), &[lane, how], more])
}

/// Credit for that call's stream; 0 is a stop.
#[must_use]
pub fn credit(id: u64, lane: u8, bytes: u32) -> Vec<u8> {
    frame(10, &[&id.to_le_bytes(), &[lane], &bytes.to_le_bytes()])
}

/// How far a call of the receiver's has come.
#[must_use]
pub fn progress(id: u64, done: u64, total: u64, text: &[u8]) -> Vec<u8> {
    frame(16, &[&id.to_le_bytes(), &done.to_le_bytes(), &total.to_le_bytes(), text])
}

/// The first step of the goodbye.
#[must_use]
pub fn retrait() -> Vec<u8> {
    frame(11, &[])
}

/// The last word.
#[must_use]
pub fn adieu(reason: u16, text: &[u8]) -> Vec<u8> {
    frame(12, &[&reason.to_le_bytes(), text])
}

/// Reads a frame without its length prefix.
pub(super) fn parse(frame: &[u8]) -> Seen {
    let (kind, mut fields) = frame.split_first().expect("a frame has a kind");
    let fields = &mut fields;
    match kind {
        1 => {
            take::<1>(fields);
            let command = u64::from_le_bytes(take(fields));
            take::<4>(fields);
            Seen::OneWay { command, body: fields.to_vec() }
        }
        2 => {
            take::<1>(fields);
            let id = u64::from_le_bytes(take(fields));
            let command = u64::from_le_bytes(take(fields));
            take::<4>(fields);
            Seen::Call { id, command, body: fields.to_vec() }
        }
        3 => Seen::Answer { id: u64::from_le_bytes(take(fields)), body: fields.to_vec() },
        4 => Seen::UserError { id: u64::from_le_bytes(take(fields)), body: fields.to_vec() },
        5 => {
            let id = u64::from_le_bytes(take(fields));
            let command = u64::from_le_bytes(take(fields));
            let code = u16::from_le_bytes(take(fields));
            Seen::Failure { id, command, code, text: text(fields) }
        }
        6 => Seen::Cancel { id: u64::from_le_bytes(take(fields)) },
        7 => {
            let [class] = take(fields);
            Seen::Grant { class, bytes: u64::from_le_bytes(take(fields)) }
        }
        8..=10 | 16 => parse_about_call(*kind, fields),
        11 => Seen::Retrait,
        12 => Seen::Adieu { reason: u16::from_le_bytes(take(fields)), text: text(fields) },
        unknown => panic!("a frame of kind {unknown} came: {frame:02x?}"),
    }
}

/// Reads a frame about a call that goes on: of its stream, or of its progress.
fn parse_about_call(kind: u8, fields: &mut &[u8]) -> Seen {
    let id = u64::from_le_bytes(take(fields));
    if kind == 16 {
        let (done, total) = (u64::from_le_bytes(take(fields)), u64::from_le_bytes(take(fields)));
        return Seen::Progress { id, done, total, text: text(fields) };
    }
    let [lane] = take(fields);
    match kind {
        8 => Seen::Items { id, lane, rest: fields.to_vec() },
        9 => {
            let [how] = take(fields);
            Seen::End { id, lane, how, rest: fields.to_vec() }
        }
        _ => Seen::Credit { id, lane, bytes: u32::from_le_bytes(take(fields)) },
    }
}

fn take<const N: usize>(fields: &mut &[u8]) -> [u8; N] {
    let (field, rest) = fields.split_first_chunk().expect("a frame holds all its fields");
    *fields = rest;
    *field
}

fn text(fields: &[u8]) -> String {
    assert!(fields.len() <= 900, "a text of {} bytes", fields.len());
    String::from_utf8(fields.to_vec()).expect("a text is UTF-8")
}
