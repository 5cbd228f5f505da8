//! `cargo xtask bench-check --parts`: where the instructions of a call go, layer by layer.
//!
//! A function counts for the module that its name begins in, with what was inlined into it.

use std::collections::BTreeMap;
use std::path::Path;

use super::callgrind::Profile;
use super::work::{self, Pair};

/// Functions shown for each side.
const SHOWN: usize = 25;

/// Parts by what a function's name contains; the first that fits counts.
const PARTS: &[(&str, &[&str])] = &[
    ("codec", &["cconn::codec", "cconn::body", "serde"]),
    ("frames (wire)", &["cconn::wire"]),
    ("transport", &["cconn::transport", "rustix"]),
    ("registry, dispatch", &["cconn::commande", "cconn::serveur"]),
    ("connection (link)", &["cconn::link", "cconn::sync"]),
    ("message and client face", &["cconn::client", "cconn::message", "cconn::erreur"]),
    ("the program's own, generated code included", &["instructions"]),
    ("clock", &["clock_gettime", "std::time", "unix::time"]),
    ("locks that wait", &["pthread", "std::sync", "std::sys::sync", "unix::futex"]),
    ("bytes copied", &["__mem"]),
    ("allocator", &["malloc", "free", "realloc", "__rust"]),
];

const OTHER: &str = "other";

/// Runs a call under callgrind and prints the table of parts and the dearest functions.
pub(super) fn print(program: &Path, folder: &Path) -> Result<(), String> {
    for work in work::TOGETHER {
        let [client, server] = work::together(*work, program, folder)?;
        let sides = [slopes(&client), slopes(&server)];
        let [client, server] = [by_part(&sides[0]), by_part(&sides[1])];
        println!(
            "\n{}: instructions a unit\n\n| part | client | server |\n|---|---|---|",
            work.name
        );
        for (part, _) in PARTS.iter().chain(&[(OTHER, [].as_slice())]) {
            let of = |side: &BTreeMap<&str, f64>| side.get(part).copied().unwrap_or(0.0);
            println!("| {part} | {:.0} | {:.0} |", of(&client), of(&server));
        }
        let sum = |side: &BTreeMap<&str, f64>| side.values().sum::<f64>();
        println!("| all | {:.0} | {:.0} |", sum(&client), sum(&server));
        for (name, side) in ["client", "server"].iter().zip(&sides) {
            println!("\ndearest functions of the {name}:");
            side.iter().take(SHOWN).for_each(|(name, cost)| println!("{cost:>8.1}  {name}"));
        }
    }
    Ok(())
}

/// Own instructions of each function for each unit, dearest first.
fn slopes(pair: &Pair) -> Vec<(String, f64)> {
    let own = |profile: &Profile, name: &str| profile.functions.get(name).map_or(0.0, |c| c.own);
    let names = pair.long.functions.keys();
    let mut all: Vec<(String, f64)> = names
        .map(|name| {
            let more = own(&pair.long, name) - own(&pair.short, name);
            (name.clone(), more / pair.units)
        })
        .collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    all
}

fn by_part(functions: &[(String, f64)]) -> BTreeMap<&'static str, f64> {
    let mut parts = BTreeMap::new();
    for (name, cost) in functions {
        *parts.entry(part(name)).or_insert(0.0) += cost;
    }
    parts
}

fn part(function: &str) -> &'static str {
    let fits = |(_, words): &&(&str, &[&str])| words.iter().any(|word| function.contains(word));
    PARTS.iter().find(fits).map_or(OTHER, |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_belong_to_their_layers() {
        let cases = [
            (
                "<cconn::client::Client>::appeler::<i64, instructions::somme>",
                "message and client face",
            ),
            ("cconn::codec::guard::x", "codec"),
            ("__vdso_clock_gettime", "clock"),
            ("cconn::link::send::<impl cconn::link::Link>::call", "connection (link)"),
            ("__memcpy_avx_unaligned_erms", "bytes copied"),
            ("_start", OTHER),
        ];
        for (function, expected) in cases {
            assert_eq!(part(function), expected, "{function}");
        }
    }
}
