//! The standard that cconn is held to, row by row.

use super::results::{Column, ROUND_TRIP, Results, Row};
use super::table::{format_value, three_digits};
use crate::peer::{Kind, Unit};

/// What a value should be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Goal {
    /// That many times another peer's value, at most or at least.
    AtMost(f64, &'static str),
    AtLeast(f64, &'static str),
    /// That many times the value of the best of the other libraries.
    TimesBest(f64),
    /// That much more than another peer's value.
    MoreThan(f64, &'static str),
    /// The value itself.
    Value(f64),
}

/// One goal, and what became of it.
pub(super) struct Verdict {
    pub(super) peer: &'static str,
    pub(super) row: String,
    pub(super) found: String,
    pub(super) goal: String,
    pub(super) is_met: bool,
}

impl Verdict {
    pub(super) fn word(&self) -> &'static str {
        if self.is_met { "met" } else { "MISS" }
    }
}

/// Every goal for which there are values.
pub(super) fn verdicts(results: &Results) -> Vec<Verdict> {
    let of_row = |row| {
        let of_peer = move |(peer, goal): (&'static str, Goal)| goal.verdict(row, peer, results);
        goals(row).into_iter().filter_map(of_peer)
    };
    results.rows.iter().flat_map(of_row).collect()
}

fn goals(row: &Row) -> Vec<(&'static str, Goal)> {
    let own = own_goals(row).into_iter().map(|goal| ("cconn", goal));
    let active = active_goal(row).map(|goal| ("cconn-active", goal));
    let unix = unix_goal(row).map(|goal| ("cconn-unix", goal));
    let tls = tls_goal(row).map(|goal| ("cconn-tls", goal));
    own.chain(active).chain(unix).chain(tls).collect()
}

fn own_goals(row: &Row) -> Vec<Goal> {
    match (row.label.group, &*row.name) {
        ("rtt", "p50") => vec![Goal::AtMost(1.05, "raw")],
        ("rtt", "CPU both sides") => vec![Goal::AtMost(1.1, "raw")],
        ("pipelined", _) => vec![Goal::AtLeast(0.35, "raw-batch"), Goal::TimesBest(10.0)],
        ("oneway", _) => vec![Goal::AtLeast(0.2, "raw-batch"), Goal::TimesBest(15.0)],
        ("reverse", _) => vec![Goal::AtMost(1.1, ROUND_TRIP)],
        ("nested", _) => vec![Goal::AtMost(2.4, ROUND_TRIP)],
        ("listening", _) => vec![Goal::AtMost(1.3, "raw")],
        // A tenth more than a round trip of ours, which may be a twentieth more than a bare one.
        ("first", _) => vec![Goal::AtMost(1.155, "raw")],
        ("clients", _) if row.label.work != "clients 1" => vec![Goal::AtLeast(0.95, "raw")],
        ("echo", _) => vec![Goal::AtLeast(0.95, "raw")],
        ("stream", _) => vec![Goal::AtLeast(0.5, "raw-batch"), Goal::TimesBest(10.0)],
        ("octets" | "connect", _) => vec![Goal::AtLeast(0.9, "raw")],
        ("idle", _) => vec![Goal::MoreThan(2.0, "raw")],
        ("cost", "crates") => vec![Goal::Value(16.0)],
        ("cost", "build") => vec![Goal::AtMost(0.5, "tarpc")],
        _ => Vec::new(),
    }
}

/// Who looks for input before sleeping is to gain much where both sides have a processor, and to
/// lose little anywhere else. The processor's time is what it pays with.
fn active_goal(row: &Row) -> Option<Goal> {
    let is_time = row.unit == Unit::Micros && !row.name.starts_with("CPU");
    match (row.label.group, &*row.name, &*row.label.place) {
        ("rtt", "p50", "one CPU each") => Some(Goal::AtMost(0.25, "raw")),
        _ if is_time => Some(Goal::AtMost(1.1, "raw")),
        _ if row.unit.is_rate() => Some(Goal::AtLeast(0.9, "raw")),
        _ => None,
    }
}

/// Over a Unix socket a call is to cost as little more than a bare echo as over TCP.
fn unix_goal(row: &Row) -> Option<Goal> {
    ((row.label.group, &*row.name) == ("rtt", "p50")).then_some(Goal::AtMost(1.05, "raw-unix"))
}

/// Encryption is to cost a small call little beside a call in the clear, and large data little
/// beside what rustls takes for them by itself.
fn tls_goal(row: &Row) -> Option<Goal> {
    match (row.label.group, &*row.name) {
        ("rtt", "p50") => Some(Goal::AtMost(1.35, "raw")),
        ("echo" | "octets", _) => Some(Goal::AtLeast(0.8, "raw-tls")),
        _ => None,
    }
}

impl Goal {
    /// None where the peer, or the one to compare it with, does not do that work.
    fn verdict(self, row: &Row, peer: &'static str, results: &Results) -> Option<Verdict> {
        let value = row.value(peer)?;
        let times = |other| {
            let ratio = row.ratio_to(other, peer)?;
            Some((ratio, format!("{} x {other}", three_digits(ratio))))
        };
        let itself = format_value(value, row.unit);
        let (is_met, found) = match self {
            Goal::AtMost(most, other) => times(other).map(|(ratio, text)| (ratio <= most, text)),
            Goal::AtLeast(least, other) => times(other).map(|(ratio, text)| (ratio >= least, text)),
            Goal::TimesBest(least) => {
                times(best_of_others(row, results)?).map(|(ratio, text)| (ratio >= least, text))
            }
            Goal::MoreThan(more, other) => Some((value <= row.value(other)? + more, itself)),
            Goal::Value(most) => Some((value <= most, itself)),
        }?;
        Some(Verdict { peer, row: row.title(), found, goal: self.text(row.unit), is_met })
    }

    fn text(self, unit: Unit) -> String {
        match self {
            Goal::AtMost(most, other) => format!("<= {most:.2} x {other}"),
            Goal::AtLeast(least, other) => format!(">= {least:.2} x {other}"),
            Goal::TimesBest(least) => format!(">= {least:.0} x the best other library"),
            Goal::MoreThan(more, other) => format!("<= {other} + {more} {}", unit.symbol()),
            Goal::Value(most) => format!("<= {most}"),
        }
    }
}

/// The library of others with the best median; asked of rates only.
fn best_of_others(row: &Row, results: &Results) -> Option<&'static str> {
    let others = results.peers.iter().filter(|column| column.kind == Kind::Other);
    let rated = |column: &Column| Some((row.value(column.name)?, column.name));
    others.filter_map(rated).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{self, Figure};
    use crate::report::Label;
    use crate::work::{Case, Pinning, Work};

    /// The goal, what was found and the verdict, of each peer that is judged by these values.
    fn judge(
        work: Work,
        name: &'static str,
        unit: Unit,
        rounds: &[&[(&str, f64)]],
    ) -> Vec<(&'static str, String, String, bool)> {
        let mut results = Results::new(peer::ALL);
        let label = Label::of_case(Case { work, pinning: Pinning::SameCpu });
        for (round, values) in rounds.iter().enumerate() {
            for (peer, value) in *values {
                let figure = Figure { name: name.into(), value: *value, unit };
                results.add(&label, round, peer, &[figure]);
            }
        }
        let verdicts = verdicts(&results).into_iter();
        verdicts.map(|v| (v.peer, v.goal, v.found, v.is_met)).collect()
    }

    fn trips(rounds: &[&[(&str, f64)]]) -> Vec<(&'static str, String, String, bool)> {
        judge(Work::Rtt, "p50", Unit::Micros, rounds)
    }

    fn expected(
        peer: &'static str,
        goal: &str,
        found: &str,
        is_met: bool,
    ) -> Vec<(&'static str, String, String, bool)> {
        vec![(peer, goal.to_owned(), found.to_owned(), is_met)]
    }

    #[test]
    fn a_trip_over_a_unix_socket_is_compared_with_the_bare_one_over_a_unix_socket() {
        let goal = "<= 1.05 x raw-unix";
        let met = trips(&[&[("raw", 9.0), ("raw-unix", 10.0), ("cconn-unix", 10.4)]]);
        assert_eq!(met, expected("cconn-unix", goal, "1.04 x raw-unix", true));
        let missed = trips(&[&[("raw", 30.0), ("raw-unix", 10.0), ("cconn-unix", 10.6)]]);
        assert_eq!(missed, expected("cconn-unix", goal, "1.06 x raw-unix", false));
    }

    #[test]
    fn an_encrypted_trip_is_compared_with_the_bare_one_in_the_clear() {
        let goal = "<= 1.35 x raw";
        let met = trips(&[&[("raw", 10.0), ("raw-tls", 12.0), ("cconn-tls", 13.4)]]);
        assert_eq!(met, expected("cconn-tls", goal, "1.34 x raw", true));
        let missed = trips(&[&[("raw", 10.0), ("raw-tls", 13.0), ("cconn-tls", 13.6)]]);
        assert_eq!(missed, expected("cconn-tls", goal, "1.36 x raw", false));
    }

    #[test]
    fn large_data_are_compared_with_bare_rustls() {
        let goal = ">= 0.80 x raw-tls";
        for work in [Work::Echo(64 << 10), Work::Echo(4 << 20), Work::Octets(64 << 10)] {
            let of = |own| {
                let values: &[_] = &[("raw", 900.0), ("raw-tls", 200.0), ("cconn-tls", own)];
                judge(work, "", Unit::MibPerSecond, &[values])
            };
            assert_eq!(of(162.0), expected("cconn-tls", goal, "0.810 x raw-tls", true));
            assert_eq!(of(158.0), expected("cconn-tls", goal, "0.790 x raw-tls", false));
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let rounds: [&[_]; 3] = [
            &[("raw", 10.0), ("cconn-tls", 13.0)],
            &[("raw", 20.0), ("cconn-tls", 26.0)],
            &[("raw", 10.0), ("cconn-tls", 26.0)],
        ];
        assert_eq!(trips(&rounds), expected("cconn-tls", "<= 1.35 x raw", "1.30 x raw", true));
    }

    #[test]
    fn without_the_other_peer_nothing_is_judged() {
        assert_eq!(trips(&[&[("raw-unix", 10.0), ("cconn-tls", 13.0)]]), []);
        assert_eq!(trips(&[&[("raw", 10.0), ("cconn-unix", 13.0)]]), []);
    }
}
