//! Rust sources as the checks see them: `syn` parses, and what is for tests alone is left out.
//!
//! It resolves paths and finds calls as they are written; it knows no layer and judges nothing.

mod calls;
mod paths;
mod tokens;
mod untested;

use proc_macro2::Span;
use syn::spanned::Spanned;

pub(crate) use calls::{Calls, Receiver, Types, calls, head, may_be_same, own_name};
pub(crate) use paths::{Path, module_of, paths};
pub(crate) use tokens::{attributes, lex, without_dollars, words};
pub(crate) use untested::{of_item as attributes_of, test_files, test_lines, untested};

/// The syntax of a file, test code included.
///
/// # Errors
///
/// Where the file is no Rust, with the line.
pub(crate) fn parse(text: &str) -> Result<syn::File, (usize, String)> {
    syn::parse_file(text).map_err(|error| (line(error.span()), error.to_string()))
}

/// The line on which something starts, counted from 1.
pub(crate) fn line(span: Span) -> usize {
    span.start().line
}

/// The names of a type, a pattern or anything else, in order.
pub(crate) fn names(of: &impl quote::ToTokens) -> Vec<String> {
    let mut found = Vec::new();
    tokens::each_ident(of.to_token_stream(), &mut |ident| found.push(ident.to_string()));
    found
}

/// The lines from the first token of something to its last.
pub(crate) fn lines(of: &impl Spanned) -> usize {
    let span = of.span();
    span.end().line + 1 - span.start().line
}
