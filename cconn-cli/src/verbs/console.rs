//! `console`: a prompt for the commands of a peer.

use std::borrow::Cow;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};
use serde_json::Value;

use super::{call, list};
use crate::arguments::Common;
use crate::dial::{self, Hooks};
use crate::failure::{Failure, Kind, Outcome, kind};
use crate::interrupt::{self, Looking};
use crate::output;
use crate::progress::Progress;
use crate::remote::{Prepared, Remote, usage};

/// How long it takes at most until an interrupt is noticed.
const TICK: Duration = Duration::from_millis(20);

const HELP: &str = "\
COMMAND VALUES..     calls it: `somme 12 34`, `somme a=12 b=34`; text in \"quotes\"
                     of a stream an item a line; Ctrl-C ends the wait
!COMMAND VALUES..    sends it without waiting for an answer
liste [COMMAND]      the commands, or one of them
aide, quitter        this text; the end";

pub fn run(address: &str, common: &Common) -> Outcome<()> {
    // What the peer sends has no name here: a command that is not there is shown by its number.
    let failed: Arc<OnceLock<Kind>> = Arc::default();
    let message_failed = Arc::clone(&failed);
    let hooks = Hooks {
        failed: Some(Arc::new(move |error| {
            // The first failure is the one that the exit code tells.
            let _later_one = message_failed.set(kind(error));
            output::complain(&Failure::new(kind(error), error.to_string()));
        })),
        came: Some(|sent| {
            let what = "which a console does not run";
            output::note(&format!("the peer sent `{}`, {what}", sent.commande));
        }),
    };
    let remote = Remote::open_with(address, common, &hooks)?;
    remote.client.ecouter()?;
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: Editor<Names, DefaultHistory> =
        Editor::with_config(config).map_err(|error| Failure::usage(error.to_string()))?;
    editor.set_helper(Some(Names::of(&remote)));
    let history = history();
    if let Some(path) = &history {
        // There is none the first time.
        let _none = editor.load_history(path);
    }
    let known = match remote.programme.commandes.len() {
        1 => "1 command".to_owned(),
        known => format!("{known} commands"),
    };
    said(&format!("{known} at {address}; `aide` helps, Tab completes"), common)?;
    let mut console = Console { remote, common, history, has_sent: false, failed };
    console.prompt(&mut editor)?;
    // What was sent may still fail, and is told until then.
    if console.has_sent {
        dial::end(&console.remote.client, common)?;
    }
    // Lines that were written ahead are a script, which has failed if one of them has.
    let failed = console.failed.get().filter(|_| !io::stdin().is_terminal());
    failed.map_or(Ok(()), |kind| Err(Failure::quiet(*kind)))
}

/// Prints what is no value: beside the values, where those are read by a program.
fn said(text: &str, common: &Common) -> Outcome<()> {
    if common.json {
        output::note(text);
        return Ok(());
    }
    output::line(text)
}

struct Console<'a> {
    remote: Remote,
    common: &'a Common,
    history: Option<PathBuf>,
    /// Whether a message was sent without waiting for an answer.
    has_sent: bool,
    /// What was wrong with the first line, or the first message, that failed.
    failed: Arc<OnceLock<Kind>>,
}

