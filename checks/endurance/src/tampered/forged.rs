//! Peers that do not know the secret, and use what they have heard of those who do: towards a server,
//! and in the place of one.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use cconn::erreur::{EchecConnexion, NatureSecret};
use cconn::{Client, Erreur, Resultat};
use testkit::Dice;
use testkit::raw::{call, greeting};

use super::{Target, in_batches};
use crate::counted::REFUSED;
use crate::heard::{HEAD, Heard, PROOF, Side, secret};
use crate::run::Run;

/// The longest that either side of a forgery waits.
const MOST: Duration = Duration::from_secs(10);

/// The kind of a proof's message, and the refusal of a wrong proof.
const WRONG: [u8; 2] = [13, 7];

/// What a forger sends instead of a proof that it can't make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instead {
    /// The proof that a client once sent.
    OfClient,
    /// The proof that a server once sent.
    OfServer,
    /// The other side's own number, which it has sent for this proof.
    Number,
    /// What the other side has just sent itself: a client its proof, a server its greeting.
    Mirror,
    Random,
    Zeros,
}

const ALL: [Instead; 6] = [
    Instead::OfClient,
    Instead::OfServer,
    Instead::Number,
    Instead::Mirror,
    Instead::Random,
    Instead::Zeros,
];

/// One forgery.
#[derive(Clone, Copy, Debug)]
enum Forgery {
    /// All that a client once said, and a call.
    Replay,
    /// A server's side, said to a server; and a client's, said to a client.
    SwappedToServer,
    SwappedToClient,
    /// A client's greeting, the server's new number, and this instead of the proof.
    ToServer(Instead),
    /// A server's greeting to a new client, and this instead of the proof.
    ToClient(Instead),
    /// A client of cconn that has another secret.
    OtherKey,
}

pub(super) fn attack(run: &Run, target: &Target) {
    let heard = Heard::at(target.host.address());
    let mut forgeries = vec![
        Forgery::Replay,
        Forgery::SwappedToServer,
        Forgery::SwappedToClient,
        Forgery::OtherKey,
    ];
    forgeries
        .extend(ALL.into_iter().flat_map(|how| [Forgery::ToServer(how), Forgery::ToClient(how)]));
    let wanted = run.pick(10, 60) * forgeries.len();
    let results = in_batches(run, target, wanted, |number| {
        let forgery = forgeries[usize::try_from(number).unwrap_or(0) % forgeries.len()];
        (forgery, forge(&heard, target, forgery, &mut Dice::new(number)))
    });
    for (forgery, result) in &results {
        if let Err(fault) = result {
            run.fault(&format!("{forgery:?}: {fault}"));
        }
    }
    run.figure("forgeries", results.len(), "");
    run.exactly("of them refused", results.iter().filter(|one| one.1.is_ok()).count(), wanted);
    let wrong = results.iter().filter(|one| one.1 == Ok(true)).count();
    run.figure("of them as a wrong proof", wrong, "");
    let with_proof = wanted / forgeries.len() * 2 * ALL.len();
    run.require(wrong >= with_proof, || format!("fewer than {with_proof} as a wrong proof"));
}

/// Whether it was refused as a wrong proof, or otherwise; a fault if not at all.
fn forge(
    heard: &Heard,
    target: &Target,
    forgery: Forgery,
    dice: &mut Dice,
) -> Result<bool, String> {
    let server = target.host.address();
    let say = |side: &Side| {
        let said = [&side.greeting[..], &side.proof, &call(1, "touch", &[REFUSED.0])].concat();
        to_server(server, |stream| stream.write_all(&said))
    };
    match forgery {
        Forgery::Replay => say(&heard.client),
        Forgery::SwappedToServer => say(&heard.server),
        Forgery::SwappedToClient => {
            to_client(&heard.client.greeting, |_| heard.client.proof.clone())
        }
        Forgery::OtherKey => {
            judge(Client::options(server).delai_connexion(MOST).secrets([secret(2)]).connecter())
        }
        Forgery::ToServer(how) => to_server(server, |stream| {
            stream.write_all(&heard.client.greeting)?;
            let (fields, records) = greeting(stream);
            let mirror = [fields, records.clone()].concat();
            let said = instead(heard, how, dice, (&number_in(&records), &mirror));
            stream.write_all(&[said, call(1, "touch", &[REFUSED.0])].concat())
        }),
        Forgery::ToClient(how) => to_client(&heard.server.greeting, |said| {
            let (_fields, records) = greeting(&mut &*said);
            let mirror = &said[said.len() - HEAD.len() - PROOF..];
            instead(heard, how, dice, (&number_in(&records), mirror))
        }),
    }
}

