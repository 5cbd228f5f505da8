//! The promise that a panic around a handle leaves it whole.
//!
//! What the handles share is held by locks that nobody runs the program's code under, and what
//! panics inside a command or hook is caught before it reaches them. So a closure that is given to
//! `catch_unwind` may hold them.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::client::{Attente, Client};
use crate::connexion::OptionsClient;
use crate::serveur::{OptionsServeur, Serveur};

impl UnwindSafe for Client {}
impl RefUnwindSafe for Client {}
impl UnwindSafe for Serveur {}
impl RefUnwindSafe for Serveur {}
impl<R, E> UnwindSafe for Attente<R, E> {}
impl<R, E> RefUnwindSafe for Attente<R, E> {}
impl UnwindSafe for OptionsClient {}
impl RefUnwindSafe for OptionsClient {}
impl UnwindSafe for OptionsServeur {}
impl RefUnwindSafe for OptionsServeur {}

/// Both promises, of every handle and of what is listed and sent.
const _: () = {
    const fn whole<T: UnwindSafe + RefUnwindSafe>() {}
    whole::<Client>();
    whole::<Serveur>();
    whole::<Attente<std::cell::Cell<u8>>>();
    whole::<OptionsClient>();
    whole::<OptionsServeur>();
    whole::<crate::Commandes>();
    whole::<crate::Commandes<crate::ServeurSeul>>();
    whole::<crate::Diffusion>();
    whole::<crate::Entree>();
};
