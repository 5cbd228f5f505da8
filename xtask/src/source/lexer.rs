//! Splits Rust source into tokens: enough of them to tell code from comments and strings.
//!
//! It never fails: what it does not know it passes on as one-character punctuation.

/// What a token is, as far as the checks care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword, or the raw form of one.
    Word,
    /// A string, character or number, quotes included.
    Literal,
    Lifetime,
    /// `::`, or any other single character.
    Punctuation,
    /// A comment of any form, doc comments included.
    Comment,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    /// The line on which it starts, counted from 1.
    pub(crate) line: usize,
}

impl Token<'_> {
    /// Whether this is that word or punctuation; a literal or comment never is.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Word | Kind::Punctuation) && self.text == text
    }
}

/// All tokens of a file, comments included, white space left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            line += usize::from(first == '\n');
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (kind, length) = next(rest, first);
        let (text, after) = rest.split_at(length);
        found.push(Token { kind, text, line });
        line += text.matches('\n').count();
        rest = after;
    }
    found
}

/// The kind and the length in bytes of the token that `rest` starts with.
fn next(rest: &str, first: char) -> (Kind, usize) {
    if rest.starts_with("//") {
        return (Kind::Comment, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (Kind::Comment, block_comment(rest));
    }
    match first {
        '"' => (Kind::Literal, quoted(rest, '"')),
        '\'' => quote(rest),
        '0'..='9' => (Kind::Literal, word(rest)),
        _ if first == '_' || first.is_alphabetic() => prefixed(rest),
        _ if rest.starts_with("::") => (Kind::Punctuation, 2),
        _ => (Kind::Punctuation, first.len_utf8()),
    }
}

/// A block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// A string or character that starts with `quote` and knows escapes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// What starts with an apostrophe: a character if it also ends with one, else a lifetime.
fn quote(rest: &str) -> (Kind, usize) {
    let mut after = rest.chars().skip(1);
    let (first, second) = (after.next(), after.next());
    if first == Some('\\') || second == Some('\'') {
        (Kind::Literal, quoted(rest, '\''))
    } else {
        (Kind::Lifetime, 1 + word(&rest[1..]))
    }
}

fn word(rest: &str) -> usize {
    rest.find(|c: char| c != '_' && !c.is_alphanumeric()).unwrap_or(rest.len())
}

/// What starts with a letter: a word, a raw word, or a literal with a prefix.
fn prefixed(rest: &str) -> (Kind, usize) {
    let length = word(rest);
    let (prefix, after) = rest.split_at(length);
    let hashes = after.len() - after.trim_start_matches('#').len();
    let is_raw = matches!(prefix, "r" | "br" | "cr");
    if is_raw && after[hashes..].starts_with('"') {
        return (Kind::Literal, length + raw_string(after, hashes));
    }
    match (prefix, after.chars().next()) {
        ("b" | "c", Some('"')) => (Kind::Literal, length + quoted(after, '"')),
        ("b", Some('\'')) => (Kind::Literal, length + quoted(after, '\'')),
        ("r", Some('#')) => (Kind::Word, length + 1 + word(&after[1..])),
        _ => (Kind::Word, length),
    }
}

/// A raw string from its hashes on: it ends with a quote and as many hashes.
fn raw_string(rest: &str, hashes: usize) -> usize {
    let end = format!("\"{}", "#".repeat(hashes));
    let body = hashes + 1;
    rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str, kind: Kind) -> Vec<&str> {
        tokens(source).into_iter().filter(|t| t.kind == kind).map(|t| t.text).collect()
    }

    #[test]
    fn comments_of_every_form_are_told_apart() {
        let source = "a // crate::b\n/* c /* d */ e */ f /// g\n//! h";
        assert_eq!(texts(source, Kind::Word), ["a", "f"]);
        assert_eq!(texts(source, Kind::Comment).len(), 4);
    }

    #[test]
    fn strings_hide_what_they_hold() {
        let source = r###"a "b \" // c" r#"d " e"# b"f" br##"g"# h"## i c"j" 'k' b'l' '\'' "###;
        assert_eq!(texts(source, Kind::Word), ["a", "i"]);
        assert_eq!(texts(source, Kind::Literal).len(), 8);
    }

    #[test]
    fn lifetimes_and_raw_words_are_not_strings() {
        let source = "fn f<'a>(x: &'a str, r#type: u8) -> &'static str { 'outer: loop {} }";
        assert_eq!(texts(source, Kind::Lifetime), ["'a", "'a", "'static", "'outer"]);
        assert!(texts(source, Kind::Word).contains(&"r#type"));
    }

    #[test]
    fn lines_count_through_long_strings_and_comments() {
        let found = tokens("\"a\nb\"\n/* c\n\n*/ d");
        assert_eq!(found.last().map(|t| (t.text, t.line)), Some(("d", 5)));
    }

    #[test]
    fn an_unfinished_file_ends_the_last_token() {
        for source in ["\"a", "r#\"a", "/* a", "'", "'\\", "b'", "r#"] {
            let total: usize = tokens(source).iter().map(|t| t.text.len()).sum();
            assert_eq!(total, source.len(), "{source}");
        }
    }
}
