//! A contract as text: sorted, one command a line, then one type a line.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Contrat, mark};
use crate::forme::{Champ, CommandeDecrite, Forme, Genre, TypeNomme, Variante};
use crate::order;

/// The first lines, for whoever opens the file.
const HEAD: &str = "\
# The contract of this program's commands: a test holds the program against it (cconn::essais::contrat).
# A change that is meant is taken over by running that test with CCONN_CONTRAT=ecrire.
# Which changes fail the test: `politique octets`, what changes the bytes or which messages are
# understood; `politique noms`, names of arguments too.
";

/// What the line begins with that says what the file is.
pub(super) const FORMAT: &str = "cconn-contrat 1";

/// Words of shapes, which a type of the program's must not be taken for.
pub(super) const WORDS: [&str; 5] = ["Option", "Vec", "Map", "Flux", "Result"];

#[inline]
pub(super) fn contract(contract: &Contrat) -> String {
    let mut text = format!("{HEAD}{FORMAT}\npolitique {}\n\n", contract.politique.word());
    let types = &*contract.programme.types;
    for command in &contract.programme.commandes {
        line(&mut text, &self::command(command, types));
    }
    let mut named: Vec<&TypeNomme> = types.iter().collect();
    order::sort_by(&mut named, |one, other| one.nom.cmp(&other.nom));
    for one in named {
        line(&mut text, &format!("type {} = {}", type_name(&one.nom), kind(one, types)));
    }
    text
}

/// Adds a line with its mark.
#[inline]
fn line(text: &mut String, line: &str) {
    // Writing to a text can't fail.
    let _ = writeln!(text, "{line} #{:04x}", mark(line));
}

#[inline]
fn command(command: &CommandeDecrite, types: &[TypeNomme]) -> String {
    let mut parts = vec![name(&command.nom).into_owned()];
    match &command.arguments {
        None => parts.push("(?)".to_owned()),
        Some(arguments) => {
            let each = arguments.iter().map(|one| {
                let default = one.defaut.as_ref().map(|text| format!(" = {text:?}"));
                let default = default.unwrap_or_default();
                format!("{}: {}{default}", name(&one.nom), shape(&one.forme, types))
            });
            parts.push(format!("({})", each.collect::<Vec<_>>().join(", ")));
        }
    }
    parts.push(match (&command.reponse, &command.refus) {
        (answer, Some(error)) => {
            format!(" -> Result<{}, {}>", shape(answer, types), shape(error, types))
        }
        (answer, None) if *answer == Forme::Tuple(Vec::new()) => String::new(),
        (answer, None) => format!(" -> {}", shape(answer, types)),
    });
    parts.extend(command.ancien_nom_de.as_ref().map(|present| format!(" = {}", name(present))));
    let prints: Vec<String> = command.empreintes.iter().map(|one| format!("{one:08x}")).collect();
    parts.push(format!(" [{}]", prints.join(" ")));
    let doc: Vec<&str> = command.doc.split_whitespace().collect();
    if !doc.is_empty() {
        parts.push(format!(" // {}", doc.join(" ")));
    }
    parts.concat().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[inline]
fn kind(named: &TypeNomme, types: &[TypeNomme]) -> String {
    let open = if named.ouvert { "open " } else { "" };
    match &named.genre {
        Genre::Structure(all) => format!("{open}{}", fields(all, types)),
        Genre::Enumeration(all) => {
            let variant = |one: &Variante| {
                let added = if one.ajoutee { "+" } else { "" };
                let behind = if one.champs.is_empty() { "" } else { " " };
                let fields =
                    if one.champs.is_empty() { String::new() } else { fields(&one.champs, types) };
                format!("{added}{}{behind}{fields}", name(&one.nom))
            };
            let all: Vec<String> = all.iter().map(variant).collect();
            format!("{open}enum {}", all.join(" | ")).trim_end().to_owned()
        }
        Genre::Autre(number) => format!("{open}?{number}"),
    }
}

#[inline]
fn fields(all: &[Champ], types: &[TypeNomme]) -> String {
    let each = all.iter().map(|field| {
        let default = if field.defaut { "?" } else { "" };
        format!("{}{default}: {}", name(&field.nom), shape(&field.forme, types))
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", all.join(", ")) }
}

/// A shape as it is written in Rust, with the names of types that are no plain words in quotes.
#[inline]
fn shape(forme: &Forme, types: &[TypeNomme]) -> String {
    let part = |one: &Forme| shape(one, types);
    match forme {
        Forme::Opaque(text) if text.is_empty() => "?".to_owned(),
        Forme::Opaque(text) => format!("?{}", name(text)),
        Forme::Autre(number) => format!("?{number}"),
        Forme::Facultative(content) => format!("Option<{}>", part(content)),
        Forme::Suite(element) => format!("Vec<{}>", part(element)),
        Forme::Table(key, value) => format!("Map<{}, {}>", part(key), part(value)),
        Forme::Flux(item, None) => format!("Flux<{}>", part(item)),
        Forme::Flux(item, Some(error)) => format!("Flux<{}, {}>", part(item), part(error)),
        Forme::Tuple(parts) => match parts.as_slice() {
            [] => "()".to_owned(),
            [only] => format!("({},)", part(only)),
            [first, rest @ ..] if rest.iter().all(|one| one == first) => {
                format!("[{}; {}]", part(first), parts.len())
            }
            parts => format!("({})", parts.iter().map(part).collect::<Vec<_>>().join(", ")),
        },
        Forme::Type(index) => {
            let named = usize::try_from(*index).ok().and_then(|index| types.get(index));
            named.map_or("?".into(), |named| type_name(&named.nom)).into_owned()
        }
        simple => simple.simple_name().to_owned(),
    }
}

/// A name as it is if it is a plain word, else in quotes.
#[inline]
fn name(text: &str) -> Cow<'_, str> {
    if is_plain(text) { Cow::Borrowed(text) } else { Cow::Owned(format!("{text:?}")) }
}

/// The name of a type, which must not be taken for a shape.
#[inline]
fn type_name(text: &str) -> Cow<'_, str> {
    let is_taken = WORDS.contains(&text) || Forme::of_simple_name(text).is_some();
    if is_taken { Cow::Owned(format!("{text:?}")) } else { name(text) }
}

#[inline]
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(is_of_word)
}

/// Whether a character may stand in a name without quotes.
#[inline]
pub(super) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '\'')
}
