//! Which types can cross the wire, as far as their syntax shows.

use super::stream;
use crate::lifetimes;
use syn::visit_mut::{self, VisitMut};
use syn::{Error, GenericParam, Generics, Lifetime, Path, Type, TypeReference};

/// The first fault in the type of an argument, at the part of the type that is wrong.
pub(super) fn fault_in_argument(ty: &Type) -> Option<Error> {
    let unsized_text = match peel(ty) {
        Type::Slice(_) => Some("an argument has a known size: write `&[..]` or `Vec<..>`"),
        Type::Path(path) if path.path.is_ident("str") => {
            Some("an argument has a known size: write `&str` or `String`")
        }
        _ => None,
    };
    if let Some(text) = unsized_text {
        return Some(Error::new_spanned(ty, text));
    }
    let found = Finder { role: Role::Argument, fault: None }.find(ty);
    found.or_else(|| fault_in_stream(ty))
}

/// What is wrong with an argument that is a stream, or has one inside.
fn fault_in_stream(ty: &Type) -> Option<Error> {
    if stream::is_named(ty) {
        let text = "the items of a stream are owned, for they come behind the message: write \
                    `String` for `&str`, `Octets` for `&[u8]`";
        return lifetimes::has_any(ty).then(|| Error::new_spanned(ty, text));
    }
    let text = "a stream is an argument of its own, taken as a value: write `Flux<..>` alone";
    stream::inside(ty).map(|stream| Error::new_spanned(stream, text))
}

/// The first fault in the type of an answer, at the part of the type that is wrong.
pub(super) fn fault_in_answer(ty: &Type) -> Option<Error> {
    Finder { role: Role::Answer, fault: None }.find(ty)
}

/// Whether a type names one of the type or const parameters in `generics`.
pub(super) fn mentions(ty: &Type, generics: &Generics) -> bool {
    struct Search<'g>(&'g Generics, bool);
    impl VisitMut for Search<'_> {
        fn visit_path_mut(&mut self, path: &mut Path) {
            let named = |param: &GenericParam| match param {
                GenericParam::Type(param) => path.is_ident(&param.ident),
                GenericParam::Const(param) => path.is_ident(&param.ident),
                GenericParam::Lifetime(_) => false,
            };
            self.1 |= self.0.params.iter().any(named);
            visit_mut::visit_path_mut(self, path);
        }
    }
    let mut search = Search(generics, false);
    search.visit_type_mut(&mut ty.clone());
    search.1
}

/// The type inside parentheses, and inside the invisible delimiters of `macro_rules!`.
pub(super) fn peel(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => peel(&group.elem),
        Type::Paren(paren) => peel(&paren.elem),
        other => other,
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Role {
    Argument,
    Answer,
}

/// Visits a type and keeps the first fault found.
struct Finder {
    role: Role,
    fault: Option<Error>,
}

impl Finder {
    fn find(mut self, ty: &Type) -> Option<Error> {
        self.visit_type_mut(&mut ty.clone());
        self.fault
    }

    fn note(&mut self, place: &dyn quote::ToTokens, text: String) {
        self.fault.get_or_insert_with(|| Error::new_spanned(place, text));
    }

    fn note_construct(&mut self, ty: &Type, construct: &str) {
        let what = match self.role {
            Role::Argument => "an argument",
            Role::Answer => "an answer",
        };
        self.note(ty, format!("{what} can't be {construct}: write a type that serde knows"));
    }

    fn reference(&mut self, reference: &TypeReference) {
        let elem = &reference.elem;
        let is_static = reference.lifetime.as_ref().is_some_and(|l| l.ident == "static");
        if self.role == Role::Answer {
            let text = match (reference.mutability, is_static) {
                (Some(_), _) => "an answer can't be `&mut`: write `&` or the type itself",
                (None, true) => {
                    "an answer borrows from the arguments or from what is handed in, never for \
                     `'static`: write `String`, `Vec<..>` or the type itself"
                }
                (None, false) => return,
            };
            self.note(reference, text.to_owned());
        } else if reference.mutability.is_some() {
            let text = "an argument can't be `&mut`, a peer has its own copy: write `&` or the \
                        type itself";
            self.note(reference, text.to_owned());
        } else if is_static {
            let text = format!(
                "an argument borrows from the received message, never for `'static`: write `&{}`",
                crate::print::ty(elem)
            );
            self.note(reference, text);
        }
    }
}

impl VisitMut for Finder {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::ImplTrait(of) if self.role == Role::Argument && stream::is_iterator(of) => {
                let text = "the items of an iterator cross the wire as a stream: write `Flux<T>`, \
                            and send `Flux::de(iterator)`";
                self.note(ty, text.to_owned());
            }
            Type::ImplTrait(_) => self.note_construct(ty, "an `impl` type"),
            Type::TraitObject(_) if self.role == Role::Answer => {
                let text = "an answer can't be a `dyn` type; the text of a `dyn Error` can be one: \
                            answer with `Resultat<..>`, and inside write \
                            `.map_err(|e| Erreur::echec(e.to_string()))?`";
                self.note(ty, text.to_owned());
            }
            Type::TraitObject(_) => self.note_construct(ty, "a `dyn` type"),
            Type::FnPtr(_) => self.note_construct(ty, "a function pointer"),
            Type::Ptr(_) => self.note_construct(ty, "a raw pointer"),
            Type::Infer(_) => self.note_construct(ty, "left to inference"),
            Type::Never(_) => self.note_construct(ty, "`!`"),
            Type::Reference(reference) => self.reference(reference),
            _ => {}
        }
        if self.fault.is_none() {
            visit_mut::visit_type_mut(self, ty);
        }
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        let is_static = lifetime.ident == "static";
        if self.role == Role::Argument && is_static {
            let text = "an argument borrows from the received message, never for `'static`: \
                        write `'_`";
            self.note(lifetime, text.to_owned());
        }
    }
}
