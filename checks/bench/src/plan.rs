//! How much is done of each work.

use std::time::Duration;

use crate::args::Options;
use crate::peer::Budget;

/// One measure of a full run: with all works, peers and rounds about five minutes.
const FULL: Duration = Duration::from_millis(100);

/// One measure of a quick run: under a minute.
const QUICK: Duration = Duration::from_millis(30);

/// The budget of each measure. 2,000 idle connections make a mean that a page more or less does
/// not change.
pub(crate) fn budget(options: &Options) -> Budget {
    let (time, idle) = if options.quick { (QUICK, 500) } else { (FULL, 2000) };
    Budget { time, idle, audience: 500 }
}
