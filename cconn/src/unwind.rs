//! The promise that a panic in the program's code leaves cconn's handles usable.
//!
//! The locks inside the handles are never held while the program's code runs, and a panic inside a
//! command or a hook is caught before it reaches the state behind those locks. So a closure that is
//! given to `catch_unwind` may hold handles.

use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::client::{Attente, Client};
use crate::connexion::OptionsClient;
use crate::flux::Emetteur;
use crate::persistant::{ClientPersistant, OptionsPersistantes};
use crate::serveur::{OptionsServeur, Serveur};

impl UnwindSafe for Client {}
impl RefUnwindSafe for Client {}
impl UnwindSafe for Serveur {}
impl RefUnwindSafe for Serveur {}
impl<R, E> UnwindSafe for Attente<R, E> {}
impl<R, E> RefUnwindSafe for Attente<R, E> {}
impl<T> UnwindSafe for Emetteur<T> {}
impl<T> RefUnwindSafe for Emetteur<T> {}
impl UnwindSafe for ClientPersistant {}
impl RefUnwindSafe for ClientPersistant {}
impl UnwindSafe for OptionsPersistantes {}
impl RefUnwindSafe for OptionsPersistantes {}
impl UnwindSafe for OptionsClient {}
impl RefUnwindSafe for OptionsClient {}
impl UnwindSafe for OptionsServeur {}
impl RefUnwindSafe for OptionsServeur {}

/// Checks at compile time that every handle, and every type that is listed or sent, keeps both
/// promises.
const _: () = {
    const fn whole<T: UnwindSafe + RefUnwindSafe>() {}
    whole::<Client>();
    whole::<Serveur>();
    whole::<Attente<std::cell::Cell<u8>>>();
    whole::<Emetteur<std::cell::Cell<u8>>>();
    whole::<ClientPersistant>();
    whole::<OptionsPersistantes>();
    whole::<OptionsClient>();
    whole::<OptionsServeur>();
    whole::<crate::commande::Commandes>();
    whole::<crate::commande::Commandes<crate::commande::ServeurSeul>>();
    whole::<crate::Diffusion>();
    whole::<crate::commande::Description>();
};
