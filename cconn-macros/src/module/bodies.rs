//! Bodies of functions in a collected module. Commands inside a body do not belong to the module's
//! list.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote_spanned;

use super::items::{self, Kind, begins_with};
use crate::groups::rebuilt;

/// The body with an import at its beginning that tells the commands inside it that they are in a
/// body. A body that can't hold a command is returned as it is.
pub(super) fn marked(body: &Group) -> Group {
    if !can_hold_commands(body.stream()) {
        return body.clone();
    }
    let mut tokens = body.stream().into_iter().peekable();
    let mut content = TokenStream::new();
    // Inner attributes (`#![..]`) must stay in front of the import.
    let is = |token: Option<&TokenTree>, char| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char);
    let rest: Vec<_> = tokens.by_ref().collect();
    let mut rest = rest.as_slice();
    while let [hash, bang, attr, others @ ..] = rest
        && is(Some(hash), '#')
        && is(Some(bang), '!')
    {
        content.extend([hash.clone(), bang.clone(), attr.clone()]);
        rest = others;
    }
    let mark = quote_spanned!(proc_macro2::Span::mixed_site()=> use __cconn_module::InBody as _;);
    content.extend(mark);
    content.extend(rest.iter().cloned());
    rebuilt(body, content)
}

/// Whether the tokens hold an attribute, or a macro call that may produce one.
fn can_hold_commands(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '#' | '!'),
        TokenTree::Group(group) => can_hold_commands(group.stream()),
        _ => false,
    })
}

/// The item with its bodies marked: the functions of an `impl` or a `trait`, and the blocks in the
/// value of a constant or a static.
pub(super) fn marked_inside(tokens: TokenStream) -> TokenStream {
    if begins_with(&tokens, &["const", "static"]) {
        return blocks(tokens);
    }
    if !begins_with(&tokens, &["impl", "trait"]) {
        return tokens;
    }
    let each = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
            TokenTree::Group(rebuilt(&group, items(group.stream())))
        }
        other => other,
    };
    tokens.into_iter().map(each).collect()
}

/// The value of a constant with every block in it marked, the bodies of closures too.
///
/// Braces are a block if they follow an operator or certain words. Other braces belong to a `match`
/// or a struct; blocks inside them are looked for in turn.
fn blocks(value: TokenStream) -> TokenStream {
    let mut before_block = false;
    let each = |token: TokenTree| {
        let is_block = std::mem::replace(&mut before_block, begins_block(&token));
        match token {
            TokenTree::Group(group) if is_block && group.delimiter() == Delimiter::Brace => {
                TokenTree::Group(marked(&group))
            }
            TokenTree::Group(group) if can_hold_commands(group.stream()) => {
                TokenTree::Group(rebuilt(&group, blocks(group.stream())))
            }
            other => other,
        }
    };
    value.into_iter().map(each).collect()
}

/// Whether braces after this token are a block.
fn begins_block(token: &TokenTree) -> bool {
    match token {
        TokenTree::Punct(punct) => matches!(punct.as_char(), '=' | '|' | '>' | '&' | '+'),
        TokenTree::Ident(ident) => {
            ["unsafe", "else", "loop", "const", "async", "move"].iter().any(|word| ident == word)
        }
        _ => false,
    }
}

fn items(content: TokenStream) -> TokenStream {
    let mut tokens = TokenStream::new();
    for mut item in items::cut(content) {
        if let Kind::Function(_, _, Some(body)) = &mut item.kind {
            *body = marked(body);
        }
        tokens.extend(quote::ToTokens::into_token_stream(item));
    }
    tokens
}
