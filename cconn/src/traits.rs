//! The traits of messages, commands and addresses, and the types that generic code names.
//!
//! A program that sends messages, registers commands and looks at errors needs none of them. They
//! are bounds for functions over any message, any command or any address. All of them except
//! [`VersAdresse`] are sealed: only `#[commande]` and this crate implement them.

pub use crate::adresse::VersAdresse;
pub use crate::commande::Garde;
pub use crate::commande::{
    Commande, Description, Liste, Partout, Recus, Retour, ServeurSeul, SurClient,
};
pub use crate::message::{
    Appel, Arguments, AvecFlux, Entete, Envoyes, ErreurCommande, Message, Nommee,
};

#[doc(hidden)]
pub use crate::commande::OwnedArgument;
#[doc(hidden)]
pub use crate::message::Sens;
