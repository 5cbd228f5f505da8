//! Which program a server says it is, and newcomers that say they are another one.

use super::listener::Newcomer;
use super::{OptionsServeur, Serveur};
use crate::handshake::{Greeted, HandshakeError, Told};
use crate::wire::Refusal;

impl Serveur {
    /// What this server's greetings tell of it.
    pub(super) fn told(&self) -> Told<'_> {
        let program = self.shared.options.settings.program.as_deref();
        Told { instance: Some(self.shared.instance), program }
    }

    /// Why a newcomer that has greeted is refused as another program; `None` if it is not. If it
    /// asks for this server's place and may have it, the server begins to stop.
    // [program.server] [program.replace]
    pub(super) fn other_program(
        &self,
        newcomer: &dyn Newcomer,
        greeted: &Greeted,
    ) -> Option<(Refusal, HandshakeError)> {
        let ours = self.shared.options.settings.program.as_deref()?;
        let theirs = greeted.program.as_deref().filter(|theirs| !theirs.is_same(ours))?;
        let may_have_it = self.shared.options.is_unique && is_same_user(newcomer);
        if theirs.replaces && may_have_it {
            self.shared.clients.refuse_more();
            self.shared.listener.wake();
            return Some((Refusal::Stopping, self.refused(Refusal::Stopping)));
        }
        let text = format!(
            "the server is {}, the newcomer is {}; end the older of them",
            ours.shown(),
            theirs.shown()
        );
        Some((Refusal::OtherProgram, HandshakeError::OtherProgram(text)))
    }
}

/// Whether the system proves that the newcomer belongs to the user of this process.
#[cfg(unix)]
fn is_same_user(newcomer: &dyn Newcomer) -> bool {
    newcomer.transport().peer().unix().is_some_and(|peer| peer.est_meme_utilisateur())
}

#[cfg(not(unix))]
fn is_same_user(_: &dyn Newcomer) -> bool {
    false
}

impl OptionsServeur {
    /// Says which program this server is, in which version and build, and lets no client in that
    /// says it is another one.
    ///
    /// Such a client is refused before it takes a place, and learns both
    /// ([`AutreProgramme`](crate::erreur::EchecConnexion::AutreProgramme)). Clients that say nothing,
    /// such as tools, are let in. See [`OptionsClient::programme`](crate::OptionsClient::programme).
    ///
    /// With [`unique`](OptionsServeur::unique) the server stops in order for a client of the same
    /// user that is to replace it (see
    /// [`remplacer_autre_version`](crate::OptionsClient::remplacer_autre_version)).
    #[doc(alias("version", "build", "skew", "handshake"))]
    #[doc(alias = "identify_program")]
    pub fn programme(mut self, nom: &str, version: &str, compilation: &str) -> Self {
        self.settings.set_program(nom, version, compilation);
        self
    }
}
