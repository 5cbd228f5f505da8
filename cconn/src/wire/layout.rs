//! Where each field of a frame is: no other file knows an offset.

use std::mem::offset_of;

use super::error::WireError;
use super::reader::Reader;

/// Bytes of the length prefix, which does not count itself.
// [frame.length]
pub(crate) const LENGTH_PREFIX: usize = 4;

/// Offset of a frame's kind.
pub(super) const KIND_AT: usize = LENGTH_PREFIX;

/// Bytes of the length prefix and the kind.
const BEFORE_FIELDS: usize = KIND_AT + 1;

/// The numbers of the frame kinds.
// [frame.kinds]
pub(super) mod kind {
    pub(crate) const ONE_WAY: u8 = 1;
    pub(crate) const CALL: u8 = 2;
    pub(crate) const ANSWER: u8 = 3;
    pub(crate) const USER_ERROR: u8 = 4;
    pub(crate) const FAILURE: u8 = 5;
    pub(crate) const CANCEL: u8 = 6;
    pub(crate) const GRANT: u8 = 7;
    pub(crate) const ITEMS: u8 = 8;
    pub(crate) const END: u8 = 9;
    pub(crate) const CREDIT: u8 = 10;
    pub(crate) const RETRAIT: u8 = 11;
    pub(crate) const ADIEU: u8 = 12;
    pub(crate) const QUESTION: u8 = 14;
    pub(crate) const STANDING: u8 = 15;
    pub(crate) const PROGRESS: u8 = 16;
}

/// Turns an offset in the frame into an offset in the fields behind the kind.
const fn behind_kind(offset: usize) -> usize {
    offset.saturating_sub(BEFORE_FIELDS)
}

/// A fixed field: an unsigned integer, little endian.
pub(super) trait Field: Copy {
    /// Takes the field at `at` off `fields`; 0 if they do not reach that far.
    fn take(fields: &[u8], at: usize) -> Self;
    /// Writes the field into `head` at `at`; does nothing if `head` does not reach that far.
    fn put(self, head: &mut [u8], at: usize);
}

macro_rules! fields {
    ($($type:ty),*) => {$(
        impl Field for $type {
            #[inline]
            fn take(fields: &[u8], at: usize) -> Self {
                let field = fields.get(at..).and_then(<[u8]>::first_chunk);
                field.map_or(0, |field| Self::from_le_bytes(*field))
            }

            #[inline]
            fn put(self, head: &mut [u8], at: usize) {
                if let Some(place) = head.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
                    *place = self.to_le_bytes();
                }
            }
        }
    )*};
}
fields!(u8, u16, u32, u64);

/// Declares the fixed fields of a kind of frame, which follow each other without a gap.
macro_rules! layout {
    ($($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy)]
        #[repr(C, packed)]
        pub(super) struct $name {
            _length: [u8; LENGTH_PREFIX],
            _kind: u8,
            $(pub(super) $field: $type,)*
        }

        impl $name {
            /// Bytes of the frame up to the end of its fixed fields, length prefix included.
            #[allow(dead_code, reason = "few are asked for it")]
            pub(super) const SIZE: usize = size_of::<$name>();

            /// The first bytes of a frame with these fields; the length is still 0.
            #[inline]
            pub(super) fn head(kind: u8, $($field: $type),*) -> [u8; size_of::<$name>()] {
                let mut head = [0; size_of::<$name>()];
                kind.put(&mut head, KIND_AT);
                $($field.put(&mut head, offset_of!($name, $field));)*
                head
            }

            /// Reads the fields behind the kind.
            #[inline]
            #[allow(unused_variables, reason = "a frame may have no field")]
            pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
                // All at once: one comparison of lengths instead of one a field.
                let fields: [u8; behind_kind(size_of::<$name>())] = reader.array()?;
                $(let $field = Field::take(&fields, behind_kind(offset_of!($name, $field)));)*
                Ok($name { _length: [0; LENGTH_PREFIX], _kind: 0, $($field),* })
            }
        }
    )*};
}

layout! {
    /// A one-way message; its body follows.
    // [one-way.fields]
    OneWay { depth: u8, command: u64, fingerprint: u32 }

    /// A call; its body follows.
    // [call.fields]
    Call { depth: u8, id: u64, command: u64, fingerprint: u32 }

    /// An answer or a user error; its value follows.
    // [answer.fields] [user-error.fields]
    Outcome { id: u64 }

    /// A failure; its text follows, behind the list of fingerprints if there is one.
    // [failure.fields]
    Failure { id: u64, command: u64, code: u16 }

    /// A cancel.
    // [cancel.fields]
    Cancel { id: u64 }

    /// A grant.
    // [grant.fields]
    Grant { class: u8, bytes: u64 }

    /// Items of a stream; the flags follow in a lane's first frame, then the items.
    // [items.fields]
    Items { id: u64, lane: u8 }

    /// The end of a stream; what tells more about it follows.
    // [end.fields]
    End { id: u64, lane: u8, how: u8 }

    /// Credit for a stream, or its stop.
    // [credit.fields]
    Credit { id: u64, lane: u8, bytes: u32 }

    /// The question where a call is.
    // [question.fields]
    Question { id: u64 }

    /// Where a call is.
    // [standing.fields]
    Standing { id: u64, number: u8, behind: u64 }

    /// How far a call has come; its text follows.
    // [progress.fields]
    Progress { id: u64, done: u64, total: u64 }

    /// A retrait.
    // [retrait.fields]
    Retrait {}

    /// A goodbye; its text follows.
    // [adieu.fields]
    Adieu { reason: u16 }
}

/// Offset of a call's id.
pub(super) const CALL_ID_AT: usize = offset_of!(Call, id);

/// Offset of the command's hash in a call.
pub(super) const CALL_COMMAND_AT: usize = offset_of!(Call, command);

/// Offset of the class in a grant.
pub(super) const GRANT_CLASS_AT: usize = offset_of!(Grant, class);

/// Offset of the depth in a call and in a one-way message.
pub(super) const DEPTH_AT: usize = offset_of!(Call, depth);

const _: () = assert!(DEPTH_AT == offset_of!(OneWay, depth), "the two agree on it");
