//! A contract from its text.

use super::write::{FORMAT, WORDS, is_of_word};
use super::{Contrat, ContratIllisible, Politique, mark};
use crate::forme::{
    Argument, Champ, CommandeDecrite, Forme, Genre, Programme, TypeNomme, Variante,
};

/// How deep shapes may be nested, as on the wire.
const DEPTH: usize = 128;

/// How many parts the tuples of one shape may have.
const MOST_PARTS: usize = 1 << 16;

#[inline]
pub(super) fn contract(text: &str) -> Result<Contrat, ContratIllisible> {
    let mut politique = None;
    let mut is_begun = false;
    let mut reading = Types::default();
    let mut commandes = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |texte: String| ContratIllisible {
            ligne: at.saturating_add(1),
            modifiee: false,
            texte,
        };
        if !is_begun {
            is_begun = line == FORMAT;
            if !is_begun {
                return Err(wrong(format!("a contract begins with `{FORMAT}`")));
            }
            continue;
        }
        if politique.is_none() {
            politique = Some(policy(line).ok_or_else(|| {
                wrong("`politique octets` or `politique noms` is wanted here".to_owned())
            })?);
            continue;
        }
        let line =
            unmarked(line).map_err(|texte| ContratIllisible { modifiee: true, ..wrong(texte) })?;
        let mut words = Words { rest: line, parts: 0 };
        match line.strip_prefix("type ") {
            Some(rest) => {
                words.rest = rest;
                reading.define(&mut words).map_err(wrong)?;
            }
            None => commandes.push(command(&mut words, &mut reading).map_err(wrong)?),
        }
    }
    let nothing = |texte: &str| ContratIllisible { ligne: 1, modifiee: false, texte: texte.into() };
    let politique = politique.ok_or_else(|| nothing("the head of the contract is missing"))?;
    let types = reading.finish().map_err(|texte| nothing(&texte))?;
    Ok(Contrat { politique, programme: Programme { format: 1, commandes, types } })
}

#[inline]
fn policy(line: &str) -> Option<Politique> {
    let word = line.strip_prefix("politique ")?.trim();
    [Politique::Octets, Politique::Noms].into_iter().find(|one| one.word() == word)
}

/// The policy in the head of a file, whatever else is wrong with it.
#[inline]
pub(super) fn policy_of(text: &str) -> Option<Politique> {
    text.lines().find_map(policy)
}

/// A line without its mark, if it is as it was written.
#[inline]
fn unmarked(line: &str) -> Result<&str, String> {
    let edited = "it was edited by hand, or by a merge: the mark at its end does not fit it";
    let (content, written) = line.rsplit_once(" #").ok_or(edited)?;
    match u16::from_str_radix(written, 16) {
        Ok(written) if written == mark(content) => Ok(content),
        _ => Err(edited.to_owned()),
    }
}

/// The named types that were met so far, in the order of their numbers.
#[derive(Default)]
struct Types {
    names: Vec<String>,
    defined: Vec<Option<TypeNomme>>,
}

impl Types {
    #[inline]
    fn number(&mut self, name: String) -> u32 {
        let place = self.names.iter().position(|known| *known == name);
        let place = place.unwrap_or_else(|| {
            self.names.push(name);
            self.defined.push(None);
            self.names.len().saturating_sub(1)
        });
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    #[inline]
    fn define(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        let (nom, _) = words.name()?;
        words.expect(" = ")?;
        let ouvert = words.eat("open ");
        let genre = if words.eat("enum") {
            Genre::Enumeration(words.variants(self)?)
        } else if words.eat("?") {
            Genre::Autre(words.number()?)
        } else {
            Genre::Structure(words.fields(self)?)
        };
        words.end()?;
        let number = self.number(nom.clone());
        let slot = usize::try_from(number).ok().and_then(|number| self.defined.get_mut(number));
        match slot {
            Some(slot @ None) => *slot = Some(TypeNomme { nom, ouvert, genre }),
            _ => return Err(format!("the type `{nom}` stands there twice")),
        }
        Ok(())
    }

    #[inline]
    fn finish(self) -> Result<Vec<TypeNomme>, String> {
        let all = self.defined.into_iter().zip(&self.names);
        all.map(|(one, name)| one.ok_or_else(|| format!("the type `{name}` has no line"))).collect()
    }
}

/// What is left of a line.
struct Words<'t> {
    rest: &'t str,
    /// How many parts tuples have had so far.
    parts: usize,
}

