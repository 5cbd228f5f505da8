//! The rules that are said to be needed, and where it shows when one is off.

use crate::scenarios::{self, Scenario};
use crate::sync::Rule;

/// A rule that is off, in a scenario where that must show.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    /// What the rule says, in a few words.
    pub(crate) name: &'static str,
    /// What the core is to leave out; `None` where the scenario itself breaks the rule.
    pub(crate) off: Option<Rule>,
    pub(crate) scenario: Scenario,
}

/// Every rule that must be found to be needed.
pub(crate) fn all() -> Vec<Broken> {
    let window = Scenario { small_window: true, ..scenario("one-ways") };
    vec![
        core("baton", Rule::Baton, "calls"),
        core("who waits for room sleeps", Rule::RoomSleeps, "large"),
        core("a list of each", Rule::ListedInEach, "the first of two connections"),
        core("the lookout reads", Rule::LookoutReads, "awaited"),
        core("the end wakes followers", Rule::EndWakesFollowers, "awaited at a close"),
        core("an idle runner reads", Rule::IdleRunnerReads, "a handler that needs another"),
        core("a writer reads", Rule::WriterReads, "large"),
        Broken { name: "window of two frames", off: None, scenario: window },
        core("parallel steps aside", Rule::ParallelStepsAside, "more parallel than may run"),
        core("what is withdrawn never runs", Rule::WithdrawnNeverRuns, "asked before a deadline"),
        core("a cancel wakes the handler", Rule::CancelWakes, "given up while it calls"),
        core("what comes too late is not run", Rule::LateIsNotRun, "with little time left"),
        core("a wait gives up the turn", Rule::TurnIsLeft, "nested"),
        core("waits are counted", Rule::WaitsAreCounted, "hops"),
        core("goodbye in two steps", Rule::TwoStepGoodbye, "stop at any time"),
        core("credit is given again", Rule::CreditIsGivenAgain, "streams"),
        core("who waits for credit reads", Rule::PumpsRead, "streams"),
        core("a stop ends the feeding", Rule::StopHaltsPumps, "streams dropped, with room"),
        core("a cancel before the opening", Rule::CancelStopsPumps, "streams dropped, with room"),
        core("an iterator has no turn", Rule::PumpsLeaveTheTurn, "streams and calls in them"),
        core(
            "the role is handed on",
            Rule::RoleIsHandedOn,
            "an iterator that needs another command",
        ),
        core("credit sends what waits", Rule::CreditFeedsChannels, "channels"),
        core("room sends what waits", Rule::RoomFeedsChannels, "channels"),
        core("a stop ends channels", Rule::StopEndsChannels, "channels left open, stop"),
        core("the end is behind the items", Rule::EndWaitsForItems, "channels"),
        core("the queue moves at once", Rule::QueueMovesAtOnce, "channels"),
        core("a channel wakes its emitters", Rule::ChannelWakesEmitters, "channels"),
        core("credit wakes who feeds", Rule::CreditWakesFeeders, "arguments"),
        core(
            "who feeds keeps its place",
            Rule::FeedersKeepTheirPlace,
            "arguments inside handlers, few may wait",
        ),
        core(
            "a cancel ends arguments",
            Rule::CancelEndsLanes,
            "arguments of commands that are given up",
        ),
        core("sources have a thread", Rule::SourcesHaveTheirThread, "arguments both ways"),
        core("lanes wait to be heard", Rule::LanesWaitToBeHeard, "arguments from channels"),
        core(
            "the latest report is sent",
            Rule::LatestReportIsSent,
            "progress that the command waits for",
        ),
        core(
            "a report wakes the caller",
            Rule::ReportWakesCaller,
            "progress that the command waits for",
        ),
        core("a promise outlives its command", Rule::PromiseOutlivesItsCommand, "promises"),
        core(
            "promised lanes go on",
            Rule::PromisedLanesGoOn,
            "promises of commands with arguments",
        ),
        core("a dropped promise answers", Rule::DroppedPromiseAnswers, "promises"),
        core(
            "an outcome ends arguments",
            Rule::OutcomeEndsArguments,
            "arguments of deferred calls",
        ),
        core("credit sends the latest", Rule::CreditSendsLatest, "latest"),
        core("room sends the latest", Rule::RoomSendsLatest, "latest"),
        core("slots do not read", Rule::SlotsDoNotRead, "latest, client that only calls"),
        core("a stop sends the latest", Rule::StopWaitsForLatest, "latest, stop at any time"),
        core("who is sent away hears all", Rule::LastWordsRun, "sent away, with room"),
    ]
}

fn core(name: &'static str, off: Rule, shown_by: &str) -> Broken {
    Broken { name, off: Some(off), scenario: scenario(shown_by) }
}

fn scenario(name: &str) -> Scenario {
    let found = scenarios::all().into_iter().find(|scenario| scenario.name == name);
    found.expect("a scenario of that name")
}
