//! `liste`: the commands of a peer, with the types that they use.

use cconn::description::{CommandeDecrite, Forme, Genre, Programme};
use serde_json::{Value, json};

use crate::arguments::Common;
use crate::failure::Outcome;
use crate::output::{self, DIM, NAME, TYPE, styled};
use crate::remote::Remote;

pub fn run(address: &str, wanted: Option<&str>, common: &Common) -> Outcome<()> {
    let remote = Remote::open(address, common)?;
    let programme = &*remote.programme;
    let shown: Vec<&CommandeDecrite> = match wanted {
        Some(name) => vec![remote.command(name)?],
        None => programme.commandes.iter().collect(),
    };
    if common.json {
        for command in shown {
            output::line(&as_json(command, programme).to_string())?;
        }
        return Ok(());
    }
    for command in &shown {
        output::line(&signature(command, programme))?;
        for line in command.doc.lines() {
            output::line(&format!("    {}", styled(line.trim(), DIM)))?;
        }
    }
    for at in used(&shown, programme) {
        let named = &programme.types[at];
        let kind = match named.genre {
            Genre::Enumeration(_) => "enum",
            _ => "struct",
        };
        let text = named.texte(&programme.types).to_string();
        output::line(&format!("{kind} {} {text}", styled(&named.nom, TYPE)))?;
    }
    Ok(())
}

/// The signature in colours.
pub fn signature(command: &CommandeDecrite, programme: &Programme) -> String {
    let name = styled(&command.nom, NAME);
    let Some(arguments) = &command.arguments else {
        return format!("{name}(?)  {}", styled("a closure, of which no types are known", DIM));
    };
    let shape = |forme: &Forme| styled(&forme.texte(&programme.types).to_string(), TYPE);
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| {
            let default = argument.defaut.as_ref().map(|text| format!(" = {text}"));
            format!("{}: {}{}", argument.nom, shape(&argument.forme), default.unwrap_or_default())
        })
        .collect();
    let answer = match (&command.reponse, &command.refus) {
        (answer, Some(refusal)) => format!(" -> Result<{}, {}>", shape(answer), shape(refusal)),
        (Forme::Tuple(parts), None) if parts.is_empty() => String::new(),
        (answer, None) => format!(" -> {}", shape(answer)),
    };
    let old = command.ancien_nom_de.as_ref();
    let old = old.map(|name| styled(&format!("  deprecated: {name} is its name now"), DIM));
    format!("{name}({}){answer}{}", arguments.join(", "), old.unwrap_or_default())
}

/// The places of the named types that these commands use, those inside others too.
fn used(commands: &[&CommandeDecrite], programme: &Programme) -> Vec<usize> {
    let mut found = Vec::new();
    for command in commands {
        let arguments = command.arguments.iter().flatten().map(|argument| &argument.forme);
        for forme in arguments.chain([&command.reponse]).chain(&command.refus) {
            collect(forme, programme, &mut found);
        }
    }
    found
}

fn collect(forme: &Forme, programme: &Programme, found: &mut Vec<usize>) {
    match forme {
        Forme::Facultative(part) | Forme::Suite(part) => collect(part, programme, found),
        Forme::Table(key, value) => {
            collect(key, programme, found);
            collect(value, programme, found);
        }
        Forme::Tuple(parts) => parts.iter().for_each(|part| collect(part, programme, found)),
        Forme::Type(index) => {
            let at = usize::try_from(*index).unwrap_or(usize::MAX);
            let Some(named) = programme.types.get(at).filter(|_| !found.contains(&at)) else {
                return;
            };
            found.push(at);
            let fields: Vec<&Forme> = match &named.genre {
                Genre::Structure(fields) => fields.iter().map(|field| &field.forme).collect(),
                Genre::Enumeration(variants) => variants
                    .iter()
                    .flat_map(|variant| variant.champs.iter().map(|field| &field.forme))
                    .collect(),
                _ => Vec::new(),
            };
            for field in fields {
                collect(field, programme, found);
            }
        }
        _ => {}
    }
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
        "refus": command.refus.as_ref().map(shape),
        "empreintes": fingerprints,
        "ancien_nom_de": command.ancien_nom_de,
        "parallele": command.parallele,
        "types": types,
    })
}
