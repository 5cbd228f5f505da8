//! Who a connection is with, as its errors and its threads say it.
//!
//! Most connections never have to say it: the texts are made when they are first asked for.

use std::net::SocketAddr;
use std::sync::OnceLock;

/// Who a connection is with.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Its number among those of its server, or of this process's clients.
    pub(crate) id: u64,
    /// The peer's address, where it has one.
    pub(crate) address: Option<SocketAddr>,
    /// What stands for the address where there is none.
    otherwise: &'static str,
    /// What the name of the thread that serves it begins with; its number follows.
    threads: &'static str,
    label: OnceLock<Box<str>>,
}

impl Identity {
    /// A connection of a client's.
    pub(crate) fn of_client(id: u64, address: Option<SocketAddr>) -> Self {
        let (otherwise, threads) = ("local", "cconn-c");
        Identity { id, address, otherwise, threads, label: OnceLock::new() }
    }

    /// A connection of a server's.
    pub(crate) fn of_server(id: u64, address: Option<SocketAddr>) -> Self {
        let (otherwise, threads) = ("local client", "cconn-");
        Identity { id, address, otherwise, threads, label: OnceLock::new() }
    }

    /// The peer's address and the connection's number, for errors and for people.
    pub(crate) fn label(&self) -> &str {
        self.label.get_or_init(|| {
            let Identity { id, otherwise, .. } = self;
            match self.address {
                Some(address) => format!("{address} (#{id})").into(),
                None => format!("{otherwise} (#{id})").into(),
            }
        })
    }

    /// The name of its threads besides the one that serves it.
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
        let there = Identity::of_server(8, Some(([127, 0, 0, 1], 80).into()));
        assert_eq!(there.label(), "127.0.0.1:80 (#8)");
        assert_eq!(there.stand_in_name(), "cconn-8+");
    }
}
