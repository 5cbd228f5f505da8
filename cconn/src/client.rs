//! The handle to one connection: a stand-in that runs each command at once, on itself.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::erreur::{Erreur, Jamais, Resultat};
use crate::lien::{Incoming, Lien, Outcome};
use crate::message::{self, Appel, Message, Refus};
use crate::wire::CallId;

/// The handle to one connection.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) lien: Arc<Lien>,
}

impl Client {
    /// The handle to that connection.
    pub(crate) fn of(lien: &Arc<Lien>) -> Self {
        Client { lien: Arc::clone(lien) }
    }

    /// Sends a message to which no answer comes.
    #[doc(alias = "send")]
    pub fn envoyer(&self, m: impl Message) -> Resultat<()> {
        self.loop_back(&m, None).map(drop)
    }

    /// Sends a message and waits for its answer.
    #[doc(alias = "call")]
    pub fn appeler<R, M: Appel<R>>(&self, m: M) -> Result<R, Erreur<M::Refus>> {
        let looped = self.loop_back(&m, Some(CallId(1)));
        settle::<R, M>(looped)
    }

    /// Sends a message and leaves the waiting for its answer to later.
    #[doc(alias = "deferred")]
    pub fn differer<R, M: Appel<R>>(&self, m: M) -> Resultat<Attente<R, M::Refus>> {
        let looped = self.loop_back(&m, Some(CallId(1)));
        Ok(Attente { looped, lire: M::lire, answer: PhantomData })
    }

    fn loop_back(&self, m: &dyn Message, call: Option<CallId>) -> Resultat<(Outcome, Vec<u8>)> {
        let (mut body, mut out) = (Vec::new(), Vec::new());
        message::encode_body(m, &mut body).map_err(Erreur::<Jamais>::echec)?;
        let tete = m.tete();
        let incoming = Incoming {
            command: tete.hash(),
            fingerprint: tete.empreinte(),
            depth: 0,
            call,
            body: &body,
        };
        let outcome = self.lien.commands().run(&self.lien, &incoming, &mut out);
        Ok((outcome, out))
    }
}

fn settle<R, M: Appel<R>>(looped: Resultat<(Outcome, Vec<u8>)>) -> Result<R, Erreur<M::Refus>> {
    read(looped, M::lire)
}

fn read<R, E: Refus>(
    looped: Resultat<(Outcome, Vec<u8>)>,
    lire: fn(&[u8]) -> Result<R, message::ErreurCodec>,
) -> Result<R, Erreur<E>> {
    let (outcome, out) = looped.map_err(|error| Erreur::echec(error.to_string()))?;
    match outcome {
        Outcome::Answer => lire(&out).map_err(Erreur::echec),
        Outcome::UserError => E::lire(&out)
            .map_or_else(|error| Err(Erreur::echec(error)), |refusal| Err(Erreur::Refus(refusal))),
        Outcome::Failure(code) => {
            let text = String::from_utf8_lossy(&out);
            Err(Erreur::echec(format!("{}: {text}", code.text())))
        }
    }
}

/// An answer that is waited for later.
#[doc(alias = "Pending")]
#[derive(Debug)]
pub struct Attente<R, E> {
    looped: Resultat<(Outcome, Vec<u8>)>,
    lire: fn(&[u8]) -> Result<R, message::ErreurCodec>,
    answer: PhantomData<fn() -> E>,
}

impl<R, E: Refus> Attente<R, E> {
    /// Waits for the answer.
    #[doc(alias = "wait")]
    pub fn attendre(self) -> Result<R, Erreur<E>> {
        read(self.looped, self.lire)
    }
}
