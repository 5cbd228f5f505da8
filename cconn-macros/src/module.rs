//! `#[commande] mod calcul { .. }`: a module whose commands are collected in a list.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Meta, Path, parse_quote};

use crate::args::Args;
use crate::ast::{Function, Item, Module};
use crate::errors::Sink;
use crate::list::{self, Listed};
use crate::model::takes_server;

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
    let content = content.stream();
    let krate = args.krate.clone().unwrap_or_else(|| parse_quote!(::cconn));
    let commands = commands(content.clone(), &mut sink);
    let is_taken = commands.iter().any(|found| found.listed.path.is_ident(LIST));
    let list = (!is_taken).then(|| list_function(&krate, commands));
    let errors = sink.into_tokens();
    quote!(#(#attrs)* #vis #token #ident { #content #list #errors })
}

/// Of the attribute's arguments, only the crate's path has a meaning for a module.
fn check_args(args: &Args, sink: &mut Sink) {
    let Args { name, krate: _, parallel, client, server } = args;
    let name = name.iter().map(ToTokens::to_token_stream);
    let others = [parallel, client, server].into_iter().flatten().map(ToTokens::to_token_stream);
    for place in name.chain(others) {
        sink.at(&place, "a module has no such argument: write it on one of its commands");
    }
}

/// A command of the module, and whether only a server can run it.
struct Found {
    listed: Listed,
    server_only: bool,
}

/// The commands that have a body and stand in the module itself.
fn commands(content: TokenStream, sink: &mut Sink) -> Vec<Found> {
    let parser = |input: ParseStream<'_>| {
        let mut found = Vec::new();
        input.call(Attribute::parse_inner)?;
        while !input.is_empty() {
            if let Item::Function(function) = input.parse()? {
                found.extend(command(&function, sink));
            }
        }
        Ok(found)
    };
    parser.parse2(content).unwrap_or_else(|error| {
        sink.push(error);
        Vec::new()
    })
}

fn command(function: &Function, sink: &mut Sink) -> Option<Found> {
    let attr = function.attrs.iter().find(|attr| is_commande(attr))?;
    function.body.as_ref()?;
    let tokens = match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        _ => TokenStream::new(),
    };
    // Mistakes in the command's own attribute are told when it is expanded itself.
    let args = Args::parse(tokens, &mut Sink::default());
    let ident = &function.sig.ident;
    if ident == LIST {
        sink.at(ident, "the module's list has that name: rename the command, with `nom = \"..\"`");
    }
    let cfgs = function.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
    let listed = Listed { cfgs, path: ident.clone().into() };
    Some(Found { listed, server_only: takes_server(&args, function) })
}

fn is_commande(attr: &Attribute) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == "commande")
}

fn list_function(krate: &Path, commands: Vec<Found>) -> TokenStream {
    let server_only = commands.iter().any(|found| found.server_only);
    let scope = if server_only { quote!(ServeurSeul) } else { quote!(Partout) };
    let listed: Vec<_> = commands.into_iter().map(|found| found.listed).collect();
    let list = list::build(&krate.to_token_stream(), &scope, &listed);
    quote! {
        /// The commands of this module, to register.
        pub const fn commandes() -> #krate::__prive::Commandes<#krate::__prive::#scope> {
            #list
        }
    }
}
