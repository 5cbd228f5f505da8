//! Secrets that two programs share, and by which they know each other.
//!
//! ```
//! use cconn::secret::{Secret, nouvelle_cle};
//! use cconn::{Client, Serveur};
//!
//! # fn main() -> cconn::Resultat<()> {
//! let cle = nouvelle_cle()?; // in truth: from a file that only both programs can read
//! let serveur = Serveur::options(0).secrets([Secret::new("atelier", cle)?]).ouvrir()?;
//! serveur.enregistrer_commande("qui", |c: &Client, (): ()| c.identite().to_string())?;
//! # let thread = std::thread::spawn({ let s = serveur.clone(); move || s.lancer() });
//! let secret = Secret::new("serveur", cle)?;
//! let client = Client::options(serveur.adresse()).secrets([secret]).connecter()?;
//! let qui: String = client.appeler(cconn::nommee("qui", ()))?;
//! assert_eq!(qui, "secret \"atelier\"");
//! # client.eteindre()?; serveur.eteindre()?; thread.join().unwrap()
//! # }
//! ```

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use ring::rand::{self, SystemRandom};

use crate::erreur::{Erreur, Resultat, Usage};
use crate::preuve::{Key, Keys};

/// The shortest secret that is accepted, in bytes: a shorter one could be guessed by whoever has
/// listened to one proof.
#[doc(alias = "MIN_LENGTH")]
pub const LONGUEUR_MIN: usize = 32;

/// A secret, under the name that this program has for it.
///
/// It is never sent, and neither shown nor kept in a form that can be shown.
#[doc(alias("PresharedKey", "Psk", "Token", "Password"))]
#[derive(Clone)]
pub struct Secret(Arc<Key>);

impl Secret {
    /// A secret of at least 32 bytes, which should be random ones: [`nouvelle_cle`] makes such.
    ///
    /// `nom` is this program's own name for it, which
    /// [`Identite::secret`](crate::identite::Identite::secret) returns; the peer may have another.
    ///
    /// # Errors
    ///
    /// [`Erreur::Usage`]: it has fewer than 32 bytes.
    pub fn new(nom: &str, cle: impl AsRef<[u8]>) -> Resultat<Self> {
        let cle = cle.as_ref();
        if cle.len() < LONGUEUR_MIN {
            let text = format!(
                "it has {} bytes, and must have {LONGUEUR_MIN} random ones at least: a shorter one \
                 can be guessed",
                cle.len()
            );
            return Err(unusable(nom, text));
        }
        Ok(Secret(Arc::new(Key::new(nom, cle))))
    }

    /// A secret whose bytes are the whole content of a file.
    ///
    /// # Errors
    ///
    /// As for [`new`](Secret::new), and for a file that can't be read.
    ///
    /// # Blocking
    ///
    /// While the file is read.
    #[doc(alias = "from_file")]
    pub fn fichier(nom: &str, chemin: impl AsRef<Path>) -> Resultat<Self> {
        let chemin = chemin.as_ref();
        let read = std::fs::read(chemin);
        let cle =
            read.map_err(|error| unusable(nom, format!("file {}: {error}", chemin.display())))?;
        Secret::new(nom, cle)
    }
}

/// Makes a new secret of 32 random bytes.
///
/// # Errors
///
/// [`Erreur::Usage`]: the system has no random numbers.
#[doc(alias("generate", "random"))]
#[doc(alias = "new_key")]
pub fn nouvelle_cle() -> Resultat<[u8; LONGUEUR_MIN]> {
    match rand::generate(&SystemRandom::new()) {
        Ok(cle) => Ok(cle.expose()),
        Err(_) => Err(unusable("new", "the system has no random numbers".to_owned())),
    }
}

pub(crate) fn keys(secrets: impl IntoIterator<Item = Secret>) -> Keys {
    Keys::new(secrets.into_iter().map(|secret| secret.0).collect())
}

fn unusable(nom: &str, text: String) -> Erreur {
    let (quoi, texte) = (format!("secret \"{nom}\"").into(), text.into());
    Erreur::Usage(Box::new(Usage::Secret { quoi, texte }))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").field(&self.0.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_thirty_two_bytes_at_least_and_is_not_shown() {
        for length in [0, LONGUEUR_MIN - 1] {
            let short = Secret::new("a", vec![7; length]).unwrap_err().to_string();
            assert!(short.contains(&format!("has {length} bytes")), "{short}");
        }
        let secret = Secret::new("a", [7; LONGUEUR_MIN]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(\"a\")");
    }

    #[test]
    fn every_secret_of_a_side_is_one_of_its_keys_and_the_order_stays() {
        let secret = |name: &str, byte| Secret::new(name, [byte; LONGUEUR_MIN]).unwrap();
        let keys = keys([secret("a", 1), secret("b", 2)]);
        let expected = ["a", "b"].map(|name| format!("Key({name:?})"));
        assert_eq!(format!("{keys:?}"), format!("Keys([{}])", expected.join(", ")));
    }

    #[test]
    fn no_two_new_secrets_are_the_same() {
        assert_ne!(nouvelle_cle().unwrap(), nouvelle_cle().unwrap());
    }
}
