//! `appeler` and `envoyer`: one command.

use std::sync::{Arc, Mutex, OnceLock};

use serde_json::json;

use crate::arguments::{Call, Common};
use crate::dial::{self, Hooks, OnFailure};
use crate::failure::{Failure, Kind, Outcome, kind};
use crate::output;
use crate::progress::Progress;
use crate::remote::{Prepared, Remote};
use crate::stream::{Items, Left};

pub fn call(call: &Call, max: Option<u64>, common: &Common) -> Outcome<()> {
    let remote = Remote::open(&call.adresse, common)?;
    let prepared = remote.prepare(&call.commande, &call.valeurs)?;
    if prepared.streams() {
        let (left, is_waiting) = items(&remote, &prepared, max)?;
        if is_waiting {
            // The stream's thread learns nothing until an item comes, so its connection ends.
            remote.client.close();
        }
        return match left? {
            Left::Done => Ok(()),
            Left::Interrupted => Err(Failure::quiet(Kind::Interrupted)),
        };
    }
    if max.is_some() {
        let text = format!("`{}` answers with one value: `--max` is for streams", call.commande);
        return Err(Failure::usage(text));
    }
    let answered = remote.call_shown(&prepared, &Mutex::new(Some(Progress::default())))?;
    match answered {
        Ok(value) => output::value(&value, common.json),
        Err(own) => Err(Failure::new(Kind::Command, format!("`{}` refuses: {own}", call.commande))),
    }
}

/// Prints the items of a stream, each on a line. Returns how the stream was left, and whether its
/// thread still waits for an item.
pub fn items(
    remote: &Remote,
    prepared: &Prepared,
    max: Option<u64>,
) -> Outcome<(Outcome<Left>, bool)> {
    let opened = Items::open(remote, &remote.client, prepared)?;
    let items = opened.map_err(|own| {
        Failure::new(Kind::Command, format!("`{}` refuses: {own}", prepared.command.nom))
    })?;
    Ok(items.each(max, |item| {
        output::json(item).map_err(|failure| match failure.kind {
            // Whoever reads a stream through `head` has what it wanted.
            Kind::Output => Failure::quiet(Kind::Output),
            _ => failure,
        })
    }))
}

pub fn send(call: &Call, common: &Common) -> Outcome<()> {
    let seen: Arc<OnceLock<Failure>> = Arc::default();
    let failed: OnFailure = Arc::new({
        let seen = Arc::clone(&seen);
        move |error| {
            // One message is sent, so there is one failure at most.
            let _second = seen.set(Failure::new(kind(error), error.to_string()));
        }
    });
    let hooks = Hooks { failed: Some(failed), ..Hooks::default() };
    let remote = Remote::open_with(&call.adresse, common, &hooks)?;
    let prepared = remote.prepare(&call.commande, &call.valeurs)?;
    remote.send(&prepared)?;
    let ended = dial::end(&remote.client, common);
    seen.get().map_or(ended, |failure| Err(failure.clone()))?;
    if common.json { output::json(&json!({ "envoyee": call.commande })) } else { Ok(()) }
}
