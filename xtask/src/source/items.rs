//! Items in a row of tokens: attributes, test code, functions.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Kind, Token, code, module_of};

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// The line of its `fn`.
    pub(crate) line: usize,
    /// From the line of its `fn` to that of its closing brace.
    pub(crate) lines: usize,
}

const ITEM_WORDS: [&str; 16] = [
    "mod",
    "fn",
    "use",
    "struct",
    "enum",
    "union",
    "impl",
    "trait",
    "const",
    "static",
    "type",
    "extern",
    "unsafe",
    "async",
    "let",
    "macro_rules",
];

/// The index after the bracket that closes the one at `open`, whatever its shape.
pub(crate) fn group_end(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if is_open(token) {
            depth += 1;
        } else if is_close(token) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

fn is_open(token: &Token<'_>) -> bool {
    token.is("(") || token.is("[") || token.is("{")
}

fn is_close(token: &Token<'_>) -> bool {
    token.is(")") || token.is("]") || token.is("}")
}

/// If an attribute starts at `at`, the index after it; inner attributes count too.
pub(crate) fn attribute_end(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    if !tokens.get(at)?.is("#") {
        return None;
    }
    let open = if tokens.get(at + 1)?.is("!") { at + 2 } else { at + 1 };
    tokens.get(open)?.is("[").then(|| group_end(tokens, open))
}

/// Whether an attribute keeps its item out of every build but the tests'.
fn is_test_attribute(attribute: &[Token<'_>]) -> bool {
    let words: Vec<&str> =
        attribute.iter().filter(|t| t.kind == Kind::Word).map(|t| t.text).collect();
    match words.split_first() {
        Some((&"test", [])) => true,
        Some((&"cfg", rest)) => {
            rest.contains(&"test") && !rest.contains(&"not") && !rest.contains(&"any")
        }
        _ => false,
    }
}

/// Where the item or field ends that starts at `start`, its attributes left out.
fn item_end(tokens: &[Token<'_>], start: usize) -> usize {
    let mut at = visibility_end(tokens, start);
    let Some(first) = tokens.get(at) else { return tokens.len() };
    let is_item = ITEM_WORDS.contains(&first.text);
    let is_use = first.is("use");
    while let Some(token) = tokens.get(at) {
        if token.is(";") || (!is_item && token.is(",")) {
            return at + 1;
        }
        if is_close(token) {
            return at;
        }
        if is_open(token) {
            let ends = token.is("{") && !is_use;
            at = group_end(tokens, at);
            if ends {
                return at;
            }
        } else {
            at += 1;
        }
    }
    tokens.len()
}

/// The index after `pub`, `pub(crate)` and the like, where they stand at `at`.
pub(crate) fn visibility_end(tokens: &[Token<'_>], at: usize) -> usize {
    let is = |at: usize, text| tokens.get(at).is_some_and(|token| token.is(text));
    match (is(at, "pub"), is(at + 1, "(")) {
        (true, true) => group_end(tokens, at + 1),
        (true, false) => at + 1,
        (false, _) => at,
    }
}

/// The tokens that belong to test code: items under `#[cfg(test)]`, functions under `#[test]`.
pub(crate) fn test_ranges(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let start = at;
        let mut is_test = false;
        let mut is_inner = false;
        while let Some(end) = attribute_end(tokens, at) {
            let test = is_test_attribute(&tokens[at..end]);
            is_inner |= test && tokens[at + 1].is("!");
            is_test |= test;
            at = end;
        }
        if is_inner {
            // The attribute speaks of the whole file or module; only whole files are written so.
            found.push(start..tokens.len());
            return found;
        }
        if is_test {
            at = item_end(tokens, at);
            found.push(start..at);
        } else if at == start {
            at += 1;
        }
    }
    found
}

/// The functions with a body, nested ones too.
pub(crate) fn functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let mut found = Vec::new();
    for (at, pair) in tokens.windows(2).enumerate() {
        if !pair[0].is("fn") || pair[1].kind != Kind::Word {
            continue;
        }
        if let Some(open) = body(tokens, at) {
            let last = tokens[group_end(tokens, open) - 1].line;
            let line = pair[0].line;
            found.push(Function { name: pair[1].text, line, lines: last + 1 - line });
        }
    }
    found
}

/// Where the body of the function at `at` opens, if it has one.
fn body(tokens: &[Token<'_>], mut at: usize) -> Option<usize> {
    loop {
        let token = tokens.get(at)?;
        if token.is("{") {
            return Some(at);
        }
        if token.is(";") || is_close(token) {
            return None;
        }
        at = if is_open(token) { group_end(tokens, at) } else { at + 1 };
    }
}

/// Of the given files, those that hold nothing but tests: `#[cfg(test)] mod tests;` says so.
pub(crate) fn test_files<'a>(files: &[(&'a str, &str)]) -> BTreeSet<&'a str> {
    let mut roots = Vec::new();
    for (path, text) in files {
        let tokens = code(text);
        for range in test_ranges(&tokens) {
            if let Some(name) = declared_file(&tokens[range]) {
                let mut module = module_of(path);
                module.push(name);
                roots.push((crate_of(path), module));
            }
        }
    }
    let is_test = |path: &str| {
        let module = module_of(path);
        roots.iter().any(|(at, root)| *at == crate_of(path) && module.starts_with(root))
    };
    files.iter().map(|(path, _)| *path).filter(|path| is_test(path)).collect()
}

