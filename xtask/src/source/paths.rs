//! The paths that a file writes down from the root of its crate: `crate::`, `self::`, `super::`.
//!
//! It resolves them to segments counted from the root. It follows no re-export and knows no layer.
//! `$crate::` is left out: it is what a macro's user will import, not what the file imports.

use super::{Kind, Token, items};

/// One path, resolved: `segments` is empty for the root itself, and may end with `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    /// What the path is called here: its last name, or what follows `as`.
    pub(crate) name: String,
    pub(crate) line: usize,
    /// False for `use x::y`, where `x` is a child, a crate, or in the root a module.
    pub(crate) is_rooted: bool,
}

/// The module that a file holds, as names from the root of its crate.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, inside)| inside);
    let names = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut module: Vec<String> = names.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        module.pop();
    }
    module
}

/// The names of the modules that a file declares outside any other of its modules.
pub(crate) fn declared_modules<'a>(tokens: &[Token<'a>]) -> Vec<(&'a str, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at + 1 < tokens.len() {
        if tokens[at].is("mod") && tokens[at + 1].kind == Kind::Word {
            found.push((tokens[at + 1].text, tokens[at].line));
        }
        at = if tokens[at].is("{") { items::group_end(tokens, at) } else { at + 1 };
    }
    found
}

/// Every path of a file, with the module in which it stands: `super` counts inline modules too.
pub(crate) fn paths(tokens: &[Token<'_>], file: &[String]) -> Vec<Path> {
    let mut module = file.to_vec();
    let mut ends: Vec<usize> = Vec::new();
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        while ends.last().is_some_and(|end| at >= *end) {
            ends.pop();
            module.pop();
        }
        let mut written = Vec::new();
        if is_inline_module(tokens, at) {
            module.push(tokens[at + 1].text.to_owned());
            ends.push(items::group_end(tokens, at + 2));
            at += 3;
        } else if starts_use(tokens, at) {
            at = use_tree(tokens, at + 1, &Vec::new(), &mut written);
        } else if starts_path(tokens, at) {
            at = use_tree(tokens, at, &Vec::new(), &mut written);
        } else {
            at += 1;
        }
        found.extend(written.into_iter().map(|path| resolve(path, &module)));
    }
    found
}

