//! Replaces every lifetime in a type by one and the same, elided lifetimes too.

use proc_macro2::Span;
use syn::visit_mut::{self, VisitMut};
use syn::{Lifetime, Type, TypeReference};

/// The type with the lifetime `name` in every place that has one.
pub(crate) fn with(ty: &Type, name: &str) -> Type {
    let mut ty = ty.clone();
    Replace { name, found: false }.visit_type_mut(&mut ty);
    ty
}

/// Whether a type has a lifetime, as far as its syntax shows: `Cow<str>` hides one.
pub(crate) fn has_any(ty: &Type) -> bool {
    let mut replace = Replace { name: "'_", found: false };
    replace.visit_type_mut(&mut ty.clone());
    replace.found
}

struct Replace<'n> {
    name: &'n str,
    found: bool,
}

impl VisitMut for Replace<'_> {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        self.found = true;
        let span = reference.and_token.span.resolved_at(Span::call_site());
        reference.lifetime = Some(Lifetime::new(self.name, span));
        self.visit_type_mut(&mut reference.elem);
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        self.found = true;
        *lifetime = Lifetime::new(self.name, lifetime.span());
        visit_mut::visit_lifetime_mut(self, lifetime);
    }
}
