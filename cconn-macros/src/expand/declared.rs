//! Commands that are declared in one place and implemented in another: what a declaration tells, and
//! how an implementation is compared with it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use super::message::twin_type;
use crate::lifetimes;
use crate::model::{Command, hash};

/// The expression for the command's name on the wire.
pub(super) fn name(command: &Command) -> TokenStream {
    match &command.declared {
        Some(path) => of(path, &quote!(NAME)),
        None => command.name.to_token_stream(),
    }
}

/// The expression for the hash of that name.
pub(super) fn name_hash(command: &Command) -> TokenStream {
    match &command.declared {
        Some(path) => {
            let (span, name) = (span(path), of(path, &quote!(NAME)));
            quote_spanned!(span=> __cconn::hash(#name))
        }
        None => hash(&command.name.value()).into_token_stream(),
    }
}

/// The expression for the signature.
pub(super) fn signature(command: &Command) -> TokenStream {
    match &command.declared {
        Some(path) => of(path, &quote!(SIGNATURE)),
        None => command.signature().into_token_stream(),
    }
}

/// What a command without a body tells those that implement it.
pub(super) fn declaration(command: &Command) -> Option<TokenStream> {
    let answer = command.answer.as_ref().filter(|_| !command.has_body)?;
    let twin = twin_type(command);
    let (name, signature) = (&command.name, command.signature());
    let arguments = command.arguments().map(|argument| &argument.name);
    Some(quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        impl __cconn::Declared for #twin {
            const NAME: &'static __cconn::str = #name;
            const SIGNATURE: &'static __cconn::str = #signature;
            const ARGUMENTS: &'static [&'static __cconn::str] = &[#(#arguments),*];
            type Answer = #answer;
        }
    })
}

/// The comparison with the declaration: each argument at its own type, then the answer, then the
/// order of the arguments.
pub(super) fn check(command: &Command) -> Option<TokenStream> {
    let path = command.declared.as_ref()?;
    let arguments: Vec<_> = command.arguments().collect();
    let fields = arguments.iter().map(|argument| &argument.ident);
    let places: Vec<_> = (0..arguments.len())
        .map(|place| format_ident!("__cconn_d{place}", span = Span::mixed_site()))
        .collect();
    let checks = arguments.iter().zip(&places).map(|(argument, place)| {
        let span = argument.ty.span().resolved_at(Span::mixed_site());
        let ty = lifetimes::with(&argument.ty, "'_");
        quote_spanned!(span=> __cconn::DeclaredArgument::of(&#place).same::<#ty>();)
    });
    let answer = command.answer.as_ref().map(|answer| {
        let span = answer.span().resolved_at(Span::mixed_site());
        let declared = of(path, &quote!(Answer));
        quote_spanned!(span=> __cconn::same_answer::<#declared, #answer>();)
    });
    let names = arguments.iter().map(|argument| &argument.name);
    let (declared, span) = (of(path, &quote!(ARGUMENTS)), span(path));
    let name = crate::model::unraw(&command.ident);
    Some(quote_spanned! {span=>
        const _: fn(#path) = |__cconn_declared| {
            let #path { #(#fields: #places,)* .. } = __cconn_declared;
            #(#checks)*
            #answer
        };
        const _: () = __cconn::check_arguments(#declared, &[#(#names),*], #name);
    })
}

/// What the declaration at `path` tells.
fn of(path: &Path, what: &TokenStream) -> TokenStream {
    let span = span(path);
    quote_spanned!(span=> <#path as __cconn::Declared>::#what)
}

fn span(path: &Path) -> Span {
    path.span().resolved_at(Span::mixed_site())
}
