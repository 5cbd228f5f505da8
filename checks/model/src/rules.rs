//! The rules that are said to be needed, and where it shows when one is off.

use crate::scenarios::{self, Scenario};
use crate::sync::Rule;

/// A rule that is off, in a scenario where that must show.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// Number and words of the rule in the architecture.
    pub(crate) name: &'static str,
    /// What the core is to leave out; `None` where the scenario itself breaks the rule.
    pub(crate) off: Option<Rule>,
    pub(crate) scenario: Scenario,
}

/// Every rule that must be found to be needed.
pub(crate) fn all() -> Vec<Broken> {
    let window = Scenario { small_window: true, ..scenario("one-ways") };
    vec![
        core("3 baton", Rule::Baton, "calls"),
        core("4 who waits for room sleeps", Rule::RoomSleeps, "large"),
        core("4 a list of each", Rule::ListedInEach, "the first of two connections"),
        core("3 the lookout reads", Rule::LookoutReads, "awaited"),
        core("19 the end wakes followers", Rule::EndWakesFollowers, "awaited at a close"),
        core("4 an idle runner reads", Rule::IdleRunnerReads, "a handler that needs another"),
        core("10 a writer reads", Rule::WriterReads, "large"),
        Broken { name: "12 window of two frames", off: None, scenario: window },
        core("14 parallel steps aside", Rule::ParallelStepsAside, "more parallel than may run"),
        core(
            "28 what is withdrawn never runs",
            Rule::WithdrawnNeverRuns,
            "asked before a deadline",
        ),
        core("36 a cancel wakes the handler", Rule::CancelWakes, "given up while it calls"),
        core("37 what comes too late is not run", Rule::LateIsNotRun, "with little time left"),
        core("15 a wait gives up the turn", Rule::TurnIsLeft, "nested"),
        core("16 waits are counted", Rule::WaitsAreCounted, "hops"),
        core("20 goodbye in two steps", Rule::TwoStepGoodbye, "stop at any time"),
        core("30 credit is given again", Rule::CreditIsGivenAgain, "streams"),
        core("31 who waits for credit reads", Rule::PumpsRead, "streams"),
        core("32 a stop ends the feeding", Rule::StopHaltsPumps, "streams dropped, with room"),
        core(
            "33 a cancel before the opening",
            Rule::CancelStopsPumps,
            "streams dropped, with room",
        ),
        core("34 an iterator has no turn", Rule::PumpsLeaveTheTurn, "streams and calls in them"),
        core(
            "35 the role is handed on",
            Rule::RoleIsHandedOn,
            "an iterator that needs another command",
        ),
        core("36 credit sends what waits", Rule::CreditFeedsChannels, "channels"),
        core("37 room sends what waits", Rule::RoomFeedsChannels, "channels"),
        core("38 a stop ends channels", Rule::StopEndsChannels, "channels left open, stop"),
        core("39 the end is behind the items", Rule::EndWaitsForItems, "channels"),
        core("40 the queue moves at once", Rule::QueueMovesAtOnce, "channels"),
        core("41 a channel wakes its emitters", Rule::ChannelWakesEmitters, "channels"),
        core("44 credit wakes who feeds", Rule::CreditWakesFeeders, "arguments"),
        core(
            "45 who feeds keeps its place",
            Rule::FeedersKeepTheirPlace,
            "arguments inside handlers, few may wait",
        ),
        core(
            "46 a cancel ends arguments",
            Rule::CancelEndsLanes,
            "arguments of commands that are given up",
        ),
        core("47 sources have a thread", Rule::SourcesHaveTheirThread, "arguments both ways"),
        core("48 lanes wait to be heard", Rule::LanesWaitToBeHeard, "arguments from channels"),
        core(
            "60 the latest report is sent",
            Rule::LatestReportIsSent,
            "progress that the command waits for",
        ),
        core(
            "61 a report wakes the caller",
            Rule::ReportWakesCaller,
            "progress that the command waits for",
        ),
        core("62 a promise outlives its command", Rule::PromiseOutlivesItsCommand, "promises"),
        core("63 a dropped promise answers", Rule::DroppedPromiseAnswers, "promises"),
        core("21 who is sent away hears all", Rule::LastWordsRun, "sent away, with room"),
    ]
}

fn core(name: &'static str, off: Rule, shown_by: &str) -> Broken {
    Broken { name, off: Some(off), scenario: scenario(shown_by) }
}

fn scenario(name: &str) -> Scenario {
    let found = scenarios::all().into_iter().find(|scenario| scenario.name == name);
    found.expect("a scenario of that name")
}
