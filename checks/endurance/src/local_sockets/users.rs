//! Another user: kept out by the mode of the socket's file, and known by its number where it is let
//! in.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cconn::{Client, Serveur, nommee};
use testkit::Folder;

use super::mode;
use crate::helper::{self, Helper};
use crate::host::Host;
use crate::run::Run;

/// The user that owns nothing, and its group.
const NOBODY: u32 = 65_534;

/// Visitors that come at once.
const VISITORS: usize = 4;

/// Says of each line as whom a server knows this process, or why it does not let it in.
pub(crate) fn visitor(args: &[String]) {
    helper::tell("ready");
    while helper::hear().is_some() {
        let asked = Client::new(args[0].as_str());
        let known = asked.and_then(|client| client.appeler::<String, _>(nommee("who", ())));
        helper::tell(&known.unwrap_or_else(|error| format!("error: {error}")));
    }
}

pub(super) fn known_by_number(run: &Run) {
    if !rustix::process::geteuid().is_root() {
        run.skip("other users, whom only root can become; all else is run");
        return;
    }
    let folder = Folder::new();
    let program = program(&folder);
    let path = folder.join("s");
    let address = format!("unix:{}", path.display());
    let start = || Helper::start_as(NOBODY, &program, "visitor", std::slice::from_ref(&address));
    let mut visitors: Vec<Helper> = (0..VISITORS).map(|_| start()).collect();
    for visitor in &mut visitors {
        visitor.hear();
    }
    let rounds = run.pick(10, 100);
    for _ in 0..rounds {
        round(run, &path, &mut visitors);
    }
    run.figure("visits of another user", 2 * rounds * VISITORS, "");
}

/// A copy of this program that every user may run.
fn program(folder: &Folder) -> PathBuf {
    let (program, own) = (folder.join("program"), std::env::current_exe().expect("it has a path"));
    fs::copy(own, &program).expect("there is room");
    for path in [folder.join("."), program.clone()] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
    }
    program
}

/// A new server, to which all visitors come while its socket is closed to them, and then open.
fn round(run: &Run, path: &Path, visitors: &mut [Helper]) {
    let host = Host::start(Serveur::options(path).max_clients(2 * VISITORS), |serveur| {
        serveur.enregistrer_commande("who", who).expect("a free name");
    });
    run.require(mode(path) == 0o600, || format!("the socket's mode is {:o}", mode(path)));
    for (visitor, said) in visit_all(visitors) {
        let refused = said.starts_with("error: ") && said.contains("mode 0600");
        run.require(refused, || format!("visitor {visitor} was not kept out: {said}"));
    }
    fs::set_permissions(path, Permissions::from_mode(0o666)).expect("it is ours");
    for (visitor, said) in visit_all(visitors) {
        let wanted = format!("{NOBODY} {NOBODY} {visitor} false");
        run.require(said == wanted, || format!("known as {said}, must be {wanted}"));
    }
    let stopped = host.stop();
    run.require(stopped.is_ok(), || format!("a server's stop: {stopped:?}"));
}

/// As whom the server knows its caller: user, group, process, and whether it is the same user.
fn who(client: &Client, (): ()) -> String {
    let identite = client.identite();
    let Some(peer) = identite.unix() else { return "nobody of this machine".to_owned() };
    let pid = peer.pid.unwrap_or(0);
    format!("{} {} {pid} {}", peer.uid, peer.gid, peer.est_meme_utilisateur())
}

/// Has all of them visit at once; what each says, behind the number of its process.
fn visit_all(visitors: &mut [Helper]) -> Vec<(u32, String)> {
    for visitor in visitors.iter_mut() {
        visitor.tell("visit");
    }
    visitors.iter_mut().map(|visitor| (visitor.id(), visitor.hear())).collect()
}
