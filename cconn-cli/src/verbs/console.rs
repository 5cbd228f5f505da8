//! `console`: a prompt for the commands of a peer.

use std::borrow::Cow;
use std::sync::Arc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Context, Editor, Helper};

use super::{call, list};
use crate::arguments::Common;
use crate::dial::{self, Hooks};
use crate::failure::{Failure, Kind, Outcome, kind};
use crate::output;
use crate::remote::{Remote, usage};

const HELP: &str = "\
COMMAND VALUES..     calls it: `somme 12 34`, `somme a=12 b=34`; text in \"quotes\"
                     of a stream an item a line, until Ctrl-C
!COMMAND VALUES..    sends it without waiting for an answer
liste [COMMAND]      the commands, or one of them
aide, quitter        this text; the end";

pub fn run(address: &str, common: &Common) -> Outcome<()> {
    // What the peer sends has no name here: a command that is not there is shown by its number.
    let hooks = Hooks {
        failed: Some(Arc::new(|error| {
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
    output::line(&format!("{known} at {address}; `aide` helps, Tab completes"))?;
    let mut has_sent = false;
    let ended = prompt(&mut editor, &remote, common, &mut has_sent);
    if let Some(path) = &history {
        // A history that can't be kept is not worth an error.
        let _lost = editor.save_history(path);
    }
    ended?;
    // What was sent may still fail, and is told until then.
    if has_sent { dial::end(&remote.client, common) } else { Ok(()) }
}

fn prompt(
    editor: &mut Editor<Names, DefaultHistory>,
    remote: &Remote,
    common: &Common,
    has_sent: &mut bool,
) -> Outcome<()> {
    loop {
        match editor.readline("> ") {
            Ok(text) => {
                *has_sent |= text.trim().starts_with('!');
                match line(text.trim(), remote, common) {
                    Ok(true) => {}
                    Ok(false) => return Ok(()),
                    // What is wrong with one line does not end the prompt.
                    Err(failure) if goes_on(failure.kind) => output::complain(&failure),
                    Err(failure) => return Err(failure),
                }
            }
            Err(ReadlineError::Interrupted) => {}
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(Failure::usage(error.to_string())),
        }
    }
}

fn goes_on(kind: Kind) -> bool {
    !matches!(kind, Kind::Lost | Kind::Output | Kind::Unreachable | Kind::NotAPeer)
}

/// Does what a line says; false at the end.
fn line(text: &str, remote: &Remote, common: &Common) -> Outcome<bool> {
    let words = shlex::split(text)
        .ok_or_else(|| Failure::usage("a quote is open at the end of the line"))?;
    let Some((first, values)) = words.split_first() else { return Ok(true) };
    match (first.as_str(), values) {
        ("quitter" | "exit" | "quit", []) => return Ok(false),
        ("aide" | "help", []) => output::line(HELP)?,
        ("liste" | "list", []) => {
            for command in &remote.programme.commandes {
                output::line(&list::signature(command, &remote.programme))?;
            }
        }
        ("liste" | "list", [name]) => {
            let command = remote.command(name)?;
            output::line(&list::signature(command, &remote.programme))?;
            if !command.doc.is_empty() {
                let lines: Vec<String> = command.doc.lines().map(output::harmless).collect();
                output::line(&lines.join("\n"))?;
            }
        }
        (name, values) => command(name, values, remote, common)?,
    }
    Ok(true)
}

/// Calls a command, or sends it if its name stands behind `!`.
fn command(name: &str, values: &[String], remote: &Remote, common: &Common) -> Outcome<()> {
    if let Some(name) = name.strip_prefix('!') {
        return remote.send(&remote.prepare(name, values)?);
    }
    let prepared = remote.prepare(name, values)?;
    if prepared.streams() {
        // A stream that still waits for an item is stopped at the next one; the prompt goes on.
        let (left, _) = call::items(remote, &prepared, None)?;
        return left.map(|_| ());
    }
    match remote.call_shown(&prepared)? {
        Ok(value) => output::value(&value, common.json),
        Err(own) => Err(Failure::new(Kind::Command, format!("`{name}` refuses: {own}"))),
    }
}

/// Where the lines of earlier consoles are kept.
fn history() -> Option<std::path::PathBuf> {
    let folder =
        std::env::var_os("XDG_STATE_HOME").map(std::path::PathBuf::from).or_else(|| {
            Some(std::path::PathBuf::from(std::env::var_os("HOME")?).join(".local/state"))
        })?;
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
