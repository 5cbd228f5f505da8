//! The peer of a connection, as its transport or a shared secret proves it.
//!
//! What a peer says of itself is never part of an identity. An identity is complete before the
//! first command of its connection runs, and does not change afterwards.

use std::fmt;
use std::sync::Arc;

use crate::text::Harmless;

/// Who the peer of a connection is, by what was proved before the first command.
///
/// A connection may prove nothing ([`est_anonyme`](Identite::est_anonyme)), one thing or several: a
/// peer on an encrypted connection may have a certificate and know a secret too. See
/// [`Client::identite`](crate::Client::identite).
///
/// # Examples
///
/// ```
/// use cconn::Serveur;
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// let client = serveur.client_local()?;
/// assert!(client.identite().est_anonyme());
/// assert_eq!(client.identite().to_string(), "anonymous");
/// # Ok(())
/// # }
/// ```
#[doc(alias("Peer", "Principal", "Caller"))]
#[doc(alias = "Identity")]
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Identite(Option<Arc<Proofs>>);

/// What was proved about a peer. At least one of the fields is there.
#[derive(Clone, Default, PartialEq, Eq)]
struct Proofs {
    unix: Option<Unix>,
    secret: Option<Box<str>>,
    certificate: Option<Certificat>,
}

/// The process at the other end of a Unix socket, as the system reports it.
#[doc(alias("Ucred", "PeerCred", "Credentials"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unix {
    /// The user that the process ran as when it connected.
    pub uid: u32,
    /// The group that the process ran as when it connected.
    pub gid: u32,
    /// The number of the process, where the system reports it. It is a hint and proves nothing: the
    /// process may have ended, and another one may have got its number.
    pub pid: Option<u32>,
}

/// The certificate of a peer on an encrypted connection, verified before the first command.
#[doc(alias("Certificate", "X509"))]
#[derive(Clone, PartialEq, Eq)]
pub struct Certificat {
    chain: Vec<Vec<u8>>,
    key: [u8; 32],
    names: Vec<String>,
    uris: Vec<String>,
}

impl Identite {
    /// An identity of which nothing is proved.
    #[doc(alias = "anonymous")]
    pub const fn anonyme() -> Self {
        Identite(None)
    }

    /// Whether nothing is proved about the peer.
    #[doc(alias = "is_anonymous")]
    pub fn est_anonyme(&self) -> bool {
        self.0.is_none()
    }

    /// The process at the other end of a Unix socket; `None` on other connections.
    #[doc(alias = "peer_cred")]
    pub fn unix(&self) -> Option<Unix> {
        self.0.as_ref()?.unix
    }

    /// The name under which this program keeps the secret that the peer has proved to know.
    ///
    /// The name is this program's own: the peer may call that secret something else.
    #[doc(alias = "shared_secret")]
    pub fn secret(&self) -> Option<&str> {
        self.0.as_ref()?.secret.as_deref()
    }

    /// The peer's certificate; `None` if it showed none.
    #[doc(alias = "certificate")]
    pub fn certificat(&self) -> Option<&Certificat> {
        self.0.as_ref()?.certificate.as_ref()
    }

    /// This identity, of a process at the other end of a Unix socket.
    #[allow(dead_code, reason = "no transport of this build proves it")]
    pub(crate) fn with_unix(self, uid: u32, gid: u32, pid: Option<u32>) -> Self {
        self.with(|proofs| proofs.unix = Some(Unix { uid, gid, pid }))
    }

    /// This identity, of a peer that knows the secret of that name.
    #[allow(dead_code, reason = "used with the feature `secret` only")]
    pub(crate) fn with_secret(self, name: &str) -> Self {
        self.with(|proofs| proofs.secret = Some(name.into()))
    }

    /// This identity, of a peer with that certificate.
    #[allow(dead_code, reason = "used with the feature `tls` only")]
    pub(crate) fn with_certificate(self, certificate: Certificat) -> Self {
        self.with(|proofs| proofs.certificate = Some(certificate))
    }

    /// What was proved, for the peer to read: without the hash of its key.
    pub(crate) fn shown_to_peer(&self) -> String {
        self.shown(|certificate| {
            let name = certificate.name().map(|name| format!(" of {}", Harmless(name)));
            format!("certificate{}", name.unwrap_or_default())
        })
    }

