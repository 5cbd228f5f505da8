//! Streams: items that one side makes and the other takes, one after the other.
//!
//! This module knows one connection and the codec. What a command returns, and how its items are
//! sent, is known to the layers above.

mod canal;
mod emetteur;
mod fichiers;
mod octets;
mod received;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;

use crate::erreur::{Erreur, Jamais};
pub(crate) use crate::link::{ItemSource, Pulled, StreamChannel};
use crate::octets::Octets;

pub(crate) use canal::ItemCodec;
use canal::Pushed;
pub use canal::{OptionsCanal, SiPlein};
pub use emetteur::Emetteur;
pub use octets::EchecEcriture;
pub(crate) use received::{ItemReader, Received};

/// A stream: an iterator whose items come from the peer, or go to it.
///
/// A command that returns an iterator, or a `Flux`, answers with a stream. Its caller gets a `Flux`,
/// and takes the items one after the other while the command's side makes them:
///
/// ```
/// use cconn::{Serveur, commande, commandes};
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
/// let mut somme = 0;
/// for carre in client.appeler(carres { jusqu_a: 5 })? {
///     somme += carre?;
/// }
/// assert_eq!(somme, 1 + 4 + 9 + 16);
/// # Ok(())
/// # }
/// ```
///
/// An argument of a command may be a `Flux` too. Its caller makes one of an iterator, of a reader or
/// of a channel, and its items are made while the command takes them:
///
/// ```
/// use cconn::flux::Flux;
/// use cconn::{Resultat, Serveur, commande, commandes};
///
/// #[commande]
/// fn sommer(nombres: Flux<u64>) -> Resultat<u64> {
///     nombres.sum()
/// }
///
/// # fn main() -> Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// serveur.enregistrer(commandes![sommer])?;
/// let client = serveur.client_local()?;
/// assert_eq!(client.appeler(sommer { nombres: Flux::de(1..=100) })?, 5050);
/// # Ok(())
/// # }
/// ```
///
/// Each item is a `Resultat`: the connection may end, the command may fail. After the first error,
/// and after the last item, the stream yields `None` for ever. A stream never ends in silence
/// because its connection did.
///
/// The maker of the items is never far ahead of their taker: what is under way is bounded, in bytes,
/// for each stream. Dropping a `Flux` stops the other side's iterator, and never waits.
///
/// `E` is the error type of the items, as in [`Erreur<E>`]; [`Jamais`] if
/// they have none.
#[doc(alias("Stream", "Iterator", "Subscription"))]
#[must_use = "a stream does nothing until its items are taken; dropping it stops it"]
pub struct Flux<T, E = Jamais> {
    /// In a cell, because it is taken out of the message that it is an argument of.
    source: RefCell<Source<T, E>>,
    /// The item of which a part was read as bytes; `None` unless `T` is `Octets`.
    begun: Cell<Option<Begun<T>>>,
}

/// An item of which a part was read as bytes.
struct Begun<T> {
    item: Octets,
    /// Bytes that were read. Smaller than the item.
    at: usize,
    /// What is left of an item behind so many bytes.
    rest: fn(Octets, usize) -> T,
}

/// An iterator that yields the items of a stream.
type Items<T, E> = Box<dyn Iterator<Item = Result<T, Erreur<E>>> + Send>;

/// Where the items come from.
enum Source<T, E> {
    Peer(Box<Received>, ItemReader<T, E>),
    Iterator(Items<T, E>),
    /// A channel, whose items are taken in the program that makes them.
    Channel(Box<Pushed<T>>),
    /// The stream was sent, as an argument of a call.
    Sent,
    /// The stream has ended.
    Over {
        /// Whether its last item was an error.
        failed: bool,
    },
}

impl<T, E> Flux<T, E> {
    /// The stream that answers a call.
    pub(crate) fn received(received: Box<Received>, reader: ItemReader<T, E>) -> Self {
        Flux::from_source(Source::Peer(received, reader))
    }

    fn from_source(source: Source<T, E>) -> Self {
        Flux { source: RefCell::new(source), begun: Cell::new(None) }
    }

    /// Takes out what is left of an item that was read in part.
    #[cold]
    fn rest_of_item(&mut self) -> Option<T> {
        self.begun.get_mut().take().map(|Begun { item, at, rest }| rest(item, at))
    }

    /// Whether the stream has ended with an error.
    fn has_failed(&self) -> bool {
        matches!(*self.source.borrow(), Source::Over { failed: true })
    }

