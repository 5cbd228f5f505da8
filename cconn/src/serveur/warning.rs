//! The warning of a server that anybody on the network can reach and use.

use std::fmt::Write as _;
use std::io::Write as _;

use super::OptionsServeur;
use crate::adresse::Adresse;

impl OptionsServeur {
    /// Whether [`ouvrir`](OptionsServeur::ouvrir) says on the standard error that the server is open
    /// to the network; yes unless set.
    ///
    /// It says so, once, for a server that listens elsewhere than on this machine's loopback
    /// network or a Unix socket, with neither `tls` nor `secrets`. Switch it off where that is meant:
    /// in a private network, inside a tunnel, behind a firewall.
    #[doc(alias("insecure", "quiet"))]
    #[doc(alias = "network_warning")]
    pub fn avertissement_reseau(mut self, oui: bool) -> Self {
        self.warns = oui;
        self
    }

    /// Says on the standard error that the server is open to the network, if it is.
    pub(super) fn warn(&self, address: &Adresse) {
        if let Some(text) = self.warning(address) {
            // Where nobody reads it there is nobody to warn.
            let _nobody = std::io::stderr().write_all(text.as_bytes());
        }
    }

    /// What is to be said of a server that listens there.
    fn warning(&self, address: &Adresse) -> Option<String> {
        let is_local = address.socket().is_none_or(|at| at.ip().to_canonical().is_loopback());
        if is_local || !self.warns || self.encrypts() || !self.settings.keys.is_empty() {
            return None;
        }
        let mut text = String::new();
        let _never_fails = writeln!(
            text,
            "cconn: the server on {address} is open to the network: who can reach it can call its \
             commands, and nothing is encrypted. Give it `tls` or `secrets`, or listen on \
             127.0.0.1; if this is meant, say `avertissement_reseau(false)`"
        );
        Some(text)
    }

    #[cfg(feature = "tls")]
    fn encrypts(&self) -> bool {
        self.tls.is_some()
    }

    #[cfg(not(feature = "tls"))]
    #[expect(clippy::unused_self, reason = "with the feature `tls` it is asked")]
    fn encrypts(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::Serveur;
    use super::*;

    fn warned(options: &OptionsServeur, address: &str) -> bool {
        let text = options.warning(&address.parse().unwrap());
        text.is_some_and(|text| {
            let told = [address, "`tls`", "`secrets`", "`avertissement_reseau(false)`"];
            assert!(told.iter().all(|part| text.contains(part)), "{text}");
            assert_eq!(text.lines().count(), 1);
            true
        })
    }

    #[test]
    fn a_server_that_is_open_to_the_network_says_so() {
        for (address, is_open) in [
            ("0.0.0.0:4000", true),
            ("[::]:4000", true),
            ("10.0.0.5:4000", true),
            ("[2001:db8::5]:4000", true),
            ("127.0.0.1:4000", false),
            ("127.9.9.9:4000", false),
            ("[::1]:4000", false),
            ("[::ffff:127.0.0.1]:4000", false),
            ("unix:/run/moi.sock", false),
            ("unix:@moi", false),
        ] {
            assert_eq!(warned(&Serveur::options(0), address), is_open, "{address}");
        }
    }

    #[test]
    fn the_warning_can_be_switched_off_and_is_not_for_who_proves_or_encrypts() {
        let open = "0.0.0.0:4000";
        assert!(!warned(&Serveur::options(0).avertissement_reseau(false), open));
        assert!(warned(&Serveur::options(0).avertissement_reseau(true), open));
        #[cfg(feature = "secret")]
        {
            let secret = crate::secret::Secret::new("a", [1; 32]).unwrap();
            assert!(!warned(&Serveur::options(0).secrets([secret]), open));
        }
    }
}
