//! Other systems than the one that this runs on: cconn linted for four of them, and its tests run
//! as Windows programs.
//!
//! A toolchain from rustup has the standard library of its own system only. Debian packages a
//! compiler together with the library's source, out of which cargo builds it for any system; Wine
//! runs what comes out. Both take ten minutes and much space, and some tests under Wine depend on
//! its timing. So the two steps run only where `CCONN_SYSTEMS` asks for them: `installed` uses what
//! is there, `install` installs what is not.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::CALLER_TESTS;
use super::step::{Outcome, judge, test_arguments};

/// Unset, both steps are skipped. Set to `install` it lets the steps install what they lack, as
/// root, with `apt-get`; set to anything else they use what is there.
const ASKS: &str = "CCONN_SYSTEMS";

const TARGETS: &[&str] = &[
    "aarch64-apple-darwin",
    "x86_64-unknown-freebsd",
    "x86_64-pc-windows-gnu",
    "x86_64-pc-windows-msvc",
];

const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// What users and their programs are made of. The other packages are the project's own tools.
const PACKAGES: &[&str] = &["-p", "cconn", "-p", "cconn-tests", "-p", "cconn-examples"];

/// Lints of a newer compiler than the project's own. The last one does not know the form that
/// `thread_local!` has on Windows, where it asks for the `const` that is there.
const LINTS: &[&str] = &["-D", "warnings", "-A", "clippy::missing_const_for_thread_local"];

/// The runs of tests as Windows programs; the last one also runs `CALLER_TESTS`. Not among them:
/// `ui`, `exemples` and others that start cargo, which is no Windows program here; `fourche`, for
/// Windows has no fork; and what counts allocations.
const WINDOWS_TESTS: &[&[&str]] =
    &[&["-p", "cconn", "--lib"], &["-p", "cconn", "--doc"], &["-p", "cconn-tests", "--lib"]];

const COMPILER: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy"];
const WINE: &[&str] = &["gcc-mingw-w64-x86-64-win32", "wine64"];

const LINKER: &str = "x86_64-w64-mingw32-gcc";

/// Without `/usr/bin/wine`, which would bring more than is needed here.
const RUNNER: &str = "/usr/lib/wine/wine64";

/// Older Wines lack a library that every Rust program for Windows asks for its random numbers.
const RANDOM: &str = "#include <windows.h>
#include <ntsecapi.h>
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    return RtlGenRandom(bytes, (ULONG)count);
}
BOOL WINAPI DllMain(HINSTANCE handle, DWORD reason, LPVOID unused) { return TRUE; }
";

