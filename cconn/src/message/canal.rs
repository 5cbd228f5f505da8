//! Channels of values: how their items are encoded and decoded is known here.

use super::answer::{Plain, decode_whole};
use super::{Reply, ReplyKind};
use crate::codec::CodecError;
use crate::flux::{Emetteur, Flux, ItemCodec, OptionsCanal};

impl<T: Plain> Flux<T> {
    /// Makes a channel: a stream whose items are pushed by others, for subscriptions, logs, sensors.
    ///
    /// A command returns the stream, and its turn ends. From then on no thread belongs to the
    /// stream: 10,000 subscriptions cost memory only, some hundred bytes each. An item that is
    /// pushed is sent at once if its taker gives credit, else it waits in the channel, which holds
    /// `elements` items that were not sent yet, and 1 MiB of them; `options_canal` says more.
    ///
    /// The stream may be silent for as long as it likes. At an orderly stop of its connection it
    /// ends at once, with an error that says so.
    ///
    /// It can also be taken in the same program, like any iterator.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    ///
    /// use cconn::flux::Flux;
    /// use cconn::{Resultat, Serveur, commande, commandes};
    ///
    /// #[commande]
    /// fn compter(jusqu_a: u32) -> Flux<u32> {
    ///     let (emetteur, flux) = Flux::canal(16);
    ///     thread::spawn(move || (0..jusqu_a).try_for_each(|n| emetteur.envoyer(n)));
    ///     flux
    /// }
    ///
    /// fn main() -> Resultat<()> {
    ///     let serveur = Serveur::new(0)?;
    ///     serveur.enregistrer(commandes![compter])?;
    ///     let client = serveur.client_local()?;
    ///     let nombres: Resultat<Vec<u32>> = client.appeler(compter { jusqu_a: 100 })?.collect();
    ///     assert_eq!(nombres?.len(), 100);
    ///     client.eteindre()
    /// }
    /// ```
    #[doc(alias("channel", "subscription", "mpsc", "pipe", "push"))]
    pub fn canal(elements: usize) -> (Emetteur<T>, Flux<T>) {
        Flux::options_canal(elements).ouvrir()
    }

    /// The settings of a channel that holds so many items; 0 counts as 1.
    #[doc(alias("channel_options", "builder"))]
    pub fn options_canal(elements: usize) -> OptionsCanal<T> {
        let codec = ItemCodec {
            encode: |item, out| match Reply::value(item, out) {
                Reply(ReplyKind::Answer) => Ok(()),
                Reply(_) => Err(CodecError::from_text(text_of(&out.bytes)).into()),
            },
            decode: |body| decode_whole(body).map_err(Into::into),
        };
        OptionsCanal::new(elements, codec)
    }
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
