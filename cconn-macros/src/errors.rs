//! The sink in which mistakes are collected, so that the user sees all of them at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Sink {
    errors: Vec<syn::Error>,
}

impl Sink {
    /// Reports a mistake on the tokens that the user must change.
    pub(crate) fn at(&mut self, place: &dyn ToTokens, text: impl Display) {
        self.errors.push(syn::Error::new_spanned(place, text));
    }

    /// Reports a mistake whose span is already set.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The mistakes as `compile_error!` calls with their texts.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}
