//! Which program a side says it is, and servers that say they are another one.

use std::sync::Arc;

use super::{OptionsClient, Settings};
use crate::handshake::{Greeted, HandshakeError};
use crate::wire::Program;

impl Settings {
    /// Notes what this side says it is.
    pub(crate) fn set_program(&mut self, name: &str, version: &str, build: &str) {
        let [name, version, build] = [name, version, build].map(str::to_owned);
        self.program = Some(Arc::new(Program { name, version, build, replaces: false }));
    }
}

impl OptionsClient {
    /// Says which program this side is, in which version and build, and stays with no server that
    /// says it is another one.
    ///
    /// A server that says so too, with
    /// [`OptionsServeur::programme`](crate::OptionsServeur::programme), refuses this side if any of
    /// the three differs; this side ends the connection if the server says nothing, as one from
    /// before this setting does. Either is
    /// [`AutreProgramme`](crate::erreur::EchecConnexion::AutreProgramme), and no command has run.
    ///
    /// Each of the three is compared as it is written, and has at most 255 bytes; `compilation` may
    /// be the number of a commit, or empty. Whoever the client connects to can read them.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::erreur::EchecConnexion;
    /// use cconn::{Client, Erreur, Serveur};
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::options(0).programme("demon", "2.0", "").ouvrir()?;
    /// # let thread = std::thread::spawn({ let s = serveur.clone(); move || s.lancer() });
    /// let old = Client::options(serveur.adresse()).programme("demon", "1.9", "").connecter();
    /// let Err(Erreur::Connexion(why)) = old else { panic!() };
    /// assert!(matches!(*why, EchecConnexion::AutreProgramme { .. }));
    /// println!("{why}"); // .. the server is `demon` 2.0, the newcomer is `demon` 1.9; ..
    ///
    /// Client::options(serveur.adresse()).programme("demon", "2.0", "").connecter()?.eteindre()?;
    /// # serveur.eteindre()?;
    /// # thread.join().unwrap()
    /// # }
    /// ```
    #[doc(alias("version", "build", "skew", "handshake"))]
    #[doc(alias = "identify_program")]
    pub fn programme(mut self, nom: &str, version: &str, compilation: &str) -> Self {
        self.settings.set_program(nom, version, compilation);
        self
    }
}

/// Refuses a server that is another program than this side says it is itself.
// [program.client]
pub(in crate::connexion) fn same_program(
    ours: Option<&Program>,
    greeted: Greeted,
) -> Result<Greeted, HandshakeError> {
    let Some(ours) = ours else { return Ok(greeted) };
    let theirs = match &greeted.program {
        Some(theirs) if theirs.is_same(ours) => return Ok(greeted),
        Some(theirs) => format!("the server is {}", theirs.shown()),
        None => "the server does not say which program it is".to_owned(),
    };
    let text = format!("{theirs}, this side is {}; end the older of them", ours.shown());
    Err(HandshakeError::OtherProgram(text))
}
