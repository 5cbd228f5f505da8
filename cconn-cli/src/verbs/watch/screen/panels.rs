//! The panels: the server, its curve, and tables with as many columns as their width holds.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};

use super::super::view::{CommandView, ConnectionView, View, age, bytes, time};
use super::{BAD, DIM, HEAD, NAME};
use crate::output::harmless;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
struct Column {
    name: &'static str,
    width: Constraint,
    /// The columns with the lowest ranks are those that stay.
    rank: u8,
}

/// A table that is shown with a frame or without, and in part.
#[derive(Debug)]
pub struct Panel {
    name: String,
    columns: &'static [Column],
    rows: Vec<Vec<Span<'static>>>,
    /// The height without a frame, its head included: below `least` it is not worth its place.
    pub least: u16,
    pub wanted: u16,
}

const fn column(rank: u8, name: &'static str, width: u16) -> Column {
    Column { name, width: Constraint::Length(width), rank }
}

/// A column that takes the room that the others leave.
const fn wide(name: &'static str, least: u16) -> Column {
    Column { name, width: Constraint::Min(least), rank: 0 }
}

pub fn draw_server(frame: &mut Frame<'_>, view: &View<'_>, area: Rect) {
    let (figures, load) = (view.figures, &view.figures.charge);
    let figure = |text: String| Span::styled(text, NAME);
    let refused = if figures.refuses > 0 { BAD } else { Style::new() };
    let lines = vec![
        Line::from(vec![
            "clients ".into(),
            figure(format!("{}/{}", figures.clients, figures.places)),
            format!("  came {}", figures.venus).into(),
            Span::styled(format!("  refused {}", figures.refuses), refused),
        ]),
        Line::from(vec![
            "running ".into(),
            figure(load.en_cours.to_string()),
            "  queued ".into(),
            figure(load.en_file.to_string()),
            format!("  calls out {}  threads {}", load.appels, load.threads).into(),
        ]),
        Line::from(vec![
            "unwritten ".into(),
            figure(bytes(load.sortie)),
            format!("  window {}", bytes(load.fenetre)).into(),
            format!("  streams {} out {} in", load.flux_envoyes, load.flux_recus).into(),
        ]),
    ];
    frame.render_widget(Paragraph::new(lines).block(block("server")), area);
}

/// The rate over the latest looks.
pub fn draw_curve(frame: &mut Frame<'_>, view: &View<'_>, area: Rect) {
    let name = format!("{:.1}/s  p50 {}  p99 {}", view.rate, time(view.p50), time(view.p99));
    let block = block(&name);
    let width = usize::from(block.inner(area).width);
    let curve: Vec<u64> =
        view.rates.iter().rev().take(width).rev().map(|rate| tenths(*rate)).collect();
    frame.render_widget(Sparkline::default().data(&curve).style(HEAD).block(block), area);
}

/// A rate as the curve has it: a slow one is not nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is neither")]
fn tenths(rate: f64) -> u64 {
    (rate * 10.0).ceil() as u64
}

pub fn block(name: &str) -> Block<'static> {
    Block::bordered().title(format!(" {name} ")).border_style(DIM)
}

impl Panel {
    /// The height with the head's line, `least` rows and `most` at most.
    fn new(
        name: String,
        columns: &'static [Column],
        rows: Vec<Vec<Span<'static>>>,
        (least, most): (u16, u16),
    ) -> Self {
        let wanted = u16::try_from(rows.len()).unwrap_or(u16::MAX).clamp(1, most);
        Panel { name, columns, rows, least: least.min(wanted) + 1, wanted: wanted + 1 }
    }

    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, framed: bool) {
        let block = if framed { block(&self.name) } else { Block::new() };
        let kept = kept(self.columns, block.inner(area).width);
        let columns: Vec<_> = kept.iter().filter_map(|at| self.columns.get(*at)).collect();
        let head = Row::new(columns.iter().map(|column| column.name)).style(HEAD);
        let rows = self
            .rows
            .iter()
            .map(|row| Row::new(kept.iter().filter_map(|at| row.get(*at).cloned())));
        let widths = columns.iter().map(|column| column.width);
        frame.render_widget(Table::new(rows, widths).header(head).block(block), area);
    }
}

