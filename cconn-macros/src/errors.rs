//! Where mistakes are collected, so that all of them are reported and not only the first.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;

/// The mistakes found so far.
#[derive(Default)]
pub(crate) struct Sink {
    errors: Vec<syn::Error>,
}

impl Sink {
    /// Notes a mistake at what must change.
    pub(crate) fn at(&mut self, place: &dyn ToTokens, text: impl Display) {
        self.errors.push(syn::Error::new_spanned(place, text));
    }

    /// Notes a mistake that has its place already.
    pub(crate) fn push(&mut self, error: syn::Error) {
        self.errors.push(error);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The mistakes as code that the compiler refuses with their texts.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.iter().map(syn::Error::to_compile_error).collect()
    }
}
