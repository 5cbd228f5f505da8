//! The expansion of a command with mistakes: the errors, and enough code that nothing else fails.
//!
//! The user's function is left as it is, so that completion works while it is being written.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::Function;
use crate::errors::Sink;
use crate::expand::{self, message};
use crate::model::{Command, hash};

pub(crate) fn expand(command: Option<&Command>, function: &Function, sink: Sink) -> TokenStream {
    let errors = sink.into_tokens();
    let function = is_accepted(function).then_some(function);
    let command = command.map(stand_in);
    quote!(#function #command #errors)
}

/// Whether the compiler reports no error of its own for the function.
fn is_accepted(function: &Function) -> bool {
    let sig = &function.sig;
    let has_doubles = || {
        let pats = sig.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(quote::ToTokens::to_token_stream(&typed.pat)),
            syn::FnArg::Receiver(_) => None,
        });
        let names: Vec<_> = pats.map(|pat| pat.to_string()).filter(|name| name != "_").collect();
        names.iter().enumerate().any(|(i, name)| names.iter().skip(i + 1).any(|n| n == name))
    };
    let is_free = sig.receiver().is_none() && sig.variadic.is_none();
    function.body.is_some() && is_free && !has_doubles()
}

/// An incomplete message that the compiler accepts wherever the program makes, sends or registers
/// it.
fn stand_in(command: &Command) -> TokenStream {
    let twin = expand::twin(command);
    let name = &command.name;
    let head = quote_spanned! {Span::mixed_site()=>
        const __CCONN_HEAD: __cconn::Entete<'static> = __cconn::Entete::new(#name, 0, "");
    };
    let message =
        message::message(command, &quote_spanned!(Span::mixed_site()=> __CCONN_HEAD), &quote!());
    let call = match &command.answer {
        Some(_) => {
            let (kind, call) = (expand::kind(command), message::call(command));
            quote!(#kind #call)
        }
        None => any_answer(command),
    };
    let registered = command.has_body.then(|| registered(command));
    let rest = expand::wrap(command, &quote!(#head #message #call #registered));
    quote!(#twin #rest)
}

/// Accepts any answer type, for a command whose own answer type is the mistake.
fn any_answer(command: &Command) -> TokenStream {
    let twin = message::twin_type(command);
    quote_spanned! {Span::mixed_site()=>
        impl<T> __cconn::Appel<T> for #twin {
            type Erreur = __cconn::Jamais;

            fn __cconn_decode(_: __cconn::AnswerReader<'_>) -> __cconn::Result<T, __cconn::ValueError> {
                __cconn::invalid()
            }
        }
    }
}

fn registered(command: &Command) -> TokenStream {
    let twin = message::twin_type(command);
    let name = &command.name;
    let hash = hash(&name.value());
    quote_spanned! {Span::mixed_site()=>
        impl __cconn::Commande for #twin {
            type Portee = __cconn::Partout;

            const DESCRIPTION: __cconn::Description =
                __cconn::Description { nom: #name, hash: #hash, ..__cconn::INVALID };
        }
    }
}
