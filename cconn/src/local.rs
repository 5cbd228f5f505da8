//! Programs of one machine: Unix sockets, and child processes.
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
//! let client = Client::new(serveur.adresse())?; // an address like any other
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
//!
//! # Child processes
//!
//! [`Client::enfant`](crate::Client::enfant) starts a program and connects to it; the program calls
//! [`Serveur::depuis_parent`](crate::Serveur::depuis_parent). The connection ends with either
//! process, and an [`Enfant`] says how the child ended.

mod demarrage;
mod enfant;
#[cfg(unix)]
mod lancement;
mod options;
#[cfg(unix)]
mod process;
mod relais;
#[cfg(unix)]
mod unanswered;
#[cfg(unix)]
mod words;

#[cfg(not(unix))]
mod process {
    //! Windows hands no socket to a child in a way that safe code can use.

    use std::convert::Infallible;
    use std::process::{ChildStderr, ChildStdout, Command, ExitStatus};
    use std::time::Duration;

    use crate::client::Client;
    use crate::commande::Given;
    use crate::connexion::Settings;
    use crate::erreur::Resultat;

    #[derive(Debug)]
    pub(super) struct Process(Infallible);

    impl Process {
        #[inline]
        pub(super) fn start(command: &mut Command) -> Resultat<(Process, Infallible)> {
            let program = command.get_program().to_string_lossy().into_owned();
            Err(super::enfant::not_started(&program, &crate::transport::no_unix_sockets()))
        }

        #[inline]
        pub(super) fn pid(&self) -> u32 {
            match self.0 {}
        }

        #[inline]
        pub(super) fn label(&self) -> String {
            match self.0 {}
        }

        #[inline]
        pub(super) fn stdout(&self) -> Option<ChildStdout> {
            match self.0 {}
        }

        #[inline]
        pub(super) fn stderr(&self) -> Option<ChildStderr> {
            match self.0 {}
        }

        #[inline]
        pub(super) fn wait(&self, _: Duration) -> Option<ExitStatus> {
            match self.0 {}
        }

        #[inline]
        pub(super) fn kill(&self) {
            match self.0 {}
        }
    }

    #[inline]
    pub(super) fn join(
        _: &Settings,
        _: &mut Given,
        stream: Infallible,
        _: &str,
    ) -> Resultat<Client> {
        match stream {}
    }
}

pub use enfant::Enfant;
pub use options::OptionsEnfant;
