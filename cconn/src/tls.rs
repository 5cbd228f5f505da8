//! Encrypted connections: certificates, keys and the authorities that are believed.
//!
//! Only what a program gives here is believed: the authorities of the system are not asked, and a
//! name is never taken from the peer. TLS 1.3 is spoken, and TLS 1.2 only where a program allows
//! it. Sessions are not resumed.
//!
//! ```no_run
//! use cconn::tls::{TlsClient, TlsServeur};
//! use cconn::{Client, Resultat, Serveur};
//!
//! # fn main() -> Resultat<()> {
//! let tls = TlsServeur::fichiers("serveur.pem", "serveur.key")?;
//! let serveur = Serveur::options("0.0.0.0:12800").tls(tls).ouvrir()?;
//!
//! let tls = TlsClient::fichier("autorite.pem")?;
//! let client = Client::options("serveur.example:12800").tls(tls).connecter()?;
//! # Ok(())
//! # }
//! ```

mod text;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use self::text::not_there;
use crate::erreur::{Erreur, Resultat, Usage};
use crate::transport::{
    HANDSHAKE_OF_CLIENT, HANDSHAKE_OF_SERVER, HANDSHAKE_WITH_CERTIFICATES, Session,
};

/// The protocol inside, as the handshake names it: a server of another protocol that has the same
/// certificate is told apart.
// [tls.protocol]
const PROTOCOL: &[u8] = b"cconn";

/// How a server encrypts: its certificate, and what it wants of its clients.
///
/// # Examples
///
/// ```no_run
/// use cconn::Serveur;
/// use cconn::tls::TlsServeur;
///
/// # fn main() -> cconn::Resultat<()> {
/// let tls = TlsServeur::fichiers("serveur.pem", "serveur.key")?;
/// let authority = std::fs::read("clients.pem").expect("the file of the authority");
/// let serveur = Serveur::options("0.0.0.0:12800").tls(tls.exige_clients(authority)?).ouvrir()?;
/// # Ok(())
/// # }
/// ```
#[doc(alias("ServerConfig", "TlsAcceptor", "SslContext"))]
#[doc(alias = "TlsServer")]
#[derive(Clone)]
#[must_use = "give it to `Serveur::options(..).tls(..)`"]
pub struct TlsServeur {
    own: Own,
    clients: Option<Arc<dyn ClientCertVerifier>>,
    versions: Versions,
}

/// How a client encrypts: the authorities that it believes, and its own certificate if it has one.
#[doc(alias("ClientConfig", "TlsConnector", "SslContext"))]
#[derive(Clone)]
#[must_use = "give it to `Client::options(..).tls(..)`"]
pub struct TlsClient {
    roots: Arc<RootCertStore>,
    own: Option<Own>,
    name: Option<ServerName<'static>>,
    versions: Versions,
}

/// A chain of certificates with the key of its first one.
#[derive(Clone)]
struct Own {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
}

#[derive(Clone, Copy)]
enum Versions {
    Newest,
    WithOlder,
}

impl Versions {
    fn list(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Versions::Newest => NEWEST,
            Versions::WithOlder => rustls::ALL_VERSIONS,
        }
    }
}

