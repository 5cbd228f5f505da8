//! Every setting of both option types, at the ends of its range and beyond.

use std::time::Duration;

use cconn::erreur::Usage;
use cconn::{Client, Erreur, OptionsClient, OptionsServeur, Serveur};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(30);
const MS: Duration = Duration::from_millis(1);
const BELOW_MS: Duration = Duration::from_nanos(999_999);

/// A setting, one value of it, whether that is in its range, and the range as errors say it.
struct Row<O> {
    setting: &'static str,
    value: String,
    set: Box<dyn FnOnce(O) -> O>,
    is_in_range: bool,
    range: &'static str,
}

macro_rules! row {
    ($options:ty, $setting:ident, $value:expr, $is_in_range:literal, $range:literal) => {
        Row {
            setting: stringify!($setting),
            value: format!("{:?}", $value),
            set: Box::new(|options: $options| options.$setting($value)),
            is_in_range: $is_in_range,
            range: $range,
        }
    };
}

macro_rules! rows {
    ($rows:ident, $options:ty, $range:literal; $($setting:ident: [$($bad:expr),*] [$($good:expr),*]);*) => {
        $(
            $($rows.push(row!($options, $setting, $bad, false, $range));)*
            $($rows.push(row!($options, $setting, $good, true, $range));)*
        )*
    };
}

/// The rows of the settings that both sides have.
macro_rules! shared {
    ($options:ty) => {{
        let mut rows: Vec<Row<$options>> = Vec::new();
        rows!(rows, $options, "must be at least 1024 bytes";
            taille_max: [0, 1023] [1024, 1025, u32::MAX]);
        rows!(rows, $options, "never refused";
            delai_reponse: [] [Duration::ZERO, MS, Duration::MAX];
            delai_arret: [] [Duration::ZERO, MS, Duration::MAX];
            max_attentes: [] [0, 1, usize::MAX]);
        rows!(rows, $options, "must be at least 1ms";
            delai_ecriture: [Duration::ZERO, BELOW_MS] [MS, Duration::MAX];
            delai_lecture: [Duration::ZERO, BELOW_MS] [MS, Duration::MAX]);
        rows!(rows, $options, "must be at least 1";
            max_paralleles: [0] [1, 2, usize::MAX]);
        rows!(rows, $options, "must be from 0 to 127";
            profondeur_max: [128, u8::MAX] [0, 1, 127]);
        rows!(rows, $options, "must be from 0ns to 1s";
            attente_active: [Duration::from_nanos(1_000_000_001), Duration::MAX]
                [Duration::ZERO, MS, Duration::from_secs(1)]);
        rows!(rows, $options, "must be from 1048576 bytes to 1073741824 bytes";
            pile: [0, 1, (1 << 20) - 1, (1 << 30) + 1, usize::MAX] [1 << 20, 1 << 30]);
        rows
    }};
}

/// What the error of a setting out of its range must say.
fn judge(row_of: (&str, &str, &str), is_in_range: bool, outcome: Result<(), Erreur>) {
    let (setting, value, range) = row_of;
    let refused = match outcome {
        Err(Erreur::Usage(usage)) => Some(usage),
        // Nobody listens where the clients connect, or nothing comes about in no time.
        _ => None,
    };
    let what = format!("{setting}({value}): {refused:?}");
    assert_eq!(refused.is_none(), is_in_range, "{what}");
    if let Some(usage) = refused {
        let text = usage.to_string();
        assert!(text.starts_with(&format!("`{setting}` is {value}")), "{what}: {text}");
        assert!(text.ends_with(range), "{what}: {text}");
        assert!(matches!(*usage, Usage::Reglage { reglage, .. } if reglage == setting), "{what}");
        assert!(!Erreur::<cconn::erreur::Jamais>::Usage(usage).est_fatale());
    }
}

#[test]
fn settings_of_a_server_out_of_their_range_are_refused_alike() {
    with_watchdog("settings of servers", LIMIT, || {
        let mut rows = shared!(OptionsServeur);
        rows!(rows, OptionsServeur, "must be at least 1";
            max_clients: [0] [1, 2, usize::MAX]);
        rows!(rows, OptionsServeur, "must be at least 1ms";
            delai_accueil: [Duration::ZERO, BELOW_MS] [MS, Duration::MAX];
            delai_inactivite: [Duration::ZERO, BELOW_MS] [MS, Duration::MAX]);
        for row in rows {
            let opened = (row.set)(Serveur::options(0)).ouvrir().map(drop);
            assert_eq!(opened.is_ok(), row.is_in_range, "{}({})", row.setting, row.value);
            judge((row.setting, &row.value, row.range), row.is_in_range, opened);
        }
    });
}

#[test]
fn settings_of_a_client_out_of_their_range_are_refused_alike() {
    with_watchdog("settings of clients", LIMIT, || {
        let mut rows = shared!(OptionsClient);
        rows!(rows, OptionsClient, "must be at least 1ms";
            delai_connexion: [Duration::ZERO, BELOW_MS] [MS, Duration::MAX]);
        // A port at which nobody listens: a setting is refused before that is found out.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        for row in rows {
            let connected = (row.set)(Client::options(port)).connecter().map(drop);
            assert!(connected.is_err(), "{}({})", row.setting, row.value);
            judge((row.setting, &row.value, row.range), row.is_in_range, connected);
        }
    });
}
