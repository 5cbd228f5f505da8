//! `appeler` and `envoyer`: one command.

use crate::arguments::{Call, Common};
use crate::failure::{Failure, Kind, Outcome};
use crate::output;
use crate::remote::{self, Remote};

pub fn call(call: &Call, common: &Common) -> Outcome<()> {
    let remote = Remote::open(&call.adresse, common)?;
    let prepared = remote.prepare(&call.commande, &call.valeurs)?;
    let answered = remote.call(&remote.client, &prepared)?;
    match answered {
        Ok(value) => output::value(&value, common.json),
        Err(own) => Err(Failure::new(Kind::Command, format!("`{}` refuses: {own}", call.commande))),
    }
}

pub fn send(call: &Call, common: &Common) -> Outcome<()> {
    let remote = Remote::open(&call.adresse, common)?;
    let prepared = remote.prepare(&call.commande, &call.valeurs)?;
    remote.send(&prepared)?;
    // The command has arrived there and was begun once this connection has ended in order.
    let client = remote.client.clone();
    let ended = remote::within(common.delai, move || client.eteindre())
        .ok_or_else(|| remote::late(common.delai, "the peer has taken what was sent"))?;
    Ok(ended?)
}
