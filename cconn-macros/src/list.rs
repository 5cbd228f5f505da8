//! `commandes![a, module::b]`: a list of commands, found through the types of their messages.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Path, Token};

use crate::errors::Sink;
use crate::model::generated;

/// One command of a list.
pub(crate) struct Listed {
    /// The conditions under which it is one.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) path: Path,
}

/// The macro, after the path of its crate and a semicolon.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let is_semicolon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ';');
    let krate: TokenStream = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    let mut sink = Sink::default();
    let listed = parse(tokens.collect(), &mut sink);
    let built = build(&krate, &quote!(Partout), &listed);
    if sink.is_empty() {
        return built;
    }
    let errors = sink.into_tokens();
    quote!({ #errors #built })
}

/// Reads the list; what is wrong goes into the sink and is left out.
fn parse(tokens: TokenStream, sink: &mut Sink) -> Vec<Listed> {
    let mut listed = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let cfgs = input.call(Attribute::parse_outer)?;
            let entry: Expr = input.parse()?;
            match path(&entry) {
                Some(path) => add(&mut listed, Listed { cfgs, path }, sink),
                None => sink.at(&entry, "a list holds commands: write the path of a function"),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        sink.push(error);
    }
    listed
}

fn path(entry: &Expr) -> Option<Path> {
    match entry {
        Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        Expr::Group(group) => path(&group.expr),
        _ => None,
    }
}

fn add(listed: &mut Vec<Listed>, new: Listed, sink: &mut Sink) {
    let text = |path: &Path| path.to_token_stream().to_string();
    let is_same = |old: &Listed| {
        old.cfgs.is_empty() && new.cfgs.is_empty() && text(&old.path) == text(&new.path)
    };
    if listed.iter().any(is_same) {
        let name = text(&new.path).replace(' ', "");
        sink.at(&new.path, format!("`{name}` is listed twice: remove one"));
    } else {
        listed.push(new);
    }
}

/// The expression that makes the list; each path stands in it once.
pub(crate) fn build(krate: &TokenStream, scope: &TokenStream, listed: &[Listed]) -> TokenStream {
    let count = listed.len();
    let built = Ident::new("list", Span::mixed_site());
    let steps = listed.iter().map(|Listed { cfgs, path }| {
        let path = with_generated_name(path);
        // What is wrong with a command is told at its path.
        let span = path.span().resolved_at(Span::mixed_site());
        quote_spanned! {span=>
            #(#cfgs)* let #built = #built.et::<#path>();
        }
    });
    quote_spanned! {Span::mixed_site()=>
        #krate::__prive::list(const {
            &{
                let #built = #krate::__prive::Constructeur::<#count, #krate::__prive::#scope>::new();
                #(#steps)*
                #built
            }
        })
    }
}

/// The same path, its last name with the span of generated code, which no lint looks at.
fn with_generated_name(path: &Path) -> Path {
    let mut path = path.clone();
    if let Some(last) = path.segments.last_mut() {
        last.ident = generated(&last.ident);
    }
    path
}
