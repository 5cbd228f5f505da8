//! Messages by name, for commands without a declaration at hand.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::streamed::open;
use super::{
    AnswerReader, Appel, ArgumentWriter, Arguments, Entete, Envoyes, ErreurCommande, Message,
    Sealed, ValueError, decode_owned,
};
use crate::erreur::Jamais;
use crate::flux::Flux;

/// A message to a command by its name; made with [`nommee`].
#[doc(alias = "named")]
#[derive(Clone, Debug)]
#[must_use = "a message does nothing until it is sent"]
pub struct Nommee<N, A, E = Jamais> {
    name: N,
    arguments: A,
    fingerprint: u32,
    /// Whether it may run twice.
    idempotent: bool,
    /// Chosen when the message is made, so that arguments that can't be encoded are an error there.
    encode: fn(&A, &mut Vec<u8>) -> Result<(), ValueError>,
    error: PhantomData<fn() -> E>,
}

/// Makes a message to the command called `nom`, with its arguments as a tuple.
///
/// The message carries no fingerprint, so nothing checks that the arguments have the command's
/// types: only bytes that can't be decoded are an error. So write the types out: `12` alone is an
/// `i32`, and a command that takes a `u64` would receive 24. The type of the answer is the one that
/// the caller asks for, and is not checked either. Nor are serde attributes that do not work with
/// this format, such as `skip` on a variant, for which a declared command would be refused.
/// [`Nommee::avec_empreinte`] asks for the check, [`Nommee::avec_refus`] names the type of the
/// command's own error.
///
/// The answer is a stream if the caller asks for a [`Flux`], and a value for any other type. A
/// command that answers with the other kind does not run, or its answer is refused here.
///
/// # Examples
///
/// ```
/// use cconn::traits::Message;
/// use cconn::nommee;
///
/// let message = nommee("somme", (12_i64, 34_i64));
/// assert_eq!(message.entete().nom(), "somme");
/// ```
///
/// A stream by name:
///
/// ```
/// use cconn::flux::Flux;
/// use cconn::{Serveur, commande, commandes, nommee};
///
/// #[commande]
/// fn carres(jusqu_a: u64) -> impl Iterator<Item = u64> {
///     (0..jusqu_a).map(|n| n * n)
/// }
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer(commandes![carres])?;
/// let client = serveur.client_local()?;
/// let flux: Flux<u64> = client.appeler(nommee("carres", (4_u64,)))?;
/// assert_eq!(flux.collect::<Result<Vec<_>, _>>()?, [0, 1, 4, 9]);
/// # Ok(())
/// # }
/// ```
#[doc(alias("by_name", "dynamic", "untyped"))]
#[doc(alias = "named")]
pub fn nommee<N: AsRef<str>, A: Arguments<Envoyes>>(nom: N, arguments: A) -> Nommee<N, A> {
    let encode = A::__CCONN_WAY;
    Nommee { name: nom, arguments, fingerprint: 0, idempotent: false, encode, error: PhantomData }
}

impl<N, A, E> Nommee<N, A, E> {
    /// Says that the command may run twice without harm, like `#[commande(idempotente)]`.
    ///
    /// A [`ClientPersistant`](crate::persistant::ClientPersistant) then tries such a call once more
    /// if the connection was lost while it was under way.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::nommee;
    ///
    /// let message = nommee("efface", ("brouillon",)).idempotente();
    /// ```
    #[doc(alias("retry", "retryable"))]
    #[doc(alias = "idempotent")]
    pub fn idempotente(mut self) -> Self {
        self.idempotent = true;
        self
    }
}

impl<N, A, E> Nommee<N, A, E> {
    /// Sends the message with this fingerprint, so that the peer refuses it if its command has
    /// another signature.
    ///
    /// The fingerprint is that of a declared command
    /// ([`Entete::empreinte`](Entete::empreinte)), or one that the peer has named; 0 asks for no
    /// check.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::traits::Message;
    /// use cconn::{Erreur, Serveur, commande, commandes, nommee};
    ///
    /// #[commande]
    /// fn somme(a: i64, b: i64) -> i64 {
    ///     a + b
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![somme])?;
    /// let client = serveur.client_local()?;
    /// let empreinte = somme { a: 0, b: 0 }.entete().empreinte();
    /// let message = nommee("somme", (12_i64, 34_i64)).avec_empreinte(empreinte);
    /// assert_eq!(client.appeler::<i64, _>(message)?, 46);
    /// let other = nommee("somme", (12_i64, 34_i64)).avec_empreinte(empreinte ^ 1);
    /// assert!(matches!(client.appeler::<i64, _>(other), Err(Erreur::Distante(_))));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_fingerprint")]
    pub fn avec_empreinte(self, empreinte: u32) -> Self {
        Nommee { fingerprint: empreinte, ..self }
    }

    /// Expects this type as the command's own error, which then arrives as
    /// [`Erreur::Refus`](crate::Erreur::Refus). Nothing checks that it is the right type.
    ///
    /// Without this the error of a command that has one arrives as
    /// [`Erreur::Codage`](crate::Erreur::Codage): its bytes are of no known type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Erreur, Serveur, commande, commandes, nommee};
    ///
    /// #[commande]
    /// fn racine(x: f64) -> Result<f64, String> {
    ///     if x < 0.0 { Err(format!("{x} is negative")) } else { Ok(x.sqrt()) }
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![racine])?;
    /// let client = serveur.client_local()?;
    /// let message = nommee("racine", (-1.0,)).avec_refus::<String>();
    /// let refused = client.appeler::<f64, _>(message).unwrap_err();
    /// assert!(matches!(refused, Erreur::Refus(text) if text == "-1 is negative"));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_error")]
    pub fn avec_refus<F: ErreurCommande>(self) -> Nommee<N, A, F> {
        let Nommee { name, arguments, fingerprint, idempotent, encode, error: _ } = self;
        Nommee { name, arguments, fingerprint, idempotent, encode, error: PhantomData }
    }
}

impl<N: AsRef<str>, A, E> Sealed for Nommee<N, A, E> {}

impl<N: AsRef<str>, A, E> Message for Nommee<N, A, E> {
    fn entete(&self) -> Entete<'_> {
        Entete::new(self.name.as_ref(), self.fingerprint, "")
    }

    fn __cconn_encode<'m>(&'m self, writer: &mut ArgumentWriter<'m>) -> Result<(), ValueError> {
        (self.encode)(&self.arguments, writer.buffer())
    }

    fn __cconn_idempotente(&self) -> bool {
        self.idempotent
    }
}

#[diagnostic::do_not_recommend]
impl<N, A, E, R> Appel<R> for Nommee<N, A, E>
where
    N: AsRef<str>,
    E: ErreurCommande,
    R: DeserializeOwned + 'static,
{
    type Erreur = E;

    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<R, ValueError> {
        decode_owned(reader)
    }
}

/// A message whose answer is a stream: its items are decoded as the type that the caller asks for.
#[diagnostic::do_not_recommend]
impl<N, A, E, T, F> Appel<Flux<T, F>> for Nommee<N, A, E>
where
    N: AsRef<str>,
    E: ErreurCommande,
    T: DeserializeOwned + 'static,
    F: ErreurCommande,
{
    type Erreur = E;

    fn __cconn_entete(&self) -> Entete<'_> {
        self.entete().streaming()
    }

    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<Flux<T, F>, ValueError> {
        open(reader)
    }
}