/// The places of the columns that are shown in such a width, by their rank.
fn kept(columns: &[Column], width: u16) -> Vec<usize> {
    let mut by_rank: Vec<usize> = (0..columns.len()).collect();
    by_rank.sort_by_key(|at| columns[*at].rank);
    let mut left = width + 1;
    by_rank.retain(|at| {
        let (Constraint::Length(least) | Constraint::Min(least)) = columns[*at].width else {
            return false;
        };
        // A column and the gap before it; the first one stays, if only in part.
        let rest = left.checked_sub(least + 1);
        left = rest.unwrap_or(left);
        rest.is_some() || columns[*at].rank == 0
    });
    by_rank.sort_unstable();
    by_rank
}

pub fn commands(view: &View<'_>) -> Panel {
    const COLUMNS: &[Column] = &[
        wide("command", 12),
        column(1, "/s", 8),
        column(5, "answers", 9),
        column(6, "own err", 7),
        column(4, "failed", 6),
        column(7, "run", 4),
        column(3, "p50", 7),
        column(2, "p99", 7),
        column(8, "max", 7),
    ];
    let row = |command: &CommandView<'_>| {
        let counted = command.counted;
        let style = if command.failed > 0 { BAD } else { Style::new() };
        vec![
            Span::styled(command.name(), NAME),
            format!("{:.1}", command.rate).into(),
            counted.reponses.to_string().into(),
            counted.refus.to_string().into(),
            Span::styled(command.failed.to_string(), style),
            counted.en_cours.to_string().into(),
            time(command.p50).into(),
            time(command.p99).into(),
            time(command.longest()).into(),
        ]
    };
    let name = match (view.figures.comptees, view.figures.inconnues) {
        (false, _) => "commands are not counted".to_owned(),
        (true, 0) => format!("commands, counted for {}", age(view.figures.depuis)),
        (true, unknown) => {
            format!("commands, counted for {}; {unknown} unknown", age(view.figures.depuis))
        }
    };
    Panel::new(name, COLUMNS, view.commands.iter().map(row).collect(), (3, 40))
}

pub fn runs(view: &View<'_>) -> Panel {
    const COLUMNS: &[Column] =
        &[column(1, "since", 10), column(2, "client", 8), wide("command", 8)];
    let runs = view.figures.executions.iter().map(|run| {
        let name = match run.commande.as_str() {
            "" => Span::styled("(not for this caller)", DIM),
            name => Span::styled(harmless(name), NAME),
        };
        vec![age(run.depuis).into(), format!("#{}", run.client).into(), name]
    });
    let name = format!("running now: {}", view.figures.executions.len());
    Panel::new(name, COLUMNS, runs.collect(), (1, 6))
}

pub fn connections(view: &View<'_>) -> Panel {
    const COLUMNS: &[Column] = &[
        column(0, "client", 6),
        column(4, "age", 7),
        column(1, "/s", 8),
        column(2, "queued", 6),
        column(3, "run", 4),
        column(8, "calls", 5),
        column(6, "streams", 7),
        column(7, "window", 9),
        column(5, "unwritten", 9),
        column(9, "threads", 7),
    ];
    let row = |one: &ConnectionView| {
        let load = &one.load;
        vec![
            format!("#{}", one.client).into(),
            age(one.age).into(),
            format!("{:.1}", one.rate).into(),
            load.en_file.to_string().into(),
            load.en_cours.to_string().into(),
            load.appels.to_string().into(),
            format!("{}/{}", load.flux_envoyes, load.flux_recus).into(),
            bytes(load.fenetre).into(),
            bytes(load.sortie).into(),
            load.threads.to_string().into(),
        ]
    };
    let name = "connections, those with the most waiting first".to_owned();
    Panel::new(name, COLUMNS, view.connections.iter().map(row).collect(), (1, 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_important_columns_are_those_that_fit() {
        const COLUMNS: &[Column] = &[wide("a", 6), column(2, "b", 3), column(1, "c", 4)];
        let shown = |width| kept(COLUMNS, width);
        assert_eq!(shown(15), [0, 1, 2]);
        assert_eq!(shown(14), [0, 2]);
        assert_eq!(shown(11), [0, 2]);
        assert_eq!(shown(10), [0, 1], "what does not fit leaves its room to a smaller one");
        assert_eq!(shown(9), [0]);
        assert_eq!(shown(0), [0]);
    }
}
