//! What stands for a type whose structure is not known: a hash of its name.
//!
//! References, lifetimes and the path before the last name are left out, and `String` counts as
//! `str`, `Vec<T>` as `[T]`, so that both sides may write the type in their own way.

use quote::ToTokens;
use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// The hash of a type's name: FNV-1a, 32 bits.
pub(crate) fn of(ty: &Type) -> u32 {
    name(ty).bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME))
}

const PRIME: u32 = 0x0100_0193;

fn name(ty: &Type) -> String {
    match ty {
        Type::Group(group) => name(&group.elem),
        Type::Paren(paren) => name(&paren.elem),
        Type::Reference(reference) => name(&reference.elem),
        Type::Slice(slice) => format!("[{}]", name(&slice.elem)),
        Type::Array(array) => format!("[{};{}]", name(&array.elem), array.len.to_token_stream()),
        Type::Tuple(tuple) => format!("({})", names(&mut tuple.elems.iter())),
        Type::Path(path) => path.path.segments.last().map(segment).unwrap_or_default(),
        other => other.to_token_stream().to_string(),
    }
}

fn segment(segment: &PathSegment) -> String {
    let ident = segment.ident.to_string();
    let arguments = types(segment);
    match (ident.as_str(), &arguments[..]) {
        ("String" | "str", []) => "str".to_owned(),
        ("Box" | "Rc" | "Arc" | "Cow", [content]) => name(content),
        ("Vec", [content]) => format!("[{}]", name(content)),
        (_, []) => ident,
        (_, all) => format!("{ident}<{}>", names(&mut all.iter().copied())),
    }
}

fn names(types: &mut dyn Iterator<Item = &Type>) -> String {
    types.map(name).collect::<Vec<_>>().join(",")
}

/// The types between the angle brackets of a path's segment.
pub(crate) fn types(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(list) = &segment.arguments else {
        return Vec::new();
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}
