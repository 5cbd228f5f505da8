//! Commands that nobody registers are dead code, as functions are, and can be expected to be.

#![deny(unfulfilled_lint_expectations)]

use cconn::commande;

#[commande]
#[expect(dead_code)]
fn jamais_appelee() {}

#[expect(unused, reason = "dead, and with an argument that is not used")]
#[cfg_attr(all(), commande)]
fn jamais_non_plus(a: i64) {}

#[cfg_attr(all(), expect(dead_code))]
#[commande]
fn sous_condition(mot: &str) -> usize {
    mot.len()
}

#[test]
fn a_command_behaves_like_its_function() {
    // The test is that this file compiles.
}
