//! Constants computed once at compile time, and the checks that types meet the demands on them.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::signature;
use crate::lifetimes;
use crate::model::{Command, kind_of};

/// The kind of the answer, and the signature of the command.
pub(super) fn consts(command: &Command) -> TokenStream {
    let kind = kind(command);
    let signature = signature::signature(command);
    quote!(#kind #signature)
}

pub(crate) fn kind(command: &Command) -> TokenStream {
    let answer = command.answer.clone().unwrap_or_else(|| Type::Verbatim(TokenStream::new()));
    let kind = kind_of(&answer);
    quote_spanned! {Span::mixed_site()=>
        const __CCONN_KIND: __cconn::u8 = #kind;
    }
}

/// One check for each type, at the type's own span, so that a type that can't cross the wire gives
/// one error, pointing at it.
pub(super) fn checks(command: &Command) -> TokenStream {
    let check = if command.has_body { quote!(check_received) } else { quote!(check_sent) };
    let arguments = command.arguments().map(|argument| {
        let ty = lifetimes::with(&argument.ty, "'_");
        let span = argument.ty.span().resolved_at(Span::mixed_site());
        if argument.is_stream {
            return quote_spanned!(span=> __cconn::check_fed::<#ty>(););
        }
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
