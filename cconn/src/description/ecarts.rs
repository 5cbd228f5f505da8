//! The report after a refusal for another signature: where the two sides differ.

use std::fmt;

use super::commandes;
use crate::client::Client;
use crate::erreur::{Distante, Resultat};
use crate::forme::{Cote, Described, Ecart, differences, joined, older};
use crate::text::Harmless;

/// Where a command of this side's and the peer's command of that name differ.
#[doc(alias = "Differences")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ecarts {
    /// The command.
    #[doc(alias = "command")]
    pub commande: String,
    /// The differences, at most 32 of them. Empty if none is shown: a type that shows nothing of
    /// itself counts by its name alone.
    #[doc(alias = "list")]
    pub liste: Vec<Ecart>,
    /// Which side is older, if that shows: the one that calls the command by an earlier name, or
    /// the only one that lacks something.
    #[doc(alias = "older")]
    pub plus_ancien: Option<Cote>,
    /// The command's present name at the peer, if it was called by an earlier one.
    #[doc(alias = "present_name")]
    pub nom_actuel: Option<String>,
}

impl fmt::Display for Ecarts {
    /// One line: ``command `ouvrir`: argument 2 `solde`: `f64` here, `i64` there``.
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ecarts { commande, liste, plus_ancien, nom_actuel } = self;
        write!(f, "command `{}`: ", Harmless(commande))?;
        if liste.is_empty() {
            f.write_str("no difference is shown, so a type that counts by its name alone differs")?;
        } else {
            write!(f, "{}", Harmless(&joined(liste)))?;
        }
        match plus_ancien {
            Some(Cote::Ici) => f.write_str("; this side is older")?,
            Some(Cote::La) => f.write_str("; the peer is older")?,
            None => {}
        }
        if let Some(present) = nom_actuel {
            write!(f, "; its name there is `{}` now", Harmless(present))?;
        }
        Ok(())
    }
}

impl Distante {
    /// Asks the peer where its command differs from the one that was called.
    ///
    /// For a command that was refused because its signature is another there
    /// ([`NatureDistante::Signature`](crate::erreur::NatureDistante::Signature)). The peer's
    /// description is asked for here and at no other moment: an error that nobody looks into costs
    /// no round trip.
    ///
    /// `None` if this side knows nothing of the types, because the message was sent by name.
    ///
    /// # Errors
    ///
    /// Those of [`description::commandes`](commandes).
    ///
    /// # Blocking
    ///
    /// As any call: until the answer comes, or the deadline of the handle passes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Erreur, Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn verser(compte: String, solde: i64) {
    ///     let _ = (compte, solde);
    /// }
    ///
    /// mod ancien {
    ///     #[cconn::commande]
    ///     pub fn verser(compte: String, solde: f64);
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![verser])?;
    /// let client = serveur.client_local()?;
    /// let message = ancien::verser { compte: "a".to_owned(), solde: 1.5 };
    /// let Err(Erreur::Distante(refused)) = client.appeler(message) else { panic!() };
    /// let ecarts = refused.ecarts(&client)?.expect("the command is declared here");
    /// let text = ecarts.to_string();
    /// assert_eq!(text, "command `verser`: argument 2 `solde`: `f64` here, `i64` there");
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias("explain", "diff"))]
    #[doc(alias = "differences")]
    #[inline]
    pub fn ecarts(&self, client: &Client) -> Resultat<Option<Ecarts>> {
        let Some(ours) = self.declaree.get() else { return Ok(None) };
        let (ours, types) = ours.describe_alone();
        let programme = commandes(client)?;
        let theirs = programme.commandes.iter().find(|command| *command.nom == *self.commande);
        let Some(theirs) = theirs else { return Ok(Some(gone(ours.nom))) };
        let liste = differences(
            Described { command: &ours, types: &types },
            Described { command: theirs, types: &programme.types },
        );
        let nom_actuel = theirs.ancien_nom_de.clone();
        let too_new = self.argument_inconnu.is_some().then_some(Cote::La);
        let plus_ancien =
            nom_actuel.is_some().then_some(Cote::Ici).or(too_new).or_else(|| older(&liste));
        Ok(Some(Ecarts { commande: ours.nom, liste, plus_ancien, nom_actuel }))
    }
}

/// The report of a command that the peer has no more.
#[inline]
fn gone(commande: String) -> Ecarts {
    let chemin = "the command".to_owned();
    let liste = vec![Ecart { chemin, ici: Some(commande.clone()), la: None }];
    Ecarts { commande, liste, plus_ancien: None, nom_actuel: None }
}
