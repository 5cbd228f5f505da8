//! Handlers that call with argument streams: each waits for its call, and now and then makes an item.
//!
//! Such a handler takes its place among the waiting once, before the call is sent. While it makes an
//! item it has its turn and keeps the place: else another handler could take the last place, and the
//! call, which is under way, could not be waited for any more.

use super::Turn;
use crate::sync::{Rule, holds};
use crate::wire::CallId;

impl Turn {
    /// Notes that a waiting handler makes an item.
    pub(crate) fn begin_item(&mut self, parallel: bool) {
        if !holds(Rule::FeedersKeepTheirPlace) {
            return self.come_back(parallel);
        }
        self.pumps.pulling = self.pumps.pulling.saturating_add(1);
        self.count(parallel, 1);
        self.owe_what_came();
    }

    /// Notes that the handler has made its item, and waits on.
    // [order.waiting]
    pub(crate) fn end_item(&mut self, parallel: bool) {
        if !holds(Rule::FeedersKeepTheirPlace) {
            let _crowded = self.leave(parallel);
            return;
        }
        self.pumps.pulling = self.pumps.pulling.saturating_sub(1);
        self.finish(None, parallel);
    }

    /// Whether a call of the peer's runs here.
    pub(crate) fn knows(&self, call: CallId) -> bool {
        self.served.has(call)
    }
}