impl Console<'_> {
    fn prompt(&mut self, editor: &mut Editor<Names, DefaultHistory>) -> Outcome<()> {
        loop {
            match editor.readline("> ") {
                Ok(text) => {
                    if let Some(path) = &self.history {
                        // A history that can't be kept is not worth an error.
                        let _lost = editor.append_history(path);
                    }
                    self.has_sent |= text.trim().starts_with('!');
                    let line = Looking::begin().and_then(|_looking| self.line(text.trim()));
                    match line {
                        Ok(true) => {}
                        Ok(false) => return Ok(()),
                        // What is wrong with one line does not end the prompt.
                        Err(failure) if goes_on(failure.kind) => {
                            let _later_one = self.failed.set(failure.kind);
                            output::complain(&failure);
                        }
                        Err(failure) => return Err(failure),
                    }
                }
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(Failure::usage(error.to_string())),
            }
        }
    }

    /// Does what a line says; false at the end.
    fn line(&self, text: &str) -> Outcome<bool> {
        let words = shlex::split(text)
            .ok_or_else(|| Failure::usage("a quote is open at the end of the line"))?;
        let Some((first, values)) = words.split_first() else { return Ok(true) };
        match (first.as_str(), values) {
            ("quitter" | "exit" | "quit", []) => return Ok(false),
            ("aide" | "help", []) => said(HELP, self.common)?,
            ("liste" | "list", []) if !self.common.json => {
                let programme = &self.remote.programme;
                let signatures = programme.commandes.iter();
                let mut signatures = signatures.map(|command| list::signature(command, programme));
                signatures.try_for_each(|signature| output::line(&signature))?;
            }
            ("liste" | "list", []) => list::show(&self.remote, None, self.common)?,
            ("liste" | "list", [name]) => list::show(&self.remote, Some(name), self.common)?,
            (name, values) => self.command(name, values)?,
        }
        Ok(true)
    }

    /// Calls a command, or sends it if its name stands behind `!`.
    fn command(&self, name: &str, values: &[String]) -> Outcome<()> {
        let is_input = |value: &&str| *value == "-" || value.ends_with("=-");
        if let Some(value) = values.iter().map(String::as_str).find(is_input) {
            let text =
                "the lines come from the standard input here, so no value can: `@@-` is a dash";
            return Err(Failure::usage(format!("`{value}`: {text}")));
        }
        if let Some(name) = name.strip_prefix('!') {
            return self.remote.send(&self.remote.prepare(name, values)?);
        }
        let prepared = self.remote.prepare(name, values)?;
        if prepared.streams() {
            // A stream that still waits for an item is stopped at the next one; the prompt goes on.
            let (left, _) = call::items(&self.remote, &prepared, None)?;
            return left.map(|_| ());
        }
        match self.call(prepared)? {
            Ok(value) => output::value(&value, self.common.json),
            Err(own) => Err(Failure::new(Kind::Command, format!("`{name}` refuses: {own}"))),
        }
    }

    /// Calls on a thread of its own, so that an interrupt ends the wait and not the console.
    fn call(&self, prepared: Prepared) -> Outcome<Result<Value, Value>> {
        let name = prepared.command.nom.clone();
        let (send, answered) = mpsc::channel();
        let (remote, progress) = (self.remote.clone(), Arc::new(Mutex::default()));
        *lock(&progress) = Some(Progress::default());
        let shown = Arc::clone(&progress);
        thread::spawn(move || {
            let answer = remote.call_shown(&prepared, &shown);
            *lock(&shown) = None;
            // Nobody waits any more after an interrupt.
            let _interrupted = send.send(answer);
        });
        loop {
            match answered.recv_timeout(TICK) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Timeout) if interrupt::has_come() => {
                    // The line of the prompt comes next.
                    *lock(&progress) = None;
                    let text = format!("not waited for any more: `{name}` goes on at the peer");
                    return Err(Failure::new(Kind::Interrupted, text));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let text = format!("the call of `{name}` has ended without an outcome");
                    return Err(Failure::new(Kind::Command, text));
                }
            }
        }
    }
}

fn lock(progress: &Mutex<Option<Progress>>) -> MutexGuard<'_, Option<Progress>> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}

fn goes_on(kind: Kind) -> bool {
    !matches!(kind, Kind::Lost | Kind::Output | Kind::Unreachable | Kind::NotAPeer)
}

/// Where the lines of earlier consoles are kept.
fn history() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/state")))?;
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("cconn_history"))
}

/// The names that Tab completes: commands first, then the arguments of the line's command.
struct Names(Vec<(String, Vec<String>, String)>);

impl Names {
    fn of(remote: &Remote) -> Self {
        let commands = remote.programme.commandes.iter().map(|command| {
            let arguments = command.arguments.iter().flatten();
            let arguments = arguments.map(|one| output::harmless(&format!("{}=", one.nom)));
            let name = output::harmless(&command.nom);
            (name, arguments.collect(), output::harmless(&usage(command)))
        });
        Names(commands.collect())
    }

    /// The words that may stand at the end of this text, and where that word begins.
    fn candidates(&self, text: &str) -> (usize, Vec<String>) {
        let start = text.rfind(' ').map_or(0, |at| at + 1);
        let begun = &text[start..];
        let words: Vec<String> = match text.split_whitespace().next() {
            Some(first) if start > 0 => {
                let first = first.trim_start_matches('!');
                let command = self.0.iter().find(|(name, ..)| name == first);
                command.map(|(_, arguments, _)| arguments.clone()).unwrap_or_default()
            }
            _ => {
                let own = ["liste", "aide", "quitter"].map(str::to_owned);
                self.0.iter().map(|(name, ..)| name.clone()).chain(own).collect()
            }
        };
        (start, words.into_iter().filter(|word| word.starts_with(begun)).collect())
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.candidates(&line[..pos]))
    }
}

impl Hinter for Names {
    type Hint = String;

    /// The arguments of a command whose name is written out.
    fn hint(&self, line: &str, pos: usize, _: &Context<'_>) -> Option<String> {
        let name = line.strip_suffix(' ').filter(|_| pos == line.len())?;
        let (.., usage) = self.0.iter().find(|(known, ..)| known == name)?;
        usage.strip_prefix(line).map(str::to_owned)
    }
}

impl Highlighter for Names {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(output::styled(hint, output::DIM))
    }
}

impl Validator for Names {}
impl Helper for Names {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_completed_first_and_then_their_arguments() {
        let arguments = vec!["a=".to_owned(), "b=".to_owned()];
        let names = Names(vec![("somme".to_owned(), arguments, "somme a b".to_owned())]);
        let of = |text: &str| names.candidates(text);
        assert_eq!(of("so"), (0, vec!["somme".to_owned()]));
        assert_eq!(of("somme "), (6, vec!["a=".to_owned(), "b=".to_owned()]));
        assert_eq!(of("somme a=1 b"), (10, vec!["b=".to_owned()]));
        assert_eq!(of("inconnue "), (9, vec![]));
    }
}
