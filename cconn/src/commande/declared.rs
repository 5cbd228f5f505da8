//! Commands that are declared in one place and implemented in another: `#[commande(de = path)]`.

use std::marker::PhantomData;

use super::list::{panic_with, same};
use crate::message::Sealed;

/// A command that is only declared, as its implementation sees it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a declaration that can be implemented",
    label = "not a declaration",
    note = "`de = path` names a command without a body: `#[commande] pub fn somme(a: i64) -> i64;`, \
            best in a crate that both sides share"
)]
pub trait Declared: Sealed {
    /// The name on the wire.
    const NAME: &'static str;
    /// The arguments and the answer, for people to read.
    const SIGNATURE: &'static str;
    /// The names of the arguments, in order.
    const ARGUMENTS: &'static [&'static str];
    /// The declared answer.
    type Answer;
}

/// The type of an argument that is the declared one.
#[diagnostic::on_unimplemented(
    message = "this argument is declared as `{D}`, and is `{Self}` here",
    label = "declared as `{D}`"
)]
pub trait SameArgument<D: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> SameArgument<T> for T {}

/// The type of an answer that is the declared one.
#[diagnostic::on_unimplemented(
    message = "the answer is declared as `{D}`, and is `{Self}` here",
    label = "declared as `{D}`"
)]
pub trait SameAnswer<D: ?Sized> {}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> SameAnswer<T> for T {}

/// An argument of a declaration.
#[derive(Debug)]
pub struct DeclaredArgument<D>(PhantomData<D>);

impl<D> DeclaredArgument<D> {
    /// The argument that this is the value of.
    pub const fn of(_: &D) -> Self {
        DeclaredArgument(PhantomData)
    }

    /// Checks that an argument has its declared type.
    pub const fn same<H: SameArgument<D>>(&self) {}
}

/// Checks that an answer has its declared type.
pub const fn same_answer<D, H: SameAnswer<D>>() {}

/// Checks that no argument of the declaration is missing, and that they stand in its order. What was
/// not declared the compiler has reported already.
///
/// # Panics
///
/// If an argument is missing, or if they stand in another order. In a constant that is a compile
/// error.
pub const fn check_arguments(declared: &[&str], here: &[&str], command: &str) {
    let mut at = 0;
    while at < declared.len() {
        if !has(here, declared[at]) {
            panic_with(&[
                "`",
                command,
                "` is declared with an argument `",
                declared[at],
                "`, which is \
                missing here",
            ]);
        }
        at += 1;
    }
    at = 0;
    while at < here.len() && here.len() == declared.len() {
        if !same(declared[at], here[at]) && has(declared, here[at]) {
            panic_with(&[
                "the arguments of `",
                command,
                "` stand in another order than in the \
                declaration, which has `",
                declared[at],
                "` where `",
                here[at],
                "` stands: they are \
                sent in that order",
            ]);
        }
        at += 1;
    }
}

const fn has(names: &[&str], name: &str) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(names[at], name) {
            return true;
        }
        at += 1;
    }
    false
}
