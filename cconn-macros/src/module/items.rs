//! The content of a module, cut into items: syntax only, and of each no more than is needed.
//!
//! Whatever Rust has or may get is let through: an item that is not known goes to its semicolon
//! or to its braces, and what is cut in the wrong place comes out as it went in.

use std::collections::VecDeque;

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::Attribute;
use syn::parse::Parser;

use crate::groups;

/// One item.
pub(super) struct Item {
    pub(super) attrs: Vec<Attribute>,
    /// All tokens but those of `kind`, which stand at the end.
    pub(super) start: TokenStream,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// A function by its name: its signature, and its body where it has one.
    Function(Ident, TokenStream, Option<Group>),
    /// A module by its name: its tokens before its content, and that.
    Module(Ident, TokenStream, Group),
    /// A use, an `impl` or a `trait`, or any other.
    Other(TokenStream),
}

/// Cuts the content of a module.
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

    /// Opens the invisible delimiters in front, as `$item` and `$vis` have them.
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

    /// Moves tokens from the front to the end of `to`.
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
            // What can't be read is told by whoever reads it next.
            if let Ok(attrs) = Attribute::parse_outer.parse2(groups::without(attr)) {
                item.attrs.extend(attrs);
            }
            self.shift(length, &mut item.start);
        }
    }

    fn kind(&mut self) -> Kind {
        let mut place = 0;
        // What may stand before `fn` and `mod`, and what begins otherwise with some of it.
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

    /// A function, to the braces of its body or to its semicolon.
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

/// How many angle brackets are open: braces in them hold a constant.
#[derive(Default)]
struct Angles {
    depth: usize,
    /// Whether the last token was the beginning of `->` or `=>`.
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

/// The braces that a group is, or has inside invisible delimiters.
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

/// Whether one of those words is among the first.
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
