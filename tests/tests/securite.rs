//! Encrypted connections, secrets and identities, from the caller's side.
//!
//! `cargo test -p cconn-tests --features securite --test securite`

#[path = "securite/affluence.rs"]
mod affluence;
#[path = "securite/autres.rs"]
mod autres;
#[path = "securite/gardes.rs"]
mod gardes;
#[path = "securite/mandataires.rs"]
mod mandataires;
#[path = "securite/matrice.rs"]
mod matrice;
#[path = "securite/secrets.rs"]
mod secrets;
#[path = "securite/tls.rs"]
mod tls;
