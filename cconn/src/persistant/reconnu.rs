//! What a hook is told of the server that a new connection leads to.

/// How a connection came about, as [`quand_retablie`](super::OptionsPersistantes::quand_retablie) is told.
#[doc(alias = "Reconnected")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retour {
    /// The number of the attempt that succeeded, counted from 1: later connections have higher
    /// numbers.
    #[doc(alias = "number")]
    pub numero: u64,
    /// Whether the server is the one of before.
    #[doc(alias = "server")]
    pub serveur: Reconnu,
}

/// Whether a server is the one that the last connection led to.
#[doc(alias = "Recognised")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reconnu {
    /// There was no connection before.
    #[doc(alias = "First")]
    Premier,
    /// The very server of before: only the connection was lost. What the server keeps beside
    /// sessions is still there.
    #[doc(alias = "Same")]
    Meme,
    /// Another server, or one that was started anew: it knows nothing of before.
    #[doc(alias = "Restarted")]
    Redemarre,
    /// The server does not say.
    #[doc(alias = "Unknown")]
    Inconnu,
}
