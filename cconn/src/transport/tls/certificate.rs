//! What the certificate of a peer says, without a parser of our own.

use rustls::pki_types::CertificateDer;

use crate::identite::Certificat;

/// The peer's certificate; `None` if it can't be read.
pub(super) fn certificate(chain: &[CertificateDer<'static>]) -> Option<Certificat> {
    let own = webpki::EndEntityCert::try_from(chain.first()?).ok()?;
    let key = own.subject_public_key_info();
    let digest = ring::digest::digest(&ring::digest::SHA256, key.as_ref());
    let key = digest.as_ref().first_chunk().copied()?;
    let names = own.valid_dns_names().map(str::to_owned).collect();
    let uris = own.valid_uri_names().map(str::to_owned).collect();
    Some(Certificat::new(chain.iter().map(|der| Vec::from(&**der)).collect(), key, names, uris))
}
