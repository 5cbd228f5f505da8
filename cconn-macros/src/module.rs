//! `#[commande] mod calcul { .. }`: a module whose commands are collected in a list.
//!
//! The list is built from the text of the module, in which a command made by a macro is not
//! visible. So that none is missing in silence, the module gets a hidden trait that lists its
//! commands, and the expansion of each command checks against that trait that it is listed.

mod bodies;
mod found;
mod items;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, Ident};

use self::found::{Found, Names};
use self::items::{Item, Kind};
use crate::args::Args;
use crate::ast::Module;
use crate::errors::Sink;
use crate::list::table;
use crate::model::{conditions, generated, hash, unraw};
use crate::{dependency, deprecated, groups};

/// The name of the function that returns the list.
const LIST: &str = "commandes";

/// Adds the function `commandes` to the module.
pub(crate) fn expand(args: &Args, module: Module, mut sink: Sink) -> TokenStream {
    check_args(args, &mut sink);
    let Module { attrs, vis, token, ident, content } = module;
    let Some(content) = content else {
        sink.at(&ident, "a module of commands stands here: write `{ .. }` after its name");
        let errors = sink.into_tokens();
        return quote!(#(#attrs)* #vis #token #ident; #errors);
    };
    let krate = args.krate.clone().unwrap_or_else(dependency::path);
    let collected = Collected::read(groups::bracketed(content.stream()), &Names::none(), &mut sink);
    let taken = collected.commands.iter().find(|found| found.ident == LIST);
    if let Some(taken) = taken {
        let text = "the module's list has that name: rename the command, with `nom = \"..\"`";
        sink.at(&taken.ident, text);
    }
    let list = taken.is_none().then(|| collected.function());
    let prive = quote_spanned!(Span::mixed_site()=> #krate::__prive);
    let content = collected.content(&prive);
    let errors = sink.into_tokens();
    quote!(#(#attrs)* #vis #token #ident { #content #list #errors })
}

/// Reports the arguments that a module can't have: only `crate = path` has a meaning for one.
fn check_args(args: &Args, sink: &mut Sink) {
    let Args {
        name,
        aliases,
        krate: _,
        parallel,
        idempotent,
        guard,
        client,
        server,
        declared,
        states,
    } = args;
    let name = name.iter().chain(aliases).map(ToTokens::to_token_stream);
    let name = name.chain(declared.iter().map(ToTokens::to_token_stream));
    let name = name.chain(guard.iter().map(ToTokens::to_token_stream));
    let others = [parallel, idempotent, client, server].into_iter().flatten().chain(states);
    for place in name.chain(others.map(ToTokens::to_token_stream)) {
        sink.at(&place, "a module has no such argument: write it on one of its commands");
    }
}

/// The content of a module, and the commands in it.
struct Collected {
    /// In the order of the source, because a `macro_rules!` macro is visible only behind its
    /// definition.
    pieces: Vec<Piece>,
    commands: Vec<Found>,
}

enum Piece {
    Items(TokenStream),
    /// A module inside, which has no attribute and thus no list of its own.
    Module(Nested),
}

/// A module inside a collected one.
struct Nested {
    ident: Ident,
    conditions: Vec<Attribute>,
    /// The tokens before its content.
    head: TokenStream,
    collected: Collected,
}

impl Collected {
    fn read(content: TokenStream, names: &Names, sink: &mut Sink) -> Self {
        let items = items::cut(content);
        let mut names = names.clone();
        for item in &items {
            if let Kind::Other(tokens) = &item.kind
                && items::begins_with(tokens, &["use"])
            {
                names.import(tokens.clone());
            }
        }
        let mut collected = Collected { pieces: Vec::new(), commands: Vec::new() };
        for item in items {
            collected.add(item, &names, sink);
        }
        collected
    }

    fn add(&mut self, mut item: Item, names: &Names, sink: &mut Sink) {
        self.commands.extend(names.command(&item));
        let has_list = names.stand_on(&item);
        match &mut item.kind {
            Kind::Module(ident, head, content) if !has_list => {
                let collected = Collected::read(content.stream(), names, sink);
                let (conditions, start) = (conditions(&item.attrs), &item.start);
                let head = quote!(#start #head);
                let ident = ident.clone();
                self.pieces.push(Piece::Module(Nested { ident, conditions, head, collected }));
                return;
            }
            Kind::Function(_, _, Some(body)) => *body = bodies::marked(body),
            Kind::Other(tokens) => {
                *tokens = bodies::marked_inside(std::mem::take(tokens));
            }
            _ => {}
        }
        self.pieces.push(Piece::Items(item.into_token_stream()));
    }

    /// The largest possible number of commands: conditions may remove some.
    fn count(&self) -> usize {
        let nested: usize = self.modules().map(|nested| nested.collected.count()).sum();
        self.listed().count() + nested
    }

    fn modules(&self) -> impl Iterator<Item = &Nested> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Items(_) => None,
            Piece::Module(nested) => Some(nested),
        })
    }

    fn listed(&self) -> impl Iterator<Item = &Found> {
        self.commands.iter().filter(|found| found.has_body)
    }

    /// Whether a command in the list needs a server; `None` if a `cfg` condition decides.
    fn server_only(&self) -> Option<bool> {
        let mut some = false;
        for found in self.listed().filter(|found| found.server_only) {
            if found.conditions.is_empty() {
                return Some(true);
            }
            some = true;
        }
        for nested in self.modules() {
            match nested.collected.server_only() {
                Some(true) if nested.conditions.is_empty() => return Some(true),
                Some(false) => {}
                _ => some = true,
            }
        }
        (!some).then_some(false)
    }

    /// The function `commandes`, which returns the list.
    fn function(&self) -> TokenStream {
        let scope = match self.server_only() {
            Some(true) => quote!(__cconn_module::ServeurSeul),
            Some(false) => quote!(__cconn_module::Partout),
            None => quote! {
                <__cconn_module::Where<{ __cconn_module::server_only(__CCONN_COMMANDS) }>
                    as __cconn_module::Scope>::Portee
            },
        };
        let table = table(self.count());
        quote_spanned! {Span::mixed_site()=>
            /// The commands of this module, to register.
            pub const fn commandes() -> __cconn_module::Commandes<#scope> {
                const __CCONN_DISTINCT: &[__cconn_module::Description] =
                    __cconn_module::distinct::<#table>(__CCONN_COMMANDS);
                __cconn_module::list::<{ __cconn_module::server_only(__CCONN_COMMANDS) }>(
                    __CCONN_DISTINCT,
                )
            }
        }
    }

    /// The content of the module as written out. `prive` is the path of the items that generated
    /// code needs.
    fn content(&self, prive: &TokenStream) -> TokenStream {
        let pieces = self.pieces.iter().map(|piece| match piece {
            Piece::Items(items) => items.clone(),
            Piece::Module(Nested { head, collected, .. }) => {
                let content = collected.content(&quote!(super::__cconn_module));
                quote!(#head { #content })
            }
        });
        let list = self.list();
        let old: Vec<_> = self.listed().filter(|found| found.deprecated).collect();
        let (list, attrs) = if old.is_empty() {
            (list, TokenStream::new())
        } else {
            // Deprecated commands are named inside a derive only, where they raise no warning.
            let names: Vec<_> = old.iter().map(|found| found.ident.clone()).collect();
            let prive = quote_spanned!(Span::mixed_site()=> __cconn_module);
            (TokenStream::new(), deprecated::attributes(&prive, &names, &list))
        };
        let check = self.check(&attrs);
        quote_spanned! {Span::mixed_site()=>
            #(#pieces)*
            #[doc(hidden)]
            use #prive as __cconn_module;
            #list
            #check
        }
    }

    /// The constant that lists the commands of the module and of the modules inside it.
    fn list(&self) -> TokenStream {
        let own = self.listed().map(|Found { ident, conditions, .. }| {
            let span = ident.span().resolved_at(Span::mixed_site());
            let ident = generated(ident);
            quote_spanned!(span=> #(#conditions)* <#ident as __cconn_module::Commande>::DESCRIPTION)
        });
        let own = quote_spanned!(Span::mixed_site()=> &[#(#own),*]);
        let nested = self.modules().filter(|nested| nested.collected.count() > 0);
        let nested: Vec<_> = nested
            .map(
                |Nested { ident, conditions, .. }| quote!(#(#conditions)* #ident::__CCONN_COMMANDS),
            )
            .collect();
        let all = if nested.is_empty() {
            own
        } else {
            quote_spanned! {Span::mixed_site()=> {
                const __CCONN_LISTS: &[&[__cconn_module::Description]] = &[#own, #(#nested),*];
                &__cconn_module::joined::<{ __cconn_module::total(__CCONN_LISTS) }>(__CCONN_LISTS)
            }}
        };
        quote_spanned! {Span::mixed_site()=>
            #[doc(hidden)]
            pub(super) const __CCONN_COMMANDS: &[__cconn_module::Description] = #all;
        }
    }

    /// The hidden trait by which each command in the module, even one made by a macro, finds the
    /// names listed here. `attrs` are the attributes for the struct in it.
    fn check(&self, attrs: &TokenStream) -> TokenStream {
        let mut names: Vec<_> =
            self.commands.iter().map(|found| hash(&unraw(&found.ident))).collect();
        names.sort_unstable();
        quote_spanned! {Span::mixed_site()=>
            #attrs
            #[doc(hidden)]
            struct __CconnHere;
            #[doc(hidden)]
            trait __CconnCollects {
                fn __cconn_module(&self) -> __CconnHere;
            }
            const _: () = {
                impl __cconn_module::Module for __CconnHere {
                    const PATH: &'static __cconn_module::str = __cconn_module::module_path!();
                    const NAMES: &'static [__cconn_module::u64] = &[#(#names),*];
                }
                impl __CconnCollects for __cconn_module::ModuleProbe {
                    fn __cconn_module(&self) -> __CconnHere {
                        __CconnHere
                    }
                }
            };
        }
    }
}
