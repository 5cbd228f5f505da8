//! CPU time of both processes over a number of calls.

use std::time::Duration;

use crate::laps::{Sorted, micros};
use crate::machine::cpu_time;
use crate::outcome::Outcome;
use crate::peer::{Figure, Unit};
use crate::session::Session;

/// The CPU time that was used before.
pub(crate) struct Meter {
    client: Duration,
    server: Duration,
}

impl Meter {
    pub(crate) fn start(session: &mut Session) -> Outcome<Meter> {
        Ok(Meter { server: session.cpu_time()?, client: cpu_time() })
    }

    /// The figures of calls one at a time: how long they took, and how much CPU time.
    pub(crate) fn finish(self, session: &mut Session, times: &Sorted) -> Outcome<Vec<Figure>> {
        let client = cpu_time().saturating_sub(self.client);
        let server = session.cpu_time()?.saturating_sub(self.server);
        let figure =
            |name: &'static str, value| Figure { name: name.into(), value, unit: Unit::Micros };
        let a_call = |time| micros(time) / times.count() as f64;
        Ok(vec![
            figure("p50", times.percentile(0.50)),
            figure("p99", times.percentile(0.99)),
            figure("CPU both sides", a_call(client + server)),
            figure("CPU client", a_call(client)),
            figure("CPU server", a_call(server)),
        ])
    }
}
