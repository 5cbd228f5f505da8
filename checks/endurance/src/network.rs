//! N03: a network that loses everything in the middle, and one that loses every ninth packet each
//! way.
//!
//! Client and server stand in network namespaces of their own, joined by a virtual cable. The
//! namespaces have no name: the system removes them, and the cable with them, when the last of
//! their processes has ended, however it ended.

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes};

use crate::child::SHORT;
use crate::commands::{echo, sleep};
use crate::helper::{self, Helper};
use crate::host::spawn;
use crate::run::Run;
use crate::times::Times;
use testkit::Dice;

/// Both ends of the cable, and their addresses.
const CABLE: &str = "cconn0";
const CLIENT: &str = "10.203.77.1";
const SERVER: &str = "10.203.77.2";

/// Settings of those who are cut off: a peer that takes nothing, and a call.
const TAKEN: Duration = Duration::from_millis(300);
const ANSWERED: Duration = Duration::from_millis(250);

/// When both sides must know with these settings, and when they must if nobody says anything: the
/// kernel asks for a sign of life after a second, and again each second.
const MOST: Duration = Duration::from_secs(3);
const MOST_IDLE: Duration = Duration::from_secs(5);

/// Settings of those who lose packets: a row of losses doubles the kernel's patience each time.
const PATIENCE: Duration = Duration::from_secs(250);

/// Connections that lose packets.
const LOSSY: usize = 50;

/// Packets of a hundred that are lost in each direction: every fifth is lost, or what acknowledges
/// it.
const LOST: u32 = 11;

/// What puts a process into a namespace of its own; who is not root becomes it there.
fn isolated() -> Vec<&'static str> {
    let root = rustix::process::geteuid().is_root();
    let become_root: &[&str] = if root { &[] } else { &["--map-root-user"] };
    [&["unshare", "--net"], become_root, &["--"]].concat()
}

/// Tries what the test needs: namespaces, cables, and rules for packets.
fn can_isolate() -> Result<(), String> {
    let front = isolated();
    let attempt = format!("ip link add {CABLE} type veth && nft '{}'", rules("policy drop;"));
    let output = Command::new(front[0])
        .args(&front[1..])
        .args(["sh", "-c", &attempt])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{}: {error}", front[0]))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("no network of its own: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

/// A rule for all that comes in and all that goes out.
fn rules(rule: &str) -> String {
    let chain = |way| format!("chain {way} {{ type filter hook {way} priority 0; {rule} }};");
    format!("table inet cconn {{ {} {} }}", chain("input"), chain("output"))
}

fn system(command: &[&str]) {
    let output = Command::new(command[0]).args(&command[1..]).stdin(Stdio::null()).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", command[0]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", command.join(" "));
}

/// From here on every packet is lost.
fn lose_all() {
    system(&["nft", &rules("policy drop;")]);
}

/// From here on some packets are lost.
fn lose_some() {
    system(&["nft", &rules(&format!("numgen random mod 100 < {LOST} drop;"))]);
}

/// From here on no packet is lost.
fn heal() {
    system(&["nft", "flush ruleset"]);
}

pub(crate) fn unreliable(run: &Run) {
    if let Err(reason) = can_isolate() {
        return run.skip(&reason);
    }
    let scale = if run.is_short() { SHORT } else { "full" };
    let mut client = Helper::start_under(&isolated(), "cut-off-client", &[scale.to_owned()]);
    if let Err(status) = client.relay() {
        run.fault(&format!("the client's side: {status}"));
    }
}

#[commande]
fn counted(octets: &[u8]) -> Vec<u8> {
    COUNT.fetch_add(1, Ordering::SeqCst);
    octets.to_vec()
}

#[commande]
fn count() -> u64 {
    COUNT.load(Ordering::SeqCst)
}

/// Calls that ran, in the server's process.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The server's side: a server that is soon cut off and one that is patient. It tells both
/// addresses, and then of every connection that ended.
pub(crate) fn server(_: &[String]) {
    helper::tell("isolated");
    // The cable comes from the other side.
    helper::hear();
    helper::end_with_parent();
    plug_in(SERVER);
    let hasty = Serveur::options((SERVER, 0))
        .max_clients(10)
        .delai_ecriture(TAKEN)
        .quand_deconnecte(|_, end| helper::tell(told(&end)))
        .ouvrir()
        .unwrap();
    let patient = Serveur::options((SERVER, 0)).max_clients(LOSSY).delai_ecriture(PATIENCE);
    let patient = patient.ouvrir().unwrap();
    for serveur in [&hasty, &patient] {
        serveur.enregistrer(commandes![echo, sleep, counted, count]).unwrap();
        helper::tell(&serveur.adresse().to_string());
    }
    spawn("patient", move || patient.lancer());
    hasty.lancer().unwrap();
}

fn told(end: &Resultat<()>) -> &'static str {
    if end.is_ok() { "in order" } else { "cut" }
}

fn plug_in(address: &str) {
    system(&["ip", "addr", "add", &format!("{address}/24"), "dev", CABLE]);
    system(&["ip", "link", "set", CABLE, "up"]);
}

/// The client's side, which is where packets are lost.
pub(crate) fn client(args: &[String]) {
    helper::end_with_parent();
    let run = Run::new(args.first().is_some_and(|scale| scale == SHORT));
    let mut server = Helper::start_under(&["unshare", "--net", "--"], "cut-off-server", &[]);
    server.hear();
    let id = server.id().to_string();
    let ends = ["ip", "link", "add", CABLE, "type", "veth", "peer", "name", CABLE];
    system(&[&ends, ["netns", &id].as_slice()].concat());
    plug_in(CLIENT);
    server.tell("plugged in");
    let (hasty, patient) = (server.hear(), server.hear());
    in_mid_call(&run, &hasty, &mut server);
    in_mid_write(&run, &hasty);
    // The connection of `in_mid_write`.
    hear_of_end(&run, &mut server, "cut");
    for_one_probe(&run, &hasty, &mut server);
    while_idle(&run, &hasty, &mut server);
    with_losses(&run, &patient);
}

