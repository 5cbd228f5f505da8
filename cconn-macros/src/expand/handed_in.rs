//! The values that a function is called with besides its arguments, and the list of those that the
//! program must provide.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;
use syn::Type;
use syn::spanned::Spanned;

use super::declared;
use crate::model::{Command, HandedIn, Parameter};

/// The value of one parameter.
pub(super) fn passed(command: &Command, kind: &HandedIn, context: &Ident) -> TokenStream {
    match kind {
        HandedIn::Client(span) => {
            let span = span.resolved_at(Span::mixed_site());
            quote_spanned!(span=> __cconn::client(#context))
        }
        HandedIn::Server(span) => {
            let span = span.resolved_at(Span::mixed_site());
            quote_spanned!(span=> __cconn::serveur(#context)?)
        }
        HandedIn::Promise(ty, span) => {
            let (span, name) = (span.resolved_at(Span::mixed_site()), declared::name(command));
            quote_spanned!(span=> __cconn::promise::<{ __CCONN_KIND }, #ty>(#context, #name)?)
        }
        HandedIn::Kept(ty) => {
            let (span, make) = (span(ty), make(ty));
            quote_spanned!(span=> __cconn::handed_in::<#ty>(#context, #make)?)
        }
    }
}

/// The list of what the program must provide for the command.
pub(super) fn needs(command: &Command) -> TokenStream {
    let kept = command.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::HandedIn(HandedIn::Kept(ty)) => Some(ty),
        _ => None,
    });
    let needs = kept.map(|ty| {
        let (span, make) = (span(ty), make(ty));
        quote_spanned!(span=> __cconn::Besoin::of::<#ty>(#make))
    });
    quote_spanned!(Span::mixed_site()=> &[#(#needs),*])
}

/// How a value of the type is made where the program provides none.
fn make(ty: &Type) -> TokenStream {
    let span = span(ty);
    quote_spanned! {span=> {
        use __cconn::NotMade as _;
        __cconn::Made::<#ty>::__CCONN_MAKE
    }}
}

fn span(ty: &Type) -> Span {
    ty.span().resolved_at(Span::mixed_site())
}
