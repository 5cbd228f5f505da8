//! The peer of a connection, as errors and thread names show it.
//!
//! The texts are made when they are first asked for, because most connections never show them.

use std::sync::{Arc, OnceLock};

use crate::adresse::Adresse;
use crate::identite::Identite;

/// The peer of one connection.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The connection's number, counted per server, or per process for clients.
    pub(crate) id: u64,
    /// The peer's address, if it has one.
    pub(crate) address: Option<Adresse>,
    /// What is proved about the peer.
    pub(crate) proven: Identite,
    /// What errors show instead of the address if there is none.
    otherwise: &'static str,
    /// The prefix of the connection's thread names; the number follows.
    threads: &'static str,
    label: OnceLock<Arc<str>>,
}

impl Identity {
    /// The peer of a client's connection.
    pub(crate) fn of_client(id: u64, address: Option<Adresse>) -> Self {
        let (otherwise, threads) = ("local", "cconn-c");
        let proven = Identite::anonyme();
        Identity { id, address, proven, otherwise, threads, label: OnceLock::new() }
    }

    /// The peer of a server's connection.
    pub(crate) fn of_server(id: u64, address: Option<Adresse>) -> Self {
        let (otherwise, threads) = ("local client", "cconn-");
        let proven = Identite::anonyme();
        Identity { id, address, proven, otherwise, threads, label: OnceLock::new() }
    }

    /// This peer, about which that much is proved.
    pub(crate) fn proven(self, proven: Identite) -> Self {
        Identity { proven, ..self }
    }

    /// The same peer, called `name` by errors.
    #[cfg(unix)]
    pub(crate) fn called(self, name: &str) -> Self {
        let label: Arc<str> = format!("{name} (#{})", self.id).into();
        Identity { label: OnceLock::from(label), ..self }
    }

    /// The peer's address and the connection's number, for errors and for people.
    pub(crate) fn label(&self) -> &str {
        self.shared_label()
    }

    /// The text of `label`, for a value that outlives the connection.
    pub(crate) fn shared_label(&self) -> &Arc<str> {
        self.label.get_or_init(|| {
            let Identity { id, otherwise, .. } = self;
            match &self.address {
                Some(address) => format!("{address} (#{id})").into(),
                None => format!("{otherwise} (#{id})").into(),
            }
        })
    }

    /// The name of the thread that runs the connection's commands, if the connection owns it.
    pub(crate) fn listener_name(&self) -> String {
        format!("{}{}", self.threads, self.id)
    }

    /// The name of the connection's lookout.
    pub(crate) fn lookout_name(&self) -> String {
        format!("{}{}?", self.threads, self.id)
    }

    /// The name of a thread that feeds the arguments of a call.
    pub(crate) fn feeder_name(&self) -> String {
        format!("{}{}<", self.threads, self.id)
    }

    /// The name of the connection's stand-in threads.
    pub(crate) fn stand_in_name(&self) -> String {
        format!("{}{}+", self.threads, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_names() {
        let here = Identity::of_client(7, None);
        assert_eq!((here.label(), here.stand_in_name().as_str()), ("local (#7)", "cconn-c7+"));
        let there = Identity::of_server(8, Some((std::net::Ipv4Addr::LOCALHOST, 80).into()));
        assert_eq!(there.label(), "127.0.0.1:80 (#8)");
        assert_eq!(there.stand_in_name(), "cconn-8+");
    }
}
