//! A relay between a client and a server that both know the secret, which changes a byte.

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat};
use testkit::{Carried, Change, Dice, Relay};

use super::{PATIENCE, Target, in_batches, knowing};
use crate::run::Run;
use crate::ways::Way;

/// Sorts of changes.
const SORTS: u64 = 6;

/// The last bytes of what an encrypted side says in its opening. They are left alone: a signature
/// in front of them may be a few bytes shorter the next time.
const VARYING: usize = 8;

/// Types of TLS's records that are not encrypted, RFC 8446, 5.1.
const CHANGE_CIPHER_SPEC: u8 = 0x14;
const HANDSHAKE: u8 = 0x16;

/// How a connection ended that was tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One side said why not.
    Told,
    /// The client waited in vain for what was left out.
    Late,
    /// The client saw the connection end.
    Cut,
    /// It came about, and both sides had said what they would have said without the change.
    CameToNothing,
    /// It came about although something else was said.
    LetIn,
}

const ENDS: [End; 5] = [End::Told, End::Late, End::Cut, End::CameToNothing, End::LetIn];

pub(super) fn attack(run: &Run, target: &Target) {
    let way = target.way;
    let lengths = openings(target);
    let wanted = run.pick(200, 1500);
    let attacks = in_batches(run, target, wanted, |number| {
        let mut dice = Dice::new(number);
        let upwards = dice.one_in(2);
        let change = change(&mut dice, lengths[usize::from(!upwards)]);
        (change, upwards, tampered(target, (change, upwards), lengths))
    });
    run.exactly(&format!("{way:?}, openings tampered with"), attacks.len(), wanted);
    for (change, upwards, end) in &attacks {
        run.require(*end != End::LetIn, || {
            format!("{way:?}: let in with {change:?}, to the server: {upwards}")
        });
    }
    let count = |end| attacks.iter().filter(|attack| attack.2 == end).count();
    for end in ENDS {
        run.figure(&format!("{way:?}, {end:?}"), count(end), "");
    }
    run.require(count(End::Told) > wanted / 10, || format!("{way:?}: few are told why"));
    run.require(count(End::CameToNothing) < wanted / 10, || format!("{way:?}: few are changed"));
}

/// A change at a place before that one.
fn change(dice: &mut Dice, end: usize) -> Change {
    let (at, byte) = (dice.size(end), dice.next().to_le_bytes()[0]);
    match dice.below(SORTS) {
        0 => Change::Drop { at },
        1 => Change::Insert { at, byte },
        2 => Change::Double { at },
        3 => Change::Swap { at: at.min(end - 2) },
        4 => Change::Truncate { at },
        _ => Change::Flip { at, bit: byte & 7 },
    }
}

fn connect(target: &Target, relay: &Relay) -> Resultat<Client> {
    knowing(target.way, Client::options(relay.address)).delai_connexion(PATIENCE).connecter()
}

/// How many bytes each side says until both have proved the secret: to the server, and from it.
fn openings(target: &Target) -> [usize; 2] {
    let relay = Relay::start(target.host.address(), None, None);
    let client = knowing(target.way, Client::options(relay.address)).connecter();
    let client = client.expect("nothing is changed");
    let passed = relay.passed();
    client.eteindre().expect("the server is there");
    drop(client);
    let _carried = relay.finish();
    passed.map(|length| if target.way == Way::Tls { length - VARYING } else { length })
}

fn tampered(target: &Target, (change, upwards): (Change, bool), lengths: [usize; 2]) -> End {
    let (to, from) = if upwards { (Some(change), None) } else { (None, Some(change)) };
    let relay = Relay::start(target.host.address(), to, from);
    let connected = connect(target, &relay);
    let end = match &connected {
        Ok(client) => {
            client.close();
            End::LetIn
        }
        Err(Erreur::Delai(_)) => End::Late,
        Err(Erreur::Connexion(failed)) if matches!(**failed, EchecConnexion::Accueil { .. }) => {
            End::Cut
        }
        Err(_) => End::Told,
    };
    drop(connected);
    let carried = relay.finish();
    let is_same = || (0..2).all(|way| says_the_same(target.way, &carried[way], lengths[way]));
    if end == End::LetIn && is_same() { End::CameToNothing } else { end }
}

/// Whether the receiver was told in the opening what its sender had said.
fn says_the_same(way: Way, carried: &Carried, opening: usize) -> bool {
    let (taken, given) = (&carried.taken, &carried.given);
    if way != Way::Tls {
        return taken.get(..opening) == given.get(..opening);
    }
    let (taken, given) = (meaning(taken), meaning(given));
    let length = taken.len().min(given.len());
    taken[..length] == given[..length]
}

/// What TLS makes of the records: all but what it tells its receivers not to look at. That is the
/// version in the head of each (RFC 8446, 5.1: "MUST be ignored for all purposes"; what is encrypted
/// is bound to 3.3 whatever stands there), whole records of the type `change_cipher_spec` (5), and
/// where a message of the handshake goes on in another record.
fn meaning(mut stream: &[u8]) -> Vec<u8> {
    let mut means = Vec::with_capacity(stream.len());
    while let Some((head, rest)) = stream.split_first_chunk::<5>() {
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let Some((payload, next)) = rest.split_at_checked(length) else { break };
        match head[0] {
            CHANGE_CIPHER_SPEC => {}
            HANDSHAKE => means.extend(payload),
            other => means.extend([&[other, head[3], head[4]], payload].concat()),
        }
        stream = next;
    }
    means.extend(stream);
    means
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_does_not_look_at_means_nothing() {
        let hello = [&[0x16, 3, 1, 0, 2][..], b"ab"].concat();
        let older = [&[0x16, 3, 0, 0, 2][..], b"ab"].concat();
        let other = [&[0x16, 3, 1, 0, 2][..], b"ac"].concat();
        let ignored = [&[0x14, 3, 3, 0, 1, 1][..], &hello].concat();
        assert_eq!(meaning(&hello), meaning(&older));
        assert_eq!(meaning(&hello), meaning(&ignored));
        assert_ne!(meaning(&hello), meaning(&other));
        let sealed = |head: [u8; 5]| meaning(&[&head[..], &[9, 9]].concat());
        assert_eq!(sealed([0x17, 3, 3, 0, 2]), sealed([0x17, 3, 2, 0, 2]));
        assert_ne!(sealed([0x17, 3, 3, 0, 2]), sealed([0x17, 3, 3, 0, 1]));
        assert_ne!(sealed([0x17, 3, 3, 0, 2]), sealed([0x16, 3, 3, 0, 2]));
    }
}
