//! The latencies of a load as a picture: one curve over the percentiles.

use std::error::Error;
use std::path::Path;

use hdrhistogram::Histogram;
use plotters::prelude::*;

use super::charge::PERCENTILES;
use crate::arguments::Load;

const SIZE: (u32, u32) = (800, 480);

/// Writes the picture; the text of an error says why it can't be.
pub fn write(latencies: &Histogram<u64>, load: &Load, path: &Path) -> Result<(), String> {
    draw(latencies, load, path).map_err(|error| error.to_string())
}

/// The place of a percentile: each further nine is as far from the one before.
fn place(percent: f64) -> f64 {
    -(1.0 - percent.min(99.999) / 100.0).log10()
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn draw(latencies: &Histogram<u64>, load: &Load, path: &Path) -> Result<(), Box<dyn Error>> {
    let micros = |nanos: u64| nanos as f64 / 1000.0;
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let most = place(99.999);
    let (low, high) = (micros(latencies.min().max(1)), micros(latencies.max().max(10)));
    let title = format!("{} x {}", load.call.commande, latencies.len());
    let mut chart = ChartBuilder::on(&root)
        .caption(title, ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(36)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..most, (low * 0.8..high * 1.2).log_scale())?;
    let label = |at: &f64| {
        let named = PERCENTILES.iter().find(|percent| (place(**percent) - at).abs() < 0.02);
        named.map_or_else(|| format!("{:.3}", 100.0 * (1.0 - 10_f64.powf(-at))), |p| format!("{p}"))
    };
    chart
        .configure_mesh()
        .x_desc("percentile")
        .y_desc("latency, microseconds")
        .x_label_formatter(&label)
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    let points = (0..=400).map(|step| {
        let at = most * f64::from(step) / 400.0;
        let percent = 100.0 * (1.0 - 10_f64.powf(-at));
        (at, micros(latencies.value_at_percentile(percent)))
    });
    chart.draw_series(LineSeries::new(points, BLUE.stroke_width(2)))?;
    root.present()?;
    Ok(())
}
