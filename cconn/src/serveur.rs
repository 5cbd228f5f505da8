//! The server.

/// Listens, accepts clients, gives each one a thread.
#[derive(Clone, Debug)]
pub struct Serveur {}
