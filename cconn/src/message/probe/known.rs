//! What is learnt about types while values of them are made up and written.
//!
//! Reading and writing are compared for each value as a whole, and only for types whose name was
//! read as often as it was written. Otherwise nothing is certain: a type may be read as another one
//! (`from`, `into`), and two types may have the same name.

use super::found::Found;
use crate::order::{self, Few};

/// The most parts that all values of a type may have together.
const MAX_PARTS: usize = 100_000;

/// The most bytes of the stack that one made-up value may take: the thread that registers a command
/// may have a small stack.
const MAX_STACK: usize = 256 << 10;

/// An enum: its name, and the names of its variants, in which serde includes aliases.
pub(super) type Key = (&'static str, &'static [&'static str]);

/// What is known about the types inside the type that is tried.
#[derive(Debug, Default)]
pub(super) struct Known {
    enums: Few<Key, Enum>,
    value: Value,
    parts: usize,
    /// Address of the stack when the current value was begun.
    stack: usize,
    fault: Option<String>,
    /// The structure of the types.
    pub(super) found: Found,
}

/// What is known about one enum.
#[derive(Debug, Default)]
struct Enum {
    /// The enum has more names than variants, so the place of a name is not the variant's number.
    has_aliases: bool,
    /// For each variant the number it was read as, the number it was written as, and its name.
    numbers: Few<(usize, usize, &'static str), ()>,
}

/// The type that fields belong to; only the names of structs and enums matter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Nothing,
    Struct(&'static str),
    Variant(&'static str),
}

/// How often each type was read and written in the current value, by name.
#[derive(Debug, Default)]
struct Value {
    structs: Few<&'static str, Fields>,
    enums: Few<&'static str, Variants>,
}

/// The numbers of fields that were read and written, one entry for each value of the type.
#[derive(Debug, Default)]
struct Fields {
    read: Vec<usize>,
    written: Vec<usize>,
    /// A field was left out of the current value (`skip_serializing_if`), so the numbers prove
    /// nothing.
    has_gap: bool,
}

#[derive(Debug, Default)]
struct Variants {
    read: Vec<(&'static [&'static str], usize)>,
    written: Vec<(&'static str, usize)>,
    fields: Fields,
}

impl Known {
    /// Begins the next value.
    pub(super) fn begin(&mut self) {
        self.value = Value::default();
        self.stack = stack();
        self.found.begin();
    }

    /// Keeps the first fault found.
    pub(super) fn note(&mut self, fault: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(fault);
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }

    /// Counts one part. False if there may be no more parts, or if the value takes too much stack.
    pub(super) fn count(&mut self) -> bool {
        self.parts = self.parts.saturating_add(1);
        self.parts <= MAX_PARTS && stack().abs_diff(self.stack) <= MAX_STACK
    }

    /// Notes that the type refused the number last chosen: it has more names than variants.
    pub(super) fn refused(&mut self, key: Key) {
        self.enums.entry(key, Enum::default).has_aliases = true;
    }

    /// Notes that a variant with `fields` fields was read.
    pub(super) fn read_variant(&mut self, key: Key, index: usize, fields: usize) {
        let (name, names) = key;
        let variants = self.value.enums.entry(name, Variants::default);
        variants.read.push((names, index));
        variants.fields.read.push(fields);
    }

    /// Notes that a variant is written.
    pub(super) fn write_variant(&mut self, name: &'static str, index: u32, variant: &'static str) {
        self.found.wrote_variant(name, index, variant);
        let variants = self.value.enums.entry(name, Variants::default);
        variants.written.push((variant, index as usize));
    }

    /// Notes that a struct with `fields` fields was read.
    pub(super) fn read_struct(&mut self, name: &'static str, fields: usize) {
        self.value.structs.entry(name, Fields::default).read.push(fields);
    }

    /// Notes that `fields` fields of a struct or of a variant were written.
    pub(super) fn write_fields(&mut self, of: Of, fields: usize, has_gap: bool) {
        let all = match of {
            Of::Nothing => return,
            Of::Struct(name) => self.value.structs.entry(name, Fields::default),
            Of::Variant(name) => &mut self.value.enums.entry(name, Variants::default).fields,
        };
        all.written.push(fields);
        all.has_gap |= has_gap;
    }

    /// Compares what was read of the current value with what was written.
    pub(super) fn judge(&mut self) {
        let Value { structs, enums } = std::mem::take(&mut self.value);
        for (name, fields) in structs.into_entries() {
            if let Some((written, read)) = fields.difference() {
                self.note(|| format!("of the struct `{name}` {}", fields_differ(written, read)));
            }
        }
        for (name, variants) in enums.into_entries() {
            self.judge_enum(name, variants);
        }
    }

    fn judge_enum(&mut self, name: &'static str, variants: Variants) {
        let Variants { read, written, fields } = variants;
        if read.len() != written.len() {
            return;
        }
        for (variant, index) in &written {
            // The names include aliases: a variant's number may be smaller than the place of its
            // name, but not larger.
            let place = |(names, _): &(&[&str], _)| names.iter().position(|one| one == variant);
            let places: Option<Vec<usize>> = read.iter().map(place).collect();
            if let Some(place) = places.and_then(|places| places.into_iter().max())
                && place < *index
            {
                self.note(|| counted_in_two_ways(name, variant, *index, place));
            }
        }
        if let Some((written, read)) = fields.difference() {
            self.note(|| {
                format!("of a variant of the enum `{name}` {}", fields_differ(written, read))
            });
        }
        if let [(names, first), others @ ..] = read.as_slice()
            && others.iter().all(|(other, _)| other == names)
        {
            let mut taken: Vec<_> = others.iter().map(|(_, index)| *index).collect();
            taken.push(*first);
            order::sort(&mut taken);
            let mut written = written;
            order::sort_by(&mut written, |(_, one), (_, other)| one.cmp(other));
            let known = self.enums.entry((name, names), Enum::default);
            for (read, (variant, written)) in taken.into_iter().zip(written) {
                known.numbers.entry((read, written, variant), || ());
            }
        }
    }

    /// The first fault found.
    ///
    /// An enum with aliases is judged by numbers alone: a variant that is read under the number it
    /// was written as is right, even if other numbers are read as that variant too.
    pub(super) fn fault(mut self) -> Option<String> {
        let enums = std::mem::take(&mut self.enums);
        let aliased = enums.into_entries().into_iter().filter(|(_, known)| known.has_aliases);
        for ((name, _), known) in aliased {
            let numbers = known.numbers.entries();
            let is_itself = |number| numbers.iter().any(|((r, w, _), ())| r == w && w == number);
            let wrong = numbers.iter().find(|((r, w, _), ())| r < w && !is_itself(w));
            if let Some(((read, written, variant), ())) = wrong {
                self.note(|| counted_in_two_ways(name, variant, *written, *read));
            }
        }
        self.fault
    }
}

impl Fields {
    /// A number of fields that was written and the differing number that was read; `None` if all
    /// agree.
    fn difference(&self) -> Option<(usize, usize)> {
        if self.has_gap || self.read.len() != self.written.len() {
            return None;
        }
        let sorted = |numbers: &[usize]| {
            let mut numbers = numbers.to_vec();
            order::sort(&mut numbers);
            numbers
        };
        sorted(&self.written)
            .into_iter()
            .zip(sorted(&self.read))
            .find(|(written, read)| written != read)
    }
}

/// Roughly the address of the top of the stack.
fn stack() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(&here).addr()
}

fn counted_in_two_ways(name: &str, variant: &str, written: usize, read: usize) -> String {
    format!(
        "the variant `{variant}` of the enum `{name}` is written as number {written} and \
         read as {read}: behind a variant with serde's `skip`, `skip_serializing` or \
         `skip_deserializing` all are counted in two ways; move such variants to the end"
    )
}

fn fields_differ(written: usize, read: usize) -> String {
    format!(
        "the fields that are written are {written}, those that are read {read}: serde's \
         `skip_serializing` and `skip_deserializing` on a field do not work with this format; \
         write `skip`"
    )
}
