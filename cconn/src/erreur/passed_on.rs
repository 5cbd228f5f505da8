//! The text of an error that a command passes on to its caller.
//!
//! A failure may pass through many commands on its way. The text begins with what went wrong and
//! then lists the commands that passed it on, the one nearest to the cause first. Of a long list
//! the middle is left out, so that the text stays short and keeps the cause.

use super::{Erreur, NatureDistante};
use crate::wire::{MAX_TEXT, shorten};

/// Begins the list of commands.
const FIRST: &str = "; passed on by ";
/// Separates two commands of the list.
const NEXT: &str = ", by ";
/// Number of commands named at each end of the list.
const NAMED: usize = 2;
/// The longest name of a command in the list, in bytes.
const MAX_NAME: usize = 80;

/// The text of `error` for the caller of a command that returns it.
pub(crate) fn passed_on(error: &Erreur) -> String {
    match error {
        Erreur::Distante(distante) if distante.nature == NatureDistante::Echec => {
            extend(&distante.texte, &format!("`{}` on {}", distante.commande, distante.lien))
        }
        // The program may have wrapped one of our errors in its own.
        Erreur::Echec(cause) => match cause.downcast_ref::<Erreur>() {
            Some(inner) => passed_on(inner),
            None => cause.to_string(),
        },
        other => other.to_string(),
    }
}

/// The text of a failure with one more command in its list.
fn extend(text: &str, command: &str) -> String {
    let (cause, row) = text.rsplit_once(FIRST).unwrap_or((text, ""));
    let mut row: Vec<&str> = row.split(NEXT).filter(|name| !name.is_empty()).collect();
    let command = shorten(command, MAX_NAME);
    row.push(&command);
    let row = leave_out_middle(&row).join(NEXT);
    let room = MAX_TEXT.saturating_sub(row.len().saturating_add(FIRST.len()));
    format!("{}{FIRST}{}", shorten(cause, room), shorten(&row, MAX_TEXT / 2))
}

/// The two ends of a list, and the number of commands between them.
fn leave_out_middle(row: &[&str]) -> Vec<String> {
    let named = || row.iter().map(|name| (*name).to_owned());
    if row.len() <= 2 * NAMED {
        return named().collect();
    }
    let left_out = row.len().saturating_sub(2 * NAMED);
    // An entry in the middle may itself mean several commands.
    let middle = named().skip(NAMED).take(left_out);
    let count: usize = middle.map(|name| more(&name).unwrap_or(1)).sum();
    let ends = named().take(NAMED).chain([format!("{count} more")]);
    ends.chain(named().skip(row.len().saturating_sub(NAMED))).collect()
}

/// For how many commands an entry of the list counts, if it names none.
fn more(name: &str) -> Option<usize> {
    name.strip_suffix(" more")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::Distante;
    use super::*;
    use crate::forme::Declaration;

    fn remote(texte: &str, commande: &str) -> Erreur {
        Erreur::Distante(Box::new(Distante {
            commande: commande.into(),
            lien: "local (#1)".into(),
            nature: NatureDistante::Echec,
            texte: texte.into(),
            empreinte: 0,
            empreintes_acceptees: Box::default(),
            argument_inconnu: None,
            declaree: Declaration::default(),
        }))
    }

    #[test]
    fn the_cause_comes_first_and_the_middle_is_left_out() {
        let mut text = passed_on(&Erreur::echec("the disk is full"));
        for depth in 0..1000 {
            text = passed_on(&remote(&text, &format!("c{depth}")));
        }
        assert_eq!(
            text,
            "the disk is full; passed on by `c0` on local (#1), by `c1` on local (#1), \
             by 996 more, by `c998` on local (#1), by `c999` on local (#1)"
        );
    }

    #[test]
    fn an_error_that_was_wrapped_is_still_the_same() {
        let inner = remote("why", "a");
        let wrapped = Erreur::echec(Erreur::echec(remote("why", "a")));
        assert_eq!(passed_on(&wrapped), passed_on(&inner));
    }

    #[test]
    fn any_text_keeps_within_the_length() {
        for cause in ["", "x", &"é".repeat(2000), &FIRST.repeat(300), &NEXT.repeat(300)] {
            let mut text = cause.to_owned();
            for _ in 0..40 {
                text = passed_on(&remote(&text, &"long".repeat(300)));
                assert!(text.len() <= MAX_TEXT, "{} bytes: {text}", text.len());
            }
        }
    }

    #[test]
    fn another_failure_is_the_cause() {
        let Erreur::Distante(mut unknown) = remote("", "a") else { panic!("not a remote error") };
        unknown.nature = NatureDistante::Inconnue;
        let text = passed_on(&Erreur::Distante(unknown));
        assert!(text.starts_with("command `a` on local (#1): the peer has no such"), "{text}");
    }
}
