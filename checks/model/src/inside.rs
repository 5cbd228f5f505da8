//! A look inside a connection, for the models alone: compiled as a part of `link` where
//! `cfg(model)` is set.

use super::Link;

impl Link {
    /// What is not as it must be once the connection has ended and all its threads have left.
    pub(crate) fn left_over(&self) -> Vec<&'static str> {
        self.locked(|state| {
            let rest = [
                (!state.is_helm_free(), "the helm is taken"),
                (!state.inside().writer.is_idle(), "somebody writes"),
                (state.inside().sleepers.any(|_| true), "somebody sleeps"),
                (!state.inside().turn.is_idle(), "a command is queued or runs"),
                (state.inside().turn.callers > 0, "a caller is counted"),
                (state.inside().turn.executors > 0, "an executor is counted"),
                (state.inside().turn.stand_ins > 0, "a stand-in is counted"),
                (state.inside().calls.waiting() > 0, "a call waits"),
                (state.inside().goodbye.senders > 0, "a sender is counted"),
                (state.is_any_followed(), "a call is followed"),
                (state.has_ready_followers(), "a follower is not woken"),
                (state.has_lookout(), "there is a lookout"),
                (state.feeds_streams(), "a stream is sent"),
                (state.waiting_latest() > 0, "a message waits in a slot"),
                (state.inside().calls.streamed() > 0, "items are kept"),
                (state.inside().reports[0] > 0, "a call is reported on"),
                (state.inside().reports[2] > 0, "a call wants reports"),
                (!state.is_closed(), "the connection is open"),
            ];
            rest.into_iter().filter_map(|(is_left, text)| is_left.then_some(text)).collect()
        })
    }

    /// The whole state, for a person who looks for the cause of a failure: takes no lock that
    /// the scheduler knows of, so that it works after the run. Of lists of bytes and of parkers
    /// only what tells something is left.
    pub(crate) fn describe(&self) -> String {
        let text = format!("{:#?}", self.guarded());
        let mut lines: Vec<&str> = Vec::new();
        let mut hidden = None;
        for line in text.lines() {
            let depth = line.len().saturating_sub(line.trim_start().len());
            if hidden.is_some_and(|hidden| depth > hidden) {
                continue;
            }
            hidden = None;
            let word = line.trim();
            if word.starts_with("Parker") || word.starts_with("buf: [") || word == "bytes: [" {
                hidden = Some(depth);
            }
            if !matches!(word, "}" | "}," | "]," | ")," | "(" | ")") {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}
