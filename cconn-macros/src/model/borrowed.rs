//! Answers that borrow: the owned type that a caller gets for each.

use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{Lifetime, Path, Type, parse_quote_spanned};

use super::types;

/// The owned form of an answer that borrows: `String` for `&str`, `Vec<T>` for `&[T]`, `T` for
/// `&T`, inside other types too, and `'static` for each lifetime. `None` if the answer borrows
/// nothing.
pub(super) fn owned(ty: &Type, krate: &Path) -> Option<Type> {
    let (mut ty, mut own) = (ty.clone(), Own { krate, borrows: false });
    own.visit_type_mut(&mut ty);
    own.borrows.then_some(ty)
}

struct Own<'k> {
    krate: &'k Path,
    borrows: bool,
}

impl VisitMut for Own<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        visit_mut::visit_type_mut(self, ty);
        let Type::Reference(reference) = &*ty else { return };
        self.borrows = true;
        let (krate, span) = (self.krate, reference.span());
        *ty = match types::peel(&reference.elem) {
            Type::Path(path) if path.path.is_ident("str") => {
                parse_quote_spanned!(span=> #krate::__prive::String)
            }
            Type::Slice(slice) => {
                let elem = &slice.elem;
                parse_quote_spanned!(span=> #krate::__prive::Vec<#elem>)
            }
            other => other.clone(),
        };
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            self.borrows = true;
            *lifetime = Lifetime::new("'static", lifetime.span());
        }
    }
}
