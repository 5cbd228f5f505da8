//! Checks at compile time that a command in a collected module is in that module's list.
//!
//! The attribute on a module sees only text, and a command may come out of a macro. So each command
//! calls a method at the place where it is expanded, and the compiler picks the method. A trait
//! that only a collected module has in scope comes before the one that every command brings along.
//! In the body of a function, whose commands no module lists, a third trait comes before both.

/// The type on which the method is called.
#[derive(Debug)]
pub struct ModuleProbe;

/// The answer of the method: a module that collects its commands, or none.
pub trait Module {
    /// The module's path, as `module_path!` gives it.
    const PATH: &'static str;

    /// The hashes of the names of the functions that the module knows as commands, in ascending
    /// order.
    const NAMES: &'static [u64];
}

/// No collecting module.
#[derive(Debug)]
pub struct Nowhere;

impl Module for Nowhere {
    const PATH: &'static str = "";
    const NAMES: &'static [u64] = &[];
}

/// The answer in the body of a function. It takes `self` by value, so it is looked up first.
pub trait InBody: Sized {
    /// No module: commands inside a body are not listed.
    fn __cconn_module(self) -> Nowhere {
        Nowhere
    }
}

impl InBody for ModuleProbe {}

/// The answer if there is no other. It takes `&mut self`, so it is looked up last, after the
/// module's own, which takes `&self`.
pub trait ByDefault {
    /// No module.
    fn __cconn_module(&mut self) -> Nowhere {
        Nowhere
    }
}

impl ByDefault for ModuleProbe {}

/// Checks that the module found by `_probe` lists the function with this hash.
///
/// # Panics
///
/// If the module does not list it. In a constant that is a compile error with `text`.
pub const fn check_listed<M: Module, F: Fn() -> M>(
    _probe: &F,
    path: &str,
    hash: u64,
    text: &'static str,
) {
    // A module inside may have this module's trait in scope, by `use super::*`, though it has no
    // list.
    if !super::list::same(M::PATH, path) {
        return;
    }
    // A binary search: `for` and slice methods do not work in constants.
    let (mut low, mut high) = (0, M::NAMES.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        if M::NAMES[middle] == hash {
            return;
        }
        if M::NAMES[middle] < hash { low = middle + 1 } else { high = middle }
    }
    panic!("{}", text)
}
