//! Streams: the items of an answer as they come, until the stream ends or its taker lets go.
//!
//! Items are pulled on a thread of their own, so that the main thread can let go of a stream that
//! brings nothing.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cconn::description::{Forme, Programme};
use cconn::flux::Flux;
use cconn::{Client, Erreur};
use serde_json::Value;

use crate::failure::{Failure, Kind, Outcome, kind};
use crate::interrupt::{self, Looking};
use crate::output;
use crate::remote::{Prepared, Remote};
use crate::value::{Answer, Refusal, expecting};

/// How many items may be read ahead of their use.
const AHEAD: usize = 64;

/// How long it takes at most until an interrupt or a closed output is noticed.
const TICK: Duration = Duration::from_millis(50);

/// How long a stream that was let go may take to notice it, which it does at its next item.
const GRACE: Duration = Duration::from_millis(200);

/// How a stream was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It came to its end, or enough was taken.
    Done,
    /// The user interrupted it.
    Interrupted,
}

/// The items of a stream, as another thread pulls them.
pub struct Items {
    read: mpsc::Receiver<Outcome<Value>>,
    puller: thread::JoinHandle<()>,
    /// An interrupt ends the stream and not the program.
    looking: Looking,
}

impl Items {
    /// Calls a command that answers with a stream; `Ok(Err(..))` is its own error in the place of
    /// the stream.
    pub fn open(
        remote: &Remote,
        client: &Client,
        prepared: &Prepared,
    ) -> Outcome<Result<Items, Value>> {
        let command = &prepared.command;
        let Forme::Flux(item, error) = &command.reponse else {
            return Err(Failure::usage(format!("`{}` answers with one value", command.nom)));
        };
        let looking = Looking::begin()?;
        let (send, read) = mpsc::sync_channel(AHEAD);
        let (opened, opening) = mpsc::sync_channel(1);
        let (programme, item) = (Arc::clone(&remote.programme), Forme::clone(item));
        let error = error.as_deref().cloned().unwrap_or_default();
        let (client, prepared) = (client.clone(), prepared.clone());
        let puller = thread::spawn(move || {
            let flux = match open(&programme, &client, &prepared) {
                Ok(Ok(flux)) => flux,
                // Nobody waits any more after an interrupt.
                Ok(Err(own)) => return drop(opened.send(Ok(Err(own)))),
                Err(failure) => return drop(opened.send(Err(failure))),
            };
            if opened.send(Ok(Ok(()))).is_ok() {
                let name = &prepared.command.nom;
                expecting(&programme, &item, &error, || pull(flux, name, &send));
            }
        });
        let opened = loop {
            match opening.recv_timeout(TICK) {
                Ok(opened) => break opened?,
                Err(RecvTimeoutError::Timeout) if interrupt::has_come() => {
                    return Err(Failure::quiet(Kind::Interrupted));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::new(
                        Kind::Command,
                        "the call has ended without an outcome",
                    ));
                }
            }
        };
        Ok(opened.map(|()| Items { read, puller, looking }))
    }

    /// Uses the items until the stream ends, the user interrupts it, or so many were used. Returns
    /// how the stream was left, and whether its thread still waits for an item.
    pub fn each(
        self,
        most: Option<u64>,
        mut on_item: impl FnMut(&Value) -> Outcome<()>,
    ) -> (Outcome<Left>, bool) {
        let left = self.take(most, &mut on_item);
        let Items { read, puller, looking } = self;
        drop(looking);
        // The puller drops the stream, which stops it, as soon as it has an item that nobody wants.
        drop(read);
        let mut waited = Duration::ZERO;
        while !puller.is_finished() && waited < GRACE {
            thread::sleep(Duration::from_millis(5));
            waited += Duration::from_millis(5);
        }
        (left, !puller.is_finished())
    }

    fn take(
        &self,
        most: Option<u64>,
        on_item: &mut dyn FnMut(&Value) -> Outcome<()>,
    ) -> Outcome<Left> {
        let mut used = 0;
        while most.is_none_or(|most| used < most) {
            if interrupt::has_come() {
                return Ok(Left::Interrupted);
            }
            match self.read.recv_timeout(TICK) {
                Ok(item) => on_item(&item?)?,
                Err(RecvTimeoutError::Timeout) if output::is_closed() => {
                    return Err(Failure::quiet(Kind::Output));
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            }
            used += 1;
        }
        Ok(Left::Done)
    }
}

/// Calls a command for its stream; `Ok(Err(..))` is its own error in the place of the stream.
fn open(
    programme: &Arc<Programme>,
    client: &Client,
    prepared: &Prepared,
) -> Outcome<Result<Flux<Answer, Refusal>, Value>> {
    let none = Forme::default();
    let refusal = prepared.command.refus.as_ref().unwrap_or(&none);
    let opened = expecting(programme, &none, refusal, || {
        client.appeler::<Flux<Answer, Refusal>, _>(prepared.message())
    });
    match opened {
        Ok(flux) => Ok(Ok(flux)),
        Err(Erreur::Refus(Refusal(own))) => Ok(Err(own)),
        Err(error) => Err(Failure::new(kind(&error), error.to_string())),
    }
}

/// Hands items over for as long as somebody takes them. The stream is dropped at the end, which
/// stops it.
fn pull(flux: Flux<Answer, Refusal>, name: &str, send: &mpsc::SyncSender<Outcome<Value>>) {
    for item in flux {
        let item = match item {
            Ok(Answer(value)) => Ok(value),
            Err(Erreur::Refus(Refusal(own))) => {
                let text = format!("the stream of `{name}` ends with its error: {own}");
                Err(Failure::new(Kind::Command, text))
            }
            Err(error) => Err(Failure::new(kind(&error), error.to_string())),
        };
        if send.send(item).is_err() {
            return;
        }
    }
}
