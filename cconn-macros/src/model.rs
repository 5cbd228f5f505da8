//! What a command means. Every rule is checked here: a `Command` built without a mistake is right.
//!
//! A `Command` built in spite of mistakes is repaired as far as possible, so that the code that
//! uses the command has no errors of its own.

mod aliases;
mod attributes;
mod borrowed;
mod defaults;
mod handed_in;
mod parameters;
mod promise;
mod qualifiers;
mod stream;
mod types;

use proc_macro2::Span;
use quote::quote;
use syn::{Ident, LitStr, Path, ReturnType, Type, Visibility, parse_quote};

use crate::args::Args;
use crate::ast::Function;
use crate::errors::Sink;
use crate::{dependency, print};

pub(crate) use attributes::{Forwarded, conditional, conditions, is_deprecated};
pub(crate) use defaults::Default;
pub(crate) use handed_in::{HandedIn, takes_server};
pub(crate) use parameters::{Argument, Parameter};
pub(crate) use stream::{Stream, kind_of};

/// One command, checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
pub(crate) struct Command {
    /// The path of the runtime crate.
    pub(crate) krate: Path,
    /// The attributes of the function that also go to generated items.
    pub(crate) forwarded: Forwarded,
    pub(crate) vis: Visibility,
    /// The name of the function and of its message, with the span of generated code.
    pub(crate) ident: Ident,
    /// The name on the wire.
    pub(crate) name: LitStr,
    /// Earlier names on the wire.
    pub(crate) aliases: Vec<LitStr>,
    /// The declaration that the command implements; the name on the wire is the declaration's then.
    pub(crate) declared: Option<Path>,
    pub(crate) parallel: bool,
    /// Whether the command may run twice without harm.
    pub(crate) idempotent: bool,
    /// The function that says who may call it.
    pub(crate) guard: Option<Path>,
    /// In the order of the function's parameters.
    pub(crate) parameters: Vec<Parameter>,
    /// The type of the answer as a caller gets it; `None` if it is not allowed.
    pub(crate) answer: Option<Type>,
    /// Whether the function returns a value that borrows, of which `answer` is the owned form.
    pub(crate) lends: bool,
    /// The answer's type for people to read; `None` if the answer is `()`.
    pub(crate) answer_text: Option<String>,
    /// Whether the command leaves its answer to a promise that it is handed.
    pub(crate) promises: bool,
    /// How the command answers with a stream; `None` if it does not.
    pub(crate) stream: Option<Stream>,
    pub(crate) has_body: bool,
}

/// Reads a command from the function under the attribute, and returns it with the function as it is
/// to be written out. The command is `None` if not even its message can be built.
pub(crate) fn build(
    args: &Args,
    mut function: Function,
    sink: &mut Sink,
) -> (Option<Command>, Function) {
    qualifiers::check(&function, sink);
    let krate = args.krate.clone().unwrap_or_else(dependency::path);
    let parameters = parameters::read(args, &krate, &mut function, sink);
    let (returned, promises) = answered(&parameters, &function.sig.output, &krate, sink);
    let (stream, known) = match stream::find(&returned) {
        Some((stream, known)) => (Some(stream), known),
        None => (None, returned.clone()),
    };
    let answer = answer(&returned, known, stream.as_ref(), sink);
    let owned = match (&stream, &answer) {
        (None, Some(ty)) if !promises => borrowed::owned(ty, &krate),
        _ => None,
    };
    let lends = owned.is_some();
    let answer_text = answer.is_some().then(|| print::ty(owned.as_ref().unwrap_or(&returned)));
    let answer_text = answer_text.filter(|text| text != "()");
    let is_method = function.sig.receiver().is_some();
    let mut forwarded = Forwarded::from(&function.attrs, function.body.is_some(), sink);
    for parameter in &parameters {
        if let Parameter::Argument(argument) = parameter {
            forwarded.code.extend(argument.levels.iter().cloned());
        }
    }
    check_declared(args, &function, sink);
    check_guard(args, &function, sink);
    check_idempotent(args, &parameters, sink);
    let ident = &function.sig.ident;
    let name = LitStr::new(&unraw(ident), ident.span());
    let name = args.name.clone().unwrap_or(name);
    let aliases = aliases::checked(&args.aliases, &name, function.body.is_some(), sink);
    let command = Command {
        krate,
        forwarded,
        vis: function.vis.clone(),
        ident: generated(ident),
        name,
        aliases,
        declared: args.declared.clone(),
        parallel: args.parallel.is_some(),
        idempotent: args.idempotent.is_some(),
        guard: args.guard.clone(),
        parameters,
        answer: owned.or(answer),
        lends,
        answer_text,
        promises,
        stream,
        has_body: function.body.is_some(),
    };
    // A message is a struct beside the function, and there can be no struct inside an `impl`.
    (Some(command).filter(|_| !is_method), function)
}

