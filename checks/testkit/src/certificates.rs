//! Certificates and authorities, made for one test each.

use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// An authority that signs certificates.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as texts of PEM files.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, and those that lead to its authority.
    pub chain: String,
    /// Its private key.
    pub key: String,
}

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Validity {
    Now,
    Past,
    Future,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("names of hosts")
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("the system has random numbers")
}

impl Authority {
    /// A new authority, with a name of its own.
    ///
    /// # Panics
    /// If the system has no random numbers.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let mut params = params(&[]);
        let name = format!("authority {}", NEXT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, new_key());
        Authority(issuer.expect("an authority can sign itself"))
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these names, for servers and clients alike.
    ///
    /// # Panics
    /// If one is no name of a host.
    #[must_use]
    pub fn sign(&self, names: &[&str]) -> Identity {
        self.sign_for(names, Validity::Now)
    }

    /// The same, valid at that time.
    ///
    /// # Panics
    /// As [`sign`](Authority::sign).
    #[must_use]
    pub fn sign_for(&self, names: &[&str], when: Validity) -> Identity {
        let mut params = params(names);
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        match when {
            Validity::Now => {}
            Validity::Past => {
                params.not_before = date_time_ymd(2001, 1, 1);
                params.not_after = date_time_ymd(2002, 1, 1);
            }
            Validity::Future => {
                params.not_before = date_time_ymd(2201, 1, 1);
                params.not_after = date_time_ymd(2202, 1, 1);
            }
        }
        let key = new_key();
        let chain = params.signed_by(&key, &self.0).expect("an authority can sign").pem();
        Identity { chain, key: key.serialize_pem() }
    }
}

/// A certificate that only its own key has signed.
///
/// # Panics
/// If one is no name of a host.
#[must_use]
pub fn self_signed(names: &[&str]) -> Identity {
    let key = new_key();
    let chain = params(names).self_signed(&key).expect("a key can sign").pem();
    Identity { chain, key: key.serialize_pem() }
}
