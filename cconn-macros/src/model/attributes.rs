//! Which of a function's attributes go on to the items that are generated beside it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Meta, Token};

use crate::errors::Sink;

/// The attributes that concern more than the function.
#[derive(Default)]
pub(crate) struct Forwarded {
    /// The lines of the doc comment.
    pub(crate) docs: Vec<Expr>,
    /// Everything for the message: documentation, deprecation, conditions.
    pub(crate) twin: Vec<Attribute>,
    /// The conditions under which there is a command at all.
    pub(crate) cfgs: Vec<Attribute>,
    /// Whether its own generated code must be allowed to use it.
    pub(crate) deprecated: bool,
}

impl Forwarded {
    pub(super) fn from(attrs: &[Attribute], sink: &mut Sink) -> Self {
        let mut forwarded = Forwarded::default();
        for attr in attrs {
            if let Err(error) = forwarded.one(attr) {
                sink.push(error);
            }
        }
        forwarded
    }

    fn one(&mut self, attr: &Attribute) -> syn::Result<()> {
        let path = attr.path();
        if path.is_ident("cfg_attr") {
            return self.conditional(attr);
        }
        if !is_forwarded(&attr.meta) {
            return Ok(());
        }
        self.twin.push(attr.clone());
        if path.is_ident("cfg") {
            self.cfgs.push(attr.clone());
        }
        self.deprecated |= path.is_ident("deprecated");
        if let Meta::NameValue(line) = &attr.meta
            && path.is_ident("doc")
        {
            self.docs.push(line.value.clone());
        }
        Ok(())
    }

    /// Forwards of a `cfg_attr` what would be forwarded without the condition.
    fn conditional(&mut self, attr: &Attribute) -> syn::Result<()> {
        let list = attr.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)?;
        let mut metas = list.into_iter();
        let Some(condition) = metas.next() else {
            return Ok(());
        };
        let kept: Vec<_> = metas.filter(is_forwarded).collect();
        let is_cfg = |meta: &&Meta| meta.path().is_ident("cfg");
        let cfgs: Vec<_> = kept.iter().filter(is_cfg).collect();
        self.deprecated |= kept.iter().any(|meta| meta.path().is_ident("deprecated"));
        if !cfgs.is_empty() {
            self.cfgs.push(rebuilt(attr, quote!(#condition, #(#cfgs),*)));
        }
        if !kept.is_empty() {
            self.twin.push(rebuilt(attr, quote!(#condition, #(#kept),*)));
        }
        Ok(())
    }
}

fn is_forwarded(meta: &Meta) -> bool {
    ["cfg", "doc", "deprecated"].iter().any(|name| meta.path().is_ident(name))
}

/// The same `cfg_attr` with other content.
fn rebuilt(attr: &Attribute, content: TokenStream) -> Attribute {
    let mut attr = attr.clone();
    if let Meta::List(list) = &mut attr.meta {
        list.tokens = content.into_token_stream();
    }
    attr
}
