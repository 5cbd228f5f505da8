//! `liste`: the commands of a peer, with the types that they use.

use cconn::description::{Champ, CommandeDecrite, Forme, Genre, Programme, TypeNomme, Variante};
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
        let signature = signature(command, programme);
        output::line(&format!("{signature}{}", fingerprint(command)))?;
        for line in command.doc.lines() {
            output::line(&format!("    {}", styled(&harmless(line.trim()), DIM)))?;
        }
    }
    used(&shown, programme)
        .into_iter()
        .try_for_each(|at| output::line(&definition(&programme.types[at], programme)))
}

/// The fingerprint of a call with all arguments; a closure has none.
fn fingerprint(command: &CommandeDecrite) -> String {
    let print = command.arguments.as_ref().and(command.empreintes.first());
    print.map_or_else(String::new, |print| format!("  {}", styled(&format!("{print:08x}"), DIM)))
}

/// A struct or an enum nearly as Rust writes it.
fn definition(named: &TypeNomme, programme: &Programme) -> String {
    let name = styled(&harmless(&named.nom), TYPE);
    let open = if named.ouvert { "open " } else { "" };
    match &named.genre {
        Genre::Structure(parts) => format!("{open}struct {name}{}", fields(parts, programme)),
        Genre::Enumeration(variants) => {
            let variant = |one: &Variante| {
                let added = if one.ajoutee { "+" } else { "" };
                format!("{added}{}{}", harmless(&one.nom), fields(&one.champs, programme))
            };
            let variants: Vec<_> = variants.iter().map(variant).collect();
            format!("{open}enum {name}: {}", variants.join(" | ")).trim_end().to_owned()
        }
        _ => format!("{open}type {name} ?"),
    }
}

/// Fields behind a name: `(A, B)` where they are numbered, `{ a: A }` where they have names, nothing
/// where there are none. A field that may be missing is marked with `?`.
fn fields(fields: &[Champ], programme: &Programme) -> String {
    let shape = |field: &Champ| harmless(&field.forme.texte(&programme.types).to_string());
    let mark = |field: &Champ| if field.defaut { "?" } else { "" };
    let is_numbered = fields.iter().enumerate().all(|(at, field)| field.nom == at.to_string());
    let join =
        |part: &dyn Fn(&Champ) -> String| fields.iter().map(part).collect::<Vec<_>>().join(", ");
    if fields.is_empty() {
        String::new()
    } else if is_numbered {
        format!("({})", join(&|field| format!("{}{}", shape(field), mark(field))))
    } else {
        let named =
            |field: &Champ| format!("{}{}: {}", harmless(&field.nom), mark(field), shape(field));
        format!(" {{ {} }}", join(&named))
    }
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
            let mut named = TypeNomme::default();
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

    #[test]
    fn what_a_peer_calls_its_types_does_not_reach_the_terminal_raw() {
        let mut named = TypeNomme::default();
        (named.nom, named.ouvert) = ("T\x1b[2J".to_owned(), true);
        let programme = Programme::default();
        let shown = |fields: &[&str]| {
            let mut named = named.clone();
            let fields = fields.iter().map(|field| serde_json::from_str(field).unwrap());
            named.genre = Genre::Structure(fields.collect());
            anstream::adapter::strip_str(&definition(&named, &programme)).to_string()
        };
        let name = r"open struct T\u{1b}[2J";
        let field = |name: &str, missing: bool| format!(r#"["{name}", {missing}, [3, [], 0, ""]]"#);
        let (first, other) = (field("0", true), field(r"a\u001b", false));
        let text = shown(&[&first]);
        assert!(text.starts_with(&format!("{name}(")) && text.ends_with("?)"), "{text}");
        let text = shown(&[&first, &other]);
        assert!(text.starts_with(&format!("{name} {{ 0?: ")), "{text}");
        assert!(text.contains(r", a\u{1b}: ") && text.ends_with(" }"), "{text}");
        assert_eq!(shown(&[]), name);
    }
}
