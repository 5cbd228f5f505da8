//! The receiving side: the description of a command that is registered.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Ident;

use super::message::twin_type;
use super::{declared, defaults, handed_in};
use crate::lifetimes;
use crate::model::{Argument, Command, HandedIn, Parameter, Stream, hash, kind_of, unraw};

/// The implementation of `Commande`, for a command that has a body.
pub(super) fn registered(command: &Command) -> Option<TokenStream> {
    command.has_body.then(|| {
        let handler = handler(command);
        entry(command, &handler)
    })
}

fn entry(command: &Command, handler: &TokenStream) -> TokenStream {
    let twin = twin_type(command);
    let server_only = is_server_only(command);
    let scope = Ident::new(if server_only { "ServeurSeul" } else { "Partout" }, Span::mixed_site());
    let (name, hash) = (declared::name(command), declared::name_hash(command));
    let Command { aliases, parallel, .. } = command;
    let signature = declared::signature(command);
    let doc = doc(command);
    let needs = handed_in::needs(command);
    let guard = if let Some(guard) = &command.guard {
        quote!(__cconn::Some(#guard))
    } else {
        quote!(__cconn::None)
    };
    let form = match command.stream {
        None => "Nothing",
        Some(Stream::Items { .. }) => "Items",
        Some(Stream::Named) => "Named",
    };
    let form = Ident::new(form, Span::mixed_site());
    quote_spanned! {Span::mixed_site()=>
        #[doc(hidden)]
        impl __cconn::Commande for #twin {
            type Portee = __cconn::#scope;

            const DESCRIPTION: __cconn::Description = __cconn::Description {
                nom: #name,
                signature: #signature,
                doc: #doc,
                parallele: #parallel,
                serveur_seul: #server_only,
                flux: __cconn::StreamForm::#form,
                hash: #hash,
                alias: &[#(#aliases),*],
                declared: __cconn::Some(|| &__CCONN_SIGNATURE),
                besoins: #needs,
                garde: #guard,
                run: #handler,
            };
        }
    }
}

fn is_server_only(command: &Command) -> bool {
    let is_server =
        |parameter: &Parameter| matches!(parameter, Parameter::HandedIn(HandedIn::Server(_)));
    command.parameters.iter().any(is_server)
}

/// A compile-time check that the module's list, if the module collects its commands, holds this
/// one.
pub(super) fn listed(command: &Command) -> Option<TokenStream> {
    let name = unraw(&command.ident);
    let hash = hash(&name);
    let text = format!(
        "the command `{name}` would be missing from `commandes()` of its module: what a macro, an \
         `include!` or an attribute under another name than `commande` makes, `#[commande]` on the \
         module can't see; write `#[commande] fn {name}` out in the module, or put it into a \
         module without the attribute and list it with `commandes![]`"
    );
    let span = command.ident.span().resolved_at(Span::mixed_site());
    command.has_body.then(|| {
        quote_spanned! {span=>
            const _: () = __cconn::check_listed(
                &|| __cconn::ModuleProbe.__cconn_module(),
                __cconn::module_path!(),
                #hash,
                #text,
            );
        }
    })
}

/// The doc comment, line by line; the blank that follows `///` is removed from each line.
fn doc(command: &Command) -> TokenStream {
    let lines = command.forwarded.docs.iter().map(|line| match line {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
            let text = text.value();
            let text = text.strip_prefix(' ').unwrap_or(&text);
            quote!(#text)
        }
        other => quote!(#other),
    });
    quote_spanned!(Span::mixed_site()=> __cconn::concat!(#(#lines, "\n"),*))
}

/// The handler, as a closure: a function would need a name, which a command could have too.
fn handler(command: &Command) -> TokenStream {
    let (context, input, out) = (local("context"), local("input"), local("out"));
    let arguments: Vec<_> = command.arguments().collect();
    let slots: Vec<_> = (0..arguments.len()).map(|place| local(&format!("a{place}"))).collect();
    let behind = (0..arguments.len()).rev();
    let reads = slots.iter().zip(&arguments).zip(behind);
    let reads = reads.filter(|((_, argument), _)| !argument.is_stream);
    let reads = reads.map(|((slot, argument), behind)| read(slot, &input, argument, behind));
    let is_stream = |(_, argument): &(&Ident, &&Argument)| argument.is_stream;
    let opens = slots.iter().zip(&arguments).filter(is_stream);
    let opens = opens.map(|(slot, argument)| open(slot, &context, command, argument));
    let mutable = arguments.iter().any(|argument| !argument.is_stream).then(|| quote!(mut));
    let passed = passed(command, &context, &slots);
    let function = &command.ident;
    let returned = quote_spanned!(Span::mixed_site()=> #function(#(#passed),*));
    let answer = answer(command, &returned, &context, &out);
    quote_spanned! {Span::mixed_site()=>
        |#context, #mutable #input, #out| {
            #(#reads)*
            __cconn::Input::end(#input)?;
            #(#opens)*
            #answer
        }
    }
}

/// Encodes what the function returned. A value that borrows is encoded before the borrow ends.
fn reply(command: &Command, returned: &TokenStream, out: &Ident) -> TokenStream {
    if !command.lends {
        return quote_spanned! {Span::mixed_site()=>
            __cconn::answer::<{ __CCONN_KIND }, _>(#returned, #out)
        };
    }
    quote_spanned! {Span::mixed_site()=>
        {
            use __cconn::{LendNever as _, LendSerde as _};
            __cconn::Lent::<{ __CCONN_KIND }, _>(#returned).__cconn_lend(#out)
        }
    }
}

/// Calls the function and sends what it returns.
fn answer(command: &Command, returned: &TokenStream, context: &Ident, out: &Ident) -> TokenStream {
    let site = Span::mixed_site();
    if command.promises {
        return quote_spanned! {site=> {
            let () = #returned;
            __cconn::Ok(__cconn::Reply::LATER)
        }};
    }
    let (item, status) = match &command.stream {
        None => {
            let reply = reply(command, returned, out);
            return quote_spanned!(site=> __cconn::Ok(#reply));
        }
        Some(Stream::Named) => {
            return quote_spanned! {site=>
                __cconn::Ok(__cconn::ReturnedFlux::send(#returned, #context, #out))
            };
        }
        Some(Stream::Items { item, status }) => (item, status),
    };
    let kind = kind_of(item);
    let Some(status) = status else {
        return quote_spanned! {site=>
            __cconn::Ok(__cconn::stream::<{ #kind }, #item, _>(#returned, #context, #out))
        };
    };
    let status_kind = kind_of(status);
    let (items, ended) = (local("items"), local("status"));
    quote_spanned! {site=>
        let mut #items = __cconn::Option::None;
        let #ended: #status = __cconn::Result::map(#returned, |__cconn_returned| {
            #items = __cconn::Option::Some(__cconn_returned);
        });
        __cconn::Ok(match #items {
            __cconn::Option::Some(#items) => {
                __cconn::stream::<{ #kind }, #item, _>(#items, #context, #out)
            }
            __cconn::Option::None => __cconn::answer::<{ #status_kind }, _>(#ended, #out),
        })
    }
}

/// Reads one argument, as the type that the user wrote.
fn read(slot: &Ident, input: &Ident, argument: &Argument, behind: usize) -> TokenStream {
    let ty = lifetimes::with(&argument.ty, "'_");
    let name = &argument.name;
    let read = quote_spanned! {Span::mixed_site()=>
        __cconn::Slot::<#ty>::NEW.__cconn_read(&mut #input, #name)?
    };
    let read = defaults::read(argument, input, behind, &read);
    quote_spanned!(Span::mixed_site()=> let #slot: #ty = #read;)
}

/// Opens an argument that is a stream, once all others were read.
fn open(slot: &Ident, context: &Ident, command: &Command, argument: &Argument) -> TokenStream {
    let (ty, name) = (&argument.ty, &argument.name);
    let command = declared::name(command);
    quote_spanned! {Span::mixed_site()=>
        let #slot: #ty = __cconn::Slot::<#ty>::NEW.__cconn_open(#context, #command, #name)?;
    }
}

/// The values that the function is called with, in the order of its parameters.
fn passed(command: &Command, context: &Ident, slots: &[Ident]) -> Vec<TokenStream> {
    let mut slots = slots.iter();
    let passed = command.parameters.iter().map(|parameter| match parameter {
        Parameter::HandedIn(kind) => handed_in::passed(command, kind, context),
        Parameter::Argument(_) => {
            let slot = slots.next();
            quote!(#slot)
        }
    });
    passed.collect()
}

fn local(name: &str) -> Ident {
    format_ident!("__cconn_{name}", span = Span::mixed_site())
}
