//! Peers that belong to another user. Only root can become one, so these tests say aloud where they
//! can't run.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use cconn::{Client, Serveur};
use cconn_tests::{until, until_some, with_watchdog};

use super::dossier::{Dossier, LIMIT, launch, stop};

/// The user that owns nothing, and its group.
const NOBODY: u32 = 65_534;

/// What `voisin` prints as that user.
fn as_nobody(program: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).uid(NOBODY).gid(NOBODY).stdin(Stdio::null()).current_dir("/");
    let output = command.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A copy of `voisin` that everybody may run; `None` where this process can't become another user.
fn program(dossier: &Dossier, test: &str) -> Option<std::path::PathBuf> {
    fs::set_permissions(dossier.join("."), Permissions::from_mode(0o755)).unwrap();
    let program = dossier.join("voisin");
    fs::copy(env!("CARGO_BIN_EXE_voisin"), &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let runs = until_some("the copy can be run", || {
        let mut command = Command::new(&program);
        let status = command.arg("rien").uid(NOBODY).gid(NOBODY).current_dir("/").status();
        // A process that another test starts may have the file open for a moment.
        let is_busy =
            matches!(&status, Err(error) if error.kind() == ErrorKind::ExecutableFileBusy);
        (!is_busy).then_some(status)
    });
    if !runs.is_ok_and(|status| status.success()) {
        eprintln!("{test}: SKIPPED: only root can become another user");
        return None;
    }
    Some(program)
}

#[test]
fn another_user_is_kept_out_by_the_mode_and_known_by_its_number() {
    with_watchdog("another_user", LIMIT, || {
        let dossier = Dossier::new();
        let Some(program) = program(&dossier, "another_user") else { return };
        let path = dossier.join("s");
        let address = format!("unix:{}", path.display());
        let serveur = Serveur::options(&*address).max_clients(3).ouvrir().unwrap();
        serveur
            .enregistrer_commande("qui", |client: &Client, (): ()| {
                let peer = client.identite().unix().expect("a socket of this machine");
                format!("{}, {}, same: {}", peer.uid, peer.gid, peer.est_meme_utilisateur())
            })
            .unwrap();
        let lancer = launch(&serveur);
        let refused = as_nobody(&program, &["visite", &address]);
        assert!(refused.starts_with("error: ") && refused.contains("0600"), "{refused}");
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        let known = as_nobody(&program, &["visite", &address]);
        assert_eq!(known, format!("{NOBODY}, {NOBODY}, same: false"));
        stop(&serveur, lancer);
    });
}

#[test]
fn what_another_user_has_put_in_the_way_is_not_taken_for_ours() {
    with_watchdog("in the way", LIMIT, || {
        let dossier = Dossier::new();
        let Some(program) = program(&dossier, "in the way") else { return };
        let open = dossier.join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        let address = format!("unix:{}", open.join("s").display());
        // Another user's server may listen there; then ours may not, and says whose files are in the way.
        let mut theirs = Command::new(&program)
            .args(["serveur", &address, "1500"])
            .uid(NOBODY)
            .gid(NOBODY)
            .current_dir("/")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        until("the other user's server listens", || open.join("s").exists());
        let failed = Serveur::unique(&*address).map(drop).unwrap_err().to_string();
        assert!(failed.contains("belongs to user 65534"), "{failed}");
        theirs.wait().unwrap();
        assert!(!open.join("s").exists(), "it ends by itself when it was idle");
    });
}
