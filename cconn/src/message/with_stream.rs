//! Messages by name with arguments that are streams.

use super::{
    AnswerReader, Appel, ArgumentWriter, Entete, ErreurCommande, Message, Nommee, Plain, Sealed,
    Streams, ValueError,
};
use crate::flux::Flux;

/// A message by name with one more argument that is a stream; made with [`Nommee::avec_flux`].
#[doc(alias = "WithStream")]
#[derive(Debug)]
#[must_use = "a message does nothing until it is sent"]
pub struct AvecFlux<M, T, F> {
    message: M,
    flux: Flux<T, F>,
}

impl<N, A, E> Nommee<N, A, E> {
    /// Gives the command an argument that is a stream; the next one if it is not the first.
    ///
    /// The streams of a command are given in their order, apart from its other arguments. A command
    /// with more streams than are given is not run: the error names the first that is missing
    /// ([`FluxInattendu`](crate::erreur::NatureDistante::FluxInattendu)). Those that no argument
    /// takes are dropped. A message with a stream is sent once, with a verb that calls, such as
    /// [`appeler`](crate::Client::appeler).
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::flux::Flux;
    /// use cconn::{Resultat, Serveur, commande, commandes, nommee};
    ///
    /// #[commande]
    /// fn compter(debut: u64, nombres: Flux<u64>) -> Resultat<u64> {
    ///     nombres.map(|nombre| Ok(debut + nombre?)).sum()
    /// }
    ///
    /// # fn main() -> Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![compter])?;
    /// let client = serveur.client_local()?;
    /// let message = nommee("compter", (10_u64,)).avec_flux(Flux::<u64>::de([1, 2]));
    /// assert_eq!(client.appeler::<u64, _>(message)?, 23);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "with_stream")]
    pub fn avec_flux<T: Plain, F: ErreurCommande + 'static>(
        self,
        flux: Flux<T, F>,
    ) -> AvecFlux<Self, T, F> {
        AvecFlux { message: self, flux }
    }
}

impl<M, T, F> AvecFlux<M, T, F> {
    /// Gives the command one more argument that is a stream, as [`Nommee::avec_flux`] does.
    #[doc(alias = "with_stream")]
    pub fn avec_flux<U: Plain, G: ErreurCommande + 'static>(
        self,
        flux: Flux<U, G>,
    ) -> AvecFlux<Self, U, G> {
        AvecFlux { message: self, flux }
    }
}

impl<M: Message, T, F> Sealed for AvecFlux<M, T, F> {}

impl<M: Message, T: Plain, F: ErreurCommande + 'static> Message for AvecFlux<M, T, F> {
    fn entete(&self) -> Entete<'_> {
        self.message.entete().fed(1)
    }

    fn __cconn_encode<'m>(&'m self, writer: &mut ArgumentWriter<'m>) -> Result<(), ValueError> {
        self.message.__cconn_encode(writer)
    }

    fn __cconn_flux(&self, streams: &mut Streams) {
        self.message.__cconn_flux(streams);
        streams.take(&self.flux);
    }
}

#[diagnostic::do_not_recommend]
impl<M, T, F, R> Appel<R> for AvecFlux<M, T, F>
where
    M: Appel<R>,
    T: Plain,
    F: ErreurCommande + 'static,
{
    type Erreur = M::Erreur;

    const __CCONN_FED: bool = true;

    fn __cconn_entete(&self) -> Entete<'_> {
        self.message.__cconn_entete().fed(1)
    }

    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<R, ValueError> {
        M::__cconn_decode(reader)
    }
}