fn connect(address: &str) -> Client {
    let options = Client::options(address).delai_ecriture(TAKEN).delai_reponse(ANSWERED);
    options.connecter().unwrap()
}

/// Everything is lost while a call runs at the server: the call ends at its deadline, and both
/// sides find out that nothing gets through what they say.
fn in_mid_call(run: &Run, address: &str, server: &mut Helper) {
    let client = connect(address);
    let calling = client.clone();
    let call = spawn("call", move || calling.appeler(sleep { millis: 200 }));
    std::thread::sleep(Duration::from_millis(100));
    lose_all();
    let cut_off = Instant::now();
    let result = call.join().unwrap();
    run.time_within("the call ended", cut_off.elapsed(), ANSWERED + Duration::from_millis(100));
    let is_honest = matches!(&result, Err(error) if error.a_pu_etre_executee());
    run.require(is_honest, || format!("a call that was cut off: {result:?}"));
    wait_for_end(&client);
    run.time_within("the client knew", cut_off.elapsed(), MOST);
    hear_of_end(run, server, "cut");
    run.time_within("the server knew", cut_off.elapsed(), MOST);
    heal();
}

fn hear_of_end(run: &Run, server: &mut Helper, wanted: &str) {
    let end = server.hear();
    run.require(end == wanted, || format!("the server's connection ended {end}, not {wanted}"));
}

fn wait_for_end(client: &Client) {
    while client.est_connecte() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Everything is lost while a client sends as much as it can.
fn in_mid_write(run: &Run, address: &str) {
    let client = connect(address);
    let sending = client.clone();
    let sender = spawn("sender", move || {
        let octets = vec![7; 64 << 10];
        loop {
            if let Err(error) = sending.envoyer(echo { octets: &octets }) {
                return error;
            }
        }
    });
    std::thread::sleep(Duration::from_millis(100));
    lose_all();
    let cut_off = Instant::now();
    let error = sender.join().unwrap();
    run.time_within("the sender knew", cut_off.elapsed(), MOST);
    let is_honest = matches!(error, Erreur::Fermee(_) | Erreur::Delai(_));
    run.require(is_honest, || format!("a sender that was cut off: {error}"));
    wait_for_end(&client);
    heal();
}

/// Everything is lost while the kernel asks an idle peer once: that ends nothing.
fn for_one_probe(run: &Run, address: &str, server: &mut Helper) {
    let client = connect(address);
    client.appeler(echo { octets: b"before" }).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    lose_all();
    std::thread::sleep(Duration::from_secs(1));
    heal();
    std::thread::sleep(Duration::from_millis(2500));
    let answer = client.appeler(echo { octets: b"after" });
    run.require(answer.is_ok(), || format!("one lost probe: {answer:?}"));
    if let Err(error) = client.eteindre() {
        run.fault(&format!("a stop after a lost probe: {error}"));
    }
    hear_of_end(run, server, "in order");
}

/// Everything is lost while nobody says anything: the kernel asks for signs of life.
fn while_idle(run: &Run, address: &str, server: &mut Helper) {
    let client = connect(address);
    client.appeler(echo { octets: b"before" }).unwrap();
    lose_all();
    let cut_off = Instant::now();
    wait_for_end(&client);
    run.time_within("an idle client knew", cut_off.elapsed(), MOST_IDLE);
    hear_of_end(run, server, "cut");
    run.time_within("the server of an idle one knew", cut_off.elapsed(), MOST_IDLE);
    heal();
}

/// Some packets are lost all the time: every call is answered right, and has run once.
fn with_losses(run: &Run, address: &str) {
    let each = run.pick(20, 200);
    let connect = |_| {
        let options = Client::options(address).delai_ecriture(PATIENCE).delai_reponse(PATIENCE);
        options.connecter().unwrap()
    };
    let clients: Vec<Client> = (0..LOSSY).map(connect).collect();
    lose_some();
    let times = Mutex::new(Times::default());
    std::thread::scope(|scope| {
        for (seed, client) in (0..).zip(&clients) {
            let times = &times;
            scope.spawn(move || {
                let own = call_under_losses(run, client, each, seed);
                times.lock().unwrap().extend(own);
            });
        }
    });
    heal();
    let mut times = times.into_inner().unwrap();
    run.exactly("calls with losses, all right", times.len(), LOSSY * each);
    run.exactly("ran", clients[0].appeler(count {}).unwrap(), (LOSSY * each) as u64);
    run.time("median with losses", times.percentile(500));
    run.time("worst with losses", times.worst());
    run.require(times.worst() > Duration::from_millis(50), || "nothing was lost".to_owned());
    for client in clients {
        if let Err(error) = client.eteindre() {
            run.fault(&format!("a stop after losses: {error}"));
        }
    }
}

/// How long each call took that was answered right.
fn call_under_losses(run: &Run, client: &Client, calls: usize, seed: u64) -> Times {
    let (mut dice, mut times) = (Dice::new(seed), Times::default());
    for _ in 0..calls {
        let octets: Vec<u8> = (0..dice.size(4000)).map(|_| dice.next().to_le_bytes()[0]).collect();
        let start = Instant::now();
        match client.appeler(counted { octets: &octets }) {
            Ok(answer) if answer == octets => times.push(start.elapsed()),
            Ok(_) => run.fault("a wrong answer"),
            Err(error) => run.fault(&format!("after {:.1?}: {error}", start.elapsed())),
        }
    }
    times
}
