//! The commands of a module, as far as the module's text shows them.

use proc_macro2::{Group, Ident, TokenStream, TokenTree};
use quote::quote;
use syn::{Attribute, Meta, Path, parse_quote};

use super::items::{Item, Kind};
use crate::args::Args;
use crate::ast;
use crate::errors::Sink;
use crate::groups;
use crate::model::{conditional, conditions, is_deprecated, takes_server};

/// A function with the attribute `#[commande]`.
pub(super) struct Found {
    pub(super) ident: Ident,
    /// The `cfg` conditions under which the function is a command.
    pub(super) conditions: Vec<Attribute>,
    pub(super) has_body: bool,
    pub(super) server_only: bool,
    pub(super) deprecated: bool,
}

/// The names of the attribute in a module: besides `commande`, the names under which it is
/// imported.
#[derive(Clone)]
pub(super) struct Names(Vec<Ident>);

impl Names {
    pub(super) fn none() -> Self {
        Names(Vec::new())
    }

    /// Adds the names from `use` items of the form `commande as name`.
    pub(super) fn import(&mut self, item: TokenStream) {
        let tokens: Vec<_> = item.into_iter().collect();
        for token in &tokens {
            if let TokenTree::Group(group) = token {
                self.import(group.stream());
            }
        }
        for three in tokens.windows(3) {
            if let [TokenTree::Ident(from), TokenTree::Ident(r#as), TokenTree::Ident(name)] = three
                && from == "commande"
                && r#as == "as"
            {
                self.0.push(name.clone());
            }
        }
    }

    fn has(&self, path: &Path) -> bool {
        path.segments.last().is_some_and(|last| last.ident == "commande")
            || path.get_ident().is_some_and(|ident| self.0.contains(ident))
    }

    /// Whether an item has the attribute, unconditionally or under a `cfg_attr`.
    pub(super) fn stand_on(&self, item: &Item) -> bool {
        !self.uses(&item.attrs).is_empty()
    }

    fn uses(&self, attrs: &[Attribute]) -> Vec<Use> {
        let mut uses = Vec::new();
        for attr in attrs {
            self.add(&attr.meta, &[], &mut uses);
        }
        uses
    }

    fn add(&self, meta: &Meta, conditions: &[Meta], uses: &mut Vec<Use>) {
        if self.has(meta.path()) {
            let args = match meta {
                Meta::List(list) => list.tokens.clone(),
                _ => TokenStream::new(),
            };
            uses.push(Use { conditions: conditions.to_vec(), args });
        } else if meta.path().is_ident("cfg_attr")
            && let Ok((Some(condition), metas)) = conditional(meta)
        {
            let conditions = [conditions, &[condition]].concat();
            for meta in &metas {
                self.add(meta, &conditions, uses);
            }
        }
    }

    /// The command that an item defines, if it is a function with the attribute.
    pub(super) fn command(&self, item: &Item) -> Option<Found> {
        let Kind::Function(ident, signature, body) = &item.kind else {
            return None;
        };
        let uses = self.uses(&item.attrs);
        if uses.is_empty() {
            return None;
        }
        let server_only = uses.iter().any(|each| each.takes_server(signature, body.as_ref()));
        let mut conditions = conditions(&item.attrs);
        // Under conditions only, the function is a command if one of them holds.
        if uses.iter().all(|each| !each.conditions.is_empty()) {
            let all = uses.iter().map(|each| {
                let conditions = &each.conditions;
                quote!(all(#(#conditions),*))
            });
            conditions.push(parse_quote!(#[cfg(any(#(#all),*))]));
        }
        Some(Found {
            ident: ident.clone(),
            conditions,
            has_body: body.is_some(),
            server_only,
            deprecated: is_deprecated(&item.attrs),
        })
    }
}

/// One occurrence of the attribute, with the conditions of the `cfg_attr`s around it.
struct Use {
    conditions: Vec<Meta>,
    args: TokenStream,
}

impl Use {
    fn takes_server(&self, signature: &TokenStream, body: Option<&Group>) -> bool {
        // Mistakes are ignored here: the command's own expansion reports them.
        let args = Args::parse(self.args.clone(), &mut Sink::default());
        let signature = groups::without(signature.clone());
        let item = match body {
            Some(_) => quote!(#signature {}),
            None => signature,
        };
        match syn::parse2(item) {
            Ok(ast::Item::Function(function)) => takes_server(&args, &function),
            _ => false,
        }
    }
}
