//! An open struct: its fields in a row, the last of which may be missing.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote_spanned};
use syn::Fields;

use super::fields::{Field, read, reader_of};
use super::generics::Generics;
use super::{Bodies, OPEN, shown};
use crate::errors::Sink;

pub(super) fn bodies(generics: &mut Generics, fields: &Fields, sink: &mut Sink) -> Option<Bodies> {
    let Fields::Named(_) = fields else {
        sink.at(&generics.ident, "an open struct has fields with names, in braces");
        return None;
    };
    let fields = read(fields, true, generics, sink);
    let name = shown(OPEN, &generics.ident);
    let write = write(generics, &name, &fields);
    let read = read_fields(generics, &name, &fields);
    Some(Bodies { write, read })
}

fn write(generics: &Generics, name: &str, fields: &[Field]) -> TokenStream {
    let Generics { params, args, ty, .. } = generics;
    let (conditions, written) = (generics.conditions(), generics.written());
    let count = fields.len();
    let names: Vec<_> = fields.iter().map(|field| &field.shown).collect();
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    quote_spanned! {Span::mixed_site()=>
        struct __Fields<'a, #params>(&'a #ty) #conditions;

        impl<#params> __serde::ser::Serialize for __Fields<'_, #args> #written {
            fn serialize<__S: __serde::ser::Serializer>(
                &self,
                __serializer: __S,
            ) -> __cconn::Result<__S::Ok, __S::Error> {
                let mut __fields =
                    __serde::ser::Serializer::serialize_struct(__serializer, #name, #count)?;
                #(__serde::ser::SerializeStruct::serialize_field::<#types>(
                    &mut __fields, #names, &self.0.#members,
                )?;)*
                __serde::ser::SerializeStruct::end(__fields)
            }
        }

        __serde::ser::Serializer::serialize_newtype_struct(__serializer, #name, &__Fields(self))
    }
}

fn read_fields(generics: &Generics, name: &str, fields: &[Field]) -> TokenStream {
    let ident = &generics.ident;
    let names = fields.iter().map(|field| &field.shown);
    let of = (format!("the fields of `{ident}`"), ident.to_token_stream());
    let reader_type = reader_of(generics, &of, fields);
    quote_spanned! {Span::mixed_site()=>
        #reader_type
        __serde::de::Deserializer::deserialize_struct(
            __deserializer, #name, &[#(#names),*], __Fields(::core::marker::PhantomData),
        )
    }
}
