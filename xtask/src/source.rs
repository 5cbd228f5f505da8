//! Rust source as a light reader sees it: tokens, brackets, attributes, test code.
//!
//! It knows no grammar beyond that: the checks of `tidy` look for few things, and a full parser
//! would cost more to build than all of cconn.

mod items;
mod lexer;
mod paths;

pub(crate) use items::{
    attribute_end, functions, group_end, test_files, test_ranges, visibility_end,
};
pub(crate) use lexer::{Kind, Token, tokens};
pub(crate) use paths::{Path, declared_modules, module_of, paths};

/// The tokens without comments.
pub(crate) fn code(text: &str) -> Vec<Token<'_>> {
    tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect()
}

/// The tokens without comments and without test code.
pub(crate) fn tested_code(text: &str) -> Vec<Token<'_>> {
    let all = code(text);
    let tests = test_ranges(&all);
    let is_test = |at: usize| tests.iter().any(|range| range.contains(&at));
    all.into_iter().enumerate().filter(|(at, _)| !is_test(*at)).map(|(_, token)| token).collect()
}
