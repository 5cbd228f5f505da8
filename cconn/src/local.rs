//! Programs of one machine: Unix sockets.
//!
//! # Unix sockets
//!
//! A Unix socket is an address like any other: `"unix:/run/moi.sock"`, a `Path`, or, on Linux, an
//! abstract name such as `"unix:@moi"`.
//!
//! ```
//! use cconn::{Client, Serveur, nommee};
//!
//! # fn main() -> cconn::Resultat<()> {
//! # #[cfg(unix)] {
//! let dossier = std::env::temp_dir().join(format!("cconn-doc-{}", std::process::id()));
//! std::fs::create_dir_all(&dossier).unwrap();
//! let serveur = Serveur::new(dossier.join("moi.sock"))?;
//! serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n)?;
//! let running = serveur.clone();
//! let lancer = std::thread::spawn(move || running.lancer());
//!
//! let client = Client::new(serveur.adresse())?; // `unix:/tmp/.../moi.sock`
//! assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,)))?, 42);
//! # #[cfg(target_os = "linux")]
//! assert!(client.identite().unix().is_some_and(|pair| pair.est_meme_utilisateur()));
//!
//! serveur.eteindre()?;
//! lancer.join().unwrap()?;
//! assert!(!dossier.join("moi.sock").exists());
//! # std::fs::remove_dir_all(&dossier).unwrap();
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! - The file of the socket has mode 0600 from its first moment: no other user can connect. Change
//!   the mode after [`Serveur::new`](crate::Serveur::new) to let others in, and look at
//!   [`Client::identite`](crate::Client::identite) to tell them apart.
//! - Beside the socket is a file `….lock`, which the server holds a lock on while it listens. A
//!   second server on the same path is refused, with the number of the process that has it. A
//!   socket that a killed server has left behind is replaced.
//! - Both files are removed when the server stops listening. A file at the path that is no socket,
//!   or that another program listens on, is left alone, and is an error.
//! - An abstract name has no file and so no mode: every user of the machine may connect. Use
//!   [`Client::identite`](crate::Client::identite).
//! - A path takes at most 107 bytes on Linux, and 103 elsewhere; a longer one is an error.
//! - Windows has none: an error of `Client::new` and `Serveur::new` says so.
