//! Which panels a screen of some size has, and where. What is most important stays: first frames go,
//! then the panels from the last one on, and at last only lines are left.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::super::view::View;
use super::facts::{facts, lines, plain};
use super::panels::{self, Panel};
use super::{DIM, NAME};

/// Below this there are no panels.
const PANELS: (u16, u16) = (30, 8);

/// From this width on there are frames, if there is room for all panels.
const FRAMES: u16 = 40;

/// From this width on a curve stands beside the figures of the server.
const CURVE: u16 = 76;

/// How many lines a frame takes.
const FRAME: u16 = 2;

/// How many lines the figures of the server have at most.
const FIGURES: u16 = 3;

/// What the first line says.
#[derive(Clone, Debug)]
pub struct Title {
    address: String,
    rhythm: Duration,
    pub paused: bool,
}

impl Title {
    /// A title of an address that is harmless.
    pub fn new(address: String, rhythm: Duration) -> Self {
        Title { address, rhythm, paused: false }
    }

    fn state(&self) -> String {
        let rhythm = humantime::format_duration(self.rhythm);
        if self.paused { "PAUSED".to_owned() } else { format!("every {rhythm}") }
    }

    /// The title as so many columns hold it: that the screen is held still is never left out.
    fn line(&self, width: u16) -> Line<'static> {
        let full = format!("cconn veille {}  {}", self.address, self.state());
        let line = |text| Line::styled(text, NAME);
        let fits = |line: &Line<'_>| line.width() <= width.into();
        let short = format!("{}  {}", self.address, self.state());
        [full, short].map(line).into_iter().find(fits).unwrap_or_else(|| line(self.shortest()))
    }

    fn shortest(&self) -> String {
        let paused = if self.paused { "PAUSED " } else { "" };
        format!("{paused}{}", self.address)
    }
}

pub fn draw(frame: &mut Frame<'_>, view: &View<'_>, title: &Title) {
    let area = frame.area();
    if area.width < PANELS.0 || area.height < PANELS.1 {
        draw_plain(frame, view, title);
        return;
    }
    let parts =
        Layout::vertical([Constraint::Length(1), Constraint::Fill(1), Constraint::Length(1)]);
    let [head, body, foot] = parts.areas(area);
    frame.render_widget(title.line(head.width), head);
    draw_panels(frame, view, body);
    frame.render_widget(Line::styled("q quit   space pause", DIM), foot);
}

/// Nothing but lines: where the server listens, and its figures.
fn draw_plain(frame: &mut Frame<'_>, view: &View<'_>, title: &Title) {
    let area = frame.area();
    let mut all = vec![plain(title.shortest())];
    all.extend(facts(view));
    frame.render_widget(Paragraph::new(lines(all, area.width, area.height)), area);
}

fn draw_panels(frame: &mut Frame<'_>, view: &View<'_>, area: Rect) {
    let panels = [panels::commands(view), panels::runs(view), panels::connections(view)];
    let least: u16 = panels.iter().map(|panel| panel.least + FRAME).sum();
    let figures = FIGURES + FRAME;
    if area.width >= FRAMES && area.height >= figures + least {
        let [load, below] = split(area, figures);
        draw_load(frame, view, load);
        let heights = heights(&panels, below.height, FRAME);
        draw_each(frame, &panels, below, &heights, true);
        return;
    }
    let figures = lines(facts(view), area.width, (area.height / 3).min(FIGURES));
    let [load, below] = split(area, u16::try_from(figures.len()).unwrap_or(u16::MAX));
    frame.render_widget(Paragraph::new(figures), load);
    let heights = heights(&panels, below.height, 0);
    draw_each(frame, &panels, below, &heights, false);
}

fn split(area: Rect, above: u16) -> [Rect; 2] {
    Layout::vertical([Constraint::Length(above), Constraint::Fill(1)]).areas(area)
}

fn draw_load(frame: &mut Frame<'_>, view: &View<'_>, area: Rect) {
    if area.width >= CURVE {
        let [left, right] =
            Layout::horizontal([Constraint::Min(46), Constraint::Percentage(40)]).areas(area);
        panels::draw_server(frame, view, left);
        panels::draw_curve(frame, view, right);
    } else {
        let block = panels::block("server");
        let shown = lines(facts(view), block.inner(area).width, FIGURES);
        frame.render_widget(Paragraph::new(shown).block(block), area);
    }
}

/// The height of each panel: the least for each as long as there is room, what they want in the same
/// order, and what is left for the last one.
fn heights(panels: &[Panel], room: u16, frame: u16) -> Vec<u16> {
    let mut left = room;
    let mut take = |height: u16| {
        left = left.checked_sub(height)?;
        Some(height)
    };
    // A panel without room leaves none to those behind it, which are less important.
    let mut heights: Vec<u16> =
        panels.iter().map_while(|panel| take(panel.least + frame)).collect();
    for (height, panel) in heights.iter_mut().zip(panels) {
        let more = (panel.wanted + frame).saturating_sub(*height).min(left);
        *height += more;
        left -= more;
    }
    if let Some(last) = heights.last_mut() {
        *last += left;
    }
    heights
}

fn draw_each(frame: &mut Frame<'_>, panels: &[Panel], area: Rect, heights: &[u16], framed: bool) {
    let areas = Layout::vertical(heights.iter().copied().map(Constraint::Length)).split(area);
    for (panel, area) in panels.iter().zip(areas.iter()) {
        panel.draw(frame, *area, framed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gives_way_in_parts() {
        let mut title = Title::new("127.0.0.1:12800".to_owned(), Duration::from_secs(1));
        let shown = |title: &Title, width| title.line(width).to_string();
        assert_eq!(shown(&title, 38), "cconn veille 127.0.0.1:12800  every 1s");
        assert_eq!(shown(&title, 37), "127.0.0.1:12800  every 1s");
        assert_eq!(shown(&title, 20), "127.0.0.1:12800");
        title.paused = true;
        assert_eq!(shown(&title, 36), "cconn veille 127.0.0.1:12800  PAUSED");
        assert_eq!(shown(&title, 30), "127.0.0.1:12800  PAUSED");
        assert_eq!(shown(&title, 10), "PAUSED 127.0.0.1:12800");
    }
}
