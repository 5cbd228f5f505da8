//! The command line.

pub(crate) const USAGE: &str = "\
usage: model [--schedules N] [--seed S] [--only NAME] [--json] [--dump]

  --schedules N  schedules in all, shared by the scenarios (default 20000)
  --seed S       number of the first schedule of each scenario (default 1)
  --only NAME    that scenario, or that rule's broken twin, alone
  --json         print one array of objects instead of lines
  --dump         with a failure, print the state of both ends";

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) schedules: u64,
    pub(crate) seed: u64,
    pub(crate) only: Option<String>,
    pub(crate) json: bool,
    pub(crate) dump: bool,
    /// Run the broken twin of that name and say how many schedules it took: what this program
    /// asks of a child of its own.
    pub(crate) twin: Option<String>,
}

impl Arguments {
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut args = args.into_iter();
        let mut parsed = Arguments {
            schedules: 20_000,
            seed: 1,
            only: None,
            json: false,
            dump: false,
            twin: None,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--schedules" => parsed.schedules = number(&value()?)?,
                "--seed" => parsed.seed = number(&value()?)?,
                "--only" => parsed.only = Some(value()?),
                "--twin" => parsed.twin = Some(value()?),
                "--json" => parsed.json = true,
                "--dump" => parsed.dump = true,
                _ => return Err(format!("unknown argument {arg}\n{USAGE}")),
            }
        }
        Ok(parsed)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}
