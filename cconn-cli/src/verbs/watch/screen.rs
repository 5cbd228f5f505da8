//! The live screen of `veille`.

use std::io::stdout;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Row, Sparkline, Table};
use ratatui::{Frame, Terminal, backend::CrosstermBackend};

use super::view::{CommandView, ConnectionView, History, View, age, bytes, time};
use super::{Look, Looks};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::harmless;

/// How soon a key is noticed.
const KEYS: Duration = Duration::from_millis(50);

const NAME: Style = Style::new().add_modifier(Modifier::BOLD);
const HEAD: Style = Style::new().fg(Color::Cyan);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const BAD: Style = Style::new().fg(Color::Red);

/// The terminal as long as it is a screen; given back however that ends.
struct Screen(Terminal<CrosstermBackend<std::io::Stdout>>);

impl Screen {
    fn open() -> Outcome<Self> {
        enable_raw_mode()?;
        // From here on the drop gives the terminal back.
        let screen = Screen(Terminal::new(CrosstermBackend::new(stdout()))?);
        execute!(stdout(), EnterAlternateScreen)?;
        Ok(screen)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _gone = execute!(stdout(), LeaveAlternateScreen);
        let _gone = self.0.show_cursor();
        let _gone = disable_raw_mode();
    }
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Pause,
    Quit,
}

pub fn run(looks: Looks) -> Outcome<()> {
    let address = looks.watch().adresse.clone();
    let rhythm = looks.watch().rythme;
    let looks = looks.begin();
    let mut screen = Screen::open()?;
    let (mut history, mut paused) = (History::default(), false);
    loop {
        let over = take(&looks, &mut history, paused)?;
        if let Some(view) = history.view() {
            screen.0.draw(|frame| draw(frame, &view, &title(&address, rhythm, paused)))?;
        }
        if over {
            return Ok(());
        }
        match asked()? {
            Asked::Quit => return Ok(()),
            Asked::Pause => paused = !paused,
            Asked::Nothing => {}
        }
    }
}

/// Takes the looks that have come; a pause lets them go by. True after the last.
fn take(looks: &Receiver<Outcome<Look>>, history: &mut History, paused: bool) -> Outcome<bool> {
    loop {
        match looks.try_recv() {
            Ok(look) => {
                let look = look?;
                if !paused {
                    history.add(look);
                }
            }
            Err(TryRecvError::Empty) => return Ok(false),
            Err(TryRecvError::Disconnected) => return Ok(true),
        }
    }
}

/// Waits a moment for a key.
fn asked() -> Outcome<Asked> {
    let lost = |error: std::io::Error| {
        Failure::new(Kind::Output, format!("the terminal can't be read any more: {error}"))
    };
    if !event::poll(KEYS).map_err(lost)? {
        return Ok(Asked::Nothing);
    }
    let Event::Key(key) = event::read().map_err(lost)? else { return Ok(Asked::Nothing) };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Ok(match key.code {
        _ if key.kind == KeyEventKind::Release => Asked::Nothing,
        KeyCode::Char('c' | 'd') if control => Asked::Quit,
        KeyCode::Char('q') | KeyCode::Esc => Asked::Quit,
        KeyCode::Char(' ') => Asked::Pause,
        _ => Asked::Nothing,
    })
}

fn title(address: &str, rhythm: Duration, paused: bool) -> String {
    let rhythm = humantime::format_duration(rhythm);
    let state = if paused { "PAUSED".to_owned() } else { format!("every {rhythm}") };
    format!("cconn veille {}  {state}", harmless(address))
}

fn draw(frame: &mut Frame<'_>, view: &View<'_>, title: &str) {
    let runs = u16::try_from(view.figures.executions.len()).unwrap_or(u16::MAX).clamp(1, 6);
    let commands = u16::try_from(view.commands.len()).unwrap_or(u16::MAX).clamp(1, 40);
    let parts = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(5),
        Constraint::Max(commands + 3),
        Constraint::Length(runs + 3),
        Constraint::Min(4),
        Constraint::Length(1),
    ]);
    let [head, load, commands, runs, connections, foot] = parts.areas(frame.area());
    frame.render_widget(Line::styled(title, NAME), head);
    draw_load(frame, view, load);
    frame.render_widget(commands_table(view), commands);
    frame.render_widget(runs_table(view), runs);
    frame.render_widget(connections_table(view), connections);
    frame.render_widget(Line::styled("q quit   space pause", DIM), foot);
}

fn draw_load(frame: &mut Frame<'_>, view: &View<'_>, area: Rect) {
    let [left, right] =
        Layout::horizontal([Constraint::Min(46), Constraint::Percentage(40)]).areas(area);
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
    frame.render_widget(Paragraph::new(lines).block(block("server")), left);
    let name = format!("{:.1}/s  p50 {}  p99 {}", view.rate, time(view.p50), time(view.p99));
    let block = block(&name);
    let width = usize::from(block.inner(right).width);
    let curve: Vec<u64> =
        view.rates.iter().rev().take(width).rev().map(|rate| tenths(*rate)).collect();
    frame.render_widget(Sparkline::default().data(&curve).style(HEAD).block(block), right);
}

