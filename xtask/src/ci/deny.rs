//! What may stand in the dependency trees, judged by cargo-deny: `deny.toml` of each workspace.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use super::step::Outcome;
use super::tools;

/// The folder of each workspace, and the folder of the `deny.toml` that holds for it.
const WORKSPACES: &[(&str, &str)] = &[
    (".", "."),
    ("cconn-cli", "cconn-cli"),
    ("checks/model", "."),
    ("checks/fuzz", "checks/fuzz"),
    ("checks/bench", "checks/bench"),
    ("checks/observation", "checks/observation"),
    ("examples/opentelemetry", "examples/opentelemetry"),
];

/// Where a copy of the advisory database is: a folder that holds `crates`, or a tar file of one.
const DATABASE: &str = "ADVISORY_DB";

/// What cargo-deny calls the folder of the one database that it knows by default.
const FOLDER: &str = "advisory-db-3157b0e258782691";

/// Crates, licences and sources of every workspace.
pub(super) fn check(root: &Path) -> Outcome {
    let program = match tools::DENY.find(root) {
        Ok(program) => program,
        Err(reason) => return Outcome::Skipped(reason),
    };
    for (folder, rules) in WORKSPACES {
        println!("workspace {folder}");
        let rules = root.join(rules).join("deny.toml");
        let mut deny = deny(&program, root, folder, &rules);
        // A ban with exceptions need not be of use in every workspace.
        deny.args(["--locked", "check", "--allow", "unused-wrapper", "--hide-inclusion-graph"]);
        deny.args(["bans", "licenses", "sources"]);
        if let Some(failure) = failure(&mut deny) {
            return Outcome::Failed(format!("workspace {folder}: {failure}"));
        }
    }
    Outcome::Passed
}

/// Known faults of the crates of every workspace, by a database that is here already.
pub(super) fn advisories(root: &Path) -> Outcome {
    let prepared = tools::DENY
        .find(root)
        .and_then(|program| Ok((program, database(root, env::var_os(DATABASE))?)));
    let (program, databases) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => return Outcome::Skipped(reason),
    };
    for (folder, rules) in WORKSPACES {
        println!("workspace {folder}");
        let rules = match with_database(root, rules, &databases) {
            Ok(rules) => rules,
            Err(reason) => return Outcome::Failed(reason),
        };
        let mut deny = deny(&program, root, folder, &rules);
        // An advisory that is told to be ignored need not be in every workspace.
        deny.args(["--offline", "check", "--allow", "advisory-not-detected"]);
        deny.args(["--hide-inclusion-graph", "advisories"]);
        if let Some(failure) = failure(&mut deny) {
            return Outcome::Failed(format!("workspace {folder}: {failure}"));
        }
    }
    Outcome::Passed
}

fn deny(program: &Path, root: &Path, folder: &str, rules: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--manifest-path").arg(root.join(folder).join("Cargo.toml"));
    // What a feature brings along is somebody's dependency too.
    command.args(["--workspace", "--all-features", "--config"]).arg(rules);
    command.stdin(Stdio::null());
    command
}

fn failure(command: &mut Command) -> Option<String> {
    match command.status() {
        Ok(status) if status.success() => None,
        Ok(status) => Some(status.to_string()),
        Err(error) => Some(format!("cargo-deny cannot be started: {error}")),
    }
}

/// The folder of databases to use: one made of what the variable names, or cargo's own.
fn database(root: &Path, named: Option<OsString>) -> Result<PathBuf, String> {
    let Some(named) = named else {
        let home = env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
        let usual = home.map(|home| home.join("advisory-dbs"));
        return match usual.filter(|usual| usual.join(FOLDER).is_dir()) {
            Some(usual) => Ok(usual),
            None => Err(format!(
                "there is no advisory database: {DATABASE} names none, and cargo-deny fetched none"
            )),
        };
    };
    let (databases, named) = (root.join("target/tools/advisory-dbs"), PathBuf::from(named));
    let folder = databases.join(FOLDER);
    println!("advisories of {}", named.display());
    import(&named, &folder).map_err(|reason| {
        format!("{DATABASE} names {}, which cannot be used: {reason}", named.display())
    })?;
    Ok(databases)
}

/// Makes the git repository that cargo-deny reads of a folder or a tar file.
fn import(named: &Path, folder: &Path) -> Result<(), String> {
    // A copy of before is no copy of what is named now.
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    if named.join("crates").is_dir() {
        run(Command::new("cp").arg("-r").arg(named.join("crates")).arg(folder))?;
    } else {
        run(Command::new("tar")
            .arg("--extract")
            .arg("--file")
            .arg(named)
            .arg("--directory")
            .arg(folder))?;
    }
    let git = |arguments: &[&str]| run(Command::new("git").arg("-C").arg(folder).args(arguments));
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    let author = ["-c", "user.name=ci", "-c", "user.email=ci@localhost"];
    git(&[&author[..], &["commit", "--quiet", "--message", "snapshot"]].concat())
}

fn run(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name} ended with {status}")),
        Err(error) => Err(format!("{name} cannot be started: {error}")),
    }
}

/// The rules of a workspace, with the place of the databases written into them.
fn with_database(root: &Path, rules: &str, databases: &Path) -> Result<PathBuf, String> {
    let rules = root.join(rules).join("deny.toml");
    let text = fs::read_to_string(&rules).map_err(|error| error.to_string())?;
    let mark = "[advisories]\n";
    if !text.contains(mark) {
        return Err(format!("{} has no part [advisories]", rules.display()));
    }
    let path = format!("{mark}db-path = {:?}\n", databases.display().to_string());
    let written = root.join("target/tools/advisories.toml");
    fs::write(&written, text.replacen(mark, &path, 1)).map_err(|error| error.to_string())?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The folders that hold a lock file, build output and git's own left out.
    fn locked(folder: &Path, found: &mut BTreeSet<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let entry = entry.expect("an entry");
            let (name, path) = (entry.file_name(), entry.path());
            if path.is_dir() && name != "target" && name != ".git" {
                locked(&path, found);
            } else if name == "Cargo.lock" {
                found.insert(folder.canonicalize().expect("it is there"));
            }
        }
    }

    #[test]
    fn every_workspace_is_looked_at_with_rules_of_its_own() {
        let root = crate::root();
        let mut found = BTreeSet::new();
        locked(&root, &mut found);
        let listed = WORKSPACES.iter().map(|(folder, _)| root.join(folder).canonicalize());
        assert_eq!(found, listed.map(|folder| folder.expect("it is there")).collect());
        for (_, rules) in WORKSPACES {
            let text = fs::read_to_string(root.join(rules).join("deny.toml")).expect("the rules");
            assert!(text.contains("[advisories]\n"), "{rules}");
        }
    }

    #[test]
    fn a_database_that_cannot_be_read_is_named() {
        let root = env::temp_dir().join(format!("cconn-deny-{}", std::process::id()));
        let reason = database(&root, Some("no-such-file".into())).expect_err("there is none");
        fs::remove_dir_all(&root).expect("the folder was made");
        assert!(reason.contains("ADVISORY_DB names no-such-file"), "{reason}");
    }
}
