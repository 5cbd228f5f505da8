//! `ping`: what the peer is, and how long an answer takes.

use cconn::description;
use serde_json::json;

use crate::arguments::Common;
use crate::failure::Outcome;
use crate::output::harmless;
use crate::{dial, output};

pub fn run(address: &str, common: &Common) -> Outcome<()> {
    let (client, _child) = dial::connect(address, common)?;
    let time = description::ping(&client)?;
    let info = description::info(&client)?;
    if common.json {
        return output::json(&json!({
            "programme": info.programme,
            "version": info.version,
            "bibliotheque": info.bibliotheque,
            "protocole": info.protocole,
            "processus": info.processus,
            "depuis": info.depuis.as_secs_f64(),
            "commandes": info.commandes,
            "aller_retour": time.as_secs_f64(),
        }));
    }
    let version = if info.version.is_empty() {
        String::new()
    } else {
        format!(" {}", harmless(&info.version))
    };
    let up = humantime::format_duration(std::time::Duration::from_secs(info.depuis.as_secs()));
    output::line(&format!(
        "{}{version}, process {}, up {up}, {} commands, cconn {} (protocol {}): answered in {time:.1?}",
        harmless(&info.programme),
        info.processus,
        info.commandes,
        harmless(&info.bibliotheque),
        info.protocole
    ))
}
