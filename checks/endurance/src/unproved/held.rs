//! Some hundred strangers that stay: what a server's process holds of each.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use cconn::{OptionsServeur, Serveur};

use super::{Known, doors};
use crate::company::visit;
use crate::count::resident;
use crate::counted;
use crate::heard::secret;
use crate::helper::{self, Helper};
use crate::host::{Host, spawn};
use crate::run::Run;
use crate::ways::Way;

/// Strangers of one server: fewer than the 128 of which the first would make room for others, by as
/// many as honest newcomers come at once.
const STRANGERS: usize = 120;

/// Servers of each sort.
const SERVERS: usize = 3;

/// How long a stranger may stay: longer than all of this takes.
const LONG: Duration = Duration::from_secs(300);

/// What a stranger may cost, KiB: what is kept of its bytes, and where TLS is used its state too.
/// This is resident memory, which holds whole pages and what the allocator does with them.
const MOST: [u64; 2] = [16, 16 + 7];

/// A process of servers that want to know who comes: a secret is to be proved, or TLS spoken. Tells
/// the memory that it takes, or what ran for strangers, when it is asked.
pub(crate) fn server(args: &[String]) {
    let way = if args[0] == "tls" { Way::Tls } else { Way::Tcp };
    for _ in 0..SERVERS {
        let options = Serveur::options(0).max_clients(20).delai_accueil(LONG);
        let host = Host::start(secured(way, options), counted::register);
        helper::tell(&host.address().to_string());
        spawn("kept", move || host);
    }
    while let Some(line) = helper::hear() {
        if line == "memory" {
            helper::tell(&resident("self").to_string());
        } else {
            helper::tell(&counted::for_the_refused().iter().sum::<u64>().to_string());
        }
    }
}

fn secured(way: Way, options: OptionsServeur) -> OptionsServeur {
    match way {
        Way::Tls => way.secured_server(options),
        _ => options.secrets([secret(1)]),
    }
}

pub(super) fn hold(run: &Run, known: &Known) {
    for (sort, way) in [("secret", 0), ("tls", 1)] {
        let mut helper = Helper::start("held-server", &[sort.to_owned()]);
        let servers: Vec<SocketAddr> =
            (0..SERVERS).map(|_| helper.hear().parse().expect("an address")).collect();
        let visit_all = || {
            for server in &servers {
                let visited = visit(&doors([*server; 2])[way]);
                run.require(visited.is_ok(), || format!("an honest client: {visited:?}"));
            }
        };
        // What the first clients make the process keep, it keeps.
        (0..3).for_each(|_| visit_all());
        let before = memory(&mut helper);
        let strangers: Vec<TcpStream> =
            servers.iter().flat_map(|server| settle(*server, known, way)).collect();
        visit_all();
        let grown = memory(&mut helper).saturating_sub(before);
        let each = grown.div_ceil(strangers.len() as u64);
        run.figure(&format!("{sort}, strangers held"), strangers.len(), "");
        run.figure(&format!("{sort}, memory of each, at most"), each, "KiB");
        run.require(each <= MOST[way], || format!("{sort}: {each} KiB for each stranger"));
        let gone = strangers.iter().filter(|stranger| is_gone(stranger)).count();
        run.exactly(&format!("{sort}, sent away too soon"), gone, 0);
        helper.tell("refused");
        let counted: u64 = helper.hear().parse().expect("a number");
        run.exactly(&format!("{sort}, run or decoded for them"), counted, 0);
    }
}

fn memory(helper: &mut Helper) -> u64 {
    helper.tell("memory");
    helper.hear().parse().expect("a number")
}

/// Strangers of a server that have said so much that it waits for more.
fn settle(server: SocketAddr, known: &Known, way: usize) -> Vec<TcpStream> {
    let (greeting, proof) = (&known.heard.client.greeting, &known.heard.client.proof);
    let nearly = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
    let sorts = [
        [nearly(&[&greeting[..], proof].concat()), nearly(&longest())],
        [known.hello.clone(), nearly(&known.hello)],
    ];
    let come = |number: usize| {
        let mut stream = TcpStream::connect(server).expect("the server listens");
        stream.write_all(&sorts[way][number % 2]).expect("it is not full");
        stream
    };
    (0..STRANGERS).map(come).collect()
}

/// A greeting as long as one may be: with a record of an unknown number.
fn longest() -> Vec<u8> {
    let mut greeting = testkit::raw::Greeting::client();
    let room = 4096 - greeting.bytes().len() - 4;
    greeting.more = testkit::raw::record(999, &vec![7; room]);
    greeting.bytes()
}

/// Whether the server has ended the connection.
fn is_gone(stranger: &TcpStream) -> bool {
    stranger.set_nonblocking(true).expect("it can be set");
    let mut buf = [0; 8192];
    loop {
        match std::io::Read::read(&mut { stranger }, &mut buf) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}
