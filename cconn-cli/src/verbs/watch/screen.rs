//! The live screen of `veille`: the terminal, and the keys. What it shows is drawn by `layout`.

mod facts;
mod layout;
mod panels;

use std::io::stdout;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::style::{Color, Modifier, Style};
use ratatui::{Terminal, backend::CrosstermBackend};

use super::view::History;
use super::{Look, Looks};
use crate::failure::{Failure, Kind, Outcome};
use crate::output::harmless;
use layout::Title;

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
    let mut title = Title::new(harmless(&looks.watch().adresse), looks.watch().rythme);
    let looks = looks.begin();
    let mut screen = Screen::open()?;
    let mut history = History::default();
    loop {
        let over = take(&looks, &mut history, title.paused)?;
        if let Some(view) = history.view() {
            screen.0.draw(|frame| layout::draw(frame, &view, &title))?;
        }
        if over {
            return Ok(());
        }
        match asked()? {
            Asked::Quit => return Ok(()),
            Asked::Pause => title.paused = !title.paused,
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
        let title = Title::new("127.0.0.1:1".to_owned(), Duration::from_secs(1));
        let most = ["127.0.0.1:1", "clients 1/1", "running 0"];
        for (width, height, wanted) in [
            (1, 1, &[][..]),
            (12, 3, &most[..]),
            (20, 5, &[most[0], most[1], most[2], "/s"]),
            (200, 3, &[most[0], most[1], most[2], "/s", "threads", "window"]),
            (30, 8, &[most[0], most[1], most[2], "/s", "command", "quit"]),
            (40, 12, &[most[0], most[1], most[2], "p99", "command", r"lit\u{1b}[2J", "since"]),
            (40, 30, &[most[0], most[1], " server ", "since", " connections", "quit"]),
            (80, 24, &[most[0], most[1], r"lit\u{1b}[2J", "running now: 0", "#1", " connections"]),
            (300, 100, &["cconn veille", most[1], "running now: 0", "#1", "threads"]),
        ] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| layout::draw(frame, &view, &title)).unwrap();
            let shown = terminal.backend().to_string();
            assert!(!shown.contains('\u{1b}'), "{shown}");
            for wanted in wanted {
                assert!(shown.contains(wanted), "{width}x{height}, {wanted} is missing:\n{shown}");
            }
        }
        for width in [1, 12, 20, 29, 30, 39, 40, 75, 76] {
            for height in [1, 3, 7, 8, 11, 19, 21, 30] {
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                terminal.draw(|frame| layout::draw(frame, &view, &title)).unwrap();
                let shown = terminal.backend().to_string();
                let is_room = width >= 12 && height >= 3;
                let all = most.iter().all(|wanted| shown.contains(wanted));
                assert!(all || !is_room, "{width}x{height}:\n{shown}");
            }
        }
    }
}
