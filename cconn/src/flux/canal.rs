//! Channels: how one is made, and the end from which its items are taken in the same program.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{Emetteur, Flux};
use crate::body::{Apart, Body};
use crate::erreur::{Codage, Erreur, NonEnvoyee, RaisonNonEnvoi};
use crate::link::{self, Capacity, Finish, Next, StreamChannel, WhenFull};
use crate::wire::Answering;

/// Why an item could not be encoded or decoded.
pub(super) type Cause = Box<dyn Error + Send + Sync>;

/// How an item is encoded.
pub(super) type Encode<T> = fn(T, &mut Answering) -> Result<(), Cause>;

/// How an item is decoded.
pub(super) type Decode<T> = fn(Body<'_>) -> Result<T, Cause>;

/// The name of a channel whose stream was not sent, in the place of a connection's.
pub(super) const NOWHERE: &str = "a channel whose stream was not sent";

/// Bytes of items that a channel holds, unless set.
const BYTES: usize = 1 << 20;

/// How the items of a channel are encoded and decoded.
pub(crate) struct ItemCodec<T> {
    pub(crate) encode: Encode<T>,
    pub(crate) decode: Decode<T>,
}

impl<T> Clone for ItemCodec<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ItemCodec<T> {}

/// What a channel does with an item for which it has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[doc(alias("Overflow", "Backpressure", "WhenFull"))]
#[non_exhaustive]
pub enum SiPlein {
    /// [`envoyer`](Emetteur::envoyer) waits for room, for as long as somebody takes items.
    #[default]
    #[doc(alias("Block", "Wait"))]
    Attendre,
    /// The item is refused: the error says [`RaisonNonEnvoi::CanalPlein`].
    #[doc(alias("Fail", "Refuse"))]
    Refuser,
    /// The oldest items that were not sent yet are dropped until it fits;
    /// [`perdus`](Emetteur::perdus) counts them.
    #[doc(alias("DropOldest", "Latest"))]
    Ecarter,
}

/// The settings of a channel, from [`Flux::options_canal`].
///
/// # Examples
///
/// ```
/// use cconn::flux::{Flux, SiPlein};
///
/// let (emetteur, mut flux) = Flux::options_canal(2).si_plein(SiPlein::Ecarter).ouvrir();
/// for mesure in [10, 11, 12] {
///     emetteur.envoyer(mesure)?;
/// }
/// assert_eq!(emetteur.perdus(), 1);
/// assert_eq!(flux.next().unwrap()?, 11);
/// # Ok::<(), cconn::Erreur>(())
/// ```
#[must_use = "options do nothing until `ouvrir`"]
#[doc(alias = "ChannelOptions")]
pub struct OptionsCanal<T> {
    most: Capacity,
    when_full: WhenFull,
    codec: ItemCodec<T>,
}

impl<T> OptionsCanal<T> {
    /// The settings of a channel of so many items.
    pub(crate) fn new(items: usize, codec: ItemCodec<T>) -> Self {
        let most = Capacity { items: items.max(1), bytes: BYTES };
        OptionsCanal { most, when_full: WhenFull::Wait, codec }
    }

    /// How many bytes of items the channel holds, encoded; 1 MiB unless set.
    ///
    /// A single item may be larger: it is taken while the channel is empty.
    #[doc(alias("bytes", "buffer_size"))]
    pub fn octets(mut self, octets: usize) -> Self {
        self.most.bytes = octets;
        self
    }

    /// What becomes of an item for which there is no room; its emitter waits unless set.
    #[doc(alias("when_full", "overflow", "backpressure"))]
    pub fn si_plein(mut self, si_plein: SiPlein) -> Self {
        self.when_full = match si_plein {
            SiPlein::Attendre => WhenFull::Wait,
            SiPlein::Refuser => WhenFull::Refuse,
            SiPlein::Ecarter => WhenFull::DropOldest,
        };
        self
    }

    /// Makes the channel: the end that items are pushed into, and the stream of them.
    #[doc(alias("open", "build"))]
    pub fn ouvrir(self) -> (Emetteur<T>, Flux<T>) {
        let channel = Arc::new(StreamChannel::new(self.most, self.when_full));
        let stream = Pushed { channel: channel.clone(), decode: self.codec.decode };
        (Emetteur::new(channel, self.codec.encode), Flux::pushed(stream))
    }
}

impl<T> fmt::Debug for OptionsCanal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionsCanal")
            .field("most", &self.most)
            .field("when_full", &self.when_full)
            .finish_non_exhaustive()
    }
}

/// The stream of a channel that was not sent.
pub(super) struct Pushed<T> {
    channel: Arc<StreamChannel>,
    decode: Decode<T>,
}

impl<T> Pushed<T> {
    pub(super) fn channel(&self) -> Arc<StreamChannel> {
        self.channel.clone()
    }

    /// The next item; `None` behind the last one.
    pub(super) fn next<E>(&self) -> Option<Result<T, Erreur<E>>> {
        match link::next_here(&self.channel) {
            Next::Item(mut item) => {
                let mut apart = Apart::new(std::mem::take(&mut item.long), Vec::new());
                let apart = (apart.len() > 0).then_some(&mut apart);
                Some((self.decode)(Body::new(&item.head, apart)).map_err(undecoded))
            }
            Next::End(Finish::Failed(text)) => Some(Err(Erreur::Echec(String::from(text).into()))),
            Next::MayNotWait => Some(Err(inside_waker())),
            Next::End(Finish::Complete) | Next::Over => None,
        }
    }
}

impl<T> Drop for Pushed<T> {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

fn undecoded<E>(cause: Cause) -> Erreur<E> {
    Erreur::Codage(Box::new(Codage {
        commande: "".into(),
        lien: NOWHERE.into(),
        what: "an item",
        verb: "decoded",
        cause,
        a_pu_etre_executee: false,
    }))
}

/// The error of a thread that may not wait for an item.
fn inside_waker<E>() -> Erreur<E> {
    Erreur::NonEnvoyee(Box::new(NonEnvoyee {
        commande: "".into(),
        lien: NOWHERE.into(),
        raison: RaisonNonEnvoi::DansUnRappel,
        a_pu_etre_executee: false,
        item: false,
    }))
}
