//! What is found out of the types while values are made up and written.
//!
//! The two halves are compared for each value as a whole, and only where a type of some name was
//! read as often as it was written: a type may be read as another one (`from`, `into`), and two
//! types may have one name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Most parts of all values of a type together.
const MAX_PARTS: usize = 5_000;

/// Most bytes of the stack that a value is made up on: who registers may be a thread with little.
const MAX_STACK: usize = 256 << 10;

/// An enum by its name and by the names that it knows its variants by, their aliases among them.
pub(super) type Key = (&'static str, &'static [&'static str]);

/// What is known of the types inside the one that is looked at.
#[derive(Debug, Default)]
pub(super) struct Known {
    enums: HashMap<Key, Enum>,
    value: Value,
    /// What every text in the values is.
    pub(super) text: &'static str,
    parts: usize,
    /// Where the stack was when the value was begun.
    stack: usize,
    fault: Option<String>,
    /// Whether a variant was taken in this value that was not taken before.
    pub(super) is_new: bool,
}

/// What is known of an enum.
#[derive(Debug, Default)]
struct Enum {
    /// Variants that were taken: the first ones.
    taken: usize,
    /// A variant that could be made up: where an enum holds itself, it comes to an end with this.
    finite: Option<usize>,
    /// There are more names than variants, so that a name's place says nothing.
    has_aliases: bool,
    /// The numbers that a variant was read and written as, and its name.
    numbers: BTreeSet<(usize, usize, &'static str)>,
}

/// What fields belong to, by its name where it counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    Nothing,
    Struct(&'static str),
    Variant(&'static str),
}

/// What of one value was read and written, by the names of types.
#[derive(Debug, Default)]
struct Value {
    structs: BTreeMap<&'static str, Fields>,
    enums: BTreeMap<&'static str, Variants>,
}

/// The numbers of fields.
#[derive(Debug, Default)]
struct Fields {
    read: Vec<usize>,
    written: Vec<usize>,
    /// A field was left out for this value only.
    has_gap: bool,
}

#[derive(Debug, Default)]
struct Variants {
    read: Vec<(&'static [&'static str], usize)>,
    written: Vec<(&'static str, usize)>,
    fields: Fields,
}

impl Known {
    pub(super) fn new(text: &'static str) -> Self {
        Known { text, ..Known::default() }
    }

    /// Begins another value.
    pub(super) fn begin(&mut self) {
        self.value = Value::default();
        self.stack = stack();
        self.is_new = false;
    }

    /// Notes the first fault.
    pub(super) fn note(&mut self, fault: impl FnOnce() -> String) {
        self.fault.get_or_insert_with(fault);
    }

    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }

    /// Counts one part; whether there may be more, and there is stack for it.
    pub(super) fn count(&mut self) -> bool {
        self.parts = self.parts.saturating_add(1);
        self.parts <= MAX_PARTS && stack().abs_diff(self.stack) <= MAX_STACK
    }

    /// Whether the values had too many parts, which other texts would have too.
    pub(super) fn is_spent(&self) -> bool {
        self.parts > MAX_PARTS
    }

    /// Which variant of an enum to take: one that was not taken yet, else one that has an end.
    pub(super) fn choose(&mut self, key: Key) -> usize {
        let known = self.enums.entry(key).or_default();
        if known.taken < key.1.len() {
            let chosen = known.taken;
            known.taken = chosen.saturating_add(1);
            self.is_new = true;
            return chosen;
        }
        known.finite.unwrap_or(0)
    }

    /// No variant of an enum has a number as large as that which was chosen.
    pub(super) fn refused(&mut self, key: Key) {
        let known = self.enums.entry(key).or_default();
        known.taken = key.1.len();
        known.has_aliases = true;
    }

    /// A variant was read with so many fields.
    pub(super) fn read_variant(&mut self, key: Key, index: usize, fields: usize) {
        let (name, names) = key;
        self.enums.entry(key).or_default().finite.get_or_insert(index);
        let variants = self.value.enums.entry(name).or_default();
        variants.read.push((names, index));
        variants.fields.read.push(fields);
    }

    /// A variant is written.
    pub(super) fn write_variant(&mut self, name: &'static str, index: u32, variant: &'static str) {
        let variants = self.value.enums.entry(name).or_default();
        variants.written.push((variant, index as usize));
    }

    /// A struct was read with so many fields.
    pub(super) fn read_struct(&mut self, name: &'static str, fields: usize) {
        self.value.structs.entry(name).or_default().read.push(fields);
    }

    /// So many fields of a struct, or of a variant of an enum, were written.
    pub(super) fn write_fields(&mut self, of: Of, fields: usize, has_gap: bool) {
        let all = match of {
            Of::Nothing => return,
            Of::Struct(name) => self.value.structs.entry(name).or_default(),
            Of::Variant(name) => &mut self.value.enums.entry(name).or_default().fields,
        };
        all.written.push(fields);
        all.has_gap |= has_gap;
    }

    /// Compares what of the value was read with what was written.
    pub(super) fn judge(&mut self) {
        let Value { structs, enums } = std::mem::take(&mut self.value);
        for (name, fields) in structs {
            if let Some((written, read)) = fields.difference() {
                self.note(|| format!("of the struct `{name}` {}", fields_differ(written, read)));
            }
        }
        for (name, variants) in enums {
            self.judge_enum(name, variants);
        }
    }

    fn judge_enum(&mut self, name: &'static str, variants: Variants) {
        let Variants { read, written, fields } = variants;
        if read.len() != written.len() {
            return;
        }
        for (variant, index) in &written {
            // Aliases stand among the names: a variant's own number may be smaller, not larger.
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
            taken.sort_unstable();
            let mut written = written;
            written.sort_unstable_by_key(|(_, index)| *index);
            let known = self.enums.entry((name, names)).or_default();
            for (read, (variant, written)) in taken.into_iter().zip(written) {
                known.numbers.insert((read, written, variant));
            }
        }
    }

    /// The first fault that was found.
    ///
    /// Where an enum has aliases, it shows by the numbers alone: one that is read as itself is
    /// right, whatever else becomes it when it is read.
    pub(super) fn fault(mut self) -> Option<String> {
        let enums = std::mem::take(&mut self.enums);
        let aliased = enums.into_iter().filter(|(_, known)| known.has_aliases);
        for ((name, _), known) in aliased {
            let is_itself = |number| known.numbers.iter().any(|(r, w, _)| r == w && w == number);
            let wrong = known.numbers.iter().find(|(r, w, _)| r < w && !is_itself(w));
            if let Some((read, written, variant)) = wrong {
                self.note(|| counted_in_two_ways(name, variant, *written, *read));
            }
        }
        self.fault
    }
}

impl Fields {
    /// A number that was written, and the other one that was read, if they are not the same.
    fn difference(&self) -> Option<(usize, usize)> {
        if self.has_gap || self.read.len() != self.written.len() {
            return None;
        }
        let sorted = |numbers: &[usize]| {
            let mut numbers = numbers.to_vec();
            numbers.sort_unstable();
            numbers
        };
        sorted(&self.written)
            .into_iter()
            .zip(sorted(&self.read))
            .find(|(written, read)| written != read)
    }
}

/// About where the stack is now.
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
