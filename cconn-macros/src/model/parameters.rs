//! The parameters of a command: those that are handed in, and those that are arguments of the
//! message.

use std::collections::HashSet;
use std::slice;

use syn::{Attribute, FnArg, Ident, Meta, Pat, PatType, Path, Type};

use super::attributes::{conditional, conditions, levels};
use super::defaults::{self, Default};
use super::handed_in::{HandedIn, handed_in, is_mutable};
use super::{generated, invalid, stream, types, unraw};
use crate::args::Args;
use crate::ast::Function;
use crate::errors::Sink;

/// One parameter of the function.
#[expect(clippy::large_enum_variant, reason = "most of them are arguments")]
pub(crate) enum Parameter {
    /// Receives the connection, the server, or what is kept for the commands.
    HandedIn(HandedIn),
    /// An argument, sent as part of the message.
    Argument(Argument),
}

/// One argument of the message.
pub(crate) struct Argument {
    pub(crate) ident: Ident,
    /// The name without `r#`, for people to read.
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// Doc comments, which are moved to the message's field.
    pub(crate) docs: Vec<Attribute>,
    /// Lint levels, which are copied to the message's field.
    pub(crate) levels: Vec<Attribute>,
    /// The argument's value where a message comes without it.
    pub(crate) default: Option<Default>,
    /// Whether the argument is a stream: it takes no bytes of the message.
    pub(crate) is_stream: bool,
}

/// Reads the parameters. Doc comments are taken from the function, because parameters can't have
/// them.
pub(super) fn read(
    args: &Args,
    krate: &Path,
    function: &mut Function,
    sink: &mut Sink,
) -> Vec<Parameter> {
    check_marked(args, function, sink);
    let mut reading = Reading { args, krate, sink, seen: HashSet::new(), handed_in: Vec::new() };
    let mut parameters = Vec::new();
    for input in &mut function.sig.inputs {
        match input {
            FnArg::Receiver(receiver) => reading.sink.at(
                receiver,
                "a command is a free function without `self`: put it outside the `impl`, and take \
                 `client: &Client` where it needs its connection",
            ),
            FnArg::Typed(typed) => {
                parameters.extend(reading.parameter(typed, function.body.is_some()));
            }
        }
    }
    defaults::settle(&mut parameters, sink);
    for parameter in &mut parameters {
        repair(parameter, krate, function);
    }
    parameters
}

/// Checks that the parameters that the attribute names exist.
fn check_marked(args: &Args, function: &Function, sink: &mut Sink) {
    for marked in args.client.iter().chain(&args.server).chain(&args.states) {
        let has = |input: &FnArg| match input {
            FnArg::Typed(typed) => name(&typed.pat).is_some_and(|ident| ident == marked),
            FnArg::Receiver(_) => false,
        };
        if !function.sig.inputs.iter().any(has) {
            sink.at(marked, format!("there is no parameter `{marked}`: write the name of one"));
        }
    }
}

/// Replaces the type of an argument that mentions a type parameter. The mistake has been reported
/// already, and the message, which has no type parameters, could not name the type.
fn repair(parameter: &mut Parameter, krate: &Path, function: &Function) {
    if let Parameter::Argument(argument) = parameter
        && types::mentions(&argument.ty, &function.sig.generics)
    {
        argument.ty = invalid(krate);
    }
}

struct Reading<'r> {
    args: &'r Args,
    krate: &'r Path,
    sink: &'r mut Sink,
    seen: HashSet<Ident>,
    handed_in: Vec<HandedIn>,
}

impl Reading<'_> {
    fn parameter(&mut self, typed: &mut PatType, has_body: bool) -> Option<Parameter> {
        let attrs = self.attributes(typed);
        let default = defaults::take(&mut typed.attrs, self.sink);
        match handed_in(self.args, typed) {
            Some(kind) => {
                defaults::refuse(default.as_ref(), self.sink);
                self.check_handed_in(&kind, typed, has_body);
                Some(Parameter::HandedIn(kind))
            }
            None => self.argument(typed, attrs, default).map(Parameter::Argument),
        }
    }

    /// Takes the doc comments from a parameter: rustc allows them on fields only.
    fn attributes(&mut self, typed: &mut PatType) -> Vec<Attribute> {
        let attrs = std::mem::take(&mut typed.attrs);
        let (docs, others): (Vec<_>, Vec<_>) = attrs.into_iter().partition(is_doc);
        let is_condition = |attr: &&Attribute| !conditions(slice::from_ref(attr)).is_empty();
        if let Some(attr) = others.iter().find(is_condition) {
            self.sink.at(attr, "an argument can't depend on a `cfg`: write two commands");
        }
        typed.attrs = others;
        docs
    }

    fn check_handed_in(&mut self, kind: &HandedIn, typed: &PatType, has_body: bool) {
        let ty = crate::print::ty(&typed.ty);
        if kind.is_double(&self.handed_in) {
            self.sink.at(typed, format!("a command takes one `{ty}`: remove this parameter"));
        } else if let (false, HandedIn::Promise(answer, _)) = (has_body, kind) {
            let answer = crate::print::ty(answer);
            let text = format!(
                "a command without a body is only declared, and its callers know of no promise: \
                 write `-> {answer}` instead"
            );
            self.sink.at(typed, text);
        } else if !has_body {
            let text = format!(
                "a command without a body is only declared, and `{ty}` is not sent: remove it"
            );
            self.sink.at(typed, text);
        }
        self.handed_in.push(kind.clone());
    }

    fn argument(
        &mut self,
        typed: &PatType,
        docs: Vec<Attribute>,
        default: Option<Default>,
    ) -> Option<Argument> {
        let Some(ident) = name(&typed.pat) else {
            self.sink.at(
                &typed.pat,
                "an argument has a name, which is that of the message's field: write \
                 `name: Type`, and take it apart in the body",
            );
            return None;
        };
        if !self.seen.insert(ident.clone()) {
            self.sink.at(ident, format!("there are two arguments `{ident}`: rename one"));
            return None;
        }
        let fault = if is_mutable(typed) {
            let text = "commands share it, so it can't be `&mut`: write `&`, and keep what changes \
                        in a lock or an atomic";
            Some(syn::Error::new_spanned(&typed.ty, text))
        } else {
            types::fault_in_argument(&typed.ty)
        };
        let ty = match fault {
            None => Type::clone(&typed.ty),
            Some(fault) => {
                self.sink.push(fault);
                invalid(self.krate)
            }
        };
        let levels = levels(&typed.attrs);
        let is_stream = stream::is_named(&ty);
        let (ident, name) = (generated(ident), unraw(ident));
        let default = if is_stream { self.undefaulted(default) } else { default };
        Some(Argument { ident, name, ty, docs, levels, default, is_stream })
    }
}

impl Reading<'_> {
    /// Refuses the default of an argument that is a stream.
    fn undefaulted(&mut self, default: Option<Default>) -> Option<Default> {
        if let Some(Default::Given(given)) = default {
            self.sink.at(
                &given.1,
                "a stream has no default: its items come behind the message; remove this",
            );
        }
        None
    }
}

/// Whether an attribute holds documentation only, conditional or not.
fn is_doc(attr: &Attribute) -> bool {
    if !attr.path().is_ident("cfg_attr") {
        return attr.path().is_ident("doc");
    }
    let is_doc = |meta: &Meta| meta.path().is_ident("doc");
    conditional(&attr.meta).is_ok_and(|(_, metas)| metas.iter().all(is_doc))
}

/// The name of a parameter, if its pattern is a plain name.
pub(super) fn name(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => Some(&pat.ident),
        _ => None,
    }
}
