//! Sending: what is accepted leaves, what can't leave is not accepted, and in what order.

#[path = "envois/essais.rs"]
mod essais;
#[path = "envois/fins.rs"]
mod fins;
#[path = "envois/memoire.rs"]
mod memoire;
#[path = "envois/ordre.rs"]
mod ordre;

use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);
