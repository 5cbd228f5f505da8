//! The rules that are said to be needed, and where it shows when one is off.

use std::collections::HashMap;

use crate::scenarios::{self, Scenario};
use crate::sync::Rule;

/// A rule of the core, switched off.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// Number and words of the rule in the architecture.
    pub(crate) name: &'static str,
    /// What the core is asked to leave out; `None` where the scenario itself breaks the rule.
    pub(crate) off: Option<Rule>,
    /// Where it must show.
    pub(crate) scenario: Scenario,
}

/// Every rule that must be found to be needed.
pub(crate) fn all() -> Vec<Broken> {
    let named: HashMap<_, _> = scenarios::all().into_iter().map(|s| (s.name, s)).collect();
    let broken = |name, off, scenario: &str| Broken { name, off: Some(off), scenario: named[scenario].clone() };
    let mut all = vec![
        broken("3 baton", Rule::Baton, "calls"),
        broken("4 who waits for room sleeps", Rule::RoomSleeps, "large"),
        broken("4 an idle runner reads", Rule::IdleRunnerReads, "mixed"),
        broken("10 a writer reads", Rule::WriterReads, "large"),
        broken("15 a wait gives up the turn", Rule::TurnIsLeft, "nested"),
        broken("16 waits are counted", Rule::WaitsAreCounted, "nested beyond it"),
        broken("20 goodbye in two steps", Rule::TwoStepGoodbye, "stop at any time"),
    ];
    let scenario = Scenario { small_window: true, ..named["one-ways"].clone() };
    all.push(Broken { name: "12 window of two frames", off: None, scenario });
    all
}
