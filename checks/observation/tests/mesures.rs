//! Counters, gauges and histograms, as a metrics recorder is told of them.

use std::collections::BTreeMap;
use std::time::Duration;

use cconn::{Client, Serveur, commande, commandes, nommee};
use cconn_tests::{Running, with_watchdog};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

const LIMIT: Duration = Duration::from_secs(20);
const REFUSED: &str = "cconn_refused_total{}";

#[commande]
fn racine(n: f64) -> Result<f64, String> {
    if n < 0.0 { Err("negative".to_owned()) } else { Ok(n.sqrt()) }
}

#[commande]
fn longue(n: u32) -> Vec<u8> {
    vec![0; n as usize]
}

/// Every series by its name and labels, and which of the names are described.
struct Told {
    values: BTreeMap<String, DebugValue>,
    described: BTreeMap<String, bool>,
}

impl Told {
    fn now(snapshotter: &Snapshotter) -> Self {
        let mut told = Told { values: BTreeMap::new(), described: BTreeMap::new() };
        for (key, _, description, value) in snapshotter.snapshot().into_vec() {
            let key = key.key();
            let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
            let mut labels: Vec<_> = labels.collect();
            labels.sort();
            told.described.insert(key.name().to_owned(), description.is_some());
            told.values.insert(format!("{}{{{}}}", key.name(), labels.join(",")), value);
        }
        told
    }

    fn count(&self, series: &str) -> u64 {
        match self.values.get(series) {
            Some(DebugValue::Counter(count)) => *count,
            other => panic!("{series}: {other:?} among {:?}", self.values.keys()),
        }
    }

    fn gauge(&self, series: &str) -> f64 {
        match self.values.get(series) {
            Some(DebugValue::Gauge(value)) => value.0,
            other => panic!("{series}: {other:?}"),
        }
    }

    fn recorded(&self, series: &str) -> Vec<f64> {
        match self.values.get(series) {
            Some(DebugValue::Histogram(values)) => values.iter().map(|value| value.0).collect(),
            other => panic!("{series}: {other:?}"),
        }
    }
}

/// One test, because the recorder and the series of connections are the whole process's.
#[test]
fn connections_and_commands_are_counted_by_their_documented_names() {
    with_watchdog("metrics", LIMIT, || {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        recorder.install().unwrap();
        let options = Serveur::options(0).max_clients(2).taille_max(1 << 16);
        let running = Running::new(options);
        running.serveur.enregistrer(commandes![racine, longue]).unwrap();
        let options = Client::options(running.serveur.adresse()).taille_max(1 << 16);
        let client = options.connecter().unwrap();
        let second = Client::new(running.serveur.adresse()).unwrap();
        Client::new(running.serveur.adresse()).unwrap_err();

        client.appeler(racine { n: 2.0 }).unwrap();
        second.appeler(racine { n: 9.0 }).unwrap();
        client.appeler(racine { n: -2.0 }).unwrap_err();
        client.appeler::<(), _>(nommee("racine", ("text",))).unwrap_err();
        client.appeler(longue { n: 1 << 17 }).unwrap_err();
        for n in 0..20 {
            client.appeler::<(), _>(nommee(&format!("absente_{n}"), ())).unwrap_err();
        }
        let first = Told::now(&snapshotter);
        commands_are_there(&first);

        client.eteindre().unwrap();
        second.eteindre().unwrap();
        running.stop().unwrap();
        let last = Told::now(&snapshotter);
        connections_are_there(&last);
        // Whoever is refused knows it before it is counted; and each look begins at 0 again.
        let refused = |told: &Told| {
            if told.values.contains_key(REFUSED) { told.count(REFUSED) } else { 0 }
        };
        assert_eq!(refused(&first) + refused(&last), 1);
    });
}

fn commands_are_there(told: &Told) {
    let of = |outcome: &str| {
        told.count(&format!("cconn_commands_total{{command=racine,outcome={outcome},side=server}}"))
    };
    assert_eq!((of("Reponse"), of("Refus"), of("Arguments")), (2, 1, 1));
    let sizes = told.recorded("cconn_command_bytes{command=racine,side=server}");
    assert_eq!(sizes[..3], [8.0, 8.0, 8.0], "in the order of the calls");
    let answers = told.recorded("cconn_answer_bytes{command=racine,side=server}");
    assert_eq!(answers[..2], [8.0, 8.0]);
    let times = told.recorded("cconn_command_duration_seconds{command=racine,side=server}");
    assert!(times.len() == 4 && times.iter().all(|time| (0.0..20.0).contains(time)), "{times:?}");
    assert!(told.gauge("cconn_commands_running{command=racine,side=server}").abs() < 0.5);
    let lost = "{command=longue,outcome=ReponseTropGrande,side=server}";
    assert_eq!(told.count(&format!("cconn_answers_not_sent_total{lost}")), 1);
    let unknown = "{command=(unknown),outcome=Inconnue,side=server}";
    assert_eq!(told.count(&format!("cconn_commands_total{unknown}")), 20, "one series for all");
    for side in ["server", "client"] {
        assert_eq!(told.count(&format!("cconn_connections_total{{side={side}}}")), 2, "{side}");
        let open = told.gauge(&format!("cconn_connections{{side={side}}}"));
        assert!((open - 2.0).abs() < 0.5, "{side}: {open}");
    }
}

fn connections_are_there(told: &Told) {
    for side in ["server", "client"] {
        let ended = format!("cconn_connections_ended_total{{outcome=ended,side={side}}}");
        assert_eq!(told.count(&ended), 2, "{side}");
        // The debugging recorder begins at 0 again with each look at it.
        let change = told.gauge(&format!("cconn_connections{{side={side}}}"));
        assert!((change + 2.0).abs() < 0.5, "{side}: {change}");
        let lasted = format!("cconn_connection_duration_seconds{{side={side}}}");
        assert_eq!(told.recorded(&lasted).len(), 2);
    }
    let page = std::fs::read_to_string("../../docs/guide/src/observing.md").unwrap();
    for (name, described) in &told.described {
        assert!(described, "{name} has no description");
        assert!(page.contains(&format!("`{name}`")), "the guide does not name {name}");
    }
}
