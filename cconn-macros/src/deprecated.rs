//! Generated code that uses what is deprecated, which no level of a lint may forbid it.
//!
//! An `#[allow(deprecated)]` is an error of its own under `#![forbid(warnings)]`. The compiler
//! lets derived code use what is deprecated, so that such code is handed to a derive, in an
//! attribute of the struct beside it, and comes out again with the derive's spans on the names of
//! what is deprecated.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Attribute;
use syn::parse::{ParseStream, Parser};

/// The attributes of a struct beside which `code` comes out, where it may use these names.
pub(crate) fn attributes(prive: &TokenStream, names: &[Ident], code: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #[derive(#prive::Code)]
        #[__cconn_code([#(#names)*] #code)]
    }
}

/// The derive.
pub(crate) fn expand(item: TokenStream) -> TokenStream {
    let parser = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>()?;
        Ok(attrs)
    };
    let attrs = parser.parse2(item).unwrap_or_default().into_iter();
    let attrs = attrs.filter(|attr| attr.path().is_ident("__cconn_code"));
    attrs.filter_map(|attr| Some(code(attr.meta.require_list().ok()?.tokens.clone()))).collect()
}

fn code(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter();
    let names = match tokens.next() {
        Some(TokenTree::Group(names)) => names.stream(),
        other => other.into_token_stream(),
    };
    let names: Vec<_> = names.into_iter().map(|name| name.to_string()).collect();
    allowed(tokens.collect(), &names)
}

fn allowed(tokens: TokenStream, names: &[String]) -> TokenStream {
    let each = |token| match token {
        TokenTree::Group(group) => {
            let mut new = Group::new(group.delimiter(), allowed(group.stream(), names));
            new.set_span(group.span());
            TokenTree::Group(new)
        }
        TokenTree::Ident(mut ident) if names.contains(&ident.to_string()) => {
            ident.set_span(Span::mixed_site().located_at(ident.span()));
            TokenTree::Ident(ident)
        }
        other => other,
    };
    tokens.into_iter().map(each).collect()
}
