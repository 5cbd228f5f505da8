//! Fields: their names, their places, what they are when they were not sent.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Expr, Fields, Ident, Member, Type};

use super::generics::Generics;
use super::{UNKNOWN, refuse_serde, shown};
use crate::errors::Sink;

/// A field.
pub(super) struct Field {
    pub(super) member: Member,
    /// The name of the variable that holds it.
    pub(super) variable: Ident,
    /// The name that is shown for it, which says whether it has a default.
    pub(super) shown: String,
    pub(super) ty: Type,
    /// Its value if it was not sent.
    default: Option<TokenStream>,
}

/// Reads fields. `may_default`: whether they may have defaults.
pub(super) fn read(
    fields: &Fields,
    may_default: bool,
    generics: &mut Generics,
    sink: &mut Sink,
) -> Vec<Field> {
    let mut all: Vec<Field> = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        refuse_serde(&field.attrs, sink);
        let (mut default, mut is_defaulted) = (None, false);
        for attr in field.attrs.iter().filter(|attr| attr.path().is_ident("schema")) {
            let read = attr.parse_nested_meta(|meta| {
                if !meta.path.is_ident("defaut") {
                    return Err(meta.error(
                        "above a field stands `#[schema(defaut)]` or \
                        `#[schema(defaut = value)]`, and no other word",
                    ));
                }
                default = Some(if meta.input.peek(syn::Token![=]) {
                    let value: Expr = meta.value()?.parse()?;
                    value.into_token_stream()
                } else {
                    is_defaulted = true;
                    quote_spanned!(Span::mixed_site()=> ::core::default::Default::default())
                });
                Ok(())
            });
            if let Err(error) = read {
                sink.push(error);
            }
        }
        if default.is_some() && !may_default {
            sink.at(field, "a field of a variant has no default: add a variant instead");
        }
        if default.is_none() && all.last().is_some_and(|last| last.default.is_some()) {
            sink.at(
                field,
                "a field without a default stands behind one with a default: fields that were added \
                 later come last, and have defaults",
            );
        }
        generics.note(&field.ty, is_defaulted);
        let mark = if default.is_some() { UNKNOWN } else { "" };
        let (member, shown) = match &field.ident {
            Some(ident) => (Member::Named(ident.clone()), shown(mark, ident)),
            None => (Member::from(place), place.to_string()),
        };
        let variable = Ident::new(&format!("__field_{place}"), Span::mixed_site());
        all.push(Field { member, variable, shown, ty: field.ty.clone(), default });
    }
    all
}

/// The type `__Fields`, which reads the fields of a struct or of a variant. `of`: what is expected, for
/// errors, and the path of the struct or variant that the fields are put into.
pub(super) fn reader_of(
    generics: &Generics,
    (expecting, path): &(String, TokenStream),
    fields: &[Field],
) -> TokenStream {
    let Generics { params, args, ty, .. } = generics;
    let (conditions, read_back) = (generics.conditions(), generics.read_back());
    let (reading, value) = (read_all(fields), in_braces(fields));
    quote_spanned! {Span::mixed_site()=>
        struct __Fields<#params>(::core::marker::PhantomData<fn() -> #ty>) #conditions;

        impl<'de, #params> __serde::de::Visitor<'de> for __Fields<#args> #read_back {
            type Value = #ty;

            fn expecting(&self, __f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
                __f.write_str(#expecting)
            }

            fn visit_seq<__A: __serde::de::SeqAccess<'de>>(
                self,
                mut __fields: __A,
            ) -> __cconn::Result<#ty, __A::Error> {
                #reading
                __cconn::Ok(#path #value)
            }
        }
    }
}

/// Reads the fields one after the other out of `__fields`, into their variables.
fn read_all(fields: &[Field]) -> TokenStream {
    fields
        .iter()
        .enumerate()
        .map(|(place, Field { variable, ty, default, .. })| {
            let missing = default.clone().unwrap_or_else(|| {
                quote_spanned! {Span::mixed_site()=>
                    return __cconn::Err(__serde::de::Error::invalid_length(#place, &self))
                }
            });
            quote_spanned! {Span::mixed_site()=>
                let #variable: #ty = match __serde::de::SeqAccess::next_element::<#ty>(&mut __fields)? {
                    __cconn::Some(__value) => __value,
                    __cconn::None => #missing,
                };
            }
        })
        .collect()
}

/// The fields in braces, each with its variable: a pattern, or a value.
pub(super) fn in_braces(fields: &[Field]) -> TokenStream {
    let each = fields.iter().map(
        |Field { member, variable, .. }| quote_spanned!(Span::mixed_site()=> #member: #variable),
    );
    quote_spanned!(Span::mixed_site()=> { #(#each),* })
}
