//! `veille`: looks at the figures of a server again and again, and shows them: on a screen, or as
//! lines where the output is none.

mod screen;
mod view;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use cconn::description::{self, Chiffres};
use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur};

use crate::arguments::{Common, Watch};
use crate::dial;
use crate::failure::{Failure, Kind, Outcome};
use crate::output;

use view::{History, View};

/// The figures of a server at one moment.
#[derive(Clone, Debug)]
pub struct Look {
    /// Since watching began.
    pub at: Duration,
    pub figures: Chiffres,
}

pub fn run(watch: &Watch, common: &Common) -> Outcome<()> {
    let (client, _child) = dial::connect(&watch.adresse, common)?;
    let first = look(&client, watch)?;
    if !first.comptees && !watch.sans_commandes {
        let text = format!(
            "{} does not count its commands: its program sets `compter(true)`; \
             `--sans-commandes` watches its connections alone",
            watch.adresse
        );
        return Err(Failure::new(Kind::NotCounted, text));
    }
    let looks = Looks { client, watch: watch.clone(), start: Instant::now(), next: Some(first) };
    if !common.json && io::stdout().is_terminal() {
        screen::run(looks)
    } else {
        lines(looks, common.json)
    }
}

/// Asks for the figures once.
fn look(client: &Client, watch: &Watch) -> Outcome<Chiffres> {
    description::chiffres(client).map_err(|error| match &error {
        Erreur::Distante(remote) if remote.nature == NatureDistante::Inconnue => {
            let why =
                "does not tell its figures: it has no `cconn.chiffres`, or has switched it off";
            Failure::new(Kind::Unknown, format!("{} {why}", watch.adresse))
        }
        _ => error.into(),
    })
}

/// One look after the other, until one fails or there were as many as were asked for.
pub struct Looks {
    client: Client,
    watch: Watch,
    start: Instant,
    /// Figures that were asked for already.
    next: Option<Chiffres>,
}

impl Looks {
    /// What the command line says.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Looks on a thread of its own, which ends when nobody takes what it saw.
    pub fn begin(self) -> mpsc::Receiver<Outcome<Look>> {
        let (send, looks) = mpsc::sync_channel(1);
        thread::spawn(move || self.go_on(&send));
        looks
    }

    fn go_on(mut self, send: &mpsc::SyncSender<Outcome<Look>>) {
        let most = self.watch.max.unwrap_or(u64::MAX);
        let mut due = self.start;
        for _ in 0..most {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let figures = self.next.take().map_or_else(|| look(&self.client, &self.watch), Ok);
            let at = self.start.elapsed();
            let failed = figures.is_err();
            let seen = figures.map(|figures| Look { at, figures });
            if send.send(seen).is_err() || failed {
                return;
            }
            // A look that came late does not make those after it come at once.
            due = (due + self.watch.rythme).max(Instant::now());
        }
    }
}

/// A line for each look.
fn lines(looks: Looks, json: bool) -> Outcome<()> {
    let looks = looks.begin();
    let mut history = History::default();
    loop {
        match looks.recv_timeout(Duration::from_millis(200)) {
            Ok(look) => {
                history.add(look?);
                let Some(view) = history.view() else { continue };
                if json { output::json(&view.json())? } else { output::line(&line(&view))? }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Err(RecvTimeoutError::Timeout) if output::is_closed() => {
                return Err(Failure::quiet(Kind::Output));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// One look in one line.
fn line(view: &View<'_>) -> String {
    let (figures, load) = (view.figures, &view.figures.charge);
    let clients = format!("clients {}/{}", figures.clients, figures.places);
    let (p50, p99) = (view::time(view.p50), view::time(view.p99));
    let commands = format!("commands {:.1}/s  p50 {p50}  p99 {p99}", view.rate);
    let waiting = format!("queued {}  unwritten {}", load.en_file, view::bytes(load.sortie));
    let streams = format!("streams {}/{}", load.flux_envoyes, load.flux_recus);
    let (at, running) = (view.at.as_secs_f64(), load.en_cours);
    format!("{at:>6.1} s  {clients}  {commands}  running {running}  {waiting}  {streams}")
}
