//! The macros of cconn: the attribute `#[commande]` and the list `commandes!`. The crate `cconn`
//! documents them.
//!
//! An expansion goes through stages. `args` and `ast` know syntax only; `model` decides what the
//! syntax means and collects every mistake in a sink of `errors`; then `expand` writes out a
//! command without mistakes, or `fallback` a command with mistakes. The entry points are plain
//! functions over token streams, so that tests can call them.

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
mod path;
mod print;
mod schema;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// See `cconn::commande`.
#[proc_macro_attribute]
pub fn commande(args: TokenStream, item: TokenStream) -> TokenStream {
    entry::command(args.into(), &item.into()).into()
}

/// The derive that hands out the code in its attribute `__cconn_code`: derived code may use
/// deprecated items (see `deprecated`).
#[proc_macro_derive(Code, attributes(__cconn_code))]
pub fn code(item: TokenStream) -> TokenStream {
    deprecated::expand(item.into()).into()
}

/// See `cconn::Schema`.
#[proc_macro_derive(Schema, attributes(schema, serde))]
pub fn schema(item: TokenStream) -> TokenStream {
    entry::open_type(item.into()).into()
}

/// See the macro `commandes!` of `cconn`, which passes the crate's path and a semicolon before the
/// list.
#[proc_macro]
pub fn commandes(list: TokenStream) -> TokenStream {
    entry::list(list.into()).into()
}
