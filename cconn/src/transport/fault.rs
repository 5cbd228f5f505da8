//! Why no encrypted connection came about, or why one broke.
//!
//! A build without encryption meets two of these reasons too: the other side wants encryption, or
//! speaks it.

use std::io;

/// What is wrong with an encrypted connection, or with the attempt to make one.
#[doc(alias("TlsError", "CertificateError", "SslError"))]
#[doc(alias = "TlsErrorKind")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NatureTls {
    /// The other side does not speak TLS.
    #[doc(alias = "PlainPeer")]
    EnClair,
    /// The other side wants TLS, which this side does not speak.
    #[doc(alias = "Required")]
    Exige,
    /// The other side speaks TLS, which this side does not expect.
    #[doc(alias = "Unexpected")]
    Inattendu,
    /// A certificate has expired.
    #[doc(alias = "Expired")]
    Expire,
    /// A certificate is not valid yet.
    #[doc(alias = "NotValidYet")]
    PasEncoreValable,
    /// The certificate is for another name.
    #[doc(alias = "NotValidForName")]
    AutreNom,
    /// A certificate was signed by none of the accepted authorities.
    #[doc(alias("UnknownIssuer", "UnknownCA", "SelfSigned"))]
    AutoriteInconnue,
    /// A client has shown no certificate, and the server wants one.
    #[doc(alias = "CertificateRequired")]
    CertificatManquant,
    /// A certificate is not accepted for another reason, which the text gives.
    #[doc(alias = "BadCertificate")]
    CertificatRefuse,
    /// Both sides have no version of TLS, no algorithm, or no protocol inside of it, in common.
    #[doc(alias = "ProtocolVersion")]
    Version,
    /// The stream ended without the farewell of TLS, so it may have been cut short.
    #[doc(alias("Truncated", "UnexpectedEof"))]
    Tronque,
    /// Something else, which the text names.
    #[doc(alias = "Other")]
    Autre,
}

/// A fault of encryption. Inside an `io::Error` it travels up through the layers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct TlsFault {
    pub(crate) nature: NatureTls,
    pub(crate) text: Box<str>,
}

impl TlsFault {
    #[cfg(feature = "tls")]
    pub(crate) fn new(nature: NatureTls, text: impl Into<Box<str>>) -> Self {
        TlsFault { nature, text: text.into() }
    }

    /// The fault inside an error of a stream, if there is one.
    pub(crate) fn inside(error: &io::Error) -> Option<&TlsFault> {
        error.get_ref()?.downcast_ref()
    }
}

impl From<TlsFault> for io::Error {
    fn from(fault: TlsFault) -> Self {
        let kind = match fault.nature {
            NatureTls::Tronque => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, fault)
    }
}
