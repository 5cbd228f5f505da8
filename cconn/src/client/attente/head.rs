//! The head of a deferred call's message.

use crate::message::{Entete, Fixed};

/// The message's head, kept for errors.
pub(super) enum Head {
    Fixed(Fixed),
    Copied(Box<Copied>),
}

/// The head of a message by name.
pub(super) struct Copied {
    nom: Box<str>,
    empreinte: u32,
    signature: Box<str>,
}

impl Head {
    pub(super) fn of(head: &Entete<'_>) -> Self {
        match head.as_fixed() {
            Some(fixed) => Head::Fixed(fixed),
            None => Head::Copied(Box::new(Copied {
                nom: head.nom().into(),
                empreinte: head.empreinte(),
                signature: head.signature().into(),
            })),
        }
    }

    pub(super) fn entete(&self) -> Entete<'_> {
        match self {
            Head::Fixed(head) => head.entete(),
            Head::Copied(copied) => Entete::new(&copied.nom, copied.empreinte, &copied.signature),
        }
    }
}