/// Checks that a command which may run twice has no argument that can be sent only once.
fn check_idempotent(args: &Args, parameters: &[Parameter], sink: &mut Sink) {
    let stream = parameters.iter().find_map(|parameter| match parameter {
        Parameter::Argument(argument) if argument.is_stream => Some(argument),
        _ => None,
    });
    if let (Some(word), Some(stream)) = (&args.idempotent, stream) {
        let text = format!(
            "a call with a stream among its arguments is never tried twice, for the items of `{}` \
             are gone: remove `idempotente`",
            stream.name
        );
        sink.at(word, text);
    }
}

/// Checks what `de = path` demands of the function itself; the compiler compares the signatures.
fn check_declared(args: &Args, function: &Function, sink: &mut Sink) {
    let Some(declared) = &args.declared else { return };
    if function.body.is_none() {
        let text = "a function that implements a declaration has a body: write it, or remove `de`";
        sink.at(declared, text);
    }
    if let Some(name) = &args.name {
        sink.at(name, "the name is that of the declaration: remove `nom`, or write it there");
    }
}

/// A guard stands before a command that runs on this side.
fn check_guard(args: &Args, function: &Function, sink: &mut Sink) {
    if let Some(guard) = args.guard.as_ref().filter(|_| function.body.is_none()) {
        let text = "a command without a body is only declared here: give the guard to the function \
                    that has the body";
        sink.at(guard, text);
    }
}

/// The type that the function answers with, and whether it leaves that to a promise.
fn answered(
    parameters: &[Parameter],
    output: &ReturnType,
    krate: &Path,
    sink: &mut Sink,
) -> (Type, bool) {
    match promise::find(parameters) {
        Some(ty) => (promise::answer(ty, output, krate, sink), true),
        None => (returned(output), false),
    }
}

/// The return type as the user wrote it.
fn returned(output: &ReturnType) -> Type {
    match output {
        ReturnType::Default => parse_quote!(()),
        ReturnType::Type(_, ty) => Type::clone(ty),
    }
}

/// The type that a caller knows the answer by; `None` if the answer is not allowed.
fn answer(returned: &Type, known: Type, stream: Option<&Stream>, sink: &mut Sink) -> Option<Type> {
    let fault = match stream {
        Some(Stream::Items { item, status }) => types::fault_in_answer(item)
            .or_else(|| status.as_ref().and_then(|status| types::fault_in_answer(status))),
        Some(Stream::Named) | None => types::fault_in_answer(returned),
    };
    match fault {
        None => Some(known),
        Some(fault) => {
            sink.push(fault);
            None
        }
    }
}

impl Command {
    /// The parameters that are part of the message.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Argument(argument) => Some(argument),
            Parameter::HandedIn(_) => None,
        })
    }

    /// The arguments that are streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Argument> {
        self.arguments().filter(|argument| argument.is_stream)
    }

    /// The command's name, arguments and answer, for people to read.
    pub(crate) fn signature(&self) -> String {
        let arguments = self
            .arguments()
            .map(|argument| format!("{}: {}", argument.name, print::ty(&argument.ty)));
        let arguments = arguments.collect::<Vec<_>>().join(", ");
        let answer =
            self.answer_text.as_ref().map(|text| format!(" -> {text}")).unwrap_or_default();
        format!("{}({arguments}){answer}", self.name.value())
    }
}

/// The identifier's name without `r#`.
pub(crate) fn unraw(ident: &Ident) -> String {
    use syn::ext::IdentExt as _;
    ident.unraw().to_string()
}

/// The hash of a name: FNV-1a, 64 bits. The runtime crate computes the same.
pub(crate) fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// The identifier with the span of generated code, located where the user wrote it. Lints on names
/// then stay silent, even forbidden ones, as they do for the output of any macro.
pub(crate) fn generated(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(ident.span().resolved_at(Span::call_site()));
    ident
}

/// The type that takes the place of a wrong argument type.
fn invalid(krate: &Path) -> Type {
    Type::Verbatim(quote!(#krate::__prive::Invalid))
}