#[inline]
fn command(words: &mut Words<'_>, types: &mut Types) -> Result<CommandeDecrite, String> {
    let (nom, _) = words.name()?;
    words.expect("(")?;
    let arguments = if words.eat("?)") { None } else { Some(words.arguments(types)?) };
    let (mut reponse, mut refus) = (Forme::Tuple(Vec::new()), None);
    if words.eat(" -> Result<") {
        reponse = words.shape(types, DEPTH)?;
        words.expect(", ")?;
        refus = Some(words.shape(types, DEPTH)?);
        words.expect(">")?;
    } else if words.eat(" -> ") {
        reponse = words.shape(types, DEPTH)?;
    }
    let ancien_nom_de = if words.eat(" = ") { Some(words.name()?.0) } else { None };
    words.expect(" [")?;
    let (prints, rest) = words.rest.split_once(']').ok_or("`]` is missing")?;
    words.rest = rest;
    let print = |word: &str| {
        u32::from_str_radix(word, 16).map_err(|_| format!("`{word}` is no fingerprint"))
    };
    let empreintes = prints.split_whitespace().map(print).collect::<Result<_, _>>()?;
    let doc = if words.eat(" // ") { std::mem::take(&mut words.rest) } else { "" }.to_owned();
    words.end()?;
    Ok(CommandeDecrite {
        nom,
        doc,
        ancien_nom_de,
        arguments,
        reponse,
        refus,
        empreintes,
        ..CommandeDecrite::default()
    })
}

