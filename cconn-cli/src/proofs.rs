//! What is proved before the first command: by TLS, and by a secret that both sides know.

use std::fs;
use std::path::Path;

use cconn::secret::Secret;
use cconn::tls::TlsClient;
use cconn::{Erreur, OptionsClient};

use crate::arguments::Proofs;
use crate::failure::{Failure, Outcome};

/// Gives the options of a connection what the command line says of proofs.
pub fn add(options: OptionsClient, proofs: &Proofs) -> Outcome<OptionsClient> {
    let options = match &proofs.secret {
        Some(path) => options
            .secrets([Secret::fichier("cconn", path).map_err(|error| unusable(path, &error))?]),
        None => options,
    };
    Ok(match tls(proofs)? {
        Some(tls) => options.tls(tls),
        None => options,
    })
}

/// Whether the command line asks for any.
pub fn are_asked_for(proofs: &Proofs) -> bool {
    let Proofs { autorites, nom_serveur, certificat, cle, secret } = proofs;
    let files = [autorites, certificat, cle, secret];
    nom_serveur.is_some() || files.iter().any(|file| file.is_some())
}

fn tls(proofs: &Proofs) -> Outcome<Option<TlsClient>> {
    let Proofs { autorites, nom_serveur, certificat, cle, secret: _ } = proofs;
    let Some(authorities) = autorites else {
        return match (nom_serveur, certificat, cle) {
            (None, None, None) => Ok(None),
            _ => Err(Failure::usage("TLS takes `--autorites`, whom to believe")),
        };
    };
    let mut tls = TlsClient::fichier(authorities).map_err(|error| unusable(authorities, &error))?;
    if let Some(name) = nom_serveur {
        tls = tls.nom(name).map_err(|error| Failure::usage(error.to_string()))?;
    }
    match (certificat, cle) {
        (Some(chain), Some(key)) => {
            let given = tls.certificat(read(chain)?, read(key)?);
            tls = given.map_err(|error| unusable(chain, &error))?;
        }
        (None, None) => {}
        _ => return Err(Failure::usage("`--certificat` and `--cle` go together")),
    }
    Ok(Some(tls))
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path)
        .map_err(|error| Failure::usage(format!("{} can't be read: {error}", path.display())))
}

/// A file that is not good: nothing was sent.
fn unusable(path: &Path, error: &Erreur) -> Failure {
    let (path, text) = (path.display().to_string(), error.to_string());
    // Where it can't be read, the error names it.
    Failure::usage(if text.contains(&path) { text } else { format!("{path}: {text}") })
}
