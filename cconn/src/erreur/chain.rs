//! Every variant printed with its chain of causes: no text appears twice.

use std::io;
use std::time::Duration;

use super::*;
use crate::forme::Declaration;

/// An error with a cause, each with a text of its own.
#[derive(Debug, thiserror::Error)]
#[error("the outer cause")]
struct Outer(#[source] Inner);

#[derive(Debug, thiserror::Error)]
#[error("the inner cause")]
struct Inner;

fn io_error() -> io::Error {
    io::Error::other(Outer(Inner))
}

fn setups() -> Vec<EchecConnexion> {
    let (adresse, texte) = (|| Box::from("127.0.0.1:80"), || Box::from("what it says"));
    vec![
        EchecConnexion::Ecoute { adresse: adresse(), cause: io_error() },
        EchecConnexion::Connexion { adresse: adresse(), cause: io_error() },
        EchecConnexion::Complet { adresse: adresse(), texte: texte() },
        EchecConnexion::Refusee { adresse: adresse(), texte: texte() },
        EchecConnexion::Incompatible { adresse: adresse(), texte: texte() },
        EchecConnexion::Accueil { adresse: adresse(), cause: io_error() },
    ]
}

fn registrations() -> Vec<Enregistrement> {
    let commande = || Box::from("somme");
    vec![
        Enregistrement::Double { commande: commande() },
        Enregistrement::Collision { commande: commande(), autre: "autre".into() },
        Enregistrement::Types { commande: commande(), texte: "its type".into() },
        Enregistrement::Finie,
        Enregistrement::SansNom,
    ]
}

fn misuses() -> Vec<Usage> {
    let lien = || Box::from("local (#1)");
    let (valeur, minimum) = (|| "0".into(), || "1".into());
    vec![
        Usage::Reglage { reglage: "pile", valeur: valeur(), minimum: minimum(), maximum: None },
        Usage::DejaLance { lien: lien() },
        Usage::LancerDansUneCommande { lien: lien() },
        Usage::CommandesDuServeur { lien: lien() },
        Usage::DejaReclamee { commande: "somme".into(), lien: lien() },
    ]
}

/// One of each variant, with causes that have causes.
fn all() -> Vec<Erreur<String>> {
    let (commande, lien) = (|| Box::from("somme"), || Box::from("local (#1)"));
    let about = About { command: "somme", link: "local (#1)", deadline: Duration::from_secs(1) };
    let mut all = vec![
        Erreur::Refus("its own error".to_owned()),
        about.failed(crate::link::Failure::Stopping),
        about.grace_over(Duration::from_secs(1)).for_command(),
        Erreur::Fermee(Box::new(Fermee {
            commande: Some(commande()),
            lien: lien(),
            raison: RaisonFin::Coupee,
            ici: false,
            texte: "the text of the end".into(),
            a_pu_etre_executee: true,
        })),
        Erreur::Codage(Box::new(Codage {
            commande: commande(),
            lien: lien(),
            what: "an argument",
            verb: "encoded",
            cause: Box::new(Outer(Inner)),
            a_pu_etre_executee: false,
        })),
        Erreur::Distante(Box::new(Distante {
            commande: commande(),
            lien: lien(),
            nature: NatureDistante::Echec,
            texte: "what the peer says".into(),
            empreinte: 0,
            empreintes_acceptees: Box::default(),
            argument_inconnu: None,
            declaree: Declaration::default(),
        })),
        Erreur::Echec(Box::new(Outer(Inner))),
        // An error of the program that was made from one of ours.
        Erreur::Echec(Box::new(Erreur::<Jamais>::Echec(Box::new(Outer(Inner))))),
    ];
    all.extend(setups().into_iter().map(|error| Erreur::Connexion(Box::new(error))));
    all.extend(registrations().into_iter().map(|error| Erreur::Enregistrement(Box::new(error))));
    all.extend(misuses().into_iter().map(|error| Erreur::Usage(Box::new(error))));
    all
}

/// The text of an error and of all its sources.
fn chain(error: &dyn Error) -> Vec<String> {
    let rest = error.source().map(chain).unwrap_or_default();
    std::iter::once(error.to_string()).chain(rest).collect()
}

#[test]
fn a_cause_stands_in_the_text_or_behind_it_and_never_in_both() {
    for error in all() {
        let texts = chain(&error);
        for (at, text) in texts.iter().enumerate() {
            let before = texts.iter().take(at).find(|before| before.contains(text.as_str()));
            assert!(before.is_none(), "{text:?} is said twice: {texts:?}");
        }
        let whole = texts.join(": ");
        for part in ["somme", "the outer cause", "the inner cause"] {
            assert!(whole.matches(part).count() <= 1, "{part:?} is said twice: {whole}");
        }
    }
}

#[test]
fn no_cause_is_lost() {
    for error in all() {
        let has_cause = match &error {
            Erreur::Codage(_) | Erreur::Echec(_) => true,
            Erreur::Connexion(why) => matches!(
                **why,
                EchecConnexion::Ecoute { .. }
                    | EchecConnexion::Connexion { .. }
                    | EchecConnexion::Accueil { .. }
            ),
            _ => false,
        };
        let whole = chain(&error).join(": ");
        assert_eq!(whole.contains("the outer cause"), has_cause, "{whole}");
        assert_eq!(whole.contains("the inner cause"), has_cause, "{whole}");
    }
}
