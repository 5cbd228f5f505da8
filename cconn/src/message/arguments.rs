//! The arguments of a command without a declaration at hand: a tuple of up to twelve values.
//!
//! A tuple is encoded in a message and decoded for a closure, so the trait takes the direction as a
//! parameter. This file implements sending; `commande` implements receiving.

use serde::Serialize;

use super::ValueError;
use crate::codec;

/// The arguments of a command without a declaration: a tuple of up to twelve values.
///
/// `S` is the direction. With [`Envoyes`] the tuple goes into a message that
/// [`nommee`](crate::nommee) makes, and serde must be able to encode each value. With
/// [`Recus`](crate::traits::Recus) the tuple is handed to a closure that `enregistrer_commande`
/// takes: each value must be owned (`String`, not `&str`), and serde must be able to decode it. No
/// program implements this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the arguments of a command",
    note = "they are a tuple, even one alone: `()`, `(a,)`, `(a, b)`; a closure takes \
            `(a,): (String,)`",
    note = "what `nommee` sends is a tuple of values that serde can encode; what a closure takes is \
            a tuple of owned values that it can decode",
    note = "serde knows arrays of at most 32 elements: send longer ones as `Octets`, `&[u8]` or \
            `Vec<_>`, and take them as `Octets` or `Vec<_>`",
    note = "a stream stands beside the tuple, `nommee(\"somme\", ()).avec_flux(flux)`; a function \
            under `#[commande]` takes it, or a `Promesse`, and a closure can't"
)]
pub trait Arguments<S: Sens>: Sized {
    /// The function that encodes or decodes such a tuple.
    #[doc(hidden)]
    const __CCONN_WAY: S::Way<Self>;
}

/// The direction of arguments: [`Envoyes`] or [`Recus`](crate::traits::Recus).
#[doc(hidden)]
pub trait Sens {
    /// A function over arguments `A`.
    type Way<A>;
}

/// The direction of arguments that are sent in a message.
#[doc(alias = "Sent")]
#[derive(Clone, Copy, Debug)]
pub enum Envoyes {}

impl Sens for Envoyes {
    type Way<A> = fn(&A, &mut Vec<u8>) -> Result<(), ValueError>;
}

fn encode<A: Serialize>(arguments: &A, out: &mut Vec<u8>) -> Result<(), ValueError> {
    codec::encode_fields(arguments, out).map_err(ValueError)
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl<$($name: Serialize),*> Arguments<Envoyes> for ($($name,)*) {
                const __CCONN_WAY: fn(&Self, &mut Vec<u8>) -> Result<(), ValueError> = encode;
            }
        )*
    };
}

tuples! {
    ; A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
    A B C D E F G H I; A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L;
}
