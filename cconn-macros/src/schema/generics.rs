//! The type parameters of an open type, as each piece of the written code declares them.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{
    DeriveInput, GenericParam, Ident, Path, Token, Type, TypeParam, TypePath, WherePredicate,
};

use crate::errors::Sink;

/// A type and its parameters.
pub(super) struct Generics {
    /// The type's name.
    pub(super) ident: Ident,
    /// The parameters with their bounds, without their defaults, each with a comma behind it.
    pub(super) params: TokenStream,
    /// The parameters' names, each with a comma behind it.
    pub(super) args: TokenStream,
    /// The type with its parameters.
    pub(super) ty: TokenStream,
    types: Vec<Ident>,
    conditions: Vec<WherePredicate>,
    /// What stands where a type parameter is used in a field: the parameter, or a type that belongs
    /// to it (`T::Id`).
    used: Vec<Type>,
    /// The types of fields that may be missing and are then their types' defaults.
    defaulted: Vec<Type>,
}

impl Generics {
    /// Reads the parameters; lifetimes are refused.
    pub(super) fn read(item: &DeriveInput, sink: &mut Sink) -> Self {
        let (mut params, mut args) = (TokenStream::new(), TokenStream::new());
        let mut types = Vec::new();
        for param in &item.generics.params {
            match param {
                GenericParam::Type(TypeParam { ident, bounds, .. }) => {
                    params.extend(quote!(#ident: #bounds,));
                    args.extend(quote!(#ident,));
                    types.push(ident.clone());
                }
                GenericParam::Const(constant) => {
                    let (ident, ty) = (&constant.ident, &constant.ty);
                    params.extend(quote!(const #ident: #ty,));
                    args.extend(quote!(#ident,));
                }
                GenericParam::Lifetime(lifetime) => sink.at(
                    lifetime,
                    "an open type owns what it holds and has no lifetimes: write `String` for \
                     `&str`, `Vec<T>` for `&[T]`",
                ),
            }
        }
        let ident = item.ident.clone();
        let ty = if args.is_empty() { quote!(#ident) } else { quote!(#ident<#args>) };
        let conditions = item.generics.where_clause.iter();
        let conditions = conditions.flat_map(|clause| clause.predicates.iter().cloned()).collect();
        let (used, defaulted) = (Vec::new(), Vec::new());
        Generics { ident, params, args, ty, types, conditions, used, defaulted }
    }

    /// Notes the type of a field, and whether its type's default stands for it where it is missing.
    pub(super) fn note(&mut self, ty: &Type, is_defaulted: bool) {
        let mut search = Search { types: &self.types, found: Vec::new() };
        search.visit_type_mut(&mut ty.clone());
        if is_defaulted && !search.found.is_empty() {
            self.defaulted.push(ty.clone());
        }
        // A condition that is written twice holds once.
        self.used.extend(search.found);
    }

    /// The conditions of the type itself.
    pub(super) fn conditions(&self) -> TokenStream {
        self.conditions_and(Vec::new())
    }

    /// The conditions under which values are written.
    pub(super) fn written(&self) -> TokenStream {
        let used = self.used.iter();
        self.conditions_and(
            used.map(|ty| quote_spanned!(Span::mixed_site()=> #ty: __serde::ser::Serialize))
                .collect(),
        )
    }

    /// The conditions under which values are read.
    pub(super) fn read_back(&self) -> TokenStream {
        let used = self
            .used
            .iter()
            .map(|ty| quote_spanned!(Span::mixed_site()=> #ty: __serde::de::Deserialize<'de>));
        let defaulted = self
            .defaulted
            .iter()
            .map(|ty| quote_spanned!(Span::mixed_site()=> #ty: ::core::default::Default));
        self.conditions_and(used.chain(defaulted).collect())
    }

    fn conditions_and(&self, more: Vec<TokenStream>) -> TokenStream {
        let own = self.conditions.iter().map(ToTokens::to_token_stream);
        let all: Punctuated<TokenStream, Token![,]> = own.chain(more).collect();
        if all.is_empty() { TokenStream::new() } else { quote!(where #all) }
    }
}

/// Looks for type parameters in a type.
struct Search<'a> {
    types: &'a [Ident],
    found: Vec<Type>,
}

impl Search<'_> {
    fn is_parameter(&self, path: &Path) -> bool {
        let first = path.segments.first().filter(|_| path.leading_colon.is_none());
        first.is_some_and(|first| self.types.contains(&first.ident))
    }
}

impl VisitMut for Search<'_> {
    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        // `T`, `T::Id` and `<T as Named>::Id`; a marker holds no value of the type that it names.
        if ty.qself.is_some() || self.is_parameter(&ty.path) {
            self.found.push(Type::Path(ty.clone()));
        } else if ty.path.segments.last().is_none_or(|last| last.ident != "PhantomData") {
            visit_mut::visit_type_path_mut(self, ty);
        }
    }
}
