//! Tools for testing a program: a network that fails as told, and a server that answers as told.
//!
//! - [`Reseau`] joins a client and a server of one process over a line in memory that stalls and
//!   heals, is slow, passes bytes in pieces, or is cut.
//! - [`FauxServeur`] answers commands by name, without their code.
//! - [`contrat`] holds the commands against a text file that is kept with the source.
//! - [`BoiteNoire`] reads the last frames of a connection that has failed, and plays them to the
//!   commands of a test.
//! - [`trames`] decodes the frames in captured bytes.

mod boite;
pub mod contrat;
mod faux;
mod line;
mod reseau;
pub mod trames;

pub use boite::{BoiteIllisible, BoiteNoire, Passage};
pub use faux::FauxServeur;
pub use reseau::{Reseau, Sens};
