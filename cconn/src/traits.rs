//! What generic code names: the traits of messages, commands and addresses, and their types.
//!
//! A program that sends messages, registers commands and looks at errors needs none of them.
//! They are for the bounds of a function over any message, any command or any address. All but
//! [`VersAdresse`] are sealed: `#[commande]` and this crate implement them, and no program does.

pub use crate::adresse::VersAdresse;
pub use crate::commande::{
    Commande, Description, Liste, Partout, Recus, Retour, ServeurSeul, SurClient,
};
pub use crate::message::{Appel, Arguments, Entete, Envoyes, ErreurCommande, Message, Nommee};

#[doc(hidden)]
pub use crate::commande::OwnedArgument;
#[doc(hidden)]
pub use crate::message::Sens;
