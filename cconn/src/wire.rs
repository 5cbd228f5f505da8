//! The bytes of the protocol: greeting, frames, numbered codes.
//!
//! `wire` does no I/O, holds no state and knows no user value: bodies are opaque slices.
//! `docs/PROTOCOL.md` is the normative text; a test replays its examples against this module.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod challenge;
mod codes;
mod context;
mod error;
mod features;
mod frame;
mod greeting;
mod layout;
mod outgoing;
mod program;
mod reader;
mod record;
mod stream;
mod text;

#[cfg(feature = "secret")]
pub(crate) use challenge::MAX_KEYS;
pub(crate) use challenge::{Challenge, Mac, Proof, is_proof};
pub(crate) use codes::{EndReason, FailureClass, FailureCode, Refusal};
pub(crate) use context::{Context, ContextBlock, MAX_BAGGAGE, MAX_DEPTH, WireTrace};
pub(crate) use error::WireError;
pub(crate) use features::Features;
pub(crate) use frame::{
    BodyAt, CallId, Fingerprints, Frame, MAX_TEXT, MIN_FRAME_LIMIT, NO_COMMAND, PADDING,
    PADDING_CLASS, Standing, blank_call, body_at, frame_length, parse, write_adieu, write_cancel,
    write_credit, write_failure, write_grant, write_padding, write_retrait,
};
pub(crate) use greeting::{GREETING_HEAD, Greeting, GreetingHead, Role, VERSION};
pub(crate) use layout::LENGTH_PREFIX;
pub use outgoing::Answering;
pub(crate) use outgoing::{Outgoing, Start};
pub(crate) use program::{MAX_NAME, Program};
pub(crate) use stream::{
    ITEM_HEAD, ITEM_LENGTH, MAX_CREDIT, MAY_BE_SILENT, StreamEnd, begin_items, item_cost,
    next_item, put_item_length, set_length,
};
pub(crate) use text::shorten;
