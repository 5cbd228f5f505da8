//! Words of a command line as values of the peer's types.
//!
//! A scalar is written as it is, without the quotes of JSON; a flat struct is `x=1,y=2` and a list
//! of scalars `1,2,3`; everything else is JSON. `@file` takes the value from a file and `-` from
//! the standard input; `@@` stands for a word that begins with `@`, or is `-`.

use std::time::Duration;

use cconn::description::{Champ, Forme, Genre};
use serde_json::{Map, Value};

use super::typed::{Mismatch, Typed, typed};
use super::{DEPTH, Shape, is_unit, is_unnamed};
use crate::reading;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    Word(&'a str),
    File(&'a str),
    Stdin,
}

impl<'a> Source<'a> {
    pub fn of(word: &'a str) -> Self {
        match word.strip_prefix('@') {
            Some(rest) => rest.strip_prefix('@').map_or(Source::File(rest), Source::Word),
            None if word == "-" => Source::Stdin,
            None => Source::Word(word),
        }
    }
}

/// Reads a word, or the file that it names, as a value of this shape. A file or the standard input
/// may bring nothing for no longer than `silence`.
pub fn word(word: &str, shape: Shape<'_>, silence: Duration) -> Result<Typed, Mismatch> {
    let content = match Source::of(word) {
        Source::Word(text) => return read_text(text, shape),
        Source::File(path) => reading::file(path, silence)
            .map_err(|error| refused(format!("the file {path} can't be read: {error}")))?,
        Source::Stdin => reading::stdin(silence)
            .map_err(|error| refused(format!("the standard input can't be read: {error}")))?,
    };
    if *shape.forme == Forme::Octets {
        return Ok(Typed::Bytes(content));
    }
    let text = String::from_utf8(content).map_err(|_| refused("it is not UTF-8".to_owned()))?;
    if *shape.forme == Forme::Texte {
        return Ok(Typed::Text(text));
    }
    // The line break at the end is the file's, not the value's.
    read_text(text.trim_end_matches(['\n', '\r']), shape)
}

/// Reads a text as a value of this shape. One that begins as JSON does and is none is told so, where
/// it does not fit.
fn read_text(text: &str, shape: Shape<'_>) -> Result<Typed, Mismatch> {
    typed(&json(text, shape, DEPTH), shape).map_err(|mismatch| {
        if !text.starts_with(['{', '[', '"']) {
            return mismatch;
        }
        match serde_json::from_str::<Value>(text) {
            Err(error) => refused(format!("it is no JSON: {error}")),
            Ok(_) => mismatch,
        }
    })
}

fn refused(text: String) -> Mismatch {
    Mismatch { path: String::new(), text }
}

/// The JSON that a word means where a value of this shape is wanted. A type may hold itself, so a
/// word may stand for a list in a list in a list; it is followed `depth` deep.
fn json(word: &str, shape: Shape<'_>, depth: usize) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::from(word) };
    let parsed = || serde_json::from_str::<Value>(word).ok();
    let as_text = || Value::from(word);
    match shape.forme {
        Forme::Texte | Forme::Caractere => as_text(),
        Forme::Octets => parsed().filter(Value::is_array).unwrap_or_else(as_text),
        Forme::Facultative(_) if word == "null" => Value::Null,
        Forme::Facultative(part) => json(word, shape.of(part), depth),
        Forme::Suite(part) if !word.starts_with('[') => {
            let part = shape.of(part);
            if word.is_empty() {
                return Value::Array(Vec::new());
            }
            word.split(',').map(|element| json(element.trim(), part, depth)).collect()
        }
        Forme::Tuple(parts) if !parts.is_empty() && !word.starts_with('[') => {
            let words = word.splitn(parts.len(), ',');
            words.zip(parts).map(|(word, part)| json(word.trim(), shape.of(part), depth)).collect()
        }
        _ => match shape.named().map(|named| &named.genre) {
            Some(Genre::Structure(fields)) => structure(word, shape, fields, depth),
            Some(Genre::Enumeration(variants)) => {
                let is_word =
                    variants.iter().any(|variant| is_unit(variant) && variant.nom == word);
                if is_word { as_text() } else { parsed().unwrap_or_else(as_text) }
            }
            _ => parsed().unwrap_or_else(as_text),
        },
    }
}

fn structure(word: &str, shape: Shape<'_>, fields: &[Champ], depth: usize) -> Value {
    match fields {
        [only] if is_unnamed(&only.nom) => return json(word, shape.of(&only.forme), depth),
        [first, ..] if !is_unnamed(&first.nom) && !word.starts_with('{') => {}
        _ => return serde_json::from_str(word).unwrap_or_else(|_| Value::from(word)),
    }
    let mut object = Map::new();
    for part in word.split(',') {
        let Some((name, value)) = part.split_once('=') else { return Value::from(word) };
        let field = fields.iter().find(|field| field.nom == name.trim());
        // A name that is no field is kept, so that it can be told of.
        let value = field.map_or_else(
            || Value::from(value),
            |field| json(value.trim(), shape.of(&field.forme), depth),
        );
        object.insert(name.trim().to_owned(), value);
    }
    Value::Object(object)
}

/// How a value of this shape is written, if it is a struct or an enum, or a list of such.
pub fn form(shape: Shape<'_>) -> Option<String> {
    match shape.forme {
        Forme::Facultative(part) => return form(shape.of(part)),
        Forme::Suite(part) => {
            let part = shape.of(part);
            return Some(format!("`[{}, ..]`", in_json(part)?));
        }
        _ => {}
    }
    let content = shape.content()?;
    match content.named().map(|named| &named.genre) {
        Some(Genre::Structure(fields)) if is_flat(content, fields) => {
            let words: Vec<String> =
                fields.iter().map(|field| format!("{}=..", field.nom)).collect();
            Some(format!("`{}`", words.join(",")))
        }
        Some(Genre::Enumeration(variants)) => {
            let word = variants.iter().find(|variant| is_unit(variant));
            let json = variants.iter().find(|variant| !is_unit(variant));
            let word = word.map(|variant| format!("`{}`", variant.nom));
            let json = json.map(|variant| format!("`{{\"{}\": ..}}`", variant.nom));
            Some([word, json].into_iter().flatten().collect::<Vec<_>>().join(" or "))
        }
        _ => in_json(content).map(|json| format!("`{json}`")),
    }
}

/// The JSON of a struct with names.
fn in_json(shape: Shape<'_>) -> Option<String> {
    let Some(Genre::Structure(fields)) = shape.content()?.named().map(|named| &named.genre) else {
        return None;
    };
    fields.first().filter(|field| !is_unnamed(&field.nom))?;
    let parts: Vec<String> = fields.iter().map(|field| format!("\"{}\": ..", field.nom)).collect();
    Some(format!("{{{}}}", parts.join(", ")))
}

/// Whether a struct has names, and fields none of which is made of parts: a comma ends a field.
fn is_flat(shape: Shape<'_>, fields: &[Champ]) -> bool {
    let is_part = |field: &Champ| {
        let content = shape.of(&field.forme).content();
        let forme = content.map(|content| content.forme);
        let is_made_of_parts = matches!(
            forme,
            None | Some(Forme::Type(_) | Forme::Suite(_) | Forme::Tuple(_) | Forme::Table(..))
        );
        !is_unnamed(&field.nom) && !is_made_of_parts
    };
    !fields.is_empty() && fields.iter().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(10);

    fn value(text: &str, forme: &Forme) -> Result<Typed, String> {
        word(text, Shape::new(forme, &[]), SILENCE).map_err(|error| error.to_string())
    }

    #[test]
    fn scalars_need_no_quotes() {
        assert_eq!(value("12", &Forme::Texte), Ok(Typed::Text("12".to_owned())));
        assert_eq!(value("x", &Forme::Caractere), Ok(Typed::Char('x')));
        assert_eq!(value("true", &Forme::Booleen), Ok(Typed::Bool(true)));
        assert_eq!(value("-0.5", &Forme::F64), Ok(Typed::F64(-0.5)));
        assert_eq!(value("inf", &Forme::F64), Ok(Typed::F64(f64::INFINITY)));
        assert_eq!(value("@@a", &Forme::Texte), Ok(Typed::Text("a".to_owned())));
        assert_eq!(value("@@-", &Forme::Texte), Ok(Typed::Text("-".to_owned())));
        let absent = Forme::Facultative(Box::new(Forme::Texte));
        assert_eq!(value("null", &absent), Ok(Typed::Option(None)));
    }

    #[test]
    fn lists_of_scalars_need_no_brackets() {
        let list = Forme::Suite(Box::new(Forme::Texte));
        let texts = |texts: &[&str]| {
            Ok(Typed::List(texts.iter().map(|text| Typed::Text((*text).to_owned())).collect()))
        };
        assert_eq!(value("a, b", &list), texts(&["a", "b"]));
        assert_eq!(value("", &list), texts(&[]));
        assert_eq!(value(r#"["a,b"]"#, &list), texts(&["a,b"]));
    }

    #[test]
    fn a_word_for_a_type_that_holds_itself_is_refused() {
        let types = crate::value::described::recursive();
        for (at, _) in (0_u32..).zip(&types) {
            let forme = Forme::Type(at);
            for text in ["x", "1,2", "", "[[],[[]]]", "{}", "0=1"] {
                let read = word(text, Shape::new(&forme, &types), SILENCE);
                assert_eq!(read.is_ok(), at == 0 && matches!(text, "" | "[[],[[]]]"), "{text}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_type() {
        let wanted = |text: &str, forme: &Forme| value(text, forme).expect_err("it does not fit");
        assert!(wanted("300", &Forme::U8).contains("300 is out of the range of u8"));
        assert!(wanted("-1", &Forme::U8).contains("out of the range"));
        assert!(wanted("1.5", &Forme::I64).contains("i64 is wanted"));
        assert!(wanted("ab", &Forme::Caractere).contains("char is wanted"));
        assert!(wanted("@/no/such/file", &Forme::Texte).contains("/no/such/file can't be read"));
        let list = Forme::Suite(Box::new(Forme::U8));
        assert!(wanted("1,2,x", &list).contains("at `[2]`"));
    }
}
