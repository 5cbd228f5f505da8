//! The item under the attribute, as syntax only. Bodies stay token streams, so they may be
//! unfinished while the user types.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, Signature, Token, Visibility};

/// The item under the attribute.
pub(crate) enum Item {
    Function(Box<Function>),
    Module(Module),
    /// Any other item: its keyword, and the keyword's span.
    Other(String, Span),
}

/// A function; without a body it only declares a command.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Option<Group>,
}

/// A module and its content.
pub(crate) struct Module {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) token: Token![mod],
    pub(crate) ident: Ident,
    /// `None` if the content is in another file (`mod name;`).
    pub(crate) content: Option<Group>,
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if input.peek(Token![mod]) {
            return Module::rest(attrs, vis, input).map(Item::Module);
        }
        if is_function(input) {
            let function = Function::rest(attrs, vis, input)?;
            return Ok(Item::Function(Box::new(function)));
        }
        let keyword = keyword(input)?;
        skip_item(input)?;
        Ok(Item::Other(keyword.to_string(), keyword.span()))
    }
}

impl Function {
    fn rest(attrs: Vec<Attribute>, vis: Visibility, input: ParseStream<'_>) -> syn::Result<Self> {
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else {
            Some(input.parse()?)
        };
        Ok(Function { attrs, vis, sig, body })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Function { attrs, vis, sig, body } = self;
        tokens.extend(quote!(#(#attrs)* #vis #sig #body));
    }
}

impl Module {
    fn rest(attrs: Vec<Attribute>, vis: Visibility, input: ParseStream<'_>) -> syn::Result<Self> {
        let (token, ident) = (input.parse()?, input.parse()?);
        let content = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else {
            Some(input.parse()?)
        };
        Ok(Module { attrs, vis, token, ident, content })
    }
}

/// Whether the next item is a function. Attributes and visibility have been read already.
fn is_function(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    // `const`, `async`, `unsafe` and `extern "C"` may precede `fn`, and other items begin with them
    // too: only the token behind them decides.
    while ahead.peek(Token![const])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || ahead.peek(syn::LitStr)
    {
        if ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    ahead.peek(Token![fn])
}

/// The keyword that names the kind of the next item, such as `struct`.
fn keyword(input: ParseStream<'_>) -> syn::Result<Ident> {
    let ahead = input.fork();
    loop {
        let ident = ahead.call(Ident::parse_any)?;
        if ident != "unsafe" && ident != "auto" {
            return Ok(ident);
        }
    }
}

/// Skips to the end of an item that is not a function.
fn skip_item(input: ParseStream<'_>) -> syn::Result<()> {
    // Braces inside such an item are part of a value or of a `use`: they do not end it.
    let ends_in_semicolon = ["const", "static", "type", "use", "let"]
        .iter()
        .any(|keyword| input.fork().call(Ident::parse_any).is_ok_and(|ident| ident == keyword));
    while !input.is_empty() {
        match input.parse()? {
            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
            TokenTree::Group(group) if !ends_in_semicolon && is_braces(&group) => break,
            _ => {}
        }
    }
    Ok(())
}

fn is_braces(group: &Group) -> bool {
    group.delimiter() == proc_macro2::Delimiter::Brace
}
