//! Commands run straight from their bytes, without a connection between.

use std::any::Any;

use cconn_macros::commande;

use super::*;
use crate::message::{ArgumentWriter, Message, ReplyKind, encode_body};
use crate::serveur::Serveur;
use crate::wire::Answering;

/// The address range of the arguments in memory.
#[expect(clippy::needless_pass_by_value, reason = "an argument is handed over")]
#[commande(crate = crate)]
fn adresses(mot: &str, octets: &[u8], vache: std::borrow::Cow<'_, str>) -> [usize; 3] {
    [mot.as_ptr().addr(), octets.as_ptr().addr(), vache.as_ptr().addr()]
}

#[commande(crate = crate)]
fn compte(serveur: &Serveur) -> usize {
    serveur.clients().len()
}

fn body(message: &dyn Message) -> Vec<u8> {
    let mut writer = ArgumentWriter::new(Vec::new());
    encode_body(message, &mut writer).unwrap();
    writer.frame.into_buffer()
}

fn local() -> (Serveur, Client) {
    let serveur = Serveur::new(0).unwrap();
    let client = serveur.client_local().unwrap();
    (serveur, client)
}

#[test]
fn borrowed_arguments_lie_in_the_message() {
    let (_serveur, client) = local();
    let context = Context { client: &client, hands: &Hands::default(), stream: None };
    let body = body(&adresses { mot: "un", octets: b"deux", vache: "trois".into() });
    let mut out = Answering::default();
    let reply =
        (adresses::DESCRIPTION.run)(&context, Input::new(body.as_slice().into(), None), &mut out)
            .unwrap();
    assert_eq!(reply.0, ReplyKind::Answer);
    let found = <adresses as crate::traits::Appel<[usize; 3]>>::__cconn_decode(
        crate::__prive::AnswerReader::of_body(out.bytes.as_slice().into()),
    )
    .unwrap();
    let message = body.as_ptr_range();
    let (start, end) = (message.start.addr(), message.end.addr());
    assert!(found.iter().all(|address| (start..end).contains(address)), "{found:x?} {start:x}");
}

#[test]
fn a_command_that_needs_a_server_fails_without_one() {
    let (serveur, client) = local();
    let mut out = Answering::default();
    let mut run = |serveur: Option<Box<dyn Any + Send + Sync>>| {
        let mut hands = Hands::default();
        hands.serveur = serveur;
        let context = Context { client: &client, hands: &hands, stream: None };
        (compte::DESCRIPTION.run)(&context, Input::new([].as_slice().into(), None), &mut out)
            .map(|reply| reply.0)
    };
    assert!(run(None).is_err());
    assert!(run(Some(Box::new(7))).is_err());
    assert_eq!(run(Some(Box::new(serveur.clone()))).unwrap(), ReplyKind::Answer);
}

#[test]
fn a_prefix_of_the_arguments_never_runs() {
    let (_serveur, client) = local();
    let context = Context { client: &client, hands: &Hands::default(), stream: None };
    let body = body(&adresses { mot: "un", octets: b"deux", vache: "trois".into() });
    for length in 0..body.len() {
        let mut out = Answering::default();
        let input = Input::new(body[..length].into(), None);
        assert!((adresses::DESCRIPTION.run)(&context, input, &mut out).is_err(), "{length}");
        assert!(out.bytes.is_empty());
    }
}

/// Ten thousand descriptions that differ only by their hashes.
#[expect(clippy::large_stack_arrays, reason = "it is a constant of the compiler's")]
const fn many() -> [Description; 10_000] {
    let mut all = [PLACEHOLDER; 10_000];
    let mut i = 0;
    while i < all.len() {
        let spread = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        all[i].hash = spread ^ spread >> 29;
        i += 1;
    }
    all
}

#[test]
fn a_long_list_is_checked_while_it_is_compiled() {
    const ALL: &[Description] = &many();
    // The compiler's own limit on constants is a lint that is an error by default.
    const CHECKED: &[Description] = distinct::<32_768>(ALL);
    assert_eq!(CHECKED.len(), 10_000);
}