fn is_inline_module(tokens: &[Token<'_>], at: usize) -> bool {
    let is = |at: usize, text| tokens.get(at).is_some_and(|token: &Token<'_>| token.is(text));
    is(at, "mod") && is(at + 2, "{")
}

/// A `use` that imports; `use<'a>` in a type does not.
fn starts_use(tokens: &[Token<'_>], at: usize) -> bool {
    tokens[at].is("use") && !tokens.get(at + 1).is_some_and(|next| next.is("<"))
}

/// A path from a known place in the midst of code.
fn starts_path(tokens: &[Token<'_>], at: usize) -> bool {
    let is_root = ["crate", "self", "super"].iter().any(|root| tokens[at].is(root));
    let goes_on = tokens.get(at + 1).is_some_and(|next| next.is("::"));
    let before = at.checked_sub(1).map(|before| tokens[before]);
    is_root && goes_on && !before.is_some_and(|token| token.is("$") || token.is("::"))
}

/// Collects the paths of the tree that starts at `at`; returns the index after the tree.
fn use_tree(
    tokens: &[Token<'_>],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Path>,
) -> usize {
    let mut segments = prefix.to_vec();
    let line = tokens.get(at).map_or(0, |token| token.line);
    while let Some(token) = tokens.get(at) {
        if token.is("{") {
            return use_group(tokens, at, &segments, found);
        }
        // A leading `::` names another crate: kept as a segment, so that nothing resolves it.
        if !token.is("::") || segments.is_empty() {
            segments.push(token.text.to_owned());
        }
        at += 1;
        let joins = token.is("::") || tokens.get(at).is_some_and(|next| next.is("::"));
        let goes_on = tokens
            .get(at)
            .is_some_and(|t| t.is("::") || t.is("{") || t.is("*") || t.kind == Kind::Word);
        if !joins || !goes_on {
            break;
        }
    }
    let alias = tokens.get(at).filter(|t| t.is("as")).and(tokens.get(at + 1));
    let name = alias.map(|token| token.text).or(segments.last().map(String::as_str));
    let name = name.unwrap_or_default().to_owned();
    found.push(Path { segments, name, line, is_rooted: true });
    if alias.is_some() { at + 2 } else { at }
}

/// The trees between the braces that open at `at`.
fn use_group(tokens: &[Token<'_>], at: usize, prefix: &[String], found: &mut Vec<Path>) -> usize {
    let end = items::group_end(tokens, at);
    let mut at = at + 1;
    while at + 1 < end {
        at = if tokens[at].is(",") { at + 1 } else { use_tree(tokens, at, prefix, found) };
    }
    end
}

fn resolve(mut path: Path, module: &[String]) -> Path {
    let mut base = module.to_vec();
    let mut rooted = false;
    let mut rest = Vec::new();
    for segment in std::mem::take(&mut path.segments) {
        match segment.as_str() {
            "crate" => {
                base.clear();
                rooted = true;
            }
            "super" => {
                base.pop();
                rooted = true;
            }
            // At the head it means this module, at the end of a group what stands before it.
            "self" => rooted |= rest.is_empty(),
            _ => rest.push(segment),
        }
    }
    if path.name == "self" {
        path.name = rest.last().or(base.last()).cloned().unwrap_or_default();
    }
    path.is_rooted = rooted;
    path.segments = if rooted { base.into_iter().chain(rest).collect() } else { rest };
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::code;

    fn rooted(source: &str, file: &str) -> Vec<String> {
        let found = paths(&code(source), &module_of(file));
        found.into_iter().filter(|p| p.is_rooted).map(|p| p.segments.join("/")).collect()
    }

    #[test]
    fn files_name_their_modules() {
        let of = |path| module_of(path).join("/");
        assert_eq!(of("cconn/src/lib.rs"), "");
        assert_eq!(of("cconn/src/link.rs"), "link");
        assert_eq!(of("cconn/src/link/dispatch.rs"), "link/dispatch");
        assert_eq!(of("cconn/src/link/mod.rs"), "link");
    }

    #[test]
    fn trees_are_unfolded() {
        let source = "use crate::{a::B, c::{self, D as E, *}}; pub(crate) use crate::f as g;";
        assert_eq!(rooted(source, "src/x.rs"), ["a/B", "c", "c/D", "c/*", "f"]);
    }

    #[test]
    fn names_follow_as_and_self() {
        let source = "use a::{self, B as C}; use d::E;";
        let found = paths(&code(source), &[]);
        let names: Vec<_> = found.iter().map(|p| (p.segments[0].as_str(), &*p.name)).collect();
        assert_eq!(names, [("a", "a"), ("a", "C"), ("d", "E")]);
        assert!(found.iter().all(|path| !path.is_rooted));
    }

    #[test]
    fn super_counts_folders_and_inline_modules() {
        let source = "use super::A; mod i { use super::B; mod j { use super::super::C; } }
            fn f() { super::d::E::new(); self::g(); } use super::super::super::*;";
        let found = rooted(source, "src/x/y/z.rs");
        assert_eq!(found, ["x/y/A", "x/y/z/B", "x/y/z/C", "x/y/d/E/new", "x/y/z/g", "*"]);
    }

    #[test]
    fn paths_in_code_are_seen_with_turbofish_and_macros() {
        let source = "fn f() -> crate::a::B<crate::c::D> { crate::e::<F>(crate::g!(1)) }";
        assert_eq!(rooted(source, "src/x.rs"), ["a/B", "c/D", "e", "g"]);
    }

    #[test]
    fn strings_comments_and_macro_users_do_not_count() {
        let source = "/* crate::a */ fn f<'a>() -> impl T + use<'a> { \"crate::b\"; $crate::c }
            pub(crate) fn g() { other::crate_name(); ::std::x() } // super::d";
        assert_eq!(rooted(source, "src/x.rs"), Vec::<String>::new());
    }

    #[test]
    fn declared_modules_are_those_of_the_file_itself() {
        let source = "mod a; pub mod b { mod c; } fn f() { mod d {} }";
        assert_eq!(declared_modules(&code(source)), [("a", 1), ("b", 1)]);
    }
}
