//! Generated code that uses deprecated items without a warning, whatever lint levels the user sets.
//!
//! Generated code can't simply say `#[allow(deprecated)]`: under `#![forbid(warnings)]` that is an
//! error itself. But the compiler lets code from a derive use deprecated items. So the code is put
//! into an attribute of the struct beside it; the struct derives `Code`, whose expansion is that
//! code, with the derive's span on the names of the deprecated items.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Attribute;
use syn::parse::{ParseStream, Parser};

/// Attributes for a struct. They expand to `code`, in which the items called `names` may be
/// deprecated.
pub(crate) fn attributes(prive: &TokenStream, names: &[Ident], code: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        #[derive(#prive::Code)]
        #[__cconn_code([#(#names)*] #code)]
    }
}

/// The expansion of the derive `Code`: the code in the struct's attributes.
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
            // The new span keeps its line, so that errors still point at the user's code.
            ident.set_span(Span::mixed_site().located_at(ident.span()));
            TokenTree::Ident(ident)
        }
        other => other,
    };
    tokens.into_iter().map(each).collect()
}
