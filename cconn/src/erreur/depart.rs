//! Why nobody takes the items of a channel any more.

use std::fmt;

/// Why nobody takes the items of a channel any more.
#[doc(alias("Departure", "Disconnected", "Unsubscribed"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Depart {
    /// The peer's program has dropped the stream.
    #[doc(alias("Dropped", "Stopped"))]
    Arrete,
    /// The peer has given up the call that the stream was to answer.
    #[doc(alias = "Cancelled")]
    AppelAbandonne,
    /// The connection is being stopped, by this side or by the other: the stream has ended there
    /// with an error that says so.
    #[doc(alias = "Shutdown")]
    Extinction,
    /// The connection has ended.
    #[doc(alias = "Closed")]
    ConnexionFinie,
    /// The stream was dropped in this program: its command failed, or never returned it.
    #[doc(alias = "NeverSent")]
    JamaisEnvoye,
    /// As many channels of the connection were open as may be (`max_canaux`).
    #[doc(alias = "TooManyChannels")]
    TropDeCanaux,
    /// An item that was sent before the command had returned the stream was larger than the peer
    /// accepts. The stream has ended there with an error that says so.
    #[doc(alias = "ItemTooLarge")]
    ElementTropGrand,
}

impl fmt::Display for Depart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Depart::Arrete => "its taker has dropped the stream",
            Depart::AppelAbandonne => "its caller has given the call up",
            Depart::Extinction => "the connection is being stopped",
            Depart::ConnexionFinie => "the connection has ended",
            Depart::JamaisEnvoye => "the stream was dropped here before it was sent",
            Depart::TropDeCanaux => {
                "as many channels of the connection were open as may be (`max_canaux`)"
            }
            Depart::ElementTropGrand => {
                "an item sent before it was larger than the peer accepts, which ended the stream"
            }
        })
    }
}
