//! What the command line says.

use crate::catalogue::{TESTS, Test};

pub(crate) const USAGE: &str = "\
usage: cargo xtask endurance [--short] [--json] [--only ID[,ID]] [--list]
  --short   a tenth of the counts or less: at most 4 minutes in all
  --json    a JSON object a line instead of text
  --only    these tests, by id
  --list    the tests, without running them";

#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) short: bool,
    pub(crate) json: bool,
    pub(crate) list: bool,
    /// The tests to run, in the order of the catalogue; all where empty.
    only: Vec<String>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Options, String> {
        let mut options = Options::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--short" => options.short = true,
                "--json" => options.json = true,
                "--list" => options.list = true,
                "--only" => {
                    let ids = args.next().ok_or("`--only` needs ids")?;
                    options.only.extend(ids.split(',').map(str::to_owned));
                }
                other => return Err(format!("`{other}` is not understood")),
            }
        }
        match options.only.iter().find(|id| TESTS.iter().all(|test| test.id != id.as_str())) {
            Some(id) => Err(format!("there is no test `{id}`")),
            None => Ok(options),
        }
    }

    pub(crate) fn tests(&self) -> impl Iterator<Item = &'static Test> {
        let chosen =
            |test: &&Test| self.only.is_empty() || self.only.iter().any(|id| test.id == id);
        TESTS.iter().filter(chosen)
    }
}
