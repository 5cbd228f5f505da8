//! Invisible delimiters, which `macro_rules!` puts around what it was handed.
//!
//! `$vis`, `$ty`, `$pat`, `$block`, `$meta`, `$literal` and `$item` come in such groups. They say
//! nothing where there is one way only to read their content; around an operation, as `$a` in
//! `$a * 2`, they are brackets. The compiler does not see them again in what a macro like this one
//! hands back, so that such brackets must become visible.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{Expr, Type};

/// The same tokens without invisible delimiters, but for the content of braces.
///
/// Braces hold the bodies of functions, where more can stand than is known here.
pub(crate) fn without(tokens: TokenStream) -> TokenStream {
    let open = |token| match token {
        TokenTree::Group(group) => match group.delimiter() {
            Delimiter::None if is_operation(&group) => visible(without(group.stream())).into(),
            Delimiter::None => without(group.stream()),
            Delimiter::Brace => TokenTree::Group(group).into(),
            _ => TokenTree::Group(rebuilt(&group, without(group.stream()))).into(),
        },
        other => other.into(),
    };
    tokens.into_iter().flat_map::<TokenStream, _>(open).collect()
}

/// The same tokens, with visible brackets around operations that had invisible ones.
pub(crate) fn bracketed(tokens: TokenStream) -> TokenStream {
    let each = |token| match token {
        TokenTree::Group(group) => {
            let content = bracketed(group.stream());
            if group.delimiter() == Delimiter::None && is_operation(&group) {
                visible(content)
            } else {
                TokenTree::Group(rebuilt(&group, content))
            }
        }
        other => other,
    };
    tokens.into_iter().map(each).collect()
}

/// Brackets that no lint takes for the program's own.
fn visible(content: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, content);
    group.set_span(Span::mixed_site());
    TokenTree::Group(group)
}

/// The same group with other content.
pub(crate) fn rebuilt(group: &Group, content: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), content);
    new.set_span(group.span());
    new
}

/// Whether a group holds an operation, or a type that is a sum.
fn is_operation(group: &Group) -> bool {
    if group.stream().into_iter().nth(1).is_none() {
        return false;
    }
    match syn::parse2(group.stream()) {
        Ok(
            Expr::Binary(_) | Expr::Unary(_) | Expr::Cast(_) | Expr::Range(_) | Expr::Closure(_),
        ) => true,
        Ok(_) => false,
        Err(_) => is_sum(group),
    }
}

fn is_sum(group: &Group) -> bool {
    match syn::parse2(group.stream()) {
        Ok(Type::TraitObject(object)) => object.bounds.len() > 1,
        Ok(Type::ImplTrait(sum)) => sum.bounds.len() > 1,
        _ => false,
    }
}