fn declared_file(item: &[Token<'_>]) -> Option<String> {
    let at = item.windows(3).position(|t| t[0].is("mod") && t[2].is(";"))?;
    Some(item[at + 1].text.to_owned())
}

fn crate_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::tested_code;

    fn left(source: &str) -> String {
        tested_code(source).iter().map(|t| t.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn test_code_is_left_out() {
        assert_eq!(left("a; #[cfg(test)] mod tests { fn f() { {} } } b;"), "a ; b ;");
        assert_eq!(left("#[cfg(test)] use x::{y, z}; b;"), "b ;");
        assert_eq!(left("#[cfg(test)] pub(crate) use x::{y, z}; b;"), "b ;");
        assert_eq!(left("#[cfg(test)] const A: [u8; 2] = [1, 2]; b;"), "b ;");
        assert_eq!(left("#[test] #[should_panic] fn f<A, B>() {} b;"), "b ;");
        assert_eq!(left("#[test] fn f() { use x; y } b;"), "b ;");
        assert_eq!(left("struct S { #[cfg(test)] pub a: u8, b: u8 }"), "struct S { b : u8 }");
        assert_eq!(left("#[cfg(all(test, unix))] fn f() {} b;"), "b ;");
        assert_eq!(left("#![cfg(test)] fn f() {} b;"), "");
    }

    #[test]
    fn other_conditions_stay() {
        for source in ["#[cfg(not(test))] fn f ( ) { }", "#[cfg(any(test, unix))] a ;"] {
            assert!(left(source).len() > 10, "{source}");
        }
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        let source = "pub fn a(f: fn(u8) -> [u8; 2])\nwhere\n{\n{}\n}\ntrait T { fn b(&self); }\n";
        let found = functions(&code(source));
        assert_eq!(found, [Function { name: "a", line: 1, lines: 5 }]);
    }

    #[test]
    fn a_file_declared_for_tests_is_a_test_with_all_below_it() {
        let files = [
            ("x/src/a.rs", "#[cfg(test)]\nmod tests;"),
            ("x/src/a/tests.rs", ""),
            ("x/src/a/tests/deep.rs", ""),
            ("x/src/tests.rs", ""),
            ("y/src/a/tests.rs", ""),
        ];
        let found: Vec<_> = test_files(&files).into_iter().collect();
        assert_eq!(found, ["x/src/a/tests.rs", "x/src/a/tests/deep.rs"]);
    }
}
