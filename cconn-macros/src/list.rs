//! `commandes![a, module::b]`: a list of commands, each found through the type of its message.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, Path, PathSegment, Token};

use crate::errors::Sink;
use crate::model::generated;
use crate::path;

/// One command of a list.
pub(crate) struct Listed {
    /// The `#[cfg]` conditions under which the entry belongs to the list.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) path: Path,
}

/// The expansion of the list. `input` is the path of the runtime crate, a semicolon and the
/// entries.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let mut tokens = input.into_iter();
    let is_semicolon =
        |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ';');
    let krate: TokenStream = tokens.by_ref().take_while(|token| !is_semicolon(token)).collect();
    let mut sink = Sink::default();
    let listed = parse(tokens.collect(), &mut sink);
    let built = build(&krate, &listed);
    if sink.is_empty() {
        return built;
    }
    let errors = sink.into_tokens();
    quote!({ #errors #built })
}

/// Reads the entries. A wrong entry is reported to the sink and left out.
fn parse(tokens: TokenStream, sink: &mut Sink) -> Vec<Listed> {
    let mut listed = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            let cfgs = input.call(Attribute::parse_outer)?;
            let entry: Expr = input.parse()?;
            match named(&entry) {
                Some(path) => match path::command(&path) {
                    Ok(()) => add(&mut listed, Listed { cfgs, path }, sink),
                    Err(error) => sink.push(error),
                },
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

fn named(entry: &Expr) -> Option<Path> {
    match entry {
        Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
        Expr::Group(group) => named(&group.expr),
        _ => None,
    }
}

fn add(listed: &mut Vec<Listed>, new: Listed, sink: &mut Sink) {
    let text = |path: &Path| path.to_token_stream().to_string();
    // Two entries with conditions may exclude each other, so only unconditional ones are compared.
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

/// The expression whose value is the list.
pub(crate) fn build(krate: &TokenStream, listed: &[Listed]) -> TokenStream {
    let prive = quote_spanned!(Span::mixed_site()=> #krate::__prive);
    let entries = listed.iter().map(|Listed { cfgs, path }| {
        let entry = entry_of_path(&prive, path);
        quote!(#(#cfgs)* #entry)
    });
    let table = table(listed.len());
    quote_spanned! {Span::mixed_site()=>
        {
            const __CCONN_COMMANDS: &[#prive::Description] =
                #prive::distinct::<#table>(&[#(#entries),*]);
            #prive::list::<{ #prive::server_only(__CCONN_COMMANDS) }>(__CCONN_COMMANDS)
        }
    }
}

/// The size of a hash table for `count` names: a power of two, at least half of it free.
pub(crate) fn table(count: usize) -> usize {
    count.saturating_mul(2).max(2).next_power_of_two()
}

/// The expression for one entry: the description of the command at `path`.
///
/// A path that begins with `crate`, `self` or `super` is imported under the name `PlainFunction`,
/// together with a type of that name. If the path leads to a function without a message, the name
/// means that type, and the compiler's error says what to write. A path that is looked up from the
/// current scope is not imported: the import would be ambiguous if the command has the name of a
/// crate or of an item further out.
fn entry_of_path(prive: &TokenStream, path: &Path) -> TokenStream {
    let path = with_generated_names(path);
    // Errors in a command's description point at its path in the list.
    let span = path.span().resolved_at(Span::mixed_site());
    let is_certain = |first: &PathSegment| {
        ["crate", "self", "super", "$crate"].iter().any(|word| first.ident == word)
    };
    if !path.segments.first().is_some_and(is_certain) {
        return quote_spanned!(span=> <#path as #prive::Commande>::DESCRIPTION);
    }
    let command = Ident::new("PlainFunction", span);
    quote_spanned! {span=>
        {
            use #prive::absent::*;
            use #path as #command;
            <#command as #prive::Commande>::DESCRIPTION
        }
    }
}

/// The path with generated spans on its names, so that lints ignore them.
fn with_generated_names(path: &Path) -> Path {
    let mut path = path.clone();
    for segment in &mut path.segments {
        if segment.ident != "$crate" {
            segment.ident = generated(&segment.ident);
        }
    }
    path
}
