//! The core of a connection keeps its state to itself and reads no clock.
//!
//! The compiler sees a field that is used from outside only after somebody has made it visible;
//! this check sees that it is made visible.

use super::Finding;
use super::repo::Repo;

/// The room of the core.
const CORE: &str = "cconn/src/link/core/";
/// The file that declares the state.
const STATE: &str = "cconn/src/link/core/state.rs";
/// The line on which the state's fields begin.
const OPENS: &str = "pub(crate) struct State {";
/// What reads the clock.
const CLOCKS: &[&str] = &["sync::now", "Instant::now"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(&["cconn/src"]) {
        if file.path == STATE {
            found.extend(
                open_fields(file.text)
                    .into_iter()
                    .map(|(line, text)| Finding::error(format!("{STATE}:{line}"), text)),
            );
        }
        if file.path.starts_with(CORE) {
            found.extend(clocks(file.text).map(|line| {
                let text = "the core reads no clock: let the caller hand the moment in";
                Finding::error(format!("{}:{line}", file.path), text)
            }));
        }
    }
    found
}

/// Fields of the state that are seen outside the core, with their lines.
fn open_fields(text: &str) -> Vec<(usize, String)> {
    let lines = (1..).zip(text.lines());
    let fields = lines.skip_while(|(_, line)| *line != OPENS).take_while(|(_, line)| *line != "}");
    let open = fields.skip(1).filter(|(_, line)| {
        let line = line.trim_start();
        line.starts_with("pub") && !line.starts_with("pub(super) ")
    });
    let text = |line: &str| {
        let name = line.split(':').next().unwrap_or_default();
        let name = name.split_whitespace().last().unwrap_or_default();
        format!(
            "`{name}` of `State` is seen outside the core: make the decision a method of `State`"
        )
    };
    open.map(|(at, line)| (at, text(line))).collect()
}

/// Lines of the code proper, before its tests, that read a clock.
fn clocks(text: &str) -> impl Iterator<Item = usize> {
    let code = (1..).zip(text.lines()).take_while(|(_, line)| *line != "#[cfg(test)]");
    let reads = |line: &str| CLOCKS.iter().any(|clock| line.contains(clock)) || imports_now(line);
    code.filter(move |(_, line)| reads(line)).map(|(at, _)| at)
}

/// Whether a line imports the clock among other names: `use crate::sync::{holds, now};`.
fn imports_now(line: &str) -> bool {
    let is_import = line.trim_start().starts_with("use ") && line.contains("sync::");
    is_import && line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_made_visible_is_found_and_those_of_the_core_are_not() {
        let text = "pub(crate) struct State {\n    helm: Helm,\n    pub(super) calls: Calls,\n    \
                    /// Why.\n    pub(crate) turn: Turn,\n}\n\npub(crate) struct Other {\n    pub a: u8,\n}\n";
        let found = open_fields(text);
        assert_eq!(found.len(), 1);
        assert!(found[0].0 == 5 && found[0].1.starts_with("`turn` of `State`"), "{found:?}");
    }

    #[test]
    fn a_look_at_the_clock_is_found_in_code_and_not_in_tests() {
        let text = "let a = crate::sync::now();\n#[cfg(test)]\nlet b = Instant::now();\n";
        assert_eq!(clocks(text).collect::<Vec<_>>(), [1]);
        let text = "use crate::sync::{Rule, holds, now};\nuse crate::sync::{Rule, known};\n";
        assert_eq!(clocks(text).collect::<Vec<_>>(), [1]);
    }
}
