//! The macros' entry points, as plain functions over token streams.

use proc_macro2::TokenStream;
use quote::quote;

use crate::args::Args;
use crate::ast::{Function, Item};
use crate::errors::Sink;
use crate::{expand, fallback, groups, list, model, module, schema};

/// `#[commande]` on an item.
pub(crate) fn command(args: TokenStream, item: &TokenStream) -> TokenStream {
    let mut sink = Sink::default();
    let args = Args::parse(args, &mut sink);
    match syn::parse2(groups::without(item.clone())) {
        Ok(Item::Function(mut function)) => {
            // The compiler forgets invisible brackets in what an attribute returns.
            function.body =
                function.body.map(|body| groups::rebuilt(&body, groups::bracketed(body.stream())));
            one(&args, *function, sink)
        }
        Ok(Item::Module(module)) => module::expand(&args, module, sink),
        Ok(Item::Other(keyword, span)) => {
            let text = format!(
                "`#[commande]` stands on a function or on a module of commands, not on `{keyword}`"
            );
            sink.push(syn::Error::new(span, text));
            with_errors(item, sink)
        }
        Err(error) => {
            sink.push(error);
            with_errors(item, sink)
        }
    }
}

fn one(args: &Args, function: Function, mut sink: Sink) -> TokenStream {
    let (command, function) = model::build(args, function, &mut sink);
    if sink.is_empty() {
        command.as_ref().map(|command| expand::expand(command, &function)).unwrap_or_default()
    } else {
        fallback::expand(command.as_ref(), &function, sink)
    }
}

/// `commandes![..]`. The input begins with the path of the runtime crate and a semicolon.
pub(crate) fn list(input: TokenStream) -> TokenStream {
    list::expand(input)
}

/// The derive `Schema`.
pub(crate) fn open_type(item: TokenStream) -> TokenStream {
    match syn::parse2(item) {
        Ok(item) => schema::expand(&item),
        Err(error) => error.into_compile_error(),
    }
}

fn with_errors(item: &TokenStream, sink: Sink) -> TokenStream {
    let errors = sink.into_tokens();
    quote!(#item #errors)
}
