//! Whether a command that stands in a collected module is in the list of that module.
//!
//! The attribute on a module sees text only, and a command may come out of a macro. So each
//! command asks, where it stands: a trait that only a collected module has in scope answers before
//! the one that every command brings along, and for bodies of functions, whose commands no module
//! lists, a third one answers before both.

/// What the question is put to.
#[derive(Debug)]
pub struct ModuleProbe;

/// A module that collects its commands, or none.
pub trait Module {
    /// Its path, as `module_path!` says it.
    const PATH: &'static str;

    /// The hashes of the names of its functions that it knows as commands, in order.
    const NAMES: &'static [u64];
}

/// No module that collects.
#[derive(Debug)]
pub struct Nowhere;

impl Module for Nowhere {
    const PATH: &'static str = "";
    const NAMES: &'static [u64] = &[];
}

/// The answer in the body of a function, by value: looked up first.
pub trait InBody: Sized {
    /// The module.
    fn __cconn_module(self) -> Nowhere {
        Nowhere
    }
}

impl InBody for ModuleProbe {}

/// The answer where no other is, by `&mut`: looked up last, after the module's own by `&`.
pub trait ByDefault {
    /// The module.
    fn __cconn_module(&mut self) -> Nowhere {
        Nowhere
    }
}

impl ByDefault for ModuleProbe {}

/// Demands that the module which `_probe` finds lists the function of that hash.
///
/// # Panics
///
/// Where it does not: in a constant, so a compile error, with `text`.
pub const fn check_listed<M: Module, F: Fn() -> M>(
    _probe: &F,
    path: &str,
    hash: u64,
    text: &'static str,
) {
    // A module below may have the trait in scope, by `use super::*`, and has no list.
    if !super::list::same(M::PATH, path) {
        return;
    }
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
