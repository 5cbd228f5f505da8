//! What a look at a server shows besides its figures: rates and latencies, out of the differences
//! between looks.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use cconn::description::{Charge, Chiffres, CommandeChiffree, Durees};
use serde_json::{Value, json};

use super::Look;
use crate::output::harmless;

/// How many looks are remembered, for the curve of the rate.
const KEPT: usize = 120;

/// Over how many looks latencies are taken.
const RECENT: usize = 10;

/// The latest looks, the oldest first.
#[derive(Debug, Default)]
pub struct History {
    looks: VecDeque<Look>,
}

/// The latest look, beside those before it.
#[derive(Debug)]
pub struct View<'a> {
    /// Since watching began.
    pub at: Duration,
    pub figures: &'a Chiffres,
    /// Commands a second since the look before.
    pub rate: f64,
    /// Commands a second of each pair of looks, the oldest first.
    pub rates: Vec<f64>,
    /// Over all commands, as for one.
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
    /// Those that were called most lately first.
    pub commands: Vec<CommandView<'a>>,
    pub connections: Vec<ConnectionView>,
}

/// One command.
#[derive(Debug)]
pub struct CommandView<'a> {
    pub counted: &'a CommandeChiffree,
    /// Runs that ended, a second, since the look before.
    pub rate: f64,
    pub failed: u64,
    /// Of the runs that ended during the latest looks; of all if none did, or only one look was
    /// taken.
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
}

/// One connection.
#[derive(Debug)]
pub struct ConnectionView {
    pub client: u64,
    pub age: Duration,
    /// Commands that arrived, a second, since the look before.
    pub rate: f64,
    pub load: Charge,
}

impl History {
    pub fn add(&mut self, look: Look) {
        self.looks.push_back(look);
        if self.looks.len() > KEPT {
            self.looks.pop_front();
        }
    }

    /// What the latest look shows.
    pub fn view(&self) -> Option<View<'_>> {
        let last = self.looks.back()?;
        let figures = &last.figures;
        let before = self.looks.iter().rev().nth(1);
        let base = self.looks.iter().rev().nth(RECENT).or(self.looks.front());
        let base = base.filter(|_| before.is_some());
        let mut commands: Vec<_> =
            figures.commandes.iter().map(|counted| command(counted, last, before, base)).collect();
        commands.sort_by(|one, other| other.rate.total_cmp(&one.rate));
        let durations = |look: &Look| sum(&look.figures);
        let all = recent(&sum(figures), base.map(durations).as_ref());
        let pairs = self.looks.iter().zip(self.looks.iter().skip(1));
        Some(View {
            at: last.at,
            figures,
            rate: before.map_or(0.0, |before| rate_between(before, last)),
            rates: pairs.map(|(one, next)| rate_between(one, next)).collect(),
            p50: all.quantile(0.5),
            p99: all.quantile(0.99),
            commands,
            connections: connections(last, before),
        })
    }
}

fn command<'a>(
    counted: &'a CommandeChiffree,
    last: &Look,
    before: Option<&Look>,
    base: Option<&Look>,
) -> CommandView<'a> {
    let same = |look: &Look| {
        look.figures
            .commandes
            .iter()
            .find(|one| one.nom == counted.nom)
            .cloned()
            .unwrap_or_default()
    };
    let earlier = before.map(|look| (same(look).durees.nombre(), look.at));
    let durations = recent(&counted.durees, base.map(|look| same(look).durees).as_ref());
    CommandView {
        counted,
        rate: earlier.map_or(0.0, |earlier| rate(earlier, (counted.durees.nombre(), last.at))),
        failed: counted.echecs.iter().map(|failures| failures.nombre).sum(),
        p50: durations.quantile(0.5),
        p99: durations.quantile(0.99),
    }
}