    fn shown(&self, certificate: impl Fn(&Certificat) -> String) -> String {
        let Some(proofs) = &self.0 else { return "anonymous".to_owned() };
        let unix = proofs.unix.as_ref().map(ToString::to_string);
        let secret = proofs.secret.as_ref().map(|name| format!("secret \"{}\"", Harmless(name)));
        let certificate = proofs.certificate.as_ref().map(certificate);
        let shown: Vec<String> = [unix, secret, certificate].into_iter().flatten().collect();
        shown.join(", ")
    }

    fn with(self, change: impl FnOnce(&mut Proofs)) -> Self {
        let mut proofs = self.0.map(Arc::unwrap_or_clone).unwrap_or_default();
        change(&mut proofs);
        Identite(Some(Arc::new(proofs)))
    }
}

impl Certificat {
    /// `chain`: the certificates as they were sent, the peer's own first. `key`: the SHA-256 of its
    /// public key.
    #[allow(dead_code, reason = "used with the feature `tls` only")]
    pub(crate) fn new(
        chain: Vec<Vec<u8>>,
        key: [u8; 32],
        names: Vec<String>,
        uris: Vec<String>,
    ) -> Self {
        Certificat { chain, key, names, uris }
    }

    /// The certificates that the peer sent, its own first, each in the form DER.
    #[doc(alias("der", "peer_certificates"))]
    #[doc(alias = "chain")]
    pub fn chaine(&self) -> impl Iterator<Item = &[u8]> {
        self.chain.iter().map(Vec::as_slice)
    }

    /// The SHA-256 of the peer's public key (the field `SubjectPublicKeyInfo`): it stays the same
    /// when a certificate is renewed for the same key.
    #[doc(alias("spki", "fingerprint", "pin"))]
    #[doc(alias = "key_sha256")]
    pub fn sha256_de_la_cle(&self) -> [u8; 32] {
        self.key
    }

    /// The name that stands for the certificate in texts.
    fn name(&self) -> Option<&String> {
        self.names.first().or(self.uris.first())
    }

    /// The names of hosts in the certificate.
    #[doc(alias("dns", "subject_alt_names"))]
    #[doc(alias = "dns_names")]
    pub fn noms(&self) -> &[String] {
        &self.names
    }

    /// The addresses of the form URI in the certificate, such as `spiffe://example.org/build`.
    #[doc(alias = "uri_names")]
    pub fn uris(&self) -> &[String] {
        &self.uris
    }
}

impl fmt::Display for Identite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown(ToString::to_string))
    }
}

impl fmt::Debug for Identite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identite({self})")
    }
}

impl fmt::Display for Unix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unix { uid, gid, pid } = self;
        write!(f, "uid {uid}, gid {gid}")?;
        pid.map_or(Ok(()), |pid| write!(f, ", pid {pid}"))
    }
}

impl fmt::Display for Certificat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("certificate")?;
        if let Some(name) = self.name() {
            write!(f, " of {}", Harmless(name))?;
        }
        f.write_str(" (key ")?;
        self.key.iter().take(8).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

impl fmt::Debug for Certificat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificat({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_add_up_and_show_what_they_are() {
        let nobody = Identite::anonyme();
        assert_eq!((nobody.est_anonyme(), nobody.to_string().as_str()), (true, "anonymous"));
        let local = nobody.clone().with_unix(1000, 100, Some(7));
        assert_eq!(local.to_string(), "uid 1000, gid 100, pid 7");
        assert!(!local.est_anonyme() && local.secret().is_none() && nobody.unix().is_none());
        let names = vec!["a.example\n".to_owned()];
        let certificate = Certificat::new(vec![vec![1]], [0xab; 32], names, Vec::new());
        let all = local.with_secret("ops").with_certificate(certificate);
        assert_eq!(all.secret(), Some("ops"));
        assert_eq!(all.unix(), Some(Unix { uid: 1000, gid: 100, pid: Some(7) }));
        assert_eq!(all.certificat().unwrap().chaine().collect::<Vec<_>>(), [[1_u8]]);
        let shown = all.to_string();
        assert!(shown.ends_with("certificate of a.example\\n (key abababababababab)"), "{shown}");
        assert!(!shown.contains('\n'));
    }
}
