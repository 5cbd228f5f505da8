//! An open enum: one of its variants stands for those that are not known.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{DataEnum, Fields, Ident, Variant};

use super::fields::{Field, in_braces, read, reader_of};
use super::generics::Generics;
use super::{Bodies, OPEN, UNKNOWN, refuse_serde, shown};
use crate::errors::Sink;

pub(super) fn bodies(generics: &mut Generics, data: &DataEnum, sink: &mut Sink) -> Option<Bodies> {
    let ident = &generics.ident.clone();
    let others: Vec<_> = data.variants.iter().filter(|one| is_other(one, sink)).collect();
    let [other] = others[..] else {
        let place: &dyn quote::ToTokens = others.get(1).map_or(ident, |second| &second.ident);
        sink.at(
            &place,
            "one variant of an open enum stands for those that are not known: write \
             `#[schema(autre)]` above it, as in `#[schema(autre)] Autre`; variants that are added \
             later come behind it",
        );
        return None;
    };
    if !matches!(other.fields, Fields::Unit) {
        sink.at(other, "the variant that stands for unknown ones has no fields");
    }
    let read_fields: Vec<_> = (data.variants.iter())
        .map(|variant| read(&variant.fields, false, generics, sink))
        .collect();
    let name = shown(OPEN, ident);
    let (mut names, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for (variant, fields) in data.variants.iter().zip(&read_fields) {
        refuse_serde(&variant.attrs, sink);
        if variant.ident == other.ident {
            names.push(UNKNOWN.to_owned());
            writes.push(unknown(ident, variant));
            continue;
        }
        let index = u32::try_from(reads.len()).unwrap_or(u32::MAX);
        names.push(shown("", &variant.ident));
        writes.push(written(ident, variant, fields, (&name, index)));
        reads.push(reading(generics, variant, fields, index));
    }
    let shape = (name.as_str(), &names[..]);
    let (write, read) =
        (write(generics, &name, &writes), read_enum(generics, &other.ident, shape, &reads));
    Some(Bodies { write, read })
}

fn write(generics: &Generics, name: &str, writes: &[TokenStream]) -> TokenStream {
    let Generics { params, args, ty, .. } = generics;
    let (conditions, written) = (generics.conditions(), generics.written());
    quote_spanned! {Span::mixed_site()=>
        struct __Variant<'a, #params>(&'a #ty) #conditions;

        impl<#params> __serde::ser::Serialize for __Variant<'_, #args> #written {
            fn serialize<__S: __serde::ser::Serializer>(
                &self,
                __serializer: __S,
            ) -> __cconn::Result<__S::Ok, __S::Error> {
                match self.0 { #(#writes)* }
            }
        }

        __serde::ser::Serializer::serialize_newtype_struct(__serializer, #name, &__Variant(self))
    }
}

fn read_enum(
    generics: &Generics,
    other: &Ident,
    (name, names): (&str, &[String]),
    reads: &[TokenStream],
) -> TokenStream {
    let Generics { ident, params, args, ty, .. } = generics;
    let (conditions, read_back) = (generics.conditions(), generics.read_back());
    let expecting = format!("a variant of `{ident}`");
    quote_spanned! {Span::mixed_site()=>
        struct __Reader<#params>(::core::marker::PhantomData<fn() -> #ty>) #conditions;

        impl<'de, #params> __serde::de::Visitor<'de> for __Reader<#args> #read_back {
            type Value = #ty;

            fn expecting(&self, __f: &mut __cconn::fmt::Formatter<'_>) -> __cconn::fmt::Result {
                __f.write_str(#expecting)
            }

            fn visit_enum<__A: __serde::de::EnumAccess<'de>>(
                self,
                __variants: __A,
            ) -> __cconn::Result<#ty, __A::Error> {
                let (__index, __variant): (__cconn::u32, _) =
                    __serde::de::EnumAccess::variant(__variants)?;
                match __index {
                    #(#reads)*
                    _ => {
                        __serde::de::VariantAccess::unit_variant(__variant)?;
                        __cconn::Ok(#ident::#other)
                    }
                }
            }
        }

        __serde::de::Deserializer::deserialize_enum(
            __deserializer, #name, &[#(#names),*], __Reader(::core::marker::PhantomData),
        )
    }
}

/// Whether a variant says `#[schema(autre)]`.
fn is_other(variant: &Variant, sink: &mut Sink) -> bool {
    let mut is_other = false;
    for attr in variant.attrs.iter().filter(|attr| attr.path().is_ident("schema")) {
        let read = attr.parse_nested_meta(|meta| {
            if meta.path.is_ident("autre") {
                is_other = true;
                Ok(())
            } else {
                Err(meta.error("above a variant stands `#[schema(autre)]`, and no other word"))
            }
        });
        if let Err(error) = read {
            sink.push(error);
        }
    }
    is_other
}

/// The variant that stands for unknown ones is not sent: nobody knows what it stood for.
fn unknown(ident: &Ident, variant: &Variant) -> TokenStream {
    let name = &variant.ident;
    let text = format!(
        "`{ident}::{name}` stands for variants that this program does not know, and cannot be sent"
    );
    quote_spanned!(Span::mixed_site()=> #ident::#name => __cconn::Err(__serde::ser::Error::custom(#text)),)
}

fn written(
    ident: &Ident,
    variant: &Variant,
    fields: &[Field],
    (shown_type, index): (&str, u32),
) -> TokenStream {
    let (name, label, count) = (&variant.ident, shown("", &variant.ident), fields.len());
    let (pattern, variables) = (in_braces(fields), fields.iter().map(|field| &field.variable));
    let names = fields.iter().map(|field| &field.shown);
    let head = quote_spanned!(Span::mixed_site()=> __serializer, #shown_type, #index, #label);
    let body = match &variant.fields {
        Fields::Unit => {
            quote_spanned!(Span::mixed_site()=> __serde::ser::Serializer::serialize_unit_variant(#head))
        }
        Fields::Unnamed(_) if count == 1 => {
            quote_spanned!(Span::mixed_site()=> __serde::ser::Serializer::serialize_newtype_variant(#head #(, #variables)*))
        }
        Fields::Unnamed(_) => quote_spanned! {Span::mixed_site()=>{
            let mut __fields =
                __serde::ser::Serializer::serialize_tuple_variant(#head, #count)?;
            #(__serde::ser::SerializeTupleVariant::serialize_field(&mut __fields, #variables)?;)*
            __serde::ser::SerializeTupleVariant::end(__fields)
        }},
        Fields::Named(_) => quote_spanned! {Span::mixed_site()=>{
            let mut __fields =
                __serde::ser::Serializer::serialize_struct_variant(#head, #count)?;
            #(__serde::ser::SerializeStructVariant::serialize_field(
                &mut __fields, #names, #variables,
            )?;)*
            __serde::ser::SerializeStructVariant::end(__fields)
        }},
    };
    quote_spanned!(Span::mixed_site()=> #ident::#name #pattern => #body,)
}

fn reading(generics: &Generics, variant: &Variant, fields: &[Field], index: u32) -> TokenStream {
    let Generics { ident, .. } = generics;
    let (name, count) = (&variant.ident, fields.len());
    let names = fields.iter().map(|field| &field.shown);
    let reader = quote_spanned!(Span::mixed_site()=> __Fields(::core::marker::PhantomData));
    let read = match &variant.fields {
        Fields::Unit => {
            return quote_spanned! {Span::mixed_site()=>
                #index => {
                    __serde::de::VariantAccess::unit_variant(__variant)?;
                    __cconn::Ok(#ident::#name)
                }
            };
        }
        Fields::Unnamed(_) if count == 1 => {
            return quote_spanned! {Span::mixed_site()=>
                #index => {
                    __serde::de::VariantAccess::newtype_variant(__variant).map(#ident::#name)
                }
            };
        }
        Fields::Unnamed(_) => {
            quote_spanned!(Span::mixed_site()=> __serde::de::VariantAccess::tuple_variant(__variant, #count, #reader))
        }
        Fields::Named(_) => quote_spanned! {Span::mixed_site()=>
            __serde::de::VariantAccess::struct_variant(__variant, &[#(#names),*], #reader)
        },
    };
    let of =
        (format!("the fields of `{name}`"), quote_spanned!(Span::mixed_site()=> #ident::#name));
    let reader_type = reader_of(generics, &of, fields);
    quote_spanned! {Span::mixed_site()=>
        #index => {
            #reader_type
            #read
        }
    }
}