/// Lints cconn, its tests and its examples for each of the systems.
pub(super) fn lint(root: &Path) -> Outcome {
    let compiler = match Compiler::get() {
        Ok(compiler) => compiler,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let each = TARGETS.iter().map(|target| {
        println!("--> {target}");
        let mut cargo = compiler.cargo(root);
        cargo.args(["clippy", "--quiet", "-Zbuild-std", "--target", target, "--keep-going"]);
        cargo.args(PACKAGES).args(["--all-targets", "--"]).args(LINTS);
        judge(cargo.status()).map_err(|reason| format!("{target}: {reason}"))
    });
    all(each)
}

/// Runs all of them, so that one failure does not hide the others.
fn all(each: impl Iterator<Item = Result<(), String>>) -> Outcome {
    let failed: Vec<_> = each.filter_map(Result::err).collect();
    if failed.is_empty() { Outcome::Passed } else { Outcome::Failed(failed.join("; ")) }
}

/// Runs the tests as Windows programs.
pub(super) fn wine(root: &Path) -> Outcome {
    let compiler = match Compiler::get().and_then(|compiler| {
        have(Path::new(RUNNER).exists() && starts(LINKER), "Wine and mingw", WINE)?;
        Ok(compiler)
    }) {
        Ok(compiler) => compiler,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let prefix = folder(root).join("wine");
    if let Err(reason) = make_prefix(&prefix) {
        return Outcome::Failed(reason);
    }
    let callers = test_arguments(CALLER_TESTS);
    all(WINDOWS_TESTS.iter().enumerate().map(|(at, run)| {
        let more: &[&str] = if at + 1 == WINDOWS_TESTS.len() { &callers } else { &[] };
        let tests = [run, more].concat();
        let mut cargo = compiler.cargo(root);
        in_wine(&mut cargo, &prefix);
        cargo.env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", RUNNER);
        cargo.args(["test", "--quiet", "-Zbuild-std", "--target", WINDOWS, "--no-fail-fast"]);
        judge(cargo.args(&tests).status())
            .map_err(|reason| format!("{}: {reason}", tests.join(" ")))
    }))
}

/// A compiler that has the source of its standard library.
struct Compiler {
    rustc: PathBuf,
}

impl Compiler {
    /// The one that is there, or is installed now, if this is asked for; else why there is none.
    fn get() -> Result<Compiler, String> {
        if env::var_os(ASKS).is_none() {
            return Err(format!(
                "it takes ten minutes; {ASKS}=install or {ASKS}=installed runs it"
            ));
        }
        let found = || Compiler::find(Path::new("/usr/bin/rustc"));
        have(found().is_some(), "Debian's rustc-web with the standard library's source", COMPILER)?;
        found().ok_or_else(|| "what was installed has no source of the standard library".to_owned())
    }

    fn find(rustc: &Path) -> Option<Compiler> {
        let mut command = Command::new(rustc);
        forget_rustup(&mut command);
        let output = command.args(["--print", "sysroot"]).output().ok()?;
        let sysroot = String::from_utf8(output.stdout).ok()?;
        let source = Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock");
        source.exists().then(|| Compiler { rustc: rustc.to_owned() })
    }

    /// Cargo beside this compiler, with nothing of the toolchain that started us.
    fn cargo(&self, root: &Path) -> Command {
        let bin = self.rustc.parent().unwrap_or(Path::new("/usr/bin"));
        let mut cargo = Command::new(bin.join("cargo"));
        forget_rustup(&mut cargo);
        cargo.current_dir(root).stdin(Stdio::null());
        cargo.env("PATH", env::join_paths([bin, Path::new("/bin")]).unwrap_or_default());
        cargo.env("RUSTC", &self.rustc).env("RUSTDOC", bin.join("rustdoc"));
        // Building the standard library is not stable yet.
        cargo.env("RUSTC_BOOTSTRAP", "1");
        // In the usual home cargo would find the programs of rustup, its own clippy among them.
        cargo.env("CARGO_HOME", folder(root).join("cargo"));
        cargo.env("CARGO_TARGET_DIR", folder(root).join("target"));
        cargo.env("CARGO_INCREMENTAL", "0").env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }
}

fn folder(root: &Path) -> PathBuf {
    root.join("target/systems")
}

fn forget_rustup(command: &mut Command) {
    for name in
        ["RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH", "RUSTFLAGS", "CARGO", "CARGO_ENCODED_RUSTFLAGS"]
    {
        command.env_remove(name);
    }
}

/// Sees that something is there: it is, or it is asked for and can be installed.
fn have(is_there: bool, what: &str, packages: &[&str]) -> Result<(), String> {
    if is_there {
        return Ok(());
    }
    if env::var(ASKS).is_ok_and(|asked| asked == "install") {
        return install(packages).map_err(|reason| format!("{what} can't be installed: {reason}"));
    }
    let packages = packages.join(" ");
    Err(format!(
        "{what} is not installed: {ASKS}=install has this step do `apt-get install {packages}`"
    ))
}

fn install(packages: &[&str]) -> Result<(), String> {
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        match apt.stdin(Stdio::null()).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("apt-get {}: {status}", arguments[0])),
            Err(error) => Err(format!("apt-get: {error}")),
        }
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())
}

fn starts(program: &str) -> bool {
    super::step::succeeds(Command::new(program).arg("--version"))
}

/// A Wine of our own, with the library that it may lack.
fn make_prefix(prefix: &Path) -> Result<(), String> {
    let system = prefix.join("drive_c/windows/system32");
    if !system.is_dir() {
        fs::create_dir_all(prefix).map_err(|error| error.to_string())?;
        let mut wine = Command::new(RUNNER);
        in_wine(&mut wine, prefix);
        judge(wine.args(["cmd", "/c", "exit"]).status())
            .map_err(|reason| format!("Wine: {reason}"))?;
    }
    let library = system.join("bcryptprimitives.dll");
    if library.exists() {
        return Ok(());
    }
    let source = prefix.join("random.c");
    fs::write(&source, RANDOM).map_err(|error| error.to_string())?;
    let mut linker = Command::new(LINKER);
    linker.args(["-O2", "-s", "-shared", "-o"]).arg(library).arg(source).arg("-ladvapi32");
    judge(linker.status()).map_err(|reason| format!("{LINKER}: {reason}"))
}

fn in_wine(command: &mut Command, prefix: &Path) {
    command.env("WINEPREFIX", prefix).env("WINEDEBUG", "-all");
    command.env("WINEDLLOVERRIDES", "mscoree,mshtml=");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_how_to_install_it() {
        if env::var_os(ASKS).is_some() {
            return;
        }
        let reason = have(false, "a tool", &["one", "two"]).expect_err("it is not there");
        assert!(
            reason.contains("a tool is not installed") && reason.contains("one two"),
            "{reason}"
        );
        assert_eq!(have(true, "a tool", &["one"]), Ok(()));
    }

    #[test]
    fn a_compiler_without_the_source_of_its_library_is_none() {
        assert!(Compiler::find(Path::new("no-such-compiler")).is_none());
    }

    #[test]
    fn one_failure_hides_no_other() {
        let each = [Err("one".to_owned()), Ok(()), Err("three".to_owned())];
        assert!(matches!(all(each.into_iter()), Outcome::Failed(text) if text == "one; three"));
        assert!(matches!(all([Ok(())].into_iter()), Outcome::Passed));
    }

    #[test]
    fn windows_is_among_the_targets() {
        assert!(TARGETS.contains(&WINDOWS));
    }
}
