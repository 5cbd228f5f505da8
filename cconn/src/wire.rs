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

mod codes;
mod context;
mod error;
mod features;
mod frame;
mod greeting;
mod layout;
mod output;
mod reader;
#[allow(dead_code, reason = "the lanes of a connection come next")]
mod stream;
mod text;

pub(crate) use codes::{EndReason, FailureClass, FailureCode, Refusal};
pub(crate) use context::{Context, MAX_DEPTH};
pub(crate) use error::WireError;
pub(crate) use features::Features;
pub(crate) use frame::{
    BodyAt, CallId, Fingerprints, Frame, FrameStart, MAX_TEXT, MIN_FRAME_LIMIT, NO_COMMAND,
    begin_answer, begin_call, begin_one_way, blank_call, body_at, command_of_call, finish_with,
    frame_length, parse, patch_call_id, turn_into_user_error, write_adieu, write_cancel,
    write_failure, write_grant, write_retrait,
};
pub(crate) use greeting::{GREETING_HEAD, Greeting, GreetingHead, Role, VERSION};
pub(crate) use layout::LENGTH_PREFIX;
pub use output::Output;
#[allow(unused_imports, reason = "the lanes of a connection come next")]
pub(crate) use stream::{
    ITEM_HEAD, MAX_CREDIT, MAY_BE_SILENT, StreamEnd, begin_items, item_cost, next_item,
    put_item_length, set_length,
};
pub(crate) use text::shorten;