// [tls.version]
static NEWEST: &[&SupportedProtocolVersion] = &[&TLS13];

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl TlsServeur {
    /// A server with this certificate and this key, each the content of a PEM file. The chain
    /// begins with the server's own certificate.
    ///
    /// # Errors
    ///
    /// [`Erreur::Usage`]: no certificate or no key is in there, or the key belongs to another
    /// certificate.
    #[doc(alias("from_pem", "with_single_cert"))]
    pub fn new(chaine: impl AsRef<[u8]>, cle: impl AsRef<[u8]>) -> Resultat<Self> {
        let own = Own::of(chaine.as_ref(), cle.as_ref())?;
        let tls = TlsServeur { own, clients: None, versions: Versions::Newest };
        tls.config()?;
        Ok(tls)
    }

    /// A server with the certificate and the key in these PEM files.
    ///
    /// # Errors
    ///
    /// As for [`new`](TlsServeur::new), and for a file that can't be read.
    ///
    /// # Blocking
    ///
    /// While the files are read.
    #[doc(alias = "from_files")]
    pub fn fichiers(chaine: impl AsRef<Path>, cle: impl AsRef<Path>) -> Resultat<Self> {
        TlsServeur::new(read(chaine.as_ref())?, read(cle.as_ref())?)
    }

    /// Wants from every client a certificate that one of these authorities has signed; a client
    /// without one is refused. `autorites` is the content of a PEM file.
    ///
    /// [`Client::identite`](crate::Client::identite) shows whose it is.
    ///
    /// # Errors
    ///
    /// [`Erreur::Usage`]: no certificate is in there.
    #[doc(alias("mutual_tls", "mtls", "client_auth"))]
    #[doc(alias = "require_client_certificates")]
    pub fn exige_clients(self, autorites: impl AsRef<[u8]>) -> Resultat<Self> {
        self.with_clients(autorites.as_ref(), false)
    }

    /// Verifies the certificates of clients that show one, as
    /// [`exige_clients`](TlsServeur::exige_clients) does, and also lets clients in that show none.
    ///
    /// # Errors
    ///
    /// As for [`exige_clients`](TlsServeur::exige_clients).
    #[doc(alias = "accept_client_certificates")]
    pub fn accepte_clients(self, autorites: impl AsRef<[u8]>) -> Resultat<Self> {
        self.with_clients(autorites.as_ref(), true)
    }

    fn with_clients(self, authorities: &[u8], also_without: bool) -> Resultat<Self> {
        let roots = Arc::new(roots(authorities)?);
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
        let verifier = if also_without { verifier.allow_unauthenticated() } else { verifier };
        let verifier = verifier.build().map_err(|error| unusable("authorities", &error))?;
        Ok(TlsServeur { clients: Some(verifier), ..self })
    }

    /// Speaks TLS 1.2 too, with clients that do not know TLS 1.3.
    #[doc(alias = "allow_tls12")]
    pub fn aussi_tls12(self) -> Self {
        TlsServeur { versions: Versions::WithOlder, ..self }
    }

    /// The most bytes that a client may send before its handshake is done.
    pub(crate) fn longest_handshake(&self) -> usize {
        if self.clients.is_some() { HANDSHAKE_WITH_CERTIFICATES } else { HANDSHAKE_OF_CLIENT }
    }

    /// The settings as each new connection takes them.
    pub(crate) fn config(&self) -> Resultat<Arc<ServerConfig>> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions.list())
            .map_err(|error| unusable("versions of TLS", &error))?;
        let builder = match &self.clients {
            Some(verifier) => builder.with_client_cert_verifier(verifier.clone()),
            None => builder.with_no_client_auth(),
        };
        let config = builder.with_single_cert(self.own.chain.clone(), self.own.key.clone_key());
        let mut config = config.map_err(|error| unusable("certificate and its key", &error))?;
        config.alpn_protocols = vec![Vec::from(PROTOCOL)];
        // Nothing is kept for clients that are gone, and a connection sends nothing that its
        // protocol did not ask for.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }
}

/// The server's side of an encrypted stream, on which the client may send `longest` bytes before
/// its handshake is done.
pub(crate) fn session_with_client(
    config: &Arc<ServerConfig>,
    longest: usize,
) -> std::io::Result<Session> {
    let tls = ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    Ok(Session::new(tls.into(), longest))
}

impl TlsClient {
    /// A client that believes servers whose certificate one of these authorities has signed, or
    /// whose certificate is one of these. `autorites` is the content of a PEM file.
    ///
    /// # Errors
    ///
    /// [`Erreur::Usage`]: no certificate is in there.
    #[doc(alias("from_pem", "with_root_certificates", "roots"))]
    pub fn new(autorites: impl AsRef<[u8]>) -> Resultat<Self> {
        let roots = Arc::new(roots(autorites.as_ref())?);
        Ok(TlsClient { roots, own: None, name: None, versions: Versions::Newest })
    }

    /// A client that believes the authorities in a PEM file.
    ///
    /// # Errors
    ///
    /// As for [`new`](TlsClient::new), and for a file that can't be read.
    ///
    /// # Blocking
    ///
    /// While the file is read.
    #[doc(alias = "from_file")]
    pub fn fichier(autorites: impl AsRef<Path>) -> Resultat<Self> {
        TlsClient::new(read(autorites.as_ref())?)
    }

