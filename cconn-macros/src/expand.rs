//! The expansion of a command without mistakes. This stage can't fail.
//!
//! The output holds the function, a struct of the same name (the message), and one anonymous
//! constant with everything else. Every path in it is absolute or begins with `__cconn`, every
//! variable and method too: so whatever the program has in scope, such as a trait for all types or
//! a constant called like a variable, can't interfere.

mod consts;
mod declared;
mod defaults;
mod handed_in;
mod handler;
pub(crate) mod message;
mod signature;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::ast::Function;
use crate::deprecated;
use crate::model::Command;

pub(crate) use consts::kind;
pub(crate) use message::twin;

/// The function as the user wrote it, and the items that make it a command.
pub(crate) fn expand(command: &Command, function: &Function) -> TokenStream {
    let function = function.body.as_ref().map(|_| function);
    let twin = twin(command);
    let consts = consts::consts(command);
    let checks = consts::checks(command);
    let functions = defaults::functions(command);
    let omitted = defaults::omitted(command);
    let head = quote_spanned! {Span::mixed_site()=>
        __cconn::Entete::declared(&__CCONN_SIGNATURE, #omitted)
    };
    let head = match command.stream {
        Some(_) => quote_spanned!(Span::mixed_site()=> __cconn::Entete::streaming(#head)),
        None => head,
    };
    let head = match u8::try_from(command.streams().count()).unwrap_or(u8::MAX) {
        0 => head,
        count => quote_spanned!(Span::mixed_site()=> __cconn::Entete::fed(#head, #count)),
    };
    let check =
        quote_spanned!(Span::mixed_site()=> __cconn::Signature::check(&__CCONN_SIGNATURE)?;);
    let message = message::message(command, &head, &check);
    let call = message::call(command);
    let registered = handler::registered(command);
    let listed = handler::listed(command);
    let (declaration, compared) = (declared::declaration(command), declared::check(command));
    let rest = wrap(
        command,
        &quote!(
            #listed #consts #checks #functions #message #call #registered #declaration #compared
        ),
    );
    if !command.forwarded.deprecated {
        return quote!(#function #twin #rest);
    }
    let krate = &command.krate;
    let prive = quote_spanned!(Span::mixed_site()=> #krate::__prive);
    // The fields of a deprecated struct are deprecated too.
    let fields = command.arguments().map(|argument| argument.ident.clone());
    let itself = Ident::new("self", Span::call_site());
    let names: Vec<_> = fields.chain([command.ident.clone(), itself]).collect();
    let rest = deprecated::attributes(&prive, &names, &rest);
    quote!(#function #rest #twin)
}

/// Puts generated items into an anonymous constant, where the program can't see their names.
pub(crate) fn wrap(command: &Command, items: &TokenStream) -> TokenStream {
    let attrs = &command.forwarded.code;
    let krate = &command.krate;
    quote_spanned! {Span::mixed_site()=>
        #(#attrs)*
        const _: () = {
            use #krate::__prive as __cconn;
            use __cconn::{
                AbsentByDefault as _, ByDefault as _, NeverAbsent as _, PlainByDefault as _, ProbeNothing as _, ReadNever as _,
                ReadSerde as _, OpenNever as _, TakeNever as _,
                ShowDebug as _, ShowNothing as _, ValueByDefault as _, WriteNever as _,
                WriteSerde as _,
            };
            #items
        };
    }
}
