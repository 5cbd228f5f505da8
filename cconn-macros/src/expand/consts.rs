//! What is computed once, at compile time, and the demands on types.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::lifetimes;
use crate::model::Command;

/// The answer's form, and the head of every message.
pub(super) fn consts(command: &Command) -> TokenStream {
    let kind = kind(command);
    let fingerprint = fingerprint_of(command);
    let signature = command.signature();
    let name = &command.name;
    quote_spanned! {Span::mixed_site()=>
        #kind
        static __CCONN_FINGERPRINT: __cconn::Empreinte = __cconn::Empreinte::new(|| #fingerprint);
        const __CCONN_HEAD: __cconn::Tete<'static> =
            __cconn::Tete::fixed(#name, 0, #signature);
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

/// From the types as the compiler names them: how they are written does not count.
fn fingerprint_of(command: &Command) -> TokenStream {
    let arguments = command.arguments().map(|argument| {
        let ty = lifetimes::with(&argument.ty, "'static");
        print(&quote!(#ty))
    });
    let answer = &command.answer;
    let part = |part| quote!(<#answer as __cconn::Reponse<{ __CCONN_KIND }>>::#part);
    let value = print(&part(quote!(Valeur)));
    let refusal = print(&part(quote!(Refus)));
    quote_spanned! {Span::mixed_site()=>
        __cconn::fingerprint(&[#(#arguments),*], #value, #refusal)
    }
}

fn print(ty: &TokenStream) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> __cconn::print::<#ty>())
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
