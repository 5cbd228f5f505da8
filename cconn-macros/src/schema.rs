//! The derive `Schema`: open types, which may get more parts without a new signature.
//!
//! The derive writes both of serde's traits. The name that the type shows to a serializer begins
//! with a mark by which the library knows that the value's length is to be written before it.
//! `fields` reads what the program says, `structs` and `enums` write the code.

mod enums;
mod fields;
mod generics;
mod structs;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{Attribute, Data, DeriveInput, Ident};

use self::generics::Generics;
use crate::dependency;
use crate::errors::Sink;

/// What the shown name of an open type begins with.
const OPEN: &str = "ouvert ";

/// What the shown name of a field with a default begins with; alone it is the name that is shown
/// for a variant which stands for unknown ones.
const UNKNOWN: &str = "?";

/// The expansion of the derive.
pub(crate) fn expand(item: &DeriveInput) -> TokenStream {
    let mut sink = Sink::default();
    let is_open = read_attributes(&item.attrs, &mut sink);
    let mut generics = Generics::read(item, &mut sink);
    refuse_serde(&item.attrs, &mut sink);
    let bodies = match &item.data {
        Data::Struct(data) => {
            if !is_open {
                sink.at(
                    &item.ident,
                    "nothing is open here: write `#[schema(ouvert)]` above the struct, so that it may \
                     get more fields; a closed struct needs serde's derives only, its fields count \
                     already",
                );
            }
            structs::bodies(&mut generics, &data.fields, &mut sink)
        }
        Data::Enum(data) => {
            if is_open {
                sink.at(
                    &item.ident,
                    "an enum is open if one of its variants stands for those that are not known: \
                     write `#[schema(autre)]` above that variant, and nothing above the enum",
                );
            }
            enums::bodies(&mut generics, data, &mut sink)
        }
        Data::Union(data) => {
            sink.at(&data.union_token, "a union cannot be sent");
            None
        }
    };
    match bodies {
        Some(bodies) if sink.is_empty() => impls(&generics, &bodies),
        _ => with_errors(item, &generics, sink),
    }
}

/// The mistakes, and traits that are never used: with the traits there the mistakes are the only
/// errors.
fn with_errors(item: &DeriveInput, generics: &Generics, sink: Sink) -> TokenStream {
    let errors = sink.into_tokens();
    if item.generics.lifetimes().next().is_some() {
        return errors;
    }
    let impls = impls(
        generics,
        &Bodies {
            write: quote_spanned!(Span::mixed_site()=> __serde::ser::Serialize::serialize(&(), __serializer)),
            read: quote_spanned!(Span::mixed_site()=>
                __serde::de::Deserialize::deserialize(__deserializer).map(|()| loop {})
            ),
        },
    );
    quote_spanned!(Span::mixed_site()=> #errors #impls)
}

/// The bodies of the two traits' methods.
struct Bodies {
    write: TokenStream,
    read: TokenStream,
}

fn impls(generics: &Generics, Bodies { write, read }: &Bodies) -> TokenStream {
    let krate = dependency::path();
    let Generics { params, ty, .. } = generics;
    let (written, read_back) = (generics.written(), generics.read_back());
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use #krate::__prive as __cconn;
            use __cconn::serde as __serde;

            #[automatically_derived]
            impl<#params> __serde::ser::Serialize for #ty #written {
                fn serialize<__S: __serde::ser::Serializer>(
                    &self,
                    __serializer: __S,
                ) -> __cconn::Result<__S::Ok, __S::Error> {
                    #write
                }
            }

            #[automatically_derived]
            impl<'de, #params> __serde::de::Deserialize<'de> for #ty #read_back {
                fn deserialize<__D: __serde::de::Deserializer<'de>>(
                    __deserializer: __D,
                ) -> __cconn::Result<Self, __D::Error> {
                    #read
                }
            }
        };
    }
}

/// Whether the type says `#[schema(ouvert)]`.
fn read_attributes(attrs: &[Attribute], sink: &mut Sink) -> bool {
    let mut is_open = false;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("schema")) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("ouvert") {
                is_open = true;
                Ok(())
            } else {
                Err(meta.error("above a type stands `#[schema(ouvert)]`, and no other word"))
            }
        });
        if let Err(error) = read {
            sink.push(error);
        }
    }
    is_open
}

/// Refuses attributes of serde's: the derive writes serde's traits itself.
fn refuse_serde(attrs: &[Attribute], sink: &mut Sink) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        sink.at(
            attr,
            "`Schema` writes serde's traits itself and knows none of serde's attributes: what a field \
             is when it was not sent says `#[schema(defaut)]`",
        );
    }
}

/// A name as it is shown to a serializer.
fn shown(mark: &str, ident: &Ident) -> String {
    let name = ident.to_string();
    format!("{mark}{}", name.strip_prefix("r#").unwrap_or(&name))
}
