//! The error type without values.

use std::fmt;

/// An error type without values: the command has no error of its own.
#[doc(alias = "Never")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jamais {}

impl fmt::Display for Jamais {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}
