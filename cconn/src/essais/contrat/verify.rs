//! The test of a program against its contract file.

use std::fmt::Write as _;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::read::policy_of;
use super::{Contrat, Politique, comparer};
use crate::commande::Liste;

/// The environment variable with which the file is written instead of compared.
const VARIABLE: &str = "CCONN_CONTRAT";

/// Its value for that.
const WRITE: &str = "ecrire";

/// Holds the commands of a list against a contract file, in a test.
///
/// The path counts from the current folder, which for a test is that of its package. With
/// `CCONN_CONTRAT=ecrire` in the environment the file is written, and its policy kept:
///
/// ```text
/// CCONN_CONTRAT=ecrire cargo test
/// ```
///
/// Docs in the file may be old: they count for nothing, and are renewed when it is written.
///
/// # Panics
///
/// With a text that says for each command what has changed and whom it breaks, if the program is
/// not as the file says; if there is no such file, if it was edited by hand, or can't be written.
#[doc(alias("assert_contract", "snapshot", "check"))]
#[doc(alias = "verify")]
#[track_caller]
#[inline]
pub fn verifier(chemin: impl AsRef<Path>, liste: impl Liste) {
    let is_written = std::env::var_os(VARIABLE).is_some_and(|value| value == WRITE);
    if let Err(text) = held(chemin.as_ref(), Contrat::des(liste), is_written) {
        panic!("{text}");
    }
}

/// Compares the file with the program, or writes it.
#[inline]
pub(super) fn held(path: &Path, now: Contrat, is_written: bool) -> Result<(), String> {
    let shown = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(format!("the contract {shown} can't be read: {error}")),
    };
    if is_written {
        let politique = text.as_deref().and_then(policy_of).unwrap_or_default();
        let written = fs::write(path, Contrat { politique, ..now }.to_string());
        return written.map_err(|error| format!("the contract {shown} can't be written: {error}"));
    }
    let Some(text) = text else {
        return Err(format!("there is no contract {shown} yet: {}", how("write it")));
    };
    let before = Contrat::lire(&text)
        .map_err(|error| format!("the contract {shown}, {error}; {}", how("write it anew")))?;
    let changes: Vec<_> = comparer(&before, &now)
        .into_iter()
        .filter(|one| one.octets || before.politique == Politique::Noms)
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let mut report = format!("the commands are not those of the contract {shown}:\n");
    for change in &changes {
        // Writing to a text can't fail.
        let _ = writeln!(report, "  {change}");
    }
    report += &how("if that is meant, take it over");
    Err(report)
}

#[inline]
fn how(what: &str) -> String {
    format!("{what} with {VARIABLE}={WRITE} cargo test")
}
