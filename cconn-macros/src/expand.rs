//! Writes out a command that has no mistakes; this can't fail.
//!
//! Beside the function stand a struct of its name, the message, and one anonymous constant with
//! the rest. All names are absolute or carry the macro's own hygiene.

mod consts;
mod handler;
pub(crate) mod message;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::Function;
use crate::model::Command;

pub(crate) use consts::kind;
pub(crate) use message::twin;

/// The function as it is, and what makes a command of it.
pub(crate) fn expand(command: &Command, function: &Function) -> TokenStream {
    let function = function.body.as_ref().map(|_| function);
    let twin = twin(command);
    let consts = consts::consts(command);
    let checks = consts::checks(command);
    let head = quote_spanned! {Span::mixed_site()=>
        __CCONN_HEAD.with(__CCONN_FINGERPRINT.get())
    };
    let check = quote_spanned!(Span::mixed_site()=> __CCONN_FINGERPRINT.check()?;);
    let message = message::message(command, &head, &check);
    let call = message::call(command);
    let registered = handler::registered(command);
    let rest = wrap(command, &quote!(#consts #checks #message #call #registered));
    quote!(#function #twin #rest)
}

/// Puts generated items where no name of theirs is seen.
pub(crate) fn wrap(command: &Command, items: &TokenStream) -> TokenStream {
    let cfgs = &command.forwarded.cfgs;
    let allow = command.forwarded.deprecated.then(|| quote!(#[allow(deprecated)]));
    let krate = &command.krate;
    quote_spanned! {Span::mixed_site()=>
        #(#cfgs)*
        #allow
        const _: () = {
            use #krate::__prive as __cconn;
            use __cconn::{
                PlainByDefault as _, ProbeNothing as _, ReadNever as _, ReadSerde as _,
                ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
                WriteSerde as _,
            };
            #items
        };
    }
}
