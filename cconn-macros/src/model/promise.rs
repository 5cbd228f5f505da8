//! Commands that leave their answer to a promise: the answer is that of the promise.

use syn::{Path, ReturnType, Type};

use super::handed_in::HandedIn;
use super::parameters::Parameter;
use super::{borrowed, invalid, stream};
use crate::errors::Sink;

/// The type of the answer, if the command is handed the promise of one.
pub(super) fn find(parameters: &[Parameter]) -> Option<&Type> {
    parameters.iter().find_map(|parameter| match parameter {
        Parameter::HandedIn(HandedIn::Promise(ty, _)) => Some(&**ty),
        _ => None,
    })
}

/// The type of the answer, checked; that of a mistake if it can't be one.
pub(super) fn answer(ty: &Type, output: &ReturnType, krate: &Path, sink: &mut Sink) -> Type {
    if let ReturnType::Type(_, returned) = output
        && !matches!(&**returned, Type::Tuple(tuple) if tuple.elems.is_empty())
    {
        let text = "a command with a promise returns nothing, because the promise is its answer: \
                    remove this type, or the parameter `Promesse`";
        sink.at(returned, text);
        return invalid(krate);
    }
    if stream::find(ty).is_some() {
        let text = "a promise is kept with one value: return the stream, which `Flux::canal` \
                    makes of a channel, and remove the promise";
        sink.at(ty, text);
        return invalid(krate);
    }
    if borrowed::owned(ty, krate).is_some() {
        let text = "a promise is kept when what the command borrowed is gone: write the owned \
                    type, such as `String` for `&str`";
        sink.at(ty, text);
        return invalid(krate);
    }
    ty.clone()
}
