//! The parameters that a command is handed besides its arguments: the connection, the server, state
//! and session.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{GenericArgument, Ident, PatType, PathArguments, PathSegment, Type};

use super::parameters::name;
use super::types;
use crate::args::Args;
use crate::ast::Function;
use crate::print;

/// What a parameter is handed, if it is no argument.
#[derive(Clone)]
pub(crate) enum HandedIn {
    /// The connection. The span covers the parameter's type.
    Client(Span),
    /// The server. The span covers the parameter's type.
    Server(Span),
    /// A value that is kept for the commands: the type behind the reference, `Etat<T>` or
    /// `Session<T>`.
    Kept(Box<Type>),
    /// The promise of the answer: the type of the answer, and the parameter's type.
    Promise(Box<Type>, Span),
}

impl HandedIn {
    /// Whether a command can take only one parameter of this kind, and has another one already.
    pub(super) fn is_double(&self, others: &[HandedIn]) -> bool {
        others.iter().any(|other| match (self, other) {
            (HandedIn::Client(_), HandedIn::Client(_))
            | (HandedIn::Server(_), HandedIn::Server(_))
            | (HandedIn::Promise(..), HandedIn::Promise(..)) => true,
            (HandedIn::Kept(one), HandedIn::Kept(two)) => print::ty(one) == print::ty(two),
            _ => false,
        })
    }
}

/// What a parameter receives: as the attribute says, else by the name of its type. `None` for an
/// argument.
pub(super) fn handed_in(args: &Args, typed: &PatType) -> Option<HandedIn> {
    let marked = |marked: &[Ident]| name(&typed.pat).is_some_and(|name| marked.contains(name));
    let span = typed.ty.span();
    if marked(args.client.as_slice()) {
        return Some(HandedIn::Client(span));
    }
    if marked(args.server.as_slice()) {
        return Some(HandedIn::Server(span));
    }
    if let Some(answer) = promised(&typed.ty) {
        return Some(HandedIn::Promise(Box::new(answer.clone()), span));
    }
    let Type::Reference(reference) = types::peel(&typed.ty) else {
        return None;
    };
    let kept = || Some(HandedIn::Kept(reference.elem.clone()));
    if marked(&args.states) {
        return kept();
    }
    let Type::Path(path) = types::peel(&reference.elem) else {
        return None;
    };
    let last = path.path.segments.last().filter(|_| reference.mutability.is_none())?;
    match last.ident.to_string().as_str() {
        "Client" if last.arguments.is_none() => Some(HandedIn::Client(span)),
        "Serveur" if last.arguments.is_none() => Some(HandedIn::Server(span)),
        "Etat" | "Session" if has_one_type(last) => kept(),
        _ => None,
    }
}

/// Whether a parameter would be handed in if its type were not `&mut`.
pub(super) fn is_mutable(typed: &PatType) -> bool {
    let Type::Reference(reference) = types::peel(&typed.ty) else { return false };
    let Type::Path(path) = types::peel(&reference.elem) else { return false };
    let last = path.path.segments.last().filter(|_| reference.mutability.is_some());
    last.is_some_and(|last| (last.ident == "Etat" || last.ident == "Session") && has_one_type(last))
}

/// The type of the answer, if a type is `Promesse<T>`, by whatever path.
fn promised(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = types::peel(ty) else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Promesse")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// Whether a path ends with one type between angle brackets.
fn has_one_type(last: &PathSegment) -> bool {
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return false };
    arguments.args.len() == 1
        && arguments.args.iter().all(|argument| matches!(argument, GenericArgument::Type(_)))
}

/// Whether a function receives the server.
pub(crate) fn takes_server(args: &Args, function: &Function) -> bool {
    function.sig.inputs.iter().any(|input| match input {
        syn::FnArg::Typed(typed) => matches!(handed_in(args, typed), Some(HandedIn::Server(_))),
        syn::FnArg::Receiver(_) => false,
    })
}