fn connections(last: &Look, before: Option<&Look>) -> Vec<ConnectionView> {
    let earlier: HashMap<u64, u64> = before
        .iter()
        .flat_map(|look| &look.figures.connexions)
        .map(|one| (one.client, one.charge.recues))
        .collect();
    let since = before.map_or(last.at, |look| look.at);
    last.figures
        .connexions
        .iter()
        .map(|one| {
            let received = one.charge.recues;
            let known = earlier.get(&one.client).map(|earlier| (*earlier, since));
            let rate = known.map_or(0.0, |known| rate(known, (received, last.at)));
            ConnectionView { client: one.client, age: one.depuis, rate, load: one.charge }
        })
        .collect()
}

/// All durations of all commands.
fn sum(figures: &Chiffres) -> Durees {
    let mut all = Durees::default();
    for command in &figures.commandes {
        let counts = &command.durees.nombres;
        if all.nombres.len() < counts.len() {
            all.nombres.resize(counts.len(), 0);
        }
        all.nombres.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        all.maximum = all.maximum.max(command.durees.maximum);
    }
    all
}

/// The durations that are new since an earlier look; all of them if none is.
fn recent(now: &Durees, earlier: Option<&Durees>) -> Durees {
    let mut new = now.clone();
    if let Some(earlier) = earlier {
        let pairs = new.nombres.iter_mut().zip(&earlier.nombres);
        pairs.for_each(|(count, before)| *count = count.saturating_sub(*before));
    }
    if new.nombre() == 0 { now.clone() } else { new }
}

fn rate_between(before: &Look, now: &Look) -> f64 {
    // Of a connection that has ended nothing is received any more, so commands that were counted
    // come first.
    let count = |look: &Look| {
        if look.figures.comptees {
            look.figures.commandes.iter().map(|command| command.durees.nombre()).sum()
        } else {
            look.figures.charge.recues
        }
    };
    rate((count(before), before.at), (count(now), now.at))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(before: (u64, Duration), now: (u64, Duration)) -> f64 {
    let time = now.1.saturating_sub(before.1).as_secs_f64().max(0.001);
    now.0.saturating_sub(before.0) as f64 / time
}

/// A duration for people; a dash for none.
pub fn time(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.1?}"))
}

/// How long something has lasted, for people.
pub fn age(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..=9 => format!("{:.1}s", age.as_secs_f64()),
        10..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        7200..=172_799 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A number of bytes for people.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut value = count as f64 / 1024.0;
    if value < 1.0 {
        return format!("{count} B");
    }
    for unit in UNITS {
        if value < 1024.0 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} EiB")
}

impl View<'_> {
    /// The look as JSON, durations in seconds.
    pub fn json(&self) -> Value {
        let figures = self.figures;
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let runs = figures.executions.iter().map(|run| {
            json!({
                "commande": run.commande,
                "client": run.client,
                "depuis": run.depuis.as_secs_f64(),
            })
        });
        json!({
            "instant": self.at.as_secs_f64(),
            "comptees": figures.comptees,
            "depuis": figures.depuis.as_secs_f64(),
            "clients": figures.clients,
            "places": figures.places,
            "venus": figures.venus,
            "refuses": figures.refuses,
            "par_seconde": self.rate,
            "p50": seconds(self.p50),
            "p99": seconds(self.p99),
            "charge": load(&figures.charge),
            "commandes": self.commands.iter().map(CommandView::json).collect::<Vec<_>>(),
            "inconnues": figures.inconnues,
            "executions": runs.collect::<Vec<_>>(),
            "connexions": self.connections.iter().map(ConnectionView::json).collect::<Vec<_>>(),
        })
    }
}