    /// The name that the server's certificate must have; unless set, the host in the address.
    ///
    /// # Errors
    ///
    /// [`Erreur::Usage`]: it is neither the name of a host nor an IP address.
    #[doc(alias("sni", "domain"))]
    #[doc(alias = "server_name")]
    pub fn nom(self, nom: &str) -> Resultat<Self> {
        Ok(TlsClient { name: Some(server_name(nom)?), ..self })
    }

    /// Shows this certificate to servers that want one, with its key; each is the content of a PEM
    /// file.
    ///
    /// # Errors
    ///
    /// As for [`TlsServeur::new`].
    #[doc(alias("client_auth", "mutual_tls", "identity"))]
    #[doc(alias = "certificate")]
    pub fn certificat(self, chaine: impl AsRef<[u8]>, cle: impl AsRef<[u8]>) -> Resultat<Self> {
        let tls = TlsClient { own: Some(Own::of(chaine.as_ref(), cle.as_ref())?), ..self };
        tls.config()?;
        Ok(tls)
    }

    /// Speaks TLS 1.2 too, with servers that do not know TLS 1.3.
    #[doc(alias = "allow_tls12")]
    pub fn aussi_tls12(self) -> Self {
        TlsClient { versions: Versions::WithOlder, ..self }
    }

    fn config(&self) -> Resultat<Arc<ClientConfig>> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions.list())
            .map_err(|error| unusable("versions of TLS", &error))?
            .with_root_certificates(self.roots.clone());
        let mut config = match &self.own {
            Some(own) => builder
                .with_client_auth_cert(own.chain.clone(), own.key.clone_key())
                .map_err(|error| unusable("certificate and its key", &error))?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![Vec::from(PROTOCOL)];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    /// The encrypted side of a stream to a server. `host`: the host in its address, if that has
    /// one.
    pub(crate) fn session(&self, host: Option<&str>) -> Resultat<Session> {
        let name = match (&self.name, host) {
            (Some(name), _) => name.clone(),
            (None, Some(host)) => server_name(host)?,
            (None, None) => {
                let text = "the address has no host: say with `nom` whose certificate it is to be";
                return Err(unusable("name of the server", &text));
            }
        };
        let tls = ClientConnection::new(self.config()?, name);
        let tls = tls.map_err(|error| unusable("settings of TLS", &error))?;
        Ok(Session::new(tls.into(), HANDSHAKE_OF_SERVER))
    }
}

impl Own {
    fn of(chain: &[u8], key: &[u8]) -> Resultat<Own> {
        let chain = certificates(chain, "certificate")?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| not_there("key", &error))?;
        Ok(Own { chain, key: Arc::new(key) })
    }
}

fn certificates(pem: &[u8], what: &str) -> Resultat<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(not_there(what, &pem::Error::NoItemsFound)),
        Ok(found) => Ok(found),
        Err(error) => Err(not_there(what, &error)),
    }
}

fn roots(pem: &[u8]) -> Resultat<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let (_, not_read) = roots.add_parsable_certificates(certificates(pem, "authorities")?);
    if not_read > 0 {
        return Err(unusable("authorities", &format!("{not_read} of them can't be read")));
    }
    Ok(roots)
}

fn server_name(name: &str) -> Resultat<ServerName<'static>> {
    // A dot at the end only says that the name is complete.
    let complete = name.strip_suffix('.').unwrap_or(name);
    ServerName::try_from(complete.to_owned()).map_err(|_| {
        let text = format!("`{name}` is neither the name of a host nor an IP address");
        unusable("name of the server", &text)
    })
}

fn read(path: &Path) -> Resultat<Vec<u8>> {
    std::fs::read(path).map_err(|error| unusable(&format!("file {}", path.display()), &error))
}

fn unusable(what: &str, why: &dyn fmt::Display) -> Erreur {
    let (quoi, texte) = (what.into(), why.to_string().into());
    Erreur::Usage(Box::new(Usage::Chiffrement { quoi, texte }))
}

impl fmt::Debug for TlsServeur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clients = self.clients.is_some();
        f.debug_struct("TlsServeur").field("clients", &clients).finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").field("nom", &self.name).finish_non_exhaustive()
    }
}
