//! Which paths can name an item, so that what the macros write with them is Rust.
//!
//! The parser of `syn` takes keywords for names in a path, and type arguments behind any name. A
//! `use` with such a path is no Rust, and the compiler's error would point into generated code.

use proc_macro2::Ident;
use quote::ToTokens;
use syn::visit_mut::VisitMut;
use syn::{Error, Path};

/// Checks the path of a module or crate.
///
/// # Errors
///
/// As [`names`], and if a name has type arguments.
pub(crate) fn module(path: &Path) -> syn::Result<()> {
    names(path)?;
    match path.segments.iter().find(|segment| !segment.arguments.is_none()) {
        Some(segment) => {
            let text = format!("type arguments cannot stand here: write `{}` alone", segment.ident);
            Err(Error::new_spanned(&segment.arguments, text))
        }
        None => Ok(()),
    }
}

/// Checks the path of a command.
///
/// # Errors
///
/// As [`module`], and if the last name is a keyword, such as in `crate::super`.
pub(crate) fn command(path: &Path) -> syn::Result<()> {
    module(path)?;
    function(path)
}

/// Checks the path of a function, whose names may have type arguments.
///
/// # Errors
///
/// As [`names`], and if the last name is a keyword.
pub(crate) fn function(path: &Path) -> syn::Result<()> {
    names(path)?;
    match path.segments.last() {
        Some(last) if !is_name(&last.ident) => {
            let text = format!("`{}` is a module: write the path of a function", last.ident);
            Err(Error::new_spanned(&last.ident, text))
        }
        _ => Ok(()),
    }
}

/// Checks that keywords stand only where a path may have them: at the beginning `crate`, `self` or
/// `super`, behind `self` and `super` further `super`.
///
/// # Errors
///
/// At the first other keyword.
fn names(path: &Path) -> syn::Result<()> {
    let mut before: Option<&Ident> = None;
    let mut is_beginning = path.leading_colon.is_none();
    for segment in &path.segments {
        let ident = &segment.ident;
        let may_lead = match before {
            None => ["crate", "$crate", "self", "super"].iter().any(|word| ident == word),
            Some(before) => ident == "super" && (before == "self" || before == "super"),
        };
        is_beginning &= may_lead;
        if !is_beginning && !is_name(ident) {
            let text = format!("the keyword `{ident}` cannot stand at this place of a path");
            return Err(Error::new_spanned(ident, text));
        }
        before = Some(ident);
    }
    without_try(path)
}

/// Checks that the type arguments do not have the keyword `try` as a name either.
///
/// # Errors
///
/// At the first one.
fn without_try(path: &Path) -> syn::Result<()> {
    struct Keyword(Option<Ident>);

    impl VisitMut for Keyword {
        fn visit_ident_mut(&mut self, ident: &mut Ident) {
            if ident == "try" {
                self.0.get_or_insert(ident.clone());
            }
        }
    }

    let mut keyword = Keyword(None);
    keyword.visit_path_mut(&mut path.clone());
    match keyword.0 {
        Some(word) => Err(Error::new_spanned(word, "`try` is a keyword: write `r#try`")),
        None => Ok(()),
    }
}

fn is_name(ident: &Ident) -> bool {
    syn::parse2::<Ident>(ident.to_token_stream()).is_ok_and(|name| name != "try")
}

#[cfg(test)]
mod tests {
    use super::{command, function, module};
    use syn::Path;

    fn path(text: &str) -> Path {
        syn::parse_str(text).expect("a path")
    }

    #[test]
    fn what_can_name_an_item_is_taken() {
        let paths =
            ["a", "::a::b", "crate::a", "self::a", "super::super::a", "self::super::a", "r#try::a"];
        for text in paths {
            assert!(command(&path(text)).is_ok(), "{text}");
        }
        for text in ["crate", "self", "super::super", "::a"] {
            assert!(module(&path(text)).is_ok(), "{text}");
        }
        for text in ["a::b::<u8>", "a::<u8>::b"] {
            assert!(function(&path(text)).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_rust_in_a_use_is_refused() {
        let paths = [
            "Self",
            "self::Self",
            "a::Self::b",
            "a::self",
            "::self::a",
            "::crate",
            "a::crate::b",
            "crate::super::a",
            "self::self::a",
            "super::self::a",
            "try",
            "a::try",
            "a::<u8>",
            "self::a::<u8>",
            "crate::a::<>::b",
            "a::<u8>::b",
        ];
        for text in paths {
            assert!(module(&path(text)).is_err(), "{text}");
            assert!(command(&path(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_module_is_no_command() {
        for text in ["crate", "self", "super", "super::super", "self::super"] {
            assert!(command(&path(text)).is_err(), "{text}");
            assert!(function(&path(text)).is_err(), "{text}");
        }
    }
}
