//! The sending side: the message's struct, how it is written, and how its answer is read.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;

use super::defaults;
use crate::lifetimes;
use crate::model::{Argument, Command, unraw};

/// The struct of the message; its fields are the arguments.
pub(crate) fn twin(command: &Command) -> TokenStream {
    let Command { vis, ident, .. } = command;
    let attrs = &command.forwarded.twin;
    let answer = command.answer_text.as_ref().map(|text| {
        let line = format!("\n\nAnswer: `{text}`.");
        quote!(#[doc = #line])
    });
    let lifetime = borrows(command).then(|| quote!(<'a>));
    let fields = command.arguments().map(|argument| field(argument, vis));
    quote! {
        #(#attrs)*
        #answer
        #vis struct #ident #lifetime { #(#fields)* }
    }
}

fn field(argument: &Argument, vis: &syn::Visibility) -> TokenStream {
    let Argument { ident, name, ty, docs, levels, .. } = argument;
    let ty = lifetimes::with(ty, "'a");
    let default = docs.is_empty().then(|| {
        let text = format!(" The argument `{name}`.");
        quote!(#[doc = #text])
    });
    quote!(#(#levels)* #(#docs)* #default #vis #ident: #ty,)
}

fn borrows(command: &Command) -> bool {
    command.arguments().any(|argument| lifetimes::has_any(&argument.ty))
}

/// The struct's type, with `'_` for its lifetime if it has one.
pub(crate) fn twin_type(command: &Command) -> TokenStream {
    let ident = &command.ident;
    let lifetime = borrows(command).then(|| quote!(<'_>));
    quote!(#ident #lifetime)
}

/// The implementations that write and show the message. `head` is the expression for its head;
/// `check` is run before the fields are written, to check their types.
pub(crate) fn message(command: &Command, head: &TokenStream, check: &TokenStream) -> TokenStream {
    let twin = twin_type(command);
    let fields: Vec<_> = command.arguments().map(|argument| &argument.ident).collect();
    let writes = command.arguments().zip((0..fields.len()).rev());
    let writes = writes.filter(|(argument, _)| !argument.is_stream).map(|(argument, behind)| {
        let field = &argument.ident;
        let write = quote_spanned! {Span::mixed_site()=>
            __cconn::Arg(&self.#field).__cconn_write(__cconn_out)?;
        };
        defaults::write(argument, behind, &write)
    });
    let names = command.arguments().map(|argument| &argument.name);
    let name = unraw(&command.ident);
    let idempotent = command.idempotent.then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn __cconn_idempotente(&self) -> bool {
                true
            }
        }
    });
    let streams = streams(command);
    quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        impl __cconn::Sealed for #twin {}

        #[doc(hidden)]
        impl __cconn::Message for #twin {
            fn entete(&self) -> __cconn::Entete<'_> {
                #head
            }

            fn __cconn_encode<'__cconn>(
                &'__cconn self,
                __cconn_out: &mut __cconn::ArgumentWriter<'__cconn>,
            ) -> __cconn::Result<(), __cconn::ValueError> {
                #check
                #(#writes)*
                __cconn::Ok(())
            }

            #idempotent

            #streams
        }

        #[doc(hidden)]
        impl __cconn::fmt::Debug for #twin {
            fn fmt(&self, __cconn_f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
                __cconn::debug(__cconn_f, #name, &[#((#names, __cconn::Shown(&self.#fields).__cconn_show())),*])
            }
        }
    }
}

/// The method that takes out the arguments which are streams.
fn streams(command: &Command) -> Option<TokenStream> {
    let fields: Vec<_> = command.streams().map(|argument| &argument.ident).collect();
    (!fields.is_empty()).then(|| {
        quote_spanned! {Span::mixed_site()=>
            fn __cconn_flux(&self, __cconn_streams: &mut __cconn::Streams) {
                #(__cconn::Arg(&self.#fields).__cconn_take(__cconn_streams);)*
            }
        }
    })
}

/// The implementation that reads the answer.
pub(crate) fn call(command: &Command) -> TokenStream {
    let answer = command.answer.to_token_stream();
    let twin = twin_type(command);
    let form = quote!(<#answer as __cconn::Returned<{ __CCONN_KIND }>>);
    // An error type that is more private than the command is reported at the answer's type.
    let span = command.answer.span().resolved_at(Span::mixed_site());
    let refusal = quote_spanned!(span=> type Erreur = #form::Error;);
    let fed = command
        .streams()
        .next()
        .map(|_| quote_spanned!(Span::mixed_site()=> const __CCONN_FED: bool = true;));
    quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        impl __cconn::Appel<#form::Value> for #twin {
            #refusal

            #fed

            fn __cconn_decode(
                __cconn_reader: __cconn::AnswerReader<'_>,
            ) -> __cconn::Result<#form::Value, __cconn::ValueError> {
                #form::read(__cconn_reader)
            }
        }
    }
}
