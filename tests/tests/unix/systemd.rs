//! A service of systemd: its socket, and what systemd is told.
#![cfg(target_os = "linux")]

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Command, Stdio};

use cconn::{Client, nommee};
use cconn_tests::{until_some, with_watchdog};

use super::dossier::{Dossier, LIMIT};

/// After how many milliseconds without a client it stops: more than the test is ever held up for
/// before it connects.
const IDLE: &str = "1500";

/// Starts a server with a socket as its descriptor 3, as systemd does. `pid` is what `LISTEN_PID`
/// says, in the words of a shell.
fn service(dossier: &Dossier, socket: impl Into<OwnedFd>, address: &str, pid: &str) -> Command {
    let script = format!("exec 3<&0 </dev/null; LISTEN_PID={pid} LISTEN_FDS=1 exec \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_voisin"), "serveur", address, IDLE]);
    command.stdin(Stdio::from(socket.into())).env("NOTIFY_SOCKET", dossier.join("notify"));
    command.stderr(Stdio::piped());
    command
}

fn heard(notify: &UnixDatagram) -> String {
    let mut some = [0; 100];
    // A process that is stopped and goes on is told of an interruption.
    let n = loop {
        match notify.recv(&mut some) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            heard => break heard.unwrap(),
        }
    };
    String::from_utf8_lossy(&some[..n]).into_owned()
}

#[test]
fn a_service_takes_over_its_socket_and_says_how_it_fares() {
    with_watchdog("service", LIMIT, || {
        let dossier = Dossier::new();
        let notify = UnixDatagram::bind(dossier.join("notify")).unwrap();
        notify.set_read_timeout(Some(LIMIT / 2)).unwrap();
        let path = dossier.join("s");
        let address = format!("unix:{}", path.display());
        let listener = UnixListener::bind(&path).unwrap();
        let ours = listener.try_clone().unwrap();
        let mut command = service(&dossier, listener, &address, "$$");
        let mut process = command.env("WATCHDOG_USEC", "20000").spawn().unwrap();
        drop(command);
        assert_eq!(heard(&notify), "READY=1");
        let client = Client::new(&path).unwrap();
        assert_eq!(client.appeler::<u32, _>(nommee("pid", ())).unwrap(), process.id());
        assert_eq!([heard(&notify), heard(&notify)], ["WATCHDOG=1", "WATCHDOG=1"]);
        client.eteindre().unwrap();
        // Idle, it stops, says so, and leaves the socket to systemd.
        while heard(&notify) != "STOPPING=1" {}
        assert!(process.wait().unwrap().success());
        assert!(path.exists());
        drop(ours);
    });
}

#[test]
fn a_service_that_does_not_take_its_socket_over_is_told_to() {
    with_watchdog("not taken over", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\"";
        let address = format!("unix:{}", path.display());
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_voisin"), "simple", &address]);
        command.stdin(Stdio::from(OwnedFd::from(listener)));
        let said = command.output().unwrap().stderr;
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("systemd has started this program"), "{said}");
        assert!(said.contains("`Serveur::unique`") && path.exists(), "{said}");
    });
}

#[test]
fn sockets_that_are_not_there_are_named() {
    with_watchdog("not there", LIMIT, || {
        let dossier = Dossier::new();
        let address = format!("unix:{}", dossier.join("s").display());
        for (fds, says) in [
            ("3", "LISTEN_FDS=3, so descriptors from 3 on are sockets of this process"),
            ("x", "LISTEN_FDS=\"x\", where systemd says how many sockets"),
        ] {
            let script = format!("LISTEN_PID=$$ LISTEN_FDS={fds} exec \"$@\" 3</dev/null 4<&-");
            let mut command = Command::new("sh");
            command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_voisin"), "ouvre", &address]);
            let said = command.output().unwrap().stderr;
            let said = String::from_utf8_lossy(&said);
            assert!(said.contains(says), "{said}");
            assert_eq!(said.contains("descriptor 4 is not open"), fds == "3", "{said}");
        }
    });
}

#[test]
fn sockets_of_another_process_are_not_taken() {
    with_watchdog("not ours", LIMIT, || {
        let dossier = Dossier::new();
        let path = dossier.join("s");
        let address = format!("unix:{}", path.display());
        let listener = UnixListener::bind(&path).unwrap();
        // The announcement is for another process: so another server listens there.
        let output =
            service(&dossier, listener.try_clone().unwrap(), &address, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("a server listens there already"), "{said}");
        // The socket listens elsewhere: the service opens its own.
        let own = format!("unix:{}", dossier.join("t").display());
        let mut process = service(&dossier, listener, &own, "$$").spawn().unwrap();
        let client = until_some("it serves", || Client::new(dossier.join("t")).ok());
        assert_eq!(client.appeler::<u64, _>(nommee("double", (4_u64,))).unwrap(), 8);
        drop(client);
        assert!(process.wait().unwrap().success());
        assert!(!dossier.join("t").exists());
    });
}
