//! Streams from the caller's side: what a command returns one by one, its caller takes one by one.

#[path = "flux/ordinary.rs"]
mod ordinary;

#[path = "flux/attaques.rs"]
mod attaques;

#[path = "flux/octets.rs"]
mod octets;

#[path = "flux/canaux.rs"]
mod canaux;

#[path = "flux/canaux_bruts.rs"]
mod canaux_bruts;
