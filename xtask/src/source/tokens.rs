//! What no syntax tree holds: the insides of macros, comments, and files that are no valid Rust.

use std::ops::RangeInclusive;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, Ident, Spacing, TokenStream, TokenTree};

/// Something in a row of tokens that may mean something to a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// `a::b::c`, with its line; never what follows `$` or another `::`.
    Path(Vec<String>, usize),
    /// `.name(`, with its line, and whether it is `self` that stands before.
    Method { name: String, line: usize, of_self: bool },
}

/// The paths and method calls of a macro's tokens.
pub(crate) fn scan(tokens: TokenStream, found: &mut Vec<Found>) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        match tree {
            TokenTree::Group(group) => scan(group.stream(), found),
            TokenTree::Ident(ident) => {
                let line = super::line(ident.span());
                let before = at.checked_sub(1).and_then(|before| punct(&trees, before));
                let is_range = at > 1 && punct(&trees, at - 2) == Some('.');
                if before == Some('.') && !is_range && is_called(&trees, at + 1) {
                    let of_self = at > 1 && is_ident(&trees, at - 2, "self");
                    found.push(Found::Method { name: ident.to_string(), line, of_self });
                } else if !matches!(before, Some('.' | '$' | ':')) || !is_joined(&trees, at) {
                    let path = path(&trees, at);
                    if path.len() > 1 {
                        found.push(Found::Path(path, line));
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether the name at `at` goes on something: a field, a macro's variable, or a longer path.
fn is_joined(trees: &[TokenTree], at: usize) -> bool {
    // One colon alone stands before a type.
    punct(trees, at - 1) != Some(':') || (at > 1 && punct(trees, at - 2) == Some(':'))
}

/// Whether arguments follow, behind a turbofish or not.
fn is_called(trees: &[TokenTree], at: usize) -> bool {
    match trees.get(at) {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        _ => is_path_separator(trees, at) && punct(trees, at + 2) == Some('<'),
    }
}

/// The names that `::` joins, from `at` on.
fn path(trees: &[TokenTree], mut at: usize) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(TokenTree::Ident(ident)) = trees.get(at) {
        names.push(ident.to_string());
        if !is_path_separator(trees, at + 1) {
            break;
        }
        at += 3;
    }
    names
}

fn is_path_separator(trees: &[TokenTree], at: usize) -> bool {
    let joint = matches!(trees.get(at), Some(TokenTree::Punct(p)) if p.spacing() == Spacing::Joint);
    joint && punct(trees, at) == Some(':') && punct(trees, at + 1) == Some(':')
}

fn punct(trees: &[TokenTree], at: usize) -> Option<char> {
    match trees.get(at)? {
        TokenTree::Punct(punct) => Some(punct.as_char()),
        _ => None,
    }
}

fn is_ident(trees: &[TokenTree], at: usize, name: &str) -> bool {
    matches!(trees.get(at), Some(TokenTree::Ident(ident)) if ident == name)
}

/// Hands over each name of the tokens, those inside groups too; a lifetime is none.
pub(crate) fn each_ident(tokens: TokenStream, hand_over: &mut impl FnMut(&Ident)) {
    let mut is_lifetime = false;
    for tree in tokens {
        match &tree {
            TokenTree::Ident(ident) if !is_lifetime => hand_over(ident),
            TokenTree::Group(group) => each_ident(group.stream(), hand_over),
            _ => {}
        }
        is_lifetime = matches!(tree, TokenTree::Punct(mark) if mark.as_char() == '\'');
    }
}

/// What a macro writes, with `crate` for `$crate`.
pub(crate) fn without_dollars(tokens: TokenStream) -> TokenStream {
    let is_kept =
        |tree: &TokenTree| !matches!(tree, TokenTree::Punct(mark) if mark.as_char() == '$');
    let trees = tokens.into_iter().filter(is_kept).map(|tree| match tree {
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), without_dollars(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        other => other,
    });
    trees.collect()
}

/// The names and literals of a file, each with the lines that it covers. Doc comments are none.
///
/// It needs balanced brackets and no more, so that it reads what does not compile too.
pub(crate) fn words(text: &str) -> Vec<(String, RangeInclusive<usize>)> {
    let mut found = Vec::new();
    each_word(lex(text).unwrap_or_default(), &mut found);
    found
}

/// The tokens of a file.
///
/// # Errors
///
/// Where the brackets are not balanced or a string does not end, with the line.
pub(crate) fn lex(text: &str) -> Result<TokenStream, usize> {
    TokenStream::from_str(text).map_err(|error| super::line(error.span()))
}

fn each_word(tokens: TokenStream, found: &mut Vec<(String, RangeInclusive<usize>)>) {
    for_each_with_attributes(tokens, &mut |tree, is_attribute| match tree {
        TokenTree::Group(group) => {
            let is_doc = is_attribute && is_doc(group);
            if !is_doc {
                each_word(group.stream(), found);
            }
        }
        TokenTree::Ident(_) | TokenTree::Literal(_) => {
            let span = tree.span();
            found.push((tree.to_string(), span.start().line..=span.end().line));
        }
        TokenTree::Punct(_) => {}
    });
}

/// The names inside each attribute of a file, with its line.
pub(crate) fn attributes(text: &str) -> Vec<(Vec<String>, usize)> {
    let mut found = Vec::new();
    each_attribute(lex(text).unwrap_or_default(), &mut found);
    found
}

fn each_attribute(tokens: TokenStream, found: &mut Vec<(Vec<String>, usize)>) {
    for_each_with_attributes(tokens, &mut |tree, is_attribute| {
        let TokenTree::Group(group) = tree else { return };
        if is_attribute {
            found.push((super::names(&group.stream()), super::line(group.span())));
        }
        each_attribute(group.stream(), found);
    });
}

/// Hands over each token, and whether it is the brackets of `#[...]` or `#![...]`.
fn for_each_with_attributes(tokens: TokenStream, hand_over: &mut dyn FnMut(&TokenTree, bool)) {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, tree) in trees.iter().enumerate() {
        let is_bracket = matches!(tree, TokenTree::Group(group)
            if group.delimiter() == Delimiter::Bracket);
        let mark = |back| at.checked_sub(back).and_then(|at| punct(&trees, at));
        let is_marked = mark(1) == Some('#') || (mark(1) == Some('!') && mark(2) == Some('#'));
        hand_over(tree, is_bracket && is_marked);
    }
}

/// Whether an attribute is a doc comment, in either form.
fn is_doc(attribute: &Group) -> bool {
    let trees: Vec<TokenTree> = attribute.stream().into_iter().collect();
    is_ident(&trees, 0, "doc") && punct(&trees, 1) == Some('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<String> {
        let mut found = Vec::new();
        scan(TokenStream::from_str(source).expect("it has tokens"), &mut found);
        let text = |found| match found {
            Found::Path(names, line) => format!("{}@{line}", names.join("::")),
            Found::Method { name, line, of_self } => {
                format!("{}.{name}@{line}", if of_self { "self" } else { "" })
            }
        };
        found.into_iter().map(text).collect()
    }

    #[test]
    fn paths_and_calls_inside_macros_are_seen() {
        let source =
            "a, crate::b::C { d: super::e::<crate::f::G>(), h : i::J },\n self.k(l.m::<N>())";
        let wanted = ["crate::b::C@1", "super::e@1", "crate::f::G@1", "i::J@1", "self.k@2", ".m@2"];
        assert_eq!(found(source), wanted);
    }

    #[test]
    fn macro_arguments_and_path_segments_are_no_paths() {
        assert_eq!(found("$crate::a::b <T>::c::d \"crate::e\" 0..f(1) x.y /* self::z */"), [""; 0]);
    }

    fn all_words(source: &str) -> Vec<String> {
        words(source).into_iter().map(|(word, _)| word).collect()
    }

    #[test]
    fn comments_are_no_words_and_strings_are_one() {
        let source = "//! a\n/// b\nfn c() { \"d e\" /* f /* g */ h */ } // i\n#[doc = \"j\"] k";
        assert_eq!(all_words(source), ["fn", "c", "\"d e\"", "k"]);
        let source = r###"r#"d " e"# b"f" br##"g"# h"## 'k' '\'' &'static r#type"###;
        assert_eq!(all_words(source).len(), 7);
        assert_eq!(lex("a\n\"b").err(), Some(2));
        assert!(lex("a {").is_err());
    }

    #[test]
    fn words_know_the_lines_that_they_cover() {
        let found = words("\"a\nb\"\n/* c\n\n*/ d");
        assert_eq!(found[0].1, 1..=2);
        assert_eq!(found[1].1, 5..=5);
    }

    #[test]
    fn attributes_of_every_form_are_seen() {
        let source = "#![a] /// #[b]\n #[c(d)] fn f() { #[e] let x = [g]; } m! { #[h] }";
        let found: Vec<String> = attributes(source).into_iter().map(|(a, _)| a.join(" ")).collect();
        assert_eq!(found, ["a", "doc", "c d", "e", "h"]);
    }
}
