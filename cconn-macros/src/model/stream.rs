//! Commands that answer with a stream: what their return type says about it.

use proc_macro2::Span;
use quote::quote_spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    AssocType, GenericArgument, PathArguments, Type, TypeImplTrait, TypeParamBound, parse_quote,
};

use super::types::peel;

/// How a command answers with a stream.
pub(crate) enum Stream {
    /// It returns an iterator.
    Items {
        /// The type of the iterator's items.
        item: Box<Type>,
        /// If it returns a `Result`, that type with `()` in the iterator's place.
        status: Option<Box<Type>>,
    },
    /// It returns a `Flux`, or a `Result` with one.
    Named,
}

/// The stream in a return type, and the type that a caller knows the answer by.
pub(super) fn find(ty: &Type) -> Option<(Stream, Type)> {
    if let Type::ImplTrait(opaque) = peel(ty) {
        let item = item_of(opaque)?;
        let answer = stream_of(&item);
        return Some((Stream::Items { item: Box::new(item), status: None }, answer));
    }
    if is_named(ty) {
        return Some((Stream::Named, ty.clone()));
    }
    let inner = first_argument(ty)?;
    if let Type::ImplTrait(opaque) = peel(inner) {
        let item = item_of(opaque)?;
        let answer = replaced(ty, stream_of(&item));
        let status = Some(Box::new(replaced(ty, parse_quote!(()))));
        return Some((Stream::Items { item: Box::new(item), status }, answer));
    }
    is_named(inner).then(|| (Stream::Named, ty.clone()))
}

/// The stream inside another type, if there is one.
pub(super) fn inside(ty: &Type) -> Option<Type> {
    struct Search(Option<Type>);
    impl VisitMut for Search {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if self.0.is_none() && is_named(ty) && first_argument(ty).is_some() {
                self.0 = Some(ty.clone());
            }
            visit_mut::visit_type_mut(self, ty);
        }
    }
    let mut search = Search(None);
    visit_mut::visit_type_mut(&mut search, &mut ty.clone());
    search.0
}

/// Whether an opaque type is an iterator.
pub(super) fn is_iterator(opaque: &TypeImplTrait) -> bool {
    item_of(opaque).is_some()
}

/// Whether a type is called `Flux`, by whatever path.
pub(super) fn is_named(ty: &Type) -> bool {
    matches!(peel(ty), Type::Path(path)
        if path.path.segments.last().is_some_and(|last| last.ident == "Flux"))
}

/// The type of the items, if the type is an iterator.
fn item_of(opaque: &TypeImplTrait) -> Option<Type> {
    opaque.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else { return None };
        let last = bound.path.segments.last().filter(|last| last.ident == "Iterator")?;
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(AssocType { ident, ty, .. }) if ident == "Item" => {
                Some(ty.clone())
            }
            _ => None,
        })
    })
}

/// The first type argument of a type such as `Result<T, E>`.
fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = peel(ty) else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// The type with the iterator in it replaced.
fn replaced(ty: &Type, by: Type) -> Type {
    struct Replace(Option<Type>);
    impl VisitMut for Replace {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if matches!(ty, Type::ImplTrait(_))
                && let Some(by) = self.0.take()
            {
                *ty = by;
            } else {
                visit_mut::visit_type_mut(self, ty);
            }
        }
    }
    let mut ty = ty.clone();
    Replace(Some(by)).visit_type_mut(&mut ty);
    ty
}

/// The stream that a caller gets of an iterator with such items.
fn stream_of(item: &Type) -> Type {
    let kind = kind_of(item);
    Type::Verbatim(quote_spanned!(Span::mixed_site()=> __cconn::FluxOf<#item, { #kind }>))
}

/// The form of a type, as a constant.
pub(crate) fn kind_of(ty: &Type) -> proc_macro2::TokenStream {
    quote_spanned! {Span::mixed_site()=>
        __cconn::answer_kind(
            __cconn::AnswerKind::<#ty>::__CCONN_KIND,
            __cconn::AnswerProbe::<#ty>::__CCONN_KIND,
        )
    }
}