impl Words<'_> {
    #[inline]
    fn eat(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    #[inline]
    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.eat(text) { Ok(()) } else { Err(self.wanted(&format!("`{text}`"))) }
    }

    #[inline]
    fn wanted(&self, what: &str) -> String {
        let found: String = self.rest.chars().take(20).collect();
        format!("{what} is wanted where `{found}` stands")
    }

    #[inline]
    fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.wanted("the end of the line")) }
    }

    /// A name, and whether it stood in quotes.
    #[inline]
    fn name(&mut self) -> Result<(String, bool), String> {
        if self.rest.starts_with('"') {
            return self.quoted().map(|name| (name, true));
        }
        let end = self.rest.find(|c| !is_of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if word.is_empty() {
            return Err(self.wanted("a name"));
        }
        self.rest = rest;
        Ok((word.to_owned(), false))
    }

    /// A text in quotes, as `Debug` writes it.
    #[inline]
    fn quoted(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    let rest = self.rest.get(at.saturating_add(1)..);
                    self.rest = rest.unwrap_or_default();
                    return Ok(text);
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('n') => text.push('\n'),
                    Some('r') => text.push('\r'),
                    Some('t') => text.push('\t'),
                    Some('0') => text.push('\0'),
                    Some('u') => {
                        let digits: String =
                            chars.by_ref().map(|(_, c)| c).take_while(|c| *c != '}').collect();
                        let digits = digits.trim_start_matches('{');
                        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                        text.push(code.ok_or_else(|| format!("`{digits}` is no character"))?);
                    }
                    Some(c) => text.push(c),
                    None => break,
                },
                c => text.push(c),
            }
        }
        Err("a quote is not closed".to_owned())
    }

    fn number<N: std::str::FromStr>(&mut self) -> Result<N, String> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().map_err(|_| format!("`{digits}` is no number that fits here"))
    }

    #[inline]
    fn arguments(&mut self, types: &mut Types) -> Result<Vec<Argument>, String> {
        let mut all = Vec::new();
        while !self.eat(")") {
            if !all.is_empty() {
                self.expect(", ")?;
            }
            let (nom, _) = self.name()?;
            self.expect(": ")?;
            let forme = self.shape(types, DEPTH)?;
            let defaut = if self.eat(" = ") { Some(self.quoted()?) } else { None };
            all.push(Argument { nom, forme, defaut, doc: String::new() });
        }
        Ok(all)
    }

    #[inline]
    fn fields(&mut self, types: &mut Types) -> Result<Vec<Champ>, String> {
        if self.eat("{}") {
            return Ok(Vec::new());
        }
        self.expect("{ ")?;
        let mut all = Vec::new();
        while !self.eat(" }") {
            if !all.is_empty() {
                self.expect(", ")?;
            }
            let (nom, _) = self.name()?;
            let defaut = self.eat("?");
            self.expect(": ")?;
            all.push(Champ { nom, defaut, forme: self.shape(types, DEPTH)? });
        }
        Ok(all)
    }

    #[inline]
    fn variants(&mut self, types: &mut Types) -> Result<Vec<Variante>, String> {
        let mut all = Vec::new();
        while !self.rest.is_empty() {
            self.expect(if all.is_empty() { " " } else { " | " })?;
            let ajoutee = self.eat("+");
            let (nom, _) = self.name()?;
            let mut champs = Vec::new();
            if self.rest.starts_with(" {") {
                self.expect(" ")?;
                champs = self.fields(types)?;
            }
            all.push(Variante { nom, ajoutee, champs });
        }
        Ok(all)
    }

    #[inline]
    fn shape(&mut self, types: &mut Types, depth: usize) -> Result<Forme, String> {
        let depth = depth.checked_sub(1).ok_or("a shape is nested too deep")?;
        if self.eat("(") {
            return Ok(Forme::Tuple(self.tuple(types, depth)?));
        }
        if self.eat("[") {
            let part = self.shape(types, depth)?;
            self.expect("; ")?;
            let count: usize = self.number()?;
            self.expect("]")?;
            self.count(count)?;
            return Ok(Forme::Tuple(vec![part; count]));
        }
        if self.eat("?") {
            let is_named = self.rest.starts_with(|c| c == '"' || is_of_word(c));
            return Ok(Forme::Opaque(if is_named { self.name()?.0 } else { String::new() }));
        }
        let (word, is_quoted) = self.name()?;
        let simple = Forme::of_simple_name(&word).filter(|_| !is_quoted);
        match simple {
            Some(simple) => Ok(simple),
            None if !is_quoted && WORDS.contains(&&*word) => self.container(&word, types, depth),
            None => Ok(Forme::Type(types.number(word))),
        }
    }

    #[inline]
    fn count(&mut self, parts: usize) -> Result<(), String> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MOST_PARTS { Err("a tuple has too many parts".to_owned()) } else { Ok(()) }
    }

    #[inline]
    fn tuple(&mut self, types: &mut Types, depth: usize) -> Result<Vec<Forme>, String> {
        let mut parts = Vec::new();
        while !self.eat(")") {
            if !parts.is_empty() {
                self.expect(",")?;
                if self.eat(")") {
                    break;
                }
                self.expect(" ")?;
            }
            self.count(1)?;
            parts.push(self.shape(types, depth)?);
        }
        Ok(parts)
    }

    /// What stands in the brackets behind a word.
    #[inline]
    fn container(&mut self, word: &str, types: &mut Types, depth: usize) -> Result<Forme, String> {
        self.expect("<")?;
        let first = Box::new(self.shape(types, depth)?);
        let second = if self.eat(", ") { Some(Box::new(self.shape(types, depth)?)) } else { None };
        self.expect(">")?;
        match (word, second) {
            ("Option", None) => Ok(Forme::Facultative(first)),
            ("Vec", None) => Ok(Forme::suite(*first)),
            ("Map", Some(value)) => Ok(Forme::Table(first, value)),
            ("Flux", error) => Ok(Forme::Flux(first, error)),
            _ => Err(format!("`{word}` has another number of parts")),
        }
    }
}
