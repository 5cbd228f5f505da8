//! What hooks around each command are told:
//! [`avant_commande`](crate::OptionsServeur::avant_commande) and
//! [`apres_commande`](crate::OptionsServeur::apres_commande), on both sides.

pub use crate::commande::{Execution, Issue};