    /// Takes the stream out, to be sent; `None` if it was sent before.
    pub(crate) fn take(&self) -> Option<Self> {
        match self.source.replace(Source::Sent) {
            Source::Sent => None,
            source => {
                Some(Flux { source: RefCell::new(source), begun: Cell::new(self.begun.take()) })
            }
        }
    }

    /// The stream of a channel.
    fn pushed(stream: Pushed<T>) -> Self {
        Flux::from_source(Source::Channel(Box::new(stream)))
    }

    /// The channel that it is the stream of, if it is one's.
    pub(crate) fn channel(&mut self) -> Option<Arc<StreamChannel>> {
        let is_whole = self.begun.get_mut().is_none();
        match self.source.get_mut() {
            Source::Channel(stream) if is_whole => Some(stream.channel()),
            _ => None,
        }
    }
}

impl<T: 'static, E: 'static> Flux<T, E> {
    /// Makes a stream of an iterator: an argument of a call, or the answer of a command that has to
    /// name the type it returns.
    ///
    /// The iterator is pulled while the stream is sent: as an answer on the thread that ran the
    /// command, as an argument on the thread that waits for the answer, or, if the answer is a
    /// stream too, on one of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::flux::Flux;
    /// use cconn::{Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn compter(croissant: bool) -> Flux<u32> {
    ///     if croissant { Flux::de(1..=3) } else { Flux::de((1..=3).rev()) }
    /// }
    ///
    /// # fn main() -> cconn::Resultat<()> {
    /// let serveur = Serveur::new(0)?;
    /// serveur.enregistrer(commandes![compter])?;
    /// let client = serveur.client_local()?;
    /// let nombres: Result<Vec<u32>, _> = client.appeler(compter { croissant: false })?.collect();
    /// assert_eq!(nombres?, [3, 2, 1]);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "from")]
    pub fn de<I>(items: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        Flux::from_source(Source::Iterator(Box::new(items.into_iter().map(Ok))))
    }

    /// Makes a stream of an iterator that may fail: its first error is the last item.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::Erreur;
    /// use cconn::flux::Flux;
    ///
    /// let lus: Vec<Result<u32, std::num::ParseIntError>> = vec!["1".parse(), "deux".parse()];
    /// let mut flux: Flux<u32> = Flux::essais(lus.into_iter().map(|lu| lu.map_err(Erreur::echec)));
    /// assert_eq!(flux.next().unwrap().unwrap(), 1);
    /// assert!(flux.next().unwrap().is_err());
    /// assert!(flux.next().is_none());
    /// ```
    #[doc(alias = "try_from")]
    pub fn essais<I, F>(items: I) -> Self
    where
        I: IntoIterator<Item = Result<T, F>>,
        I::IntoIter: Send + 'static,
        Erreur<E>: From<F>,
    {
        let items = items.into_iter().map(|item| item.map_err(Erreur::from));
        Flux::from_source(Source::Iterator(Box::new(items)))
    }
}

impl<T, E> Iterator for Flux<T, E> {
    type Item = Result<T, Erreur<E>>;

    /// The next item.
    ///
    /// # Blocking
    ///
    /// Until an item or the end has come, or the connection has ended. If the stream brings nothing
    /// for 30 seconds ([`delai_silence`](crate::OptionsClient::delai_silence)) this is an error,
    /// unless its other side has said that it may be silent. Inside a command, the next command of
    /// its connection may start meanwhile.
    fn next(&mut self) -> Option<Result<T, Erreur<E>>> {
        if self.begun.get_mut().is_some() {
            return self.rest_of_item().map(Ok);
        }
        let item = match self.source.get_mut() {
            Source::Peer(received, reader) => received.next(reader),
            Source::Iterator(items) => items.next(),
            Source::Channel(stream) => stream.next(),
            Source::Sent | Source::Over { .. } => None,
        };
        if !matches!(item, Some(Ok(_))) {
            // What is left of the source is dropped: its other side is told, its iterator ends.
            let failed = matches!(item, Some(Err(_))) || self.has_failed();
            *self.source.get_mut() = Source::Over { failed };
        }
        item
    }
}

impl<T, E> FusedIterator for Flux<T, E> {}

impl<T, E> fmt::Debug for Flux<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Flux");
        match &*self.source.borrow() {
            Source::Peer(received, _) => shown.field("commande", &received.nom()),
            Source::Iterator(_) => shown.field("source", &"iterator"),
            Source::Channel(_) => shown.field("source", &"channel"),
            Source::Sent => shown.field("source", &"sent"),
            Source::Over { .. } => shown.field("source", &"over"),
        };
        shown.finish_non_exhaustive()
    }
}
