//! The server.

/// Listens, accepts clients, gives each one a thread.
#[doc(alias = "server")]
#[derive(Clone, Debug)]
pub struct Serveur {}
