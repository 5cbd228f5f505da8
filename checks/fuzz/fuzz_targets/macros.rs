//! Any tokens as the input of the macros: no panic, and what they write is Rust.

#![no_main]

use libfuzzer_sys::fuzz_target;
use proc_macro2::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;

use cconn_macros::entry;

/// The macros' crate can only be called by a compiler: its sources are built in here.
#[path = "../../../cconn-macros/src"]
#[allow(dead_code, unused_imports, reason = "only the entry points are called")]
mod cconn_macros {
    pub mod args;
    pub mod ast;
    pub mod dependency;
    pub mod deprecated;
    pub mod entry;
    pub mod errors;
    pub mod expand;
    pub mod fallback;
    pub mod groups;
    pub mod lifetimes;
    pub mod list;
    pub mod model;
    pub mod module;
    pub mod path;
    pub mod print;
    pub mod schema;
}

pub(crate) use cconn_macros::*;

/// Words that commands are written with: any bytes make a token of them.
const WORDS: &[&str] = &[
    "fn",
    "mod",
    "pub",
    "async",
    "unsafe",
    "const",
    "extern",
    "impl",
    "dyn",
    "mut",
    "ref",
    "self",
    "Self",
    "static",
    "where",
    "for",
    "in",
    "crate",
    "super",
    "struct",
    "enum",
    "trait",
    "use",
    "macro_rules",
    "type",
    "return",
    "try",
    "client",
    "serveur",
    "Client",
    "Serveur",
    "Etat",
    "Session",
    "Contexte",
    "Flux",
    "Octets",
    "Option",
    "Vec",
    "Result",
    "Resultat",
    "String",
    "str",
    "u8",
    "i64",
    "usize",
    "Iterator",
    "Item",
    "commande",
    "commandes",
    "cfg",
    "cfg_attr",
    "allow",
    "deprecated",
    "doc",
    "nom",
    "alias",
    "defaut",
    "de",
    "garde",
    "parallele",
    "tests",
    "a",
    "b",
    "std",
    "core",
    "cconn",
    "_",
    "r#fn",
    "r#type",
];
const MARKS: &[char] = &[
    '#', '!', ':', ';', ',', '.', '-', '>', '<', '=', '&', '*', '?', '+', '\'', '|', '$', '@', '/',
];
/// Groups inside groups, at most: a compiler has a limit too.
const DEEPEST: u8 = 24;

fuzz_target!(|data: &[u8]| {
    let Some((how, data)) = data.split_first() else { return };
    let (args, item) = if how % 2 == 0 {
        let Some(parts) = texts(data) else { return };
        parts
    } else {
        let (first, rest) = data.split_at(data.len() / 5);
        (tokens(&mut first.iter(), 0), tokens(&mut rest.iter(), 0))
    };
    match how / 2 % 4 {
        // The crate's own path comes first, which its macro puts there.
        0 => rust(&entry::list(quote!(::cconn; #item))),
        1 => drop(deprecated::expand(item)),
        3 => {
            let written = entry::open_type(item.clone());
            if syn::parse2::<syn::Item>(item).is_ok() {
                rust(&written);
            }
        }
        _ => {
            let written = entry::command(args, &item);
            // What is no item is handed back as it came, behind it the errors.
            if syn::parse2::<syn::Item>(item).is_ok() {
                rust(&written);
            }
        }
    }
});

/// The two texts before and behind a zero byte, as tokens.
fn texts(data: &[u8]) -> Option<(TokenStream, TokenStream)> {
    let text = std::str::from_utf8(data).ok()?;
    let depth = text.bytes().filter(|byte| b"([{<&".contains(byte)).count();
    let (args, item) = text.split_once('\0')?;
    (depth < 200).then_some(())?;
    Some((args.parse().ok()?, item.parse().ok()?))
}

/// Whether it is Rust, as far as tokens tell.
fn rust(written: &TokenStream) {
    let file = syn::parse2::<syn::File>(written.clone());
    let block = || syn::parse2::<syn::Expr>(written.clone());
    assert!(file.is_ok() || block().is_ok(), "no Rust: {written}");
}

fn tokens(bytes: &mut std::slice::Iter<'_, u8>, depth: u8) -> TokenStream {
    let mut tokens = Vec::new();
    while let Some(byte) = bytes.next() {
        let index = usize::from(byte % 64);
        tokens.push(match byte / 64 {
            0 | 1 => word(WORDS[usize::from(byte % 128) % WORDS.len()]),
            2 => {
                let spacing = if index < 32 { Spacing::Joint } else { Spacing::Alone };
                TokenTree::Punct(Punct::new(MARKS[index % MARKS.len()], spacing))
            }
            _ if index < 8 && depth > 0 => return tokens.into_iter().collect(),
            _ if index < 40 && depth < DEEPEST => {
                let delimiter =
                    [Delimiter::Parenthesis, Delimiter::Brace, Delimiter::Bracket, Delimiter::None]
                        [index % 4];
                Group::new(delimiter, tokens_in(bytes, depth)).into()
            }
            _ if index % 2 == 0 => Literal::string("texte").into(),
            _ => Literal::usize_unsuffixed(index).into(),
        });
    }
    tokens.into_iter().collect()
}

fn tokens_in(bytes: &mut std::slice::Iter<'_, u8>, depth: u8) -> TokenStream {
    tokens(bytes, depth + 1)
}

fn word(word: &str) -> TokenTree {
    let at = Span::call_site();
    match word.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, at).into(),
        None => Ident::new(word, at).into(),
    }
}
