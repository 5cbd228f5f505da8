//! Types as text, written as a person would write them.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{GenericArgument, PathArguments, Type, TypeReference};

/// The text of a type, without lifetimes other than `'static`.
pub(crate) fn ty(ty: &Type) -> String {
    let mut ty = ty.clone();
    Strip.visit_type_mut(&mut ty);
    let mut text = String::new();
    write(ty.into_token_stream(), &mut text);
    text
}

/// The text of an expression.
pub(crate) fn tokens(expr: &syn::Expr) -> String {
    let mut text = String::new();
    write(expr.to_token_stream(), &mut text);
    text
}

/// Removes every lifetime other than `'static`.
struct Strip;

impl VisitMut for Strip {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        reference.lifetime = None;
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_path_arguments_mut(&mut self, arguments: &mut PathArguments) {
        if let PathArguments::AngleBracketed(list) = arguments {
            let kept = list.args.iter().filter(|arg| !is_lifetime(arg)).cloned().collect();
            list.args = kept;
        }
        visit_mut::visit_path_arguments_mut(self, arguments);
        if matches!(arguments, PathArguments::AngleBracketed(list) if list.args.is_empty()) {
            *arguments = PathArguments::None;
        }
    }
}

fn is_lifetime(argument: &GenericArgument) -> bool {
    matches!(argument, GenericArgument::Lifetime(lifetime) if lifetime.ident != "static")
}

fn write(tokens: TokenStream, text: &mut String) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = delimiters(group.delimiter());
                text.push_str(open);
                write(group.stream(), text);
                text.push_str(close);
            }
            TokenTree::Punct(punct) => {
                let last = tokens.peek().is_none();
                write_punct(punct.as_char(), punct.spacing(), last, text);
            }
            word => write_word(&word.to_string(), text),
        }
    }
}

fn write_word(word: &str, text: &mut String) {
    if text.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        text.push(' ');
    }
    text.push_str(word);
}

fn write_punct(punct: char, spacing: Spacing, last: bool, text: &mut String) {
    match punct {
        ',' | ';' if last => text.push(punct),
        ',' | ';' => text.extend([punct, ' ']),
        '+' | '=' => text.extend([' ', punct, ' ']),
        '-' if spacing == Spacing::Joint => text.push_str(" -"),
        '>' if text.ends_with(" -") => text.push_str("> "),
        _ => text.push(punct),
    }
}

fn delimiters(delimiter: Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    }
}
