//! Writes out a command that has no mistakes; this can't fail.
//!
//! Beside the function stand a struct of its name, the message, and one anonymous constant with
//! the rest. All names are absolute or begin with `__cconn`: whatever else the program has in
//! scope, a trait for all types or a constant with the name of a variable, is not met. So nothing
//! is called as a method but what begins like that, and no variable has another name.

mod consts;
mod handler;
pub(crate) mod message;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::Function;
use crate::deprecated;
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
        __cconn::Tete::with(__CCONN_HEAD, __cconn::Empreinte::get(&__CCONN_FINGERPRINT))
    };
    let check =
        quote_spanned!(Span::mixed_site()=> __cconn::Empreinte::check(&__CCONN_FINGERPRINT)?;);
    let message = message::message(command, &head, &check);
    let call = message::call(command);
    let registered = handler::registered(command);
    let listed = handler::listed(command);
    let rest = wrap(command, &quote!(#listed #consts #checks #message #call #registered));
    if !command.forwarded.deprecated {
        return quote!(#function #twin #rest);
    }
    let krate = &command.krate;
    let prive = quote_spanned!(Span::mixed_site()=> #krate::__prive);
    // The fields of what is deprecated are deprecated too.
    let fields = command.arguments().map(|argument| argument.ident.clone());
    let itself = Ident::new("self", Span::call_site());
    let names: Vec<_> = fields.chain([command.ident.clone(), itself]).collect();
    let rest = deprecated::attributes(&prive, &names, &rest);
    quote!(#function #rest #twin)
}

/// Puts generated items where no name of theirs is seen.
pub(crate) fn wrap(command: &Command, items: &TokenStream) -> TokenStream {
    let attrs = &command.forwarded.code;
    let krate = &command.krate;
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        const _: () = {
            use #krate::__prive as __cconn;
            use __cconn::{
                ByDefault as _, PlainByDefault as _, ProbeNothing as _, ReadNever as _,
                ReadSerde as _,
                ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
                WriteSerde as _,
            };
            #items
        };
    }
}
