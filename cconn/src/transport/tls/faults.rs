//! The faults of TLS, in words that say what to do.

use rustls::{AlertDescription, CertificateError, Error};

use crate::proxy;
use crate::transport::fault::{NatureTls, TlsFault};

/// The fault behind an error of TLS.
pub(super) fn fault_of(error: &Error) -> TlsFault {
    match error {
        Error::InvalidCertificate(reason) => of_certificate(reason),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::NoCertificatesPresented => TlsFault::new(
            NatureTls::CertificatManquant,
            "the client has shown no certificate, and this server wants one from every client",
        ),
        Error::PeerIncompatible(reason) => TlsFault::new(
            NatureTls::Version,
            format!(
                "both sides have no version of TLS or no algorithm in common ({reason:?}); TLS 1.2 \
                 is spoken with `aussi_tls12` only"
            ),
        ),
        Error::NoApplicationProtocol => TlsFault::new(
            NatureTls::Version,
            "the newcomer speaks TLS, and no protocol inside of it that this server speaks: it \
             offers others than `cconn`",
        ),
        Error::InvalidMessage(_) | Error::PeerSentOversizedRecord => {
            TlsFault::new(NatureTls::Autre, format!("what came breaks the rules of TLS ({error})"))
        }
        Error::DecryptError => TlsFault::new(
            NatureTls::Autre,
            "what came can't be decrypted: it was changed on its way, or the other side is faulty",
        ),
        other => TlsFault::new(NatureTls::Autre, format!("TLS: {other}")),
    }
}

/// What this side found in the other side's certificate.
fn of_certificate(reason: &CertificateError) -> TlsFault {
    use CertificateError as C;
    let (nature, text) = match reason {
        C::Expired | C::ExpiredContext { .. } => (
            NatureTls::Expire,
            "the other side's certificate has expired; it needs a new one, or a clock is wrong",
        ),
        C::NotValidYet | C::NotValidYetContext { .. } => (
            NatureTls::PasEncoreValable,
            "the other side's certificate is not valid yet; a clock is wrong, or it is used too \
             soon",
        ),
        C::NotValidForName | C::NotValidForNameContext { .. } => {
            let text = format!(
                "the server's certificate is for another name; connect to the name in it, or give \
                 that name with `nom` ({reason})"
            );
            return TlsFault::new(NatureTls::AutreNom, text);
        }
        // An authority of that name is given, but it has another key.
        C::UnknownIssuer | C::BadSignature => (
            NatureTls::AutoriteInconnue,
            "the other side's certificate was signed by none of the authorities given here",
        ),
        C::Revoked => (NatureTls::CertificatRefuse, "the other side's certificate was revoked"),
        other => {
            let text = format!("the other side's certificate is not accepted ({other})");
            return TlsFault::new(NatureTls::CertificatRefuse, text);
        }
    };
    TlsFault::new(nature, text)
}

/// What the other side reports before it closes.
fn of_alert(alert: AlertDescription) -> TlsFault {
    use AlertDescription as A;
    let (nature, text) = match alert {
        A::CertificateRequired => (
            NatureTls::CertificatManquant,
            "the server wants a certificate of this client; give it one with `certificat`",
        ),
        A::CertificateExpired => (
            NatureTls::Expire,
            "the other side says that this side's certificate has expired or is not valid yet",
        ),
        A::UnknownCA => (
            NatureTls::AutoriteInconnue,
            "the other side says that this side's certificate was signed by none of the \
             authorities that it accepts",
        ),
        A::DecryptError
        | A::BadCertificate
        | A::CertificateUnknown
        | A::CertificateRevoked
        | A::UnsupportedCertificate => {
            (NatureTls::CertificatRefuse, "the other side does not accept this side's certificate")
        }
        A::ProtocolVersion => (
            NatureTls::Version,
            "the other side says that both have no version of TLS in common; TLS 1.2 is spoken with \
             `aussi_tls12` only",
        ),
        A::HandshakeFailure | A::InsufficientSecurity | A::NoApplicationProtocol => (
            NatureTls::Version,
            "the other side says that both have no version of TLS, no algorithm or no protocol in \
             common",
        ),
        other => {
            return TlsFault::new(NatureTls::Autre, format!("the other side reports {other:?}"));
        }
    };
    TlsFault::new(nature, text)
}

/// The fault of a peer whose first bytes are not those of TLS.
pub(super) fn not_tls(first: &[u8], is_client: bool) -> TlsFault {
    let what = if first.starts_with(b"cconn") || b"cconn".starts_with(first) {
        "cconn without TLS"
    } else if !is_client && proxy::begins(first) {
        let text = "a proxy's PROXY header comes where TLS should begin: its address is not one of \
                    `mandataires`, or a second header stands behind the first";
        return TlsFault::new(NatureTls::EnClair, text);
    } else {
        "no TLS"
    };
    let text = if is_client {
        format!(
            "the server speaks {what}; look at the port, or connect without `tls` where the \
             network is trusted"
        )
    } else {
        format!("the newcomer speaks {what}, and this server takes TLS only")
    };
    TlsFault::new(NatureTls::EnClair, text)
}
