//! A program whose public items are all documented.
#![deny(missing_docs, missing_debug_implementations, unreachable_pub)]

/// Calculations.
pub mod calcul {
    use cconn::commande;

    /// Adds.
    #[commande]
    pub fn somme(
        /// The first of both.
        a: i64,
        b: i64,
    ) -> i64 {
        a + b
    }

    /// Lives elsewhere.
    #[commande]
    pub fn ailleurs(mot: &str);
}

/// Texts.
#[cconn::commande]
pub mod texte {
    /// Says the same.
    #[cconn::commande]
    pub fn echo(mot: String) -> String {
        mot
    }
}

fn main() {
    assert_eq!(calcul::somme(1, 2), 3);
    let _ = (calcul::ailleurs { mot: "x" }, texte::commandes());
}
