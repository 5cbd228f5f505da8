//! An open struct: its fields in a row, the last of which may be missing.

use proc_macro2::Span;
use quote::quote_spanned;
use syn::{Fields, Ident};

use super::fields::{in_braces, read, read_all};
use super::{Bodies, OPEN, shown};
use crate::errors::Sink;

pub(super) fn bodies(ident: &Ident, fields: &Fields, sink: &mut Sink) -> Option<Bodies> {
    let Fields::Named(_) = fields else {
        sink.at(ident, "an open struct has fields with names, in braces");
        return None;
    };
    let fields = read(fields, true, sink);
    let (name, count) = (shown(OPEN, ident), fields.len());
    let names: Vec<_> = fields.iter().map(|field| &field.shown).collect();
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
    let write = quote_spanned! {Span::mixed_site()=>
        struct __Fields<'a>(&'a #ident);

        impl __serde::ser::Serialize for __Fields<'_> {
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
    };
    let (reading, value) = (read_all(&fields), in_braces(&fields));
    let expecting = format!("the fields of `{ident}`");
    let read = quote_spanned! {Span::mixed_site()=>
        struct __Reader;

        impl<'de> __serde::de::Visitor<'de> for __Reader {
            type Value = #ident;

            fn expecting(&self, __f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
                __f.write_str(#expecting)
            }

            fn visit_seq<__A: __serde::de::SeqAccess<'de>>(
                self,
                mut __fields: __A,
            ) -> __cconn::Result<#ident, __A::Error> {
                #reading
                __cconn::Ok(#ident #value)
            }
        }

        __serde::de::Deserializer::deserialize_struct(
            __deserializer, #name, &[#(#names),*], __Reader,
        )
    };
    Some(Bodies { write, read })
}
