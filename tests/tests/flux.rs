//! Streams from the caller's side: what a command returns one by one, its caller takes one by one.

#[path = "flux/ordinary.rs"]
mod ordinary;

#[path = "flux/attaques.rs"]
mod attaques;

#[path = "flux/arguments.rs"]
mod arguments;

#[path = "flux/arguments_fins.rs"]
mod arguments_fins;

#[path = "flux/arguments_bruts.rs"]
mod arguments_bruts;

#[path = "flux/arguments_verbes.rs"]
mod arguments_verbes;

#[path = "flux/octets.rs"]
mod octets;

#[path = "flux/canaux.rs"]
mod canaux;

#[path = "flux/canaux_bruts.rs"]
mod canaux_bruts;

#[path = "flux/promesses.rs"]
mod promesses;

#[path = "flux/lents.rs"]
mod lents;
