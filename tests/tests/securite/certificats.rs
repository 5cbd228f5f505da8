//! Certificates and authorities, made for one test each.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// An authority that signs certificates.
pub(crate) struct Autorite(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as texts of PEM files.
pub(crate) struct Piece {
    pub(crate) chaine: String,
    pub(crate) cle: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Valable {
    Maintenant,
    Passe,
    Futur,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).unwrap()
}

impl Autorite {
    pub(crate) fn new() -> Self {
        // Each has a name of its own, as authorities do.
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let mut params = params(&[]);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Autorite(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// The authority's own certificate.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names, for servers and clients alike.
    pub(crate) fn signe(&self, names: &[&str]) -> Piece {
        self.signe_pour(names, Valable::Maintenant)
    }

    pub(crate) fn signe_pour(&self, names: &[&str], when: Valable) -> Piece {
        let mut params = params(names);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        match when {
            Valable::Maintenant => {}
            Valable::Passe => {
                params.not_before = date_time_ymd(2001, 1, 1);
                params.not_after = date_time_ymd(2002, 1, 1);
            }
            Valable::Futur => {
                params.not_before = date_time_ymd(2201, 1, 1);
                params.not_after = date_time_ymd(2202, 1, 1);
            }
        }
        let key = KeyPair::generate().unwrap();
        let chaine = params.signed_by(&key, &self.0).unwrap().pem();
        Piece { chaine, cle: key.serialize_pem() }
    }
}

/// A certificate that only its own key has signed.
pub(crate) fn seul(names: &[&str]) -> Piece {
    let key = KeyPair::generate().unwrap();
    Piece { chaine: params(names).self_signed(&key).unwrap().pem(), cle: key.serialize_pem() }
}
