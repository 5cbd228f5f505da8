//! The content of a module, cut into items. Syntax only, and no more of an item than is needed.
//!
//! Every syntax that Rust has or may get passes through: an unknown item ends at its semicolon or
//! its braces, and an item that is cut in the wrong place is still written out unchanged.

use std::collections::VecDeque;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Attribute;
use syn::parse::Parser;

use crate::groups;

/// One item.
pub(super) struct Item {
    pub(super) attrs: Vec<Attribute>,
    /// All tokens before those in `kind`.
    pub(super) start: TokenStream,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A function: its name, its signature, and its body if it has one.
    Function(Ident, TokenStream, Option<Group>),
    /// A module: its name, the tokens before its content, and its content.
    Module(Ident, TokenStream, Group),
    /// Any other item, such as a `use`, an `impl` or a `trait`.
    Other(TokenStream),
}

/// Cuts the content of a module into items.
pub(super) fn cut(content: TokenStream) -> Vec<Item> {
    let mut tokens = Tokens(content.into_iter().collect());
    let mut items = Vec::new();
    while !tokens.is_empty() {
        items.push(tokens.item());
    }
    items
}

struct Tokens(VecDeque<TokenTree>);

impl Tokens {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Opens invisible delimiters at the front, in which `$item` and `$vis` come.
    fn open(&mut self) {
        while let Some(TokenTree::Group(group)) = self.0.front()
            && group.delimiter() == Delimiter::None
        {
            let content: Vec<_> = group.stream().into_iter().collect();
            self.0.pop_front();
            for token in content.into_iter().rev() {
                self.0.push_front(token);
            }
        }
    }

    fn is_punct(&self, place: usize, char: char) -> bool {
        matches!(self.0.get(place), Some(TokenTree::Punct(punct)) if punct.as_char() == char)
    }

    fn group(&self, place: usize, delimiter: Delimiter) -> Option<&Group> {
        match self.0.get(place) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            _ => None,
        }
    }

    fn is_ident(&self, place: usize, names: &[&str]) -> bool {
        matches!(self.0.get(place), Some(TokenTree::Ident(ident)) if names.iter().any(|n| ident == n))
    }

    fn item(&mut self) -> Item {
        let mut item = Item {
            attrs: Vec::new(),
            start: TokenStream::new(),
            kind: Kind::Other(TokenStream::new()),
        };
        self.attributes(&mut item);
        self.open();
        if self.is_ident(0, &["pub"]) {
            self.shift(1, &mut item.start);
            if self.group(0, Delimiter::Parenthesis).is_some() {
                self.shift(1, &mut item.start);
            }
        }
        self.open();
        item.kind = self.kind();
        item
    }

    /// Moves `count` tokens from the front to the end of `to`.
    fn shift(&mut self, count: usize, to: &mut TokenStream) {
        to.extend(self.0.drain(..count.min(self.0.len())));
    }

    fn attributes(&mut self, item: &mut Item) {
        loop {
            self.open();
            let is_inner = self.is_punct(1, '!');
            let length = if is_inner { 3 } else { 2 };
            let has_content = self.group(length - 1, Delimiter::Bracket).is_some();
            if !(self.is_punct(0, '#') && has_content) {
                return;
            }
            let attr: TokenStream = self.0.iter().take(length).cloned().collect();
            // An attribute that can't be read is reported by the next stage that reads it.
            if let Ok(attrs) = Attribute::parse_outer.parse2(groups::without(attr)) {
                item.attrs.extend(attrs);
            }
            self.shift(length, &mut item.start);
        }
    }

    fn kind(&mut self) -> Kind {
        let mut place = 0;
        // Words that may precede `fn` and `mod`. Other items begin with some of them too.
        while self
            .is_ident(place, &["const", "async", "unsafe", "extern", "safe", "gen", "default"])
            || matches!(self.0.get(place), Some(TokenTree::Literal(_)))
        {
            place += 1;
        }
        if let Some(TokenTree::Ident(name)) = self.0.get(place + 1).cloned() {
            if self.is_ident(place, &["fn"]) {
                return self.function(name);
            }
            let content = self.group(place + 2, Delimiter::Brace).cloned();
            if let (true, Some(content)) = (self.is_ident(place, &["mod"]), content) {
                let mut start = TokenStream::new();
                self.shift(place + 2, &mut start);
                self.0.pop_front();
                return Kind::Module(name, start, content);
            }
        }
        let ends_in_semicolon = self.is_ident(0, &["const", "static", "type", "use", "let"]);
        Kind::Other(self.rest(ends_in_semicolon))
    }

    /// Takes a function's tokens, up to the braces of its body or to its semicolon.
    fn function(&mut self, name: Ident) -> Kind {
        let (mut signature, mut angles) = (TokenStream::new(), Angles::default());
        while let Some(token) = self.0.pop_front() {
            angles.pass(&token);
            if let TokenTree::Group(group) = &token
                && angles.depth == 0
                && let Some(body) = braces(group)
            {
                return Kind::Function(name, signature, Some(body));
            }
            let is_end = is_semicolon(&token);
            signature.extend([token]);
            if is_end {
                break;
            }
        }
        Kind::Function(name, signature, None)
    }

    fn rest(&mut self, ends_in_semicolon: bool) -> TokenStream {
        let (mut rest, mut angles) = (TokenStream::new(), Angles::default());
        while let Some(token) = self.0.pop_front() {
            angles.pass(&token);
            let is_end = match &token {
                TokenTree::Group(group) => {
                    let is_content = angles.depth == 0 && !ends_in_semicolon;
                    is_content && group.delimiter() == Delimiter::Brace
                }
                token => is_semicolon(token),
            };
            rest.extend([token]);
            if is_end {
                break;
            }
        }
        rest
    }
}

/// The number of open angle brackets. Braces inside angle brackets are a constant, not a body.
#[derive(Default)]
struct Angles {
    depth: usize,
    /// Whether the previous token may begin `->` or `=>`, whose `>` closes nothing.
    is_arrow: bool,
}

impl Angles {
    fn pass(&mut self, token: &TokenTree) {
        let punct = match token {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        };
        match punct {
            Some('<') => self.depth += 1,
            Some('>') if !self.is_arrow => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.is_arrow = matches!(punct, Some('-' | '='));
    }
}

fn is_semicolon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';')
}

/// The braces that a group is, or that it holds inside invisible delimiters.
fn braces(group: &Group) -> Option<Group> {
    match group.delimiter() {
        Delimiter::Brace => Some(group.clone()),
        Delimiter::None => {
            let mut tokens = group.stream().into_iter();
            match (tokens.next(), tokens.next()) {
                (Some(TokenTree::Group(inner)), None) => braces(&inner),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether one of `words` is among the identifiers that the item begins with.
pub(super) fn begins_with(item: &TokenStream, words: &[&str]) -> bool {
    let mut idents = item.clone().into_iter().map_while(|token| match token {
        TokenTree::Ident(ident) => Some(ident),
        _ => None,
    });
    idents.any(|ident| words.iter().any(|word| ident == word))
}

impl ToTokens for Item {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.start.to_tokens(tokens);
        match &self.kind {
            Kind::Function(_, signature, body) => {
                signature.to_tokens(tokens);
                body.to_tokens(tokens);
            }
            Kind::Module(_, head, content) => {
                head.to_tokens(tokens);
                content.to_tokens(tokens);
            }
            Kind::Other(rest) => rest.to_tokens(tokens),
        }
    }
}
