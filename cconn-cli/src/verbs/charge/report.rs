//! What a load came to, as text and as JSON.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::drive::{Loaded, Unmade};
use super::{PERCENTILES, bars};
use crate::arguments::{Common, Load};
use crate::failure::Outcome;
use crate::output;

/// The figures of a load.
pub struct Report<'a> {
    loaded: &'a Loaded,
    load: &'a Load,
    corrected: Option<Corrected>,
}

/// Latencies with those of the calls that a loop of calls kept back: while one call took long, a
/// connection would have begun another each `interval`.
struct Corrected {
    /// The median of the latencies.
    interval: Duration,
    latencies: Histogram<u64>,
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn rate(done: u64, time: Duration) -> f64 {
    done as f64 / time.as_secs_f64().max(0.001)
}

impl<'a> Report<'a> {
    pub fn new(loaded: &'a Loaded, load: &'a Load) -> Self {
        let plain = &loaded.tally.latencies;
        let corrected = (load.debit.is_none() && !plain.is_empty()).then(|| {
            let median = plain.value_at_quantile(0.5);
            let interval = Duration::from_nanos(median);
            Corrected { interval, latencies: plain.clone_correct(median) }
        });
        Report { loaded, load, corrected }
    }

    pub fn print(&self, common: &Common) -> Outcome<()> {
        if common.json {
            return output::json(&self.json());
        }
        self.lines().iter().try_for_each(|line| output::line(line))
    }

    fn done(&self) -> u64 {
        self.loaded.tally.latencies.len()
    }

    fn json(&self) -> Value {
        let (loaded, corrected) = (self.loaded, self.corrected.as_ref());
        let buckets = bars::buckets(&loaded.tally.latencies);
        let buckets = buckets.iter().map(|bucket| {
            let (from, to) = (bucket.from.as_secs_f64(), bucket.to.as_secs_f64());
            json!({ "de": from, "a": to, "appels": bucket.calls })
        });
        json!({
            "appels": self.done(),
            "refus": loaded.tally.refused,
            "interrompue": loaded.interrupted,
            "duree": loaded.time.as_secs_f64(),
            "par_seconde": rate(self.done(), loaded.time),
            "clients": self.load.clients,
            "debit": self.load.debit,
            "dus": self.load.debit.map(|_| loaded.unmade.due),
            "non_faits": loaded.unmade.calls,
            "attente": (loaded.unmade.calls > 0).then_some(loaded.unmade.waited.as_secs_f64()),
            "abandonnes": loaded.left,
            "latences": percentiles(&loaded.tally.latencies),
            "intervalle": corrected.map(|corrected| corrected.interval.as_secs_f64()),
            "latences_corrigees": corrected.map(|corrected| percentiles(&corrected.latencies)),
            "histogramme": buckets.collect::<Vec<_>>(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.first_line(), self.how_measured()];
        lines.extend(not_made(&self.loaded.unmade, self.done()));
        if self.done() == 0 {
            lines.push("no call was answered".to_owned());
            return lines;
        }
        lines.extend(
            self.corrected.is_some().then(|| format!("  {:>18}  {:>10}", "plain", "corrected")),
        );
        lines.extend(PERCENTILES.map(|percent| self.percentile(percent)));
        lines.extend(bars::lines(&self.loaded.tally.latencies));
        lines
    }

    fn first_line(&self) -> String {
        let (loaded, clients) = (self.loaded, self.load.clients);
        let interrupted = if loaded.interrupted { "interrupted: " } else { "" };
        let refused = match loaded.tally.refused {
            0 => String::new(),
            refused => format!(", {refused} answered with the command's own error"),
        };
        let left = match loaded.left {
            0 => String::new(),
            left => format!(", {left} more under way when it was left"),
        };
        let (seconds, rate) = (loaded.time.as_secs_f64(), rate(self.done(), loaded.time));
        let many = if clients == 1 { "" } else { "s" };
        let done = self.done();
        format!(
            "{interrupted}{done} calls in {seconds:.1} s: {rate:.0}/s over {clients} \
             connection{many}{refused}{left}"
        )
    }

    fn how_measured(&self) -> String {
        match (self.load.debit, &self.corrected) {
            (Some(wanted), _) => {
                format!("latency from when a call was due, {wanted} calls/s wanted")
            }
            (None, Some(Corrected { interval, .. })) => format!(
                "latency from when a call was sent; corrected: as if each connection had sent one \
                 each {interval:.1?} (the median) also while a call took longer"
            ),
            (None, None) => "latency from when a call was sent".to_owned(),
        }
    }

    fn percentile(&self, percent: f64) -> String {
        let at = |latencies: &Histogram<u64>| {
            format!("{:>10.1?}", Duration::from_nanos(latencies.value_at_percentile(percent)))
        };
        let plain = at(&self.loaded.tally.latencies);
        let corrected = self.corrected.as_ref().map(|corrected| at(&corrected.latencies));
        let corrected = corrected.map(|corrected| format!("  {corrected}"));
        format!("  p{percent:<6} {plain}{}", corrected.unwrap_or_default())
    }
}

/// What the calls that were never made mean for the percentiles.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn not_made(unmade: &Unmade, done: u64) -> Vec<String> {
    let Unmade { calls, due, waited } = *unmade;
    if calls == 0 {
        return Vec::new();
    }
    let share = 100.0 * done as f64 / due.max(1) as f64;
    vec![
        format!(
            "not made in time: {calls} of {due} calls that were due; the oldest waited {waited:.1?}"
        ),
        format!(
            "  they are in no percentile: the calls made are {share:.1} % of those that were due, \
             perhaps the fastest"
        ),
    ]
}

/// The percentiles in seconds; of no calls there are none.
fn percentiles(latencies: &Histogram<u64>) -> Value {
    let at = |percent: f64| {
        let nanos = latencies.value_at_percentile(percent);
        (!latencies.is_empty()).then(|| Duration::from_nanos(nanos).as_secs_f64())
    };
    let all = PERCENTILES.iter().map(|percent| (format!("p{percent}"), json!(at(*percent))));
    Value::Object(all.collect::<Map<_, _>>())
}