impl CommandView<'_> {
    /// Its name, and what it is an earlier name of.
    pub fn name(&self) -> String {
        let name = harmless(&self.counted.nom);
        match &self.counted.ancien_nom_de {
            Some(present) => format!("{name} (now {})", harmless(present)),
            None => name,
        }
    }

    /// The longest run, if one has ended.
    pub fn longest(&self) -> Option<Duration> {
        let durations = &self.counted.durees;
        (durations.nombre() > 0).then_some(durations.maximum)
    }

    fn json(&self) -> Value {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        let counted = self.counted;
        let failures: serde_json::Map<_, _> = counted
            .echecs
            .iter()
            .map(|failures| (format!("{:?}", failures.nature()), json!(failures.nombre)))
            .collect();
        json!({
            "nom": counted.nom,
            "ancien_nom_de": counted.ancien_nom_de,
            "par_seconde": self.rate,
            "reponses": counted.reponses,
            "refus": counted.refus,
            "echecs": failures,
            "en_cours": counted.en_cours,
            "p50": seconds(self.p50),
            "p99": seconds(self.p99),
            "maximum": seconds(self.longest()),
        })
    }
}

impl ConnectionView {
    fn json(&self) -> Value {
        json!({
            "client": self.client,
            "depuis": self.age.as_secs_f64(),
            "par_seconde": self.rate,
            "charge": load(&self.load),
        })
    }
}

fn load(load: &Charge) -> Value {
    json!({
        "recues": load.recues,
        "en_file": load.en_file,
        "en_cours": load.en_cours,
        "appels": load.appels,
        "flux_envoyes": load.flux_envoyes,
        "flux_recus": load.flux_recus,
        "fenetre": load.fenetre,
        "sortie": load.sortie,
        "threads": load.threads,
    })
}

#[cfg(test)]
mod tests {
    use cconn::{Client, Serveur, nommee};

    use super::*;

    /// The figures of a server whose command `vite` has run so often.
    fn looks(runs: &[u64]) -> Vec<Look> {
        let serveur = Serveur::options(0).compter(true).ouvrir().unwrap();
        serveur.enregistrer_commande("vite", |_, (): ()| ()).unwrap();
        let client: Client = serveur.client_local().unwrap();
        let mut at = 0;
        runs.iter()
            .map(|runs| {
                for _ in 0..*runs {
                    client.appeler::<(), _>(nommee("vite", ())).unwrap();
                }
                at += 2;
                Look { at: Duration::from_secs(at), figures: serveur.chiffres() }
            })
            .collect()
    }

    #[test]
    fn rates_are_those_since_the_look_before() {
        let mut history = History::default();
        assert!(history.view().is_none());
        for look in looks(&[3, 10, 0]) {
            history.add(look);
        }
        let view = history.view().unwrap();
        assert!(view.rate.abs() < 1e-9 && view.commands[0].rate.abs() < 1e-9);
        assert_eq!(view.rates, [5.0, 0.0]);
        assert_eq!(view.commands[0].counted.reponses, 13);
        assert!(view.p50.is_some() && view.p50 <= view.p99);
        assert!(view.connections.iter().all(|one| one.rate.abs() < 1e-9));
    }

    #[test]
    fn no_more_looks_are_kept_than_are_shown() {
        let mut history = History::default();
        let looks = looks(&[1, 1]);
        for _ in 0..=KEPT {
            history.add(looks[0].clone());
        }
        assert_eq!(history.view().unwrap().rates.len(), KEPT - 1);
    }

    #[test]
    fn latencies_are_those_of_late() {
        let with = |nombres: &[u64]| {
            let mut durations = Durees::default();
            durations.nombres = nombres.to_vec();
            durations.maximum = Duration::from_secs(1);
            durations
        };
        let (before, now) = (with(&[0, 0, 0, 9]), with(&[2, 0, 0, 9]));
        assert_eq!(recent(&now, Some(&before)).quantile(0.99), Durees::borne(0));
        assert_eq!(recent(&now, Some(&now)).quantile(0.99), Durees::borne(3), "else of all");
        assert_eq!(recent(&now, None).nombre(), 11);
    }

    #[test]
    fn figures_are_shown_for_people() {
        assert_eq!(
            (bytes(0), bytes(1023), bytes(1024)),
            ("0 B".into(), "1023 B".into(), "1.0 KiB".into())
        );
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
        let ages =
            [(1, "1.0s"), (10, "10s"), (120, "2m 00s"), (7200, "2h 00m"), (172_800, "2d 00h")];
        for (seconds, text) in ages {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
