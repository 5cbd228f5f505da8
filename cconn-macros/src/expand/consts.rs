//! Constants computed once at compile time, and the checks that types meet the demands on them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::lifetimes;
use crate::model::Command;

/// The kind of the answer, the fingerprint, and the head of every message of this command.
pub(super) fn consts(command: &Command) -> TokenStream {
    let kind = kind(command);
    let fingerprint = fingerprint_of(command);
    let probes = each_type(
        command,
        inside,
        |ty| quote_spanned!(Span::mixed_site()=> __cconn::Probe::<#ty>::__CCONN_FAULT),
    );
    let signature = command.signature();
    let name = &command.name;
    quote_spanned! {Span::mixed_site()=>
        #kind
        static __CCONN_FINGERPRINT: __cconn::Fingerprint =
            __cconn::Fingerprint::new(|| #fingerprint, &[#(#probes),*]);
        const __CCONN_HEAD: __cconn::Entete<'static> =
            __cconn::Entete::fixed(#name, 0, #signature);
    }
}

pub(crate) fn kind(command: &Command) -> TokenStream {
    let answer = &command.answer;
    quote_spanned! {Span::mixed_site()=>
        const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
            __cconn::AnswerKind::<#answer>::__CCONN_KIND,
            __cconn::AnswerProbe::<#answer>::__CCONN_KIND,
        );
    }
}

/// The fingerprint is computed from the types as the compiler names them, so aliases and paths do
/// not matter.
fn fingerprint_of(command: &Command) -> TokenStream {
    let mut types = each_type(
        command,
        |ty| ty,
        |ty| quote_spanned!(Span::mixed_site()=> __cconn::print::<#ty>()),
    );
    let refusal = types.pop();
    let value = types.pop();
    quote_spanned!(Span::mixed_site()=> __cconn::fingerprint(&[#(#types),*], #value, #refusal))
}

/// Applies `what` to the type of each argument, then to the answer's value type, then to its error
/// type. `part` selects the part of an argument's type that is looked at.
fn each_type(
    command: &Command,
    part: fn(&Type) -> &Type,
    what: fn(TokenStream) -> TokenStream,
) -> Vec<TokenStream> {
    let arguments = command.arguments().map(|argument| {
        let ty = lifetimes::with(part(&argument.ty), "'static");
        quote!(#ty)
    });
    let answer = &command.answer;
    let part = |part| quote!(<#answer as __cconn::Returned<{ __CCONN_KIND }>>::#part);
    let answers = [part(quote!(Value)), part(quote!(Error))];
    arguments.chain(answers).map(what).collect()
}

/// The type inside references and slices: serde can read it, though not the reference itself.
fn inside(ty: &Type) -> &Type {
    match ty {
        Type::Reference(reference) => inside(&reference.elem),
        Type::Slice(slice) => inside(&slice.elem),
        Type::Group(group) => inside(&group.elem),
        Type::Paren(paren) => inside(&paren.elem),
        other => other,
    }
}

/// One check for each type, at the type's own span, so that a type that can't cross the wire gives
/// one error, pointing at it.
pub(super) fn checks(command: &Command) -> TokenStream {
    let check = if command.has_body { quote!(check_received) } else { quote!(check_sent) };
    let arguments = command.arguments().map(|argument| {
        let ty = lifetimes::with(&argument.ty, "'_");
        let span = argument.ty.span().resolved_at(Span::mixed_site());
        quote_spanned!(span=> __cconn::#check::<#ty>();)
    });
    let answer = command.answer.as_ref().map(|answer| {
        let span = answer.span().resolved_at(Span::mixed_site());
        quote_spanned!(span=> __cconn::check_answer::<{ __CCONN_KIND }, #answer>();)
    });
    quote_spanned! {Span::mixed_site()=>
        const _: fn() = || {
            #(#arguments)*
            #answer
        };
    }
}
