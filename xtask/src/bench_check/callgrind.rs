//! Running a program under callgrind, and reading what it counted.
//!
//! The format is that of valgrind's manual, "Callgrind Format Specification".

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// What one run counted.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// Instructions of the whole process.
    pub(super) total: f64,
    /// Instructions of each function, by its name.
    pub(super) functions: BTreeMap<String, Cost>,
}

/// Instructions of a function, in all its runs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cost {
    /// In itself and what was inlined there.
    pub(super) own: f64,
    /// In what it called.
    pub(super) called: f64,
}

/// The program under callgrind, which will write its profile there.
pub(super) fn command(program: &Path, profile: &Path) -> Command {
    let mut command = Command::new("valgrind");
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(profile);
    command.args(["--quiet", "--tool=callgrind"]).arg(out).arg(program);
    command
}

/// Reads a profile that a run has written.
pub(super) fn read(path: &Path) -> Result<Profile, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let profile = parse(&text);
    if profile.total > 0.0 {
        Ok(profile)
    } else {
        Err(format!("{}: callgrind has counted nothing", path.display()))
    }
}

fn parse(text: &str) -> Profile {
    let mut profile = Profile::default();
    // Each name is spelt once, with a number, and then meant by the number.
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut function = "";
    let mut is_call = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("fn=").or_else(|| line.strip_prefix("cfn=")) {
            let (number, name) = rest.split_once(' ').unwrap_or((rest, ""));
            if !name.is_empty() {
                names.insert(number, name);
            }
            if line.starts_with("fn=") {
                function = names.get(number).copied().unwrap_or(number);
            }
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if let Some(total) = line.strip_prefix("totals: ") {
            profile.total = total.trim().parse().unwrap_or(0.0);
        } else if let Some(cost) = cost(line) {
            let of = profile.functions.entry(function.to_owned()).or_default();
            let place = if is_call { &mut of.called } else { &mut of.own };
            *place += cost;
            is_call = false;
        }
    }
    profile
}

/// The cost on a line that begins with a line number, which may be relative.
fn cost(line: &str) -> Option<f64> {
    if !line.starts_with(|c: char| c.is_ascii_digit() || "+-*".contains(c)) {
        return None;
    }
    line.split_once(' ')?.1.trim().parse().ok()
}

impl Profile {
    /// The instructions of this run beyond those of a shorter one, for each of `units`.
    pub(super) fn slope(&self, shorter: &Profile, units: f64) -> f64 {
        (self.total - shorter.total) / units
    }

    /// Instructions in the functions of that name's end, and in all they called.
    pub(super) fn within(&self, end: &str) -> f64 {
        let found = self.functions.iter().filter(|(name, _)| name.ends_with(end));
        found.map(|(_, cost)| cost.own + cost.called).sum()
    }

    /// The kind of `memcpy` that the C library chose for this processor: it decides what a copy
    /// costs.
    pub(super) fn memcpy(&self) -> Option<&str> {
        let mut names = self.functions.keys();
        let found = names.find(|name| name.starts_with("__memcpy_"))?;
        found.split('\'').next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
version: 1
events: Ir
fl=(1) a.c
fn=(1) main
16 400
+1 20
cfn=(2) <A as B>::run
calls=1 50
16 300
fi=(2) b.h
* 7
fn=(2)
51 100
cfn=(3) __memcpy_plain
calls=3 8
* 200
fn=(3)
8 200
totals: 927
";

    #[test]
    fn own_and_called_costs_are_told_apart() {
        let profile = parse(TEXT);
        assert!((profile.total - 927.0).abs() < 0.5);
        assert_eq!(profile.functions["main"], Cost { own: 427.0, called: 300.0 });
        assert!((profile.within("B>::run") - 300.0).abs() < 0.5);
        assert_eq!(profile.memcpy(), Some("__memcpy_plain"));
    }

    #[test]
    fn the_slope_leaves_the_start_out() {
        let of = |total| Profile { total, ..Profile::default() };
        assert!((of(5000.0).slope(&of(1000.0), 40.0) - 100.0).abs() < 1e-9);
    }
}
