//! The qualifiers that a command's function may have, and the names it may have.

use syn::GenericParam;

use crate::ast::Function;
use crate::errors::Sink;

/// Types that every program uses without an import. A message of such a name would hide the type.
const PRIMITIVES: [&str; 17] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16",
    "u32", "u64", "u128", "usize",
];

/// Checks everything but the parameters and the answer.
pub(super) fn check(function: &Function, sink: &mut Sink) {
    let sig = &function.sig;
    if let Some(token) = &sig.asyncness {
        sink.at(
            token,
            "a command is not `async`: remove it; a command may block, on its client's own thread",
        );
    }
    if let syn::Safety::Unsafe(token) = &sig.safety {
        sink.at(token, "a command is not `unsafe`: remove it; a peer can't keep a condition");
    }
    match (&sig.variadic, &sig.abi) {
        (Some(variadic), _) => sink.at(
            &variadic.dots,
            "a command has a fixed number of arguments: take a `Vec<T>` instead",
        ),
        (None, Some(abi)) => sink.at(abi, "a command has no foreign ABI: remove `extern`"),
        (None, None) => {}
    }
    check_generics(function, sink);
    check_name(function, sink);
}

fn check_generics(function: &Function, sink: &mut Sink) {
    let generics = &function.sig.generics;
    let mut params = generics.params.iter();
    if let Some(param) = params.find(|param| !matches!(param, GenericParam::Lifetime(_))) {
        sink.at(param, "a command has no type parameters: write its types out");
    } else if let Some(clause) = &generics.where_clause
        && !clause.predicates.is_empty()
    {
        sink.at(clause, "a command has no `where` clause: remove it");
    }
}

fn check_name(function: &Function, sink: &mut Sink) {
    let ident = &function.sig.ident;
    if PRIMITIVES.iter().any(|primitive| ident == primitive) {
        let text = format!(
            "the message `{ident}` would hide the type `{ident}`: choose another name and write \
             `#[commande(nom = \"{ident}\")]`"
        );
        sink.at(ident, text);
    }
}
