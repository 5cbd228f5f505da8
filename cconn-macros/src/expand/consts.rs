//! What is computed once, at compile time, and the demands on types.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use crate::model::Command;
use crate::{fingerprint, lifetimes};

/// The answer's form, and the head of every message.
pub(super) fn consts(command: &Command) -> TokenStream {
    let kind = kind(command);
    let fingerprint = fingerprint_of(command);
    let signature = command.signature();
    let name = &command.name;
    quote_spanned! {Span::mixed_site()=>
        #kind
        const __CCONN_FINGERPRINT: __cconn::u32 = #fingerprint;
        const __CCONN_HEAD: __cconn::Tete<'static> =
            __cconn::Tete::fixed(#name, __CCONN_FINGERPRINT, #signature);
    }
}

pub(crate) fn kind(command: &Command) -> TokenStream {
    let answer = &command.answer;
    quote_spanned! {Span::mixed_site()=>
        const __CCONN_KIND: __cconn::u8 = __cconn::answer_kind(
            __cconn::AnswerKind::<#answer>::KIND,
            __cconn::Answer::<#answer>::KIND,
        );
    }
}

fn fingerprint_of(command: &Command) -> TokenStream {
    let arguments = command.arguments().map(|argument| {
        let ty = lifetimes::with(&argument.ty, "'static");
        print(&quote!(#ty), fingerprint::of(&argument.ty))
    });
    let answer = &command.answer;
    let (value_name, refusal_name) = answer.as_ref().map(answer_names).unwrap_or_default();
    let part = |part| quote!(<#answer as __cconn::Reponse<{ __CCONN_KIND }>>::#part);
    let value = print(&part(quote!(Valeur)), value_name);
    let refusal = print(&part(quote!(Refus)), refusal_name);
    quote_spanned! {Span::mixed_site()=>
        __cconn::fingerprint(&[#(#arguments),*], #value, #refusal)
    }
}

fn print(ty: &TokenStream, name: u32) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> __cconn::Print::<#ty, #name>::VALUE)
}

/// What stands for the value and the error of an answer whose structure is not known.
fn answer_names(answer: &Type) -> (u32, u32) {
    let whole = fingerprint::of(answer);
    let Type::Path(path) = answer else {
        return (whole, whole);
    };
    let Some(last) = path.path.segments.last() else {
        return (whole, whole);
    };
    if !(last.ident == "Result" || last.ident == "Resultat") {
        return (whole, whole);
    }
    match &fingerprint::types(last)[..] {
        [value] => (fingerprint::of(value), whole),
        [value, refusal] => (fingerprint::of(value), fingerprint::of(inside_erreur(refusal))),
        _ => (whole, whole),
    }
}

/// `E` for `Erreur<E>`, and for `E` itself.
fn inside_erreur(refusal: &Type) -> &Type {
    let Type::Path(path) = refusal else {
        return refusal;
    };
    match path.path.segments.last() {
        Some(last) if last.ident == "Erreur" => {
            fingerprint::types(last).first().copied().unwrap_or(refusal)
        }
        _ => refusal,
    }
}

/// One demand a type, at the type's own place, so that a type that can't cross gives one error.
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
