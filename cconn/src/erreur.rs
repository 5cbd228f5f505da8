//! The public error, above every layer's own.

use std::fmt;

/// An error type with no values: no command error is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jamais {}

impl fmt::Display for Jamais {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// What can go wrong.
#[doc(alias = "error")]
#[derive(Debug)]
#[non_exhaustive]
pub enum Erreur<E = Jamais> {
    /// The command's own error, as its handler returned it.
    Refus(E),
    /// An error of the program's own, made with [`Erreur::echec`].
    Echec(Box<dyn std::error::Error + Send + Sync>),
}

/// The result of most of this crate's functions.
#[doc(alias = "Result")]
pub type Resultat<T, E = Jamais> = Result<T, Erreur<E>>;

impl<E> Erreur<E> {
    /// An error of the program's own: the caller of the command gets its text.
    pub fn echec(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Erreur::Echec(cause.into())
    }
}

impl<E: fmt::Display> fmt::Display for Erreur<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Erreur::Refus(error) => error.fmt(f),
            Erreur::Echec(cause) => cause.fmt(f),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for Erreur<E> {}
