//! Defaults of arguments: `#[defaut(expression)]`, or an `Option` at the end.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Attribute, Expr, Meta, Type};

use super::types::peel;
use super::{Argument, Parameter};
use crate::errors::Sink;
use crate::print;

/// The value of an argument that a message comes without.
pub(crate) enum Default {
    /// What `#[defaut(..)]` says.
    Given(Box<(Expr, Attribute)>),
    /// `None`: the argument's type is written as an `Option`.
    Absent,
}

impl Default {
    /// The default as it is written.
    pub(crate) fn text(&self) -> String {
        match self {
            Default::Given(given) => print::tokens(&given.0),
            Default::Absent => "None".to_owned(),
        }
    }
}

/// Takes `#[defaut(..)]` out of the attributes of a parameter.
pub(super) fn take(attrs: &mut Vec<Attribute>, sink: &mut Sink) -> Option<Default> {
    let is_default =
        |attr: &Attribute| ["defaut", "default"].iter().any(|name| attr.path().is_ident(name));
    let (defaults, others): (Vec<_>, Vec<_>) = attrs.drain(..).partition(is_default);
    *attrs = others;
    let mut defaults = defaults.into_iter();
    let first = defaults.next()?;
    if let Some(second) = defaults.next() {
        sink.at(&second, "an argument has one default: remove this one");
    }
    if !first.path().is_ident("defaut") {
        sink.at(&first, "did you mean `#[defaut(expression)]`?");
        return None;
    }
    match parsed(&first) {
        Ok(expr) => Some(Default::Given(Box::new((expr, first)))),
        Err(error) => {
            sink.push(error);
            None
        }
    }
}

fn parsed(attr: &Attribute) -> syn::Result<Expr> {
    const FORM: &str = "write `#[defaut(expression)]`: the value of the argument where a message \
                        comes without it";
    let tokens = match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => list.tokens.clone(),
        _ => return Err(syn::Error::new_spanned(attr, FORM)),
    };
    let parser = |input: syn::parse::ParseStream<'_>| input.parse::<Expr>();
    let parse = |tokens: TokenStream| parser.parse2(tokens);
    parse(tokens).map_err(|error| syn::Error::new(error.span(), FORM))
}

/// Reports a default of a parameter that is not part of the message.
pub(super) fn refuse(default: Option<&Default>, sink: &mut Sink) {
    if let Some(Default::Given(given)) = default {
        sink.at(
            &given.1,
            "this parameter is handed in and not sent, so it has no default: remove this",
        );
    }
}

/// Gives options at the end their default, and checks that nothing without a default stands behind
/// an argument that has one.
pub(super) fn settle(parameters: &mut [Parameter], sink: &mut Sink) {
    let arguments = parameters.iter_mut().filter_map(|parameter| match parameter {
        Parameter::Argument(argument) => Some(argument),
        Parameter::HandedIn(_) => None,
    });
    let mut without: Option<String> = None;
    let arguments: Vec<&mut Argument> = arguments.collect();
    for argument in arguments.into_iter().rev() {
        match (&argument.default, &without) {
            (Some(Default::Given(given)), Some(behind)) => {
                let text = format!(
                    "only arguments at the end can be left out: move `{}` behind `{behind}`, or \
                     give `{behind}` a default too",
                    argument.name
                );
                sink.at(&given.1, text);
                argument.default = None;
            }
            (None, None) if is_option(&argument.ty) => argument.default = Some(Default::Absent),
            (None, None) => without = Some(argument.name.clone()),
            _ => {}
        }
    }
}

/// Whether a type is written as an `Option`.
fn is_option(ty: &Type) -> bool {
    match peel(ty) {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident == "Option" && !last.arguments.is_none()),
        _ => false,
    }
}
