//! Commands that count for whom their arguments are decoded and for whom they run: for the honest,
//! and for those who must be refused.

use std::sync::atomic::{AtomicU64, Ordering};

use cconn::flux::Flux;
use cconn::{Client, Resultat, Serveur, commande, commandes};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::run::Run;

/// Who calls. A type is also asked to decode made-up values, to learn its shape: so these are none
/// that anything else would be.
pub(crate) const HONEST: Caller = Caller(200);
pub(crate) const REFUSED: Caller = Caller(201);

/// How often arguments of the honest and of the others were decoded, and how often commands ran.
static DECODED: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static RAN: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) u8);

impl Caller {
    fn count(self, counts: &[AtomicU64; 2]) {
        let at = self.0.checked_sub(HONEST.0).map(usize::from);
        if let Some(count) = at.and_then(|at| counts.get(at)) {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Serialize for Caller {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Caller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let caller = Caller(u8::deserialize(deserializer)?);
        caller.count(&DECODED);
        Ok(caller)
    }
}

/// The commands' names.
pub(crate) const NAMES: [&str; 4] = ["touch", "store", "rows", "swallow"];

#[commande]
pub(crate) fn touch(caller: Caller) {
    caller.count(&RAN);
}

#[commande]
pub(crate) fn store(caller: Caller, octets: &[u8]) -> u64 {
    caller.count(&RAN);
    octets.len() as u64
}

#[commande]
pub(crate) fn rows(caller: Caller, n: u64) -> impl Iterator<Item = u64> + use<> {
    caller.count(&RAN);
    0..n
}

#[commande]
pub(crate) fn swallow(caller: Caller, numbers: Flux<u64>) -> Resultat<u64> {
    caller.count(&RAN);
    numbers.sum()
}

pub(crate) fn register(serveur: &Serveur) {
    serveur.enregistrer(commandes![touch, store, rows, swallow]).expect("free names");
}

/// Calls each command once, honestly.
pub(crate) fn call_all(client: &Client) -> Resultat<()> {
    client.appeler(touch { caller: HONEST })?;
    client.appeler(store { caller: HONEST, octets: &[7; 5 << 10] })?;
    client.appeler(rows { caller: HONEST, n: 3 })?.try_for_each(|row| row.map(drop))?;
    let numbers = Flux::de(0..3);
    client.appeler(swallow { caller: HONEST, numbers }).map(drop)
}

/// How often anything ran or was decoded for those who must be refused, in this process.
pub(crate) fn for_the_refused() -> [u64; 2] {
    [&RAN, &DECODED].map(|counts| counts[1].load(Ordering::SeqCst))
}

/// Nothing has run or was decoded for those who must be refused; and these commands do count.
pub(crate) fn judge(run: &Run) {
    let [ran, decoded] = for_the_refused();
    run.exactly("commands run for the refused", ran, 0);
    run.exactly("arguments decoded for the refused", decoded, 0);
    let honest = [&RAN, &DECODED].map(|counts| counts[0].load(Ordering::SeqCst));
    run.require(honest.iter().all(|count| *count > 0), || "nothing is counted".to_owned());
}
