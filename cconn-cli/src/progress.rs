//! How far a command has come, as a line on the standard error that is taken away at the end.

use cconn::contexte::Avancement;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// A bar, or a count where the command does not know the whole. Nothing is shown before the first
/// report, or where the standard error is no terminal.
#[derive(Default)]
pub struct Progress {
    bar: Option<ProgressBar>,
    /// Whether the bar counts only; `None` while there is no bar.
    counts: Option<bool>,
}

impl Progress {
    /// Shows a report.
    pub fn show(&mut self, report: &Avancement) {
        let counts = report.total.is_none();
        let bar = self.bar.get_or_insert_with(ProgressBar::no_length);
        if self.counts.replace(counts) != Some(counts) {
            bar.set_style(style(counts));
        }
        if let Some(total) = report.total {
            bar.set_length(total);
        }
        bar.set_message(output::harmless(&report.texte));
        bar.set_position(report.fait);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(counts: bool) -> ProgressStyle {
    let template = if counts { "{msg} {pos}" } else { "{msg} [{bar:30}] {pos}/{len}" };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
