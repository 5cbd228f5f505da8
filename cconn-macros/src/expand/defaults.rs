//! Arguments that can be left out: their defaults, and which of them a message leaves out.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::lifetimes;
use crate::model::{Argument, Command, Default};

/// The arguments that can be left out, the last one first, each with its number from the end.
fn optional(command: &Command) -> impl Iterator<Item = (usize, &Argument, &Default)> {
    let mut arguments: Vec<_> = command.arguments().collect();
    arguments.reverse();
    let mut behind = 0;
    arguments.into_iter().map_while(move |argument| {
        let default = argument.default.as_ref()?;
        behind += 1;
        Some((behind - 1, argument, default))
    })
}

/// Whether any argument can be left out.
fn has_any(command: &Command) -> bool {
    optional(command).next().is_some()
}

fn name(argument: &Argument) -> Ident {
    format_ident!("__cconn_default_{}", argument.name, span = Span::mixed_site())
}

/// A function for each default that is written out, so that a mistake in it is one error.
pub(super) fn functions(command: &Command) -> TokenStream {
    let functions = optional(command).filter_map(|(_, argument, default)| {
        let Default::Given(given) = default else { return None };
        let expr = &given.0;
        let (name, ty) = (name(argument), lifetimes::with(&argument.ty, "'static"));
        Some(quote_spanned!(Span::mixed_site()=> fn #name() -> #ty { #expr }))
    });
    quote!(#(#functions)*)
}

/// The text of an argument's default, as an `Option` of the signature.
pub(super) fn text(argument: &Argument) -> TokenStream {
    let ty = lifetimes::with(&argument.ty, "'static");
    match &argument.default {
        None => quote_spanned!(Span::mixed_site()=> __cconn::None),
        Some(Default::Absent) => {
            quote_spanned!(Span::mixed_site()=> __cconn::Absent::<#ty>::__CCONN_TEXT)
        }
        Some(default) => {
            let text = default.text();
            quote_spanned!(Span::mixed_site()=> __cconn::Some(#text))
        }
    }
}

/// How many arguments at the end a message leaves out: an expression.
pub(super) fn omitted(command: &Command) -> TokenStream {
    if !has_any(command) {
        return quote!(0);
    }
    // Each is looked at only if all behind it are left out.
    let checks = optional(command).map(|(_, argument, default)| {
        let ident = &argument.ident;
        let is_default = match default {
            Default::Absent => {
                quote_spanned!(Span::mixed_site()=> __cconn::Arg(&self.#ident).__cconn_is_absent())
            }
            Default::Given(..) => {
                let name = name(argument);
                quote_spanned! {Span::mixed_site()=>
                    {
                        static __CCONN_DEFAULT: __cconn::DefaultBytes =
                            __cconn::DefaultBytes::new(|__cconn_bytes| {
                                let __cconn_value = #name();
                                let mut __cconn_out = __cconn::ArgumentWriter::alone();
                                __cconn::Arg(&__cconn_value).__cconn_write(&mut __cconn_out)?;
                                __cconn::ArgumentWriter::give(__cconn_out, __cconn_bytes)
                            });
                        __cconn::DefaultBytes::equal(&__CCONN_DEFAULT, |__cconn_out| {
                            __cconn::Arg(&self.#ident).__cconn_write(__cconn_out)
                        })
                    }
                }
            }
        };
        quote_spanned! {Span::mixed_site()=>
            if !#is_default {
                return __cconn_omitted;
            }
            __cconn_omitted += 1;
        }
    });
    quote_spanned! {Span::mixed_site()=>
        (|| {
            let mut __cconn_omitted: __cconn::u8 = 0;
            #(#checks)*
            __cconn_omitted
        })()
    }
}

/// Writes an argument, if the message does not leave it out.
pub(super) fn write(argument: &Argument, behind: usize, write: &TokenStream) -> TokenStream {
    if argument.default.is_none() {
        return write.clone();
    }
    quote_spanned! {Span::mixed_site()=>
        if __cconn::ArgumentWriter::sends(__cconn_out, #behind) {
            #write
        }
    }
}

/// Reads an argument, or takes its default if the message leaves it out.
pub(super) fn read(
    argument: &Argument,
    input: &Ident,
    behind: usize,
    read: &TokenStream,
) -> TokenStream {
    let ty = lifetimes::with(&argument.ty, "'_");
    let default = match &argument.default {
        None => return read.clone(),
        Some(Default::Absent) => {
            quote_spanned!(Span::mixed_site()=> __cconn::Absent::<#ty>::__CCONN_ABSENT)
        }
        Some(Default::Given(..)) => {
            let name = name(argument);
            quote_spanned!(Span::mixed_site()=> __cconn::Some(#name))
        }
    };
    quote_spanned! {Span::mixed_site()=>
        match #default {
            __cconn::Some(__cconn_default) if !__cconn::Input::has(&#input, #behind) => __cconn_default(),
            _ => #read,
        }
    }
}
