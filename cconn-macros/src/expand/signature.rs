//! The static that holds what is known about a command: name, arguments, types.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Type};

use super::{declared, defaults};
use crate::model::{Argument, Command};
use crate::{lifetimes, print};

/// The static.
pub(super) fn signature(command: &Command) -> TokenStream {
    let (name, text) = (declared::name(command), declared::signature(command));
    let hash = declared::name_hash(command);
    let arguments = command.arguments().map(argument);
    let answer = &command.answer;
    let [value, error] = ["Value", "Error"].map(|part| {
        let part = syn::Ident::new(part, Span::mixed_site());
        let ty = quote!(<#answer as __cconn::Returned<{ __CCONN_KIND }>>::#part);
        type_of(&command.answer_text.clone().unwrap_or_default(), &ty, &ty)
    });
    quote_spanned! {Span::mixed_site()=>
        static __CCONN_SIGNATURE: __cconn::Signature = __cconn::Signature::new(
            (#name, #hash, #text),
            &[#(#arguments),*],
            [#value, #error],
        );
    }
}

fn argument(argument: &Argument) -> TokenStream {
    let ty = lifetimes::with(&argument.ty, "'static");
    let ty = type_of(&print::ty(&argument.ty), &quote!(#ty), &inside(&ty));
    let (name, doc) = (&argument.name, doc(&argument.docs));
    let default = defaults::text(argument);
    quote_spanned! {Span::mixed_site()=>
        __cconn::ArgumentOf { name: #name, doc: #doc, default: #default, ty: #ty }
    }
}

/// What is known about one type. serde can read `probed`, which is the type inside references.
fn type_of(text: &str, ty: &TokenStream, probed: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        __cconn::TypeOf {
            text: #text,
            print: __cconn::print::<#ty>,
            probe: __cconn::Probe::<#probed>::__CCONN_PROBE,
        }
    }
}

/// The type inside references.
fn inside(ty: &Type) -> TokenStream {
    match ty {
        Type::Reference(reference) => inside(&reference.elem),
        Type::Slice(slice) => {
            // A slice of references can be read as a slice of what they refer to.
            let element = inside(&slice.elem);
            quote!([#element])
        }
        Type::Group(group) => inside(&group.elem),
        Type::Paren(paren) => inside(&paren.elem),
        other => quote!(#other),
    }
}

/// The text of doc comments, as far as it is written out.
fn doc(docs: &[Attribute]) -> String {
    let lines = docs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(line) => match &line.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>().join("\n")
}