/// A message in the place of a proof. The `number` and the `mirror` are of the other side.
fn instead(
    heard: &Heard,
    how: Instead,
    dice: &mut Dice,
    (number, mirror): (&[u8], &[u8]),
) -> Vec<u8> {
    let with = |proof: &[u8]| [&HEAD[..], proof].concat();
    match how {
        Instead::OfClient => heard.client.proof.clone(),
        Instead::OfServer => heard.server.proof.clone(),
        Instead::Mirror if mirror.starts_with(&HEAD) => mirror.to_vec(),
        Instead::Mirror => with(&mirror[mirror.len() - PROOF..]),
        Instead::Number => with(&number[..PROOF]),
        Instead::Random => {
            let random = std::iter::repeat_with(|| dice.next().to_le_bytes()[0]);
            with(&random.take(PROOF).collect::<Vec<u8>>())
        }
        Instead::Zeros => with(&[0; PROOF]),
    }
}

/// The number in the record of a greeting that wants a secret proved.
fn number_in(mut records: &[u8]) -> Vec<u8> {
    while let [number, _, length, high, rest @ ..] = records {
        let (data, next) = rest.split_at(usize::from(u16::from_le_bytes([*length, *high])));
        if *number == 6 {
            return data[..PROOF].to_vec();
        }
        records = next;
    }
    panic!("a server that knows a secret wants it proved");
}

/// Says that to a server, until it ends the connection.
fn to_server(
    server: SocketAddr,
    say: impl FnOnce(&mut TcpStream) -> io::Result<()>,
) -> Result<bool, String> {
    let mut stream = TcpStream::connect(server).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(MOST)).map_err(|error| error.to_string())?;
    // It may be refused before it has said all.
    let _refused = say(&mut stream).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        let is_reset = error.kind() == io::ErrorKind::ConnectionReset;
        return if is_reset { Ok(false) } else { Err(format!("not sent away: {error}")) };
    }
    if answer.windows(HEAD.len()).any(|head| head == HEAD) {
        return Err("the server has proved the secret to it".to_owned());
    }
    Ok(answer.windows(2).any(|pair| pair == WRONG))
}

/// Greets the next client like that, and then says what `say` makes of all that the client has said.
fn to_client(greeting: &[u8], say: impl FnOnce(&[u8]) -> Vec<u8> + Send) -> Result<bool, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = listener.accept()?.0;
            stream.set_read_timeout(Some(MOST))?;
            stream.write_all(greeting)?;
            let answer = say(&hear_proof(&mut stream));
            stream.write_all(&answer)?;
            stream.shutdown(Shutdown::Write)?;
            stream.read_to_end(&mut Vec::new())
        });
        judge(Client::options(address).delai_connexion(MOST).secrets([secret(1)]).connecter())
    })
}

/// All that a client says until it has proved the secret, or has left.
fn hear_proof(stream: &mut TcpStream) -> Vec<u8> {
    let (mut said, mut piece) = (Vec::new(), [0; 512]);
    let is_proof = |said: &[u8]| {
        let behind = said.len().checked_sub(HEAD.len() + PROOF);
        behind.is_some_and(|at| said[at..].starts_with(&HEAD))
    };
    while !is_proof(&said) {
        match stream.read(&mut piece) {
            Ok(length @ 1..) => said.extend(&piece[..length]),
            Ok(_) | Err(_) => break,
        }
    }
    said
}

fn judge(connected: Resultat<Client>) -> Result<bool, String> {
    match connected {
        Ok(_) => Err("it was believed".to_owned()),
        Err(Erreur::Connexion(failed)) => {
            Ok(matches!(*failed, EchecConnexion::Secret { nature: NatureSecret::Faux, .. }))
        }
        Err(error) => Err(format!("neither let in nor refused: {error}")),
    }
}
