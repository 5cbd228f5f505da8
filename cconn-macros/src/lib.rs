//! The attribute `#[commande]` of cconn; its documentation stands in the crate `cconn`.
//!
//! In stages: `args` and `ast` know syntax only; `model` decides what it means and collects every
//! mistake in a sink of `errors`; `expand` writes out a model without mistakes, `fallback` one
//! with. The entries are plain functions over token streams, so that tests can call them.

mod args;
mod ast;
mod dependency;
mod deprecated;
mod entry;
mod errors;
mod expand;
mod fallback;
mod groups;
mod lifetimes;
mod list;
mod model;
mod module;
mod print;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// See `cconn::commande`.
#[proc_macro_attribute]
pub fn commande(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::command(args.into(), &item.into()).into()
}

/// Lets out the code in the attribute `__cconn_code`, which may use what is deprecated.
#[proc_macro_derive(Code, attributes(__cconn_code))]
pub fn code(item: TokenStream) -> TokenStream {
    deprecated::expand(item.into()).into()
}

/// See `cconn::commandes!`, which puts the path of its crate and a semicolon before the list.
#[proc_macro]
pub fn commandes(list: TokenStream) -> TokenStream {
    entry::list(list.into()).into()
}
