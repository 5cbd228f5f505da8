//! The two-way byte streams under a connection, behind one small trait.
//!
//! A transport does not know frames. Only the transport in memory keeps bytes itself.

#[cfg(unix)]
mod child;
mod closing;
mod fault;
#[cfg(unix)]
pub(crate) mod inherited;
mod memory;
#[cfg(test)]
mod scripted;
mod socket;
mod stream;
#[cfg(feature = "tls")]
mod tls;
#[cfg(unix)]
pub(crate) mod unix;

/// The error of a Unix socket on a system where safe code can't use one.
#[cfg(not(unix))]
pub(crate) fn no_unix_sockets() -> std::io::Error {
    let text = "there are no Unix sockets for this program on this system; use a port of this \
                machine, as in `127.0.0.1:4000`";
    std::io::Error::new(std::io::ErrorKind::Unsupported, text)
}

#[cfg(unix)]
pub(crate) use child::{ChildStream, Exit};
pub(crate) use closing::Closing;
pub use fault::NatureTls;
pub(crate) use fault::TlsFault;
pub(crate) use memory::Memory;
#[cfg(test)]
pub(crate) use scripted::{Script, Scripted};
pub(crate) use socket::{SOCKETS, Socket, configure};
pub(crate) use stream::{End, Input, Ready, Shake, Transport};
#[cfg(feature = "tls")]
pub(crate) use tls::{
    Below, HANDSHAKE_OF_CLIENT, HANDSHAKE_OF_SERVER, HANDSHAKE_WITH_CERTIFICATES, Secured, Session,
};
