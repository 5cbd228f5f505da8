//! The fields of each kind of frame, by name.

use std::collections::HashSet;

use super::Trame;
use crate::wire::{
    CallId, Context, ContextBlock, EndReason, FailureCode, Frame, Standing, StreamEnd, next_item,
};

/// Fills in what a frame says. `lanes`: the lanes of streams that have begun, if the connection is
/// seen from its beginning.
#[inline]
pub(super) fn told(
    parsed: &Frame<'_>,
    lanes: Option<&mut HashSet<(CallId, u8)>>,
    frame: &mut Trame,
) {
    match *parsed {
        Frame::OneWay { depth, command, fingerprint, context, body } => {
            frame.genre = "one-way";
            command_of(frame, (depth, command, fingerprint), context, body);
        }
        Frame::Call { depth, id, command, fingerprint, context, body } => {
            about(frame, "call", id);
            command_of(frame, (depth, command, fingerprint), context, body);
        }
        Frame::Answer { id, body } => carrying(frame, "answer", id, body),
        Frame::UserError { id, body } => carrying(frame, "user error", id, body),
        Frame::Failure { id, command, code, accepted, text } => {
            frame.id = id.map(|id| id.0);
            frame.commande = Some(command);
            failed(frame, code, &accepted.to_vec(), text);
        }
        Frame::Cancel { id } => about(frame, "cancel", id),
        Frame::Grant { class, bytes } => {
            frame.genre = "grant";
            add(frame, "classe", class.to_string());
            add(frame, "credit", bytes.to_string());
        }
        Frame::Items { id, lane, rest } => {
            of_lane(frame, "items", id, lane);
            items(frame, (id, lane), rest, lanes);
        }
        Frame::End { id, lane, how } => {
            of_lane(frame, "end", id, lane);
            end(frame, how);
        }
        Frame::Credit { id, lane, bytes } => {
            of_lane(frame, "credit", id, lane);
            let credit = if bytes == 0 { "stop".to_owned() } else { bytes.to_string() };
            add(frame, "credit", credit);
        }
        Frame::Question { id } => about(frame, "question", id),
        Frame::Standing { id, standing } => {
            about(frame, "standing", id);
            add(frame, "ou", where_of(standing));
        }
        Frame::Progress { id, done, total, text } => progress(frame, id, [done, total], text),
        Frame::Retrait => frame.genre = "retrait",
        Frame::Adieu { reason, text } => {
            frame.genre = "adieu";
            add(frame, "raison", goodbye(reason));
            texte(frame, text);
        }
    }
}

#[inline]
fn progress(frame: &mut Trame, id: CallId, [done, total]: [u64; 2], text: &str) {
    about(frame, "progress", id);
    add(frame, "fait", done.to_string());
    add(frame, "total", total.to_string());
    texte(frame, text);
}

#[inline]
fn add(frame: &mut Trame, name: &'static str, value: String) {
    frame.champs.push((name, value));
}

#[inline]
fn texte(frame: &mut Trame, text: &str) {
    if !text.is_empty() {
        add(frame, "texte", text.to_owned());
    }
}

#[inline]
fn about(frame: &mut Trame, kind: &'static str, id: CallId) {
    frame.genre = kind;
    frame.id = Some(id.0);
}

#[inline]
fn of_lane(frame: &mut Trame, kind: &'static str, id: CallId, lane: u8) {
    about(frame, kind, id);
    add(frame, "voie", lane.to_string());
}

#[inline]
fn failed(frame: &mut Trame, code: FailureCode, accepted: &[u32], text: &str) {
    frame.genre = "failure";
    add(frame, "code", failure(code));
    let accepted: Vec<String> = accepted.iter().map(|one| format!("{one:08x}")).collect();
    if !accepted.is_empty() {
        add(frame, "acceptees", accepted.join(" "));
    }
    texte(frame, text);
}

#[inline]
fn carrying(frame: &mut Trame, kind: &'static str, id: CallId, body: &[u8]) {
    about(frame, kind, id);
    frame.octets = Some(body.len() as u64);
}

#[inline]
fn command_of(
    frame: &mut Trame,
    (depth, command, fingerprint): (u8, u64, u32),
    context: Option<ContextBlock<'_>>,
    body: &[u8],
) {
    frame.commande = Some(command);
    frame.octets = Some(body.len() as u64);
    add(frame, "empreinte", format!("{fingerprint:08x}"));
    if depth > 0 {
        add(frame, "profondeur", depth.to_string());
    }
    if let Some(block) = context {
        add(frame, "contexte", shown(&block.read()));
    }
}

/// What a context block says.
#[inline]
fn shown(context: &Context<'_>) -> String {
    let mut parts = Vec::new();
    parts.extend(context.time_left.map(|time| format!("{time} ms left")));
    parts.extend(context.trace.map(|_| "a trace".to_owned()));
    parts.extend(context.baggage.map(|baggage| format!("{} bytes of baggage", baggage.len())));
    parts.extend(context.stream.map(|credit| format!("a stream is expected, credit {credit}")));
    parts.extend(context.progress.then(|| "progress is wanted".to_owned()));
    parts.extend(context.prepaid.map(|bytes| format!("{bytes} bytes prepaid")));
    parts.extend(context.lanes.map(|lanes| format!("{lanes} streams of arguments")));
    parts.join(", ")
}

/// The items of a frame. In a lane's first frame flags stand before them.
#[inline]
fn items(
    frame: &mut Trame,
    lane: (CallId, u8),
    rest: &[u8],
    lanes: Option<&mut HashSet<(CallId, u8)>>,
) {
    frame.octets = Some(rest.len() as u64);
    // Of a connection whose beginning is not there nobody knows which frame is the first.
    let Some(lanes) = lanes else { return };
    let mut left = rest;
    if lanes.insert(lane) {
        let Some((flags, behind)) = rest.split_first() else {
            frame.faute = Some("the first frame of a stream has no flags".to_owned());
            return;
        };
        add(frame, "drapeaux", flags.to_string());
        left = behind;
    }
    let mut count = 0_u64;
    loop {
        match next_item(&mut left) {
            Ok(Some(_)) => count = count.saturating_add(1),
            Ok(None) => break,
            Err(error) => {
                frame.faute = Some(error.to_string());
                break;
            }
        }
    }
    add(frame, "elements", count.to_string());
}

#[inline]
fn end(frame: &mut Trame, how: StreamEnd<'_>) {
    match how {
        StreamEnd::Complete => add(frame, "fin", "complete".to_owned()),
        StreamEnd::UserError(body) => {
            frame.octets = Some(body.len() as u64);
            add(frame, "fin", "user error".to_owned());
        }
        StreamEnd::Failure { code, text } => {
            add(frame, "fin", failure(code));
            texte(frame, text);
        }
    }
}

#[inline]
fn failure(code: FailureCode) -> String {
    match code {
        FailureCode::Other(number) => format!("{number:#06x}"),
        known => format!("{:#06x} ({known:?})", known.number()),
    }
}

#[inline]
fn goodbye(reason: EndReason) -> String {
    match reason {
        EndReason::Other(number) => number.to_string(),
        known => format!("{} ({known:?})", known.number()),
    }
}

#[inline]
fn where_of(standing: Standing) -> String {
    match standing {
        Standing::Running => "running".to_owned(),
        Standing::Unstarted { behind: 0 } => "never started".to_owned(),
        Standing::Unstarted { behind } => format!("never started, behind {behind:016x}"),
        Standing::Unheard => "never started, nothing is run there".to_owned(),
    }
}
