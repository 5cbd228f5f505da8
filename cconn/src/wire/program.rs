//! The record in a greeting that says which program a side is, in which version and build.

use super::error::WireError;
use super::reader::Reader;
use super::record;

/// The number of the record.
// [record.numbers] [program.record]
const PROGRAM: u16 = 7;

/// The longest name, version or build, bytes.
pub(crate) const MAX_NAME: usize = 255;

/// The flag of a client that asks a server of another version to stop.
const REPLACES: u8 = 1;

/// What a side says of its program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) build: String,
    /// Whether a server that is another program should stop in order, so that this one's can start.
    pub(crate) replaces: bool,
}

impl Program {
    /// Whether both are the same program, in the same version and build.
    pub(crate) fn is_same(&self, other: &Program) -> bool {
        (&self.name, &self.version, &self.build) == (&other.name, &other.version, &other.build)
    }

    /// The program, for the middle of an English sentence.
    pub(crate) fn shown(&self) -> String {
        let Program { name, version, build, .. } = self;
        match (version.is_empty(), build.is_empty()) {
            (true, true) => format!("`{name}`"),
            (false, true) => format!("`{name}` {version}"),
            (true, false) => format!("`{name}` (build {build})"),
            (false, false) => format!("`{name}` {version} (build {build})"),
        }
    }

    /// Appends the record to a whole greeting, which must have room for it.
    // [program.texts]
    pub(crate) fn append(&self, greeting: &mut Vec<u8>) {
        let mut data = vec![if self.replaces { REPLACES } else { 0 }];
        for text in [&self.name, &self.version, &self.build] {
            let text = super::text::shorten(text, MAX_NAME);
            data.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            data.extend(text.as_bytes());
        }
        record::append(greeting, PROGRAM, &data);
    }

    /// Reads the record of a greeting whose other parts are good; `rest` is what follows its head.
    pub(crate) fn find(rest: &[u8]) -> Result<Option<Self>, WireError> {
        record::find(rest, PROGRAM)?.map(Program::parse).transpose()
    }

    // [program.texts] [program.more]
    fn parse(data: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(data);
        let flags = reader.u8().map_err(|_| WireError::RecordRoom)?;
        let mut text = || {
            let length = reader.u8().map_err(|_| WireError::RecordRoom)?;
            let bytes = reader.bytes(length.into()).map_err(|_| WireError::RecordRoom)?;
            let text = std::str::from_utf8(bytes).map_err(|_| WireError::Text)?;
            Ok::<_, WireError>(text.to_owned())
        };
        let (name, version, build) = (text()?, text()?, text()?);
        Ok(Program { name, version, build, replaces: flags & REPLACES != 0 })
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

    fn sample() -> Program {
        let [name, version, build] = ["demon", "2.1", "f00d"].map(str::to_owned);
        Program { name, version, build, replaces: true }
    }

    /// What is read of a greeting with this record in it.
    fn read(data: &[u8]) -> Result<Option<Program>, WireError> {
        let mut bytes = greeting();
        bytes.extend(7_u16.to_le_bytes());
        bytes.extend(u16::try_from(data.len()).unwrap().to_le_bytes());
        bytes.extend(data);
        Program::find(&bytes[GREETING_HEAD..])
    }

    #[test]
    fn a_program_is_read_as_it_was_written() {
        // [program.record] [program.texts]
        let long = "é".repeat(127);
        for program in [
            sample(),
            Program { replaces: false, ..sample() },
            Program::default(),
            Program { name: long.clone(), version: long.clone(), build: long, replaces: true },
        ] {
            let mut bytes = greeting();
            program.append(&mut bytes);
            assert!(bytes.len() <= 4096);
            let rest = &bytes[GREETING_HEAD..];
            assert_eq!(Program::find(rest), Ok(Some(program.clone())));
            assert_eq!(usize::from(u16::from_le_bytes([bytes[10], bytes[11]])), rest.len());
            assert!(Greeting::parse(rest).is_ok(), "whoever does not know the record skips it");
            program.append(&mut bytes);
            assert_eq!(Program::find(&bytes[GREETING_HEAD..]), Err(WireError::RecordTwice(7)));
        }
        assert_eq!(Program::find(&greeting()[GREETING_HEAD..]), Ok(None));
    }

    #[test]
    fn programs_that_are_no_texts_are_faults_and_more_behind_them_is_none() {
        // [program.texts] [program.more]
        let mut bytes = greeting();
        let before = bytes.len();
        sample().append(&mut bytes);
        let good = &bytes[before + 4..];
        assert_eq!(read(good), Ok(Some(sample())));
        for n in 0..good.len() {
            assert_eq!(read(&good[..n]), Err(WireError::RecordRoom), "{n} bytes");
        }
        assert_eq!(read(&[good, &[1, 2, 3]].concat()), Ok(Some(sample())));
        let mut flags = good.to_vec();
        flags[0] = 0xfe;
        assert_eq!(read(&flags), Ok(Some(Program { replaces: false, ..sample() })));
        let mut bad = good.to_vec();
        bad[2] = 0xff;
        assert_eq!(read(&bad), Err(WireError::Text));
        bad[1] = 0xff;
        assert_eq!(read(&bad), Err(WireError::RecordRoom));
    }

    #[test]
    fn a_program_is_another_one_if_any_of_its_names_is() {
        let other = |change: fn(&mut Program)| {
            let mut other = sample();
            change(&mut other);
            other
        };
        assert!(sample().is_same(&other(|program| program.replaces = false)));
        for other in [
            other(|program| program.name.push('2')),
            other(|program| program.version.push('2')),
            other(|program| program.build.clear()),
        ] {
            assert!(!sample().is_same(&other), "{other:?}");
            assert_ne!(sample().shown(), other.shown());
        }
        assert_eq!(sample().shown(), "`demon` 2.1 (build f00d)");
    }
}
