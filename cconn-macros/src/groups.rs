//! Invisible delimiters, which `macro_rules!` puts around the fragments that it passes on.
//!
//! `$vis`, `$ty`, `$pat`, `$block`, `$meta`, `$literal` and `$item` come in such groups. A group
//! has no meaning if its content can be read in one way only. Around an operation, such as `$a` in
//! `$a * 2`, the group acts as brackets. The compiler forgets invisible delimiters in the output of
//! a procedural macro, so such brackets must become visible ones.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use syn::{Expr, Type};

/// Removes invisible delimiters from `tokens`, or makes them visible around operations. The content
/// of braces is left alone: braces hold the bodies of functions, in which more syntax may occur
/// than this function knows.
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

/// Puts visible brackets around the operations that have invisible ones, inside braces too.
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

/// Visible brackets with a generated span, so that no lint calls the user's brackets superfluous.
fn visible(content: TokenStream) -> TokenTree {
    let mut group = Group::new(Delimiter::Parenthesis, content);
    group.set_span(Span::mixed_site());
    TokenTree::Group(group)
}

/// A copy of `group` with another content.
pub(crate) fn rebuilt(group: &Group, content: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), content);
    new.set_span(group.span());
    new
}

/// Whether a group holds an operation, or a type that is a sum of bounds.
fn is_operation(group: &Group) -> bool {
    // A single token is no operation; this also spares most groups the parsing.
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
