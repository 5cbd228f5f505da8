//! The attributes of a function that also go to the items generated beside it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, MetaList, Token, parse_quote};

use crate::errors::Sink;

/// The attributes that concern more than the function itself.
#[derive(Default)]
pub(crate) struct Forwarded {
    /// The lines of the doc comment.
    pub(crate) docs: Vec<Expr>,
    /// Attributes for the message: documentation, deprecation, conditions and lint levels.
    pub(crate) twin: Vec<Attribute>,
    /// Attributes for all other generated code: conditions and lint levels.
    pub(crate) code: Vec<Attribute>,
    /// Whether the function is deprecated, so that its generated code must be allowed to use it.
    pub(crate) deprecated: bool,
}

/// The meaning of an attribute for generated code.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    Condition,
    Level,
    Text,
    Deprecation,
    /// Documentation that is not text, such as `doc(hidden)`.
    Page,
    /// No meaning for generated code.
    Other,
}

impl Forwarded {
    /// Sorts the attributes of a function. `has_body` tells whether the function itself is written
    /// out too, with the same attributes.
    pub(super) fn from(attrs: &[Attribute], has_body: bool, sink: &mut Sink) -> Self {
        let mut forwarded = Forwarded::default();
        for attr in attrs {
            if let Err(error) = forwarded.one(&attr.meta, has_body) {
                sink.push(error);
            }
        }
        forwarded
    }

    fn one(&mut self, meta: &Meta, has_body: bool) -> syn::Result<()> {
        let for_twin = kept(meta, &|says| !matches!(says, Says::Other | Says::Text))?;
        self.twin.extend(for_twin.map(attribute));
        let text = kept(meta, &|says| says == Says::Text)?.map(attribute);
        // The examples in a doc comment run once, as the function's; the message would run them
        // again.
        self.twin.extend(text.map(|attr| if has_body { unless_run(&attr) } else { attr }));
        let is_for_code = |says| matches!(says, Says::Condition | Says::Level);
        self.code.extend(kept(meta, &is_for_code)?.map(attribute));
        self.deprecated |= kept(meta, &|says| says == Says::Deprecation)?.is_some();
        if let Meta::NameValue(line) = meta
            && says(meta) == Says::Text
        {
            self.docs.push(line.value.clone());
        }
        Ok(())
    }
}

/// The lint levels among the attributes of a parameter, for the message's field.
pub(super) fn levels(attrs: &[Attribute]) -> Vec<Attribute> {
    let levels = attrs.iter().filter_map(|attr| {
        // An attribute that can't be read is left to the compiler, which reads the function too.
        kept(&attr.meta, &|says| says == Says::Level).ok().flatten()
    });
    levels.map(attribute).collect()
}

/// The `cfg` conditions among the attributes of a function.
pub(crate) fn conditions(attrs: &[Attribute]) -> Vec<Attribute> {
    let conditions = attrs
        .iter()
        .filter_map(|attr| kept(&attr.meta, &|says| says == Says::Condition).ok().flatten());
    conditions.map(attribute).collect()
}

/// Whether a function is deprecated, unconditionally or under a `cfg_attr`.
pub(crate) fn is_deprecated(attrs: &[Attribute]) -> bool {
    let is = |attr: &Attribute| {
        matches!(kept(&attr.meta, &|says| says == Says::Deprecation), Ok(Some(_)))
    };
    attrs.iter().any(is)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what iterators hand over")]
fn attribute(meta: TokenStream) -> Attribute {
    parse_quote!(#[#meta])
}

/// The attribute, disabled while rustdoc collects the examples of doc comments.
fn unless_run(attr: &Attribute) -> Attribute {
    let meta = &attr.meta;
    parse_quote!(#[cfg_attr(not(doctest), #meta)])
}

/// The parts of a `cfg_attr`: its condition, and the attributes under it.
pub(crate) fn conditional(meta: &Meta) -> syn::Result<(Option<Meta>, Vec<Meta>)> {
    let list = meta.require_list()?;
    let list = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
    let mut metas = list.into_iter();
    Ok((metas.next(), metas.collect()))
}

/// The attribute as generated code gets it, if `keeps` accepts its meaning. Of a `cfg_attr` the
/// accepted attributes remain, under its condition.
fn kept(meta: &Meta, keeps: &dyn Fn(Says) -> bool) -> syn::Result<Option<TokenStream>> {
    if !meta.path().is_ident("cfg_attr") {
        let says = says(meta);
        return Ok(Some(meta).filter(|_| keeps(says)).and_then(|meta| generated(meta, says)));
    }
    let (condition, metas) = conditional(meta)?;
    let metas = metas.iter().map(|meta| kept(meta, keeps));
    let metas: Vec<_> = metas.collect::<syn::Result<Vec<_>>>()?.into_iter().flatten().collect();
    let path = meta.path();
    Ok((!metas.is_empty()).then(|| quote!(#path(#condition, #(#metas),*))))
}

fn says(meta: &Meta) -> Says {
    let Some(name) = meta.path().get_ident() else {
        return Says::Other;
    };
    match (name.to_string().as_str(), meta) {
        ("cfg", _) => Says::Condition,
        ("allow" | "expect" | "warn" | "deny" | "forbid", _) => Says::Level,
        ("deprecated", _) => Says::Deprecation,
        ("doc", Meta::NameValue(_)) => Says::Text,
        ("doc", _) => Says::Page,
        _ => Says::Other,
    }
}

fn generated(meta: &Meta, says: Says) -> Option<TokenStream> {
    match (says, meta) {
        (Says::Level, Meta::List(list)) if list.path.is_ident("expect") => allowed(list),
        _ => Some(meta.to_token_stream()),
    }
}

/// Turns an `expect` of the function into an `allow` for generated code, in which the lint need not
/// be triggered. `dead_code` is left out: dead code that is allowed keeps alive what it uses, the
/// function too, whose own expectation would then fail.
fn allowed(list: &MetaList) -> Option<TokenStream> {
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    let lints = list.parse_args_with(parser).ok()?.into_iter().filter_map(|lint| {
        match lint.path().get_ident().map(ToString::to_string).as_deref() {
            Some("dead_code" | "unused" | "reason") => None,
            Some("warnings") => Some(parse_quote!(deprecated)),
            _ => Some(lint),
        }
    });
    let lints: Vec<_> = lints.collect();
    (!lints.is_empty()).then(|| quote!(allow(#(#lints),*)))
}
