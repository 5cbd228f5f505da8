//! `liste`: the commands of a peer, with the types that they use.

use cconn::description::{CommandeDecrite, Forme, Genre, Programme};
use serde_json::{Value, json};

use crate::arguments::Common;
use crate::failure::Outcome;
use crate::output::{self, DIM, NAME, TYPE, harmless, styled};
use crate::remote::Remote;

pub fn run(address: &str, wanted: Option<&str>, common: &Common) -> Outcome<()> {
    show(&Remote::open(address, common)?, wanted, common)
}

/// Shows the commands of a peer, or one of them.
pub fn show(remote: &Remote, wanted: Option<&str>, common: &Common) -> Outcome<()> {
    let programme = &*remote.programme;
    let shown: Vec<&CommandeDecrite> = match wanted {
        Some(name) => vec![remote.command(name)?],
        None => programme.commandes.iter().collect(),
    };
    if common.json {
        for command in shown {
            output::json(&as_json(command, programme))?;
        }
        return Ok(());
    }
    for command in &shown {
        output::line(&signature(command, programme))?;
        for line in command.doc.lines() {
            output::line(&format!("    {}", styled(&harmless(line.trim()), DIM)))?;
        }
    }
    for at in used(&shown, programme) {
        let named = &programme.types[at];
        let kind = match named.genre {
            Genre::Enumeration(_) => "enum",
            _ => "struct",
        };
        let text = harmless(&named.texte(&programme.types).to_string());
        output::line(&format!("{kind} {} {text}", styled(&harmless(&named.nom), TYPE)))?;
    }
    Ok(())
}

/// The signature in colours.
pub fn signature(command: &CommandeDecrite, programme: &Programme) -> String {
    let name = styled(&harmless(&command.nom), NAME);
    let Some(arguments) = &command.arguments else {
        return format!("{name}(?)  {}", styled("a closure, of which no types are known", DIM));
    };
    let shape = |forme: &Forme| styled(&harmless(&forme.texte(&programme.types).to_string()), TYPE);
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| {
            let default = argument.defaut.as_ref().map(|text| format!(" = {}", harmless(text)));
            let name = harmless(&argument.nom);
            format!("{name}: {}{}", shape(&argument.forme), default.unwrap_or_default())
        })
        .collect();
    let answer = match (&command.reponse, &command.refus) {
        (answer, Some(refusal)) => format!(" -> Result<{}, {}>", shape(answer), shape(refusal)),
        (Forme::Tuple(parts), None) if parts.is_empty() => String::new(),
        (answer, None) => format!(" -> {}", shape(answer)),
    };
    let old = command.ancien_nom_de.as_ref();
    let old =
        old.map(|name| styled(&format!("  deprecated: {} is its name now", harmless(name)), DIM));
    format!("{name}({}){answer}{}", arguments.join(", "), old.unwrap_or_default())
}

/// The places of the named types that these commands use, those inside others too.
fn used(commands: &[&CommandeDecrite], programme: &Programme) -> Vec<usize> {
    let mut found = Vec::new();
    let mut is_found = vec![false; programme.types.len()];
    // The shapes that are still to be looked at, the next one last. A peer's types may be nested as
    // deep as it likes, so they are not followed by calls.
    let mut left: Vec<&Forme> = Vec::new();
    for command in commands.iter().rev() {
        left.extend(&command.refus);
        left.push(&command.reponse);
        left.extend(command.arguments.iter().flatten().rev().map(|argument| &argument.forme));
    }
    while let Some(forme) = left.pop() {
        match forme {
            Forme::Facultative(part) | Forme::Suite(part) => left.push(part),
            Forme::Table(key, value) => left.extend([&**value, &**key]),
            Forme::Tuple(parts) => left.extend(parts.iter().rev()),
            Forme::Flux(item, error) => {
                left.extend(error.as_deref());
                left.push(item);
            }
            Forme::Type(index) => {
                let at = usize::try_from(*index).unwrap_or(usize::MAX);
                let Some(known) = is_found.get_mut(at).filter(|known| !**known) else { continue };
                *known = true;
                found.push(at);
                match &programme.types[at].genre {
                    Genre::Structure(fields) => left.extend(fields.iter().rev().map(|f| &f.forme)),
                    Genre::Enumeration(variants) => {
                        let fields = variants.iter().rev().flat_map(|one| one.champs.iter().rev());
                        left.extend(fields.map(|field| &field.forme));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    found
}

fn as_json(command: &CommandeDecrite, programme: &Programme) -> Value {
    let shape = |forme: &Forme| forme.texte(&programme.types).to_string();
    let arguments = command.arguments.as_ref().map(|arguments| {
        let each = arguments.iter().map(|argument| {
            json!({
                "nom": argument.nom,
                "type": shape(&argument.forme),
                "doc": argument.doc,
                "defaut": argument.defaut,
            })
        });
        each.collect::<Vec<_>>()
    });
    let types: serde_json::Map<String, Value> = used(&[command], programme)
        .into_iter()
        .map(|at| &programme.types[at])
        .map(|named| (named.nom.clone(), Value::from(named.texte(&programme.types).to_string())))
        .collect();
    let fingerprints: Vec<String> =
        command.empreintes.iter().map(|print| format!("{print:08x}")).collect();
    json!({
        "nom": command.nom,
        "doc": command.doc,
        "arguments": arguments,
        "reponse": shape(&command.reponse),
        "flux": matches!(command.reponse, Forme::Flux(..)),
        "refus": command.refus.as_ref().map(shape),
        "empreintes": fingerprints,
        "ancien_nom_de": command.ancien_nom_de,
        "parallele": command.parallele,
        "types": types,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_chain_of_types_is_listed() {
        let mut programme = Programme::default();
        let link = |at: u32| {
            let field = format!(r#"["0", false, [33, [[36, [], {}, ""]], 0, ""]]"#, at + 1);
            let mut named = cconn::description::TypeNomme::default();
            named.genre = Genre::Structure(vec![serde_json::from_str(&field).unwrap()]);
            named
        };
        programme.types = (0..100_000).map(link).collect();
        let mut command = CommandeDecrite::default();
        command.reponse = Forme::Type(0);
        let found = used(&[&command, &command], &programme);
        assert!(found.iter().copied().eq(0..100_000), "in the order of their use, each once");
    }

    #[test]
    fn what_a_peer_calls_its_commands_does_not_reach_the_terminal_raw() {
        let mut argument = cconn::description::Argument::default();
        argument.nom = "a\x1b[2J".to_owned();
        argument.defaut = Some("\u{9b}2J".to_owned());
        argument.forme = Forme::Opaque("T\u{202e}".to_owned());
        let mut command = CommandeDecrite::default();
        command.nom = "x\x1b]0;title\x07".to_owned();
        command.arguments = Some(vec![argument]);
        command.ancien_nom_de = Some("\r".to_owned());
        let styled = signature(&command, &Programme::default());
        let text = anstream::adapter::strip_str(&styled).to_string();
        assert!(text.starts_with(r"x\u{1b}]0;title\u{7}("), "{text}");
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}