/// A rate as the curve has it: a slow one is not nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate is neither")]
fn tenths(rate: f64) -> u64 {
    (rate * 10.0).ceil() as u64
}

fn block(name: &str) -> Block<'static> {
    Block::bordered().title(format!(" {name} ")).border_style(DIM)
}

fn table<'a>(
    name: &str,
    columns: &'static [&'static str],
    widths: &'static [Constraint],
    rows: Vec<Row<'a>>,
) -> Table<'a> {
    let head = Row::new(columns.iter().copied()).style(HEAD);
    Table::new(rows, widths).header(head).block(block(name))
}

fn commands_table<'a>(view: &View<'_>) -> Table<'a> {
    const COLUMNS: &[&str] =
        &["command", "/s", "answers", "own err", "failed", "run", "p50", "p99", "max"];
    const WIDTHS: &[Constraint] = &[
        Constraint::Min(14),
        Constraint::Length(8),
        Constraint::Length(9),
        Constraint::Length(7),
        Constraint::Length(6),
        Constraint::Length(4),
        Constraint::Length(7),
        Constraint::Length(7),
        Constraint::Length(7),
    ];
    let row = |command: &CommandView<'_>| {
        let counted = command.counted;
        let style = if command.failed > 0 { BAD } else { Style::new() };
        Row::new(vec![
            Span::styled(command.name(), NAME),
            format!("{:.1}", command.rate).into(),
            counted.reponses.to_string().into(),
            counted.refus.to_string().into(),
            Span::styled(command.failed.to_string(), style),
            counted.en_cours.to_string().into(),
            time(command.p50).into(),
            time(command.p99).into(),
            time(command.longest()).into(),
        ])
    };
    let counted = view.figures.comptees;
    let name = match (counted, view.figures.inconnues) {
        (false, _) => "commands are not counted".to_owned(),
        (true, 0) => format!("commands, counted for {}", age(view.figures.depuis)),
        (true, unknown) => {
            format!("commands, counted for {}; {unknown} unknown", age(view.figures.depuis))
        }
    };
    table(&name, COLUMNS, WIDTHS, view.commands.iter().map(row).collect())
}

fn runs_table<'a>(view: &View<'_>) -> Table<'a> {
    const COLUMNS: &[&str] = &["since", "client", "command"];
    const WIDTHS: &[Constraint] =
        &[Constraint::Length(10), Constraint::Length(8), Constraint::Fill(1)];
    let runs = view.figures.executions.iter().map(|run| {
        let name = match run.commande.as_str() {
            "" => Span::styled("(not for this caller)", DIM),
            name => Span::styled(harmless(name), NAME),
        };
        Row::new(vec![age(run.depuis).into(), format!("#{}", run.client).into(), name])
    });
    let name = format!("running now: {}", view.figures.executions.len());
    table(&name, COLUMNS, WIDTHS, runs.collect())
}

fn connections_table<'a>(view: &View<'_>) -> Table<'a> {
    const COLUMNS: &[&str] = &[
        "client",
        "age",
        "/s",
        "queued",
        "run",
        "calls",
        "streams",
        "window",
        "unwritten",
        "threads",
    ];
    const WIDTHS: &[Constraint] = &[
        Constraint::Length(6),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(6),
        Constraint::Length(4),
        Constraint::Length(5),
        Constraint::Length(7),
        Constraint::Length(9),
        Constraint::Length(9),
        Constraint::Length(7),
    ];
    let row = |one: &ConnectionView| {
        let load = &one.load;
        Row::new(vec![
            format!("#{}", one.client),
            age(one.age),
            format!("{:.1}", one.rate),
            load.en_file.to_string(),
            load.en_cours.to_string(),
            load.appels.to_string(),
            format!("{}/{}", load.flux_envoyes, load.flux_recus),
            bytes(load.fenetre),
            bytes(load.sortie),
            load.threads.to_string(),
        ])
    };
    let name = "connections, those with the most waiting first";
    table(name, COLUMNS, WIDTHS, view.connections.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use cconn::{Serveur, nommee};
    use ratatui::backend::TestBackend;

    use super::*;

    #[test]
    fn a_screen_of_any_size_is_drawn() {
        let serveur = Serveur::options(0).compter(true).ouvrir().unwrap();
        serveur.enregistrer_commande("lit\u{1b}[2J", |_, (): ()| ()).unwrap();
        let client = serveur.client_local().unwrap();
        let mut history = History::default();
        for at in 1..4 {
            client.appeler::<(), _>(nommee("lit\u{1b}[2J", ())).unwrap();
            let figures = serveur.chiffres();
            history.add(Look { at: Duration::from_secs(at), figures });
        }
        let view = history.view().unwrap();
        for (width, height) in [(1, 1), (20, 5), (80, 24), (300, 100)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| draw(frame, &view, "a title")).unwrap();
            let shown = terminal.backend().to_string();
            assert!(!shown.contains('\u{1b}'), "{shown}");
            if width >= 80 {
                for wanted in ["a title", r"lit\u{1b}[2J", "clients 1/1", "running now: 0", "#1"] {
                    assert!(shown.contains(wanted), "{wanted} is missing:\n{shown}");
                }
            }
        }
    }
}
