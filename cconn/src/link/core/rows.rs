//! What the program gets of a stream, and what items mean that can't be taken in.

use super::bytes::Bytes;
use super::goodbye::Ending;
use super::inlet::{Bad, Ended};
use crate::wire::{EndReason, WireError};

/// What the program gets of a stream.
#[derive(Debug)]
pub(crate) enum Row {
    /// A row of items.
    Items {
        row: Bytes,
        /// The cost of further items after which credit has to be given again.
        until_due: u64,
    },
    End(Ended),
    /// Nothing has come.
    Nothing,
    /// The connection has ended before the stream.
    Lost,
}

/// The end of a connection whose peer has sent items that can't be taken in.
// [credit.overrun]
pub(super) fn overspent(fault: Bad) -> Ending {
    match fault {
        Bad::Credit => {
            let text = "an item of a stream came for which no credit was left";
            Ending::here(EndReason::Window, text)
        }
        Bad::Wire(error) => bad(error),
    }
}

pub(super) fn bad(error: WireError) -> Ending {
    Ending::here(EndReason::Protocol, error.to_string())
}
