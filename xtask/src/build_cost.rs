//! `cargo xtask build-cost`: the lines of LLVM's intermediate code that the compiler writes for the
//! library, against the figure that is committed.
//!
//! They are counted before LLVM changes them, in the build that a program gets without features:
//! nearly the whole time of a clean build is in proportion to them. It does not see what programs
//! compile of the library themselves, nor what dependencies cost, nor the macros.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const FIGURE: &str = "checks/bench/cost/lines.txt";

/// By how many per cent the lines may grow.
const TOLERANCE: u64 = 5;

const ABOUT: &str = "\
# Lines of intermediate code of the library. Written by `cargo xtask build-cost --bless`.
# With other compilers than this the figure is only shown.
";

/// The library's name in the names of its functions.
const CRATE: &str = "5cconn";

/// Lines of intermediate code, and the compiler that wrote them.
#[derive(Debug, PartialEq, Eq)]
struct Figure {
    compiler: String,
    lines: u64,
}

/// The step of `ci`.
pub(crate) fn chore(root: &Path) -> Result<(), String> {
    run(root, &[])
}

/// Counts and compares, or rewrites the figure.
pub(crate) fn run(root: &Path, flags: &[String]) -> Result<(), String> {
    let blesses = match flags {
        [] => false,
        [flag] if flag == "--bless" => true,
        _ => return Err("build-cost knows --bless only".to_owned()),
    };
    let at = build(root)?;
    let text = fs::read_to_string(&at).map_err(|error| format!("{}: {error}", at.display()))?;
    let layers = count(&text);
    let counted = Figure { compiler: compiler()?, lines: layers.values().sum() };
    let mut rows: Vec<_> = layers.into_iter().collect();
    rows.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    for (layer, lines) in rows {
        println!("{layer:12} {lines:8}");
    }
    let path = root.join(FIGURE);
    if blesses {
        return fs::write(&path, counted.write()).map_err(|error| format!("{FIGURE}: {error}"));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{FIGURE}: {error}"))?;
    judge(&counted, &Figure::parse(&text).ok_or(format!("{FIGURE}: no figure"))?)
}

fn judge(counted: &Figure, committed: &Figure) -> Result<(), String> {
    println!("lines {}, committed {}", counted.lines, committed.lines);
    if counted.compiler != committed.compiler {
        println!("the figure is of {}, so nothing is judged", committed.compiler);
        return Ok(());
    }
    if counted.lines.saturating_mul(100) <= committed.lines.saturating_mul(100 + TOLERANCE) {
        return Ok(());
    }
    Err(format!(
        "the library takes over {TOLERANCE} % more to compile (docs/ARCHITECTURE.md, \"What a build \
         costs\"); if that has its reason: cargo xtask build-cost --bless"
    ))
}

/// Compiles the library; returns where its intermediate code is.
fn build(root: &Path) -> Result<PathBuf, String> {
    let output = cargo(root).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("cargo can't be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("the library can't be built: {}", output.status));
    }
    let told = String::from_utf8_lossy(&output.stdout);
    code_of(&told).ok_or_else(|| "cargo tells of no library".to_owned())
}

fn cargo(root: &Path) -> Command {
    let mut cargo = crate::measuring_cargo(&root.join("target/build-cost"));
    cargo.args(["rustc", "--quiet", "--release", "--package", "cconn", "--lib"]);
    cargo.args(["--message-format=json-render-diagnostics", "--"]);
    cargo.args(["--emit=llvm-ir", "-Cno-prepopulate-passes", "-Ccodegen-units=1"]);
    cargo.args(["-Cdebuginfo=0", "-Csymbol-mangling-version=v0"]).current_dir(root);
    cargo
}

/// The intermediate code of the library that cargo tells of, be it fresh or just built: the two
/// have the same hash in their names. There may be newer code, of another compiler or of other
/// dependencies.
fn code_of(told: &str) -> Option<PathBuf> {
    told.split('"').find_map(|word| {
        let path = Path::new(word.strip_suffix(".rmeta")?);
        let name = path.file_name()?.to_str()?.strip_prefix("lib")?;
        name.starts_with("cconn-").then(|| path.with_file_name(format!("{name}.ll")))
    })
}

fn compiler() -> Result<String, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let output = output.map_err(|error| format!("rustc: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The lines of functions, by the layer that a function's name mentions first.
fn count(text: &str) -> BTreeMap<String, u64> {
    let mut layers = BTreeMap::new();
    let mut layer = None;
    for line in text.lines() {
        if line.starts_with("define ") {
            layer = Some(layer_of(line));
        } else if line.starts_with('}') {
            layer = None;
        } else if let Some(layer) = &layer
            && !line.trim_start().is_empty()
            && !line.trim_start().starts_with(';')
        {
            *layers.entry(layer.clone()).or_default() += 1;
        }
    }
    layers
}

/// The layer in a mangled name: what follows the crate's, with its length before it.
fn layer_of(line: &str) -> String {
    let name = line.split('@').nth(1).unwrap_or_default();
    let name = name.split(['(', '"']).find(|part| !part.is_empty()).unwrap_or_default();
    let layer = name.split_once(CRATE).and_then(|(_, rest)| {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (length, rest) = rest.split_at(digits);
        rest.strip_prefix('_').unwrap_or(rest).get(..length.parse().ok()?)
    });
    layer.unwrap_or("(others)").to_owned()
}

impl Figure {
    fn write(&self) -> String {
        format!("{ABOUT}compiler: {}\nlines: {}\n", self.compiler, self.lines)
    }

    fn parse(text: &str) -> Option<Figure> {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let compiler = field("compiler: ")?.to_owned();
        Some(Figure { compiler, lines: field("lines: ")?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(compiler: &str, lines: u64) -> Figure {
        Figure { compiler: compiler.to_owned(), lines }
    }

    #[test]
    fn more_lines_from_the_same_compiler_fail() {
        let committed = figure("a", 1_000);
        assert_eq!(judge(&figure("a", 1_050), &committed), Ok(()));
        assert!(judge(&figure("a", 1_051), &committed).is_err());
        assert_eq!(judge(&figure("b", 2_000), &committed), Ok(()));
        assert_eq!(Figure::parse(&committed.write()), Some(committed));
    }

    #[test]
    fn no_flags_come_from_outside() {
        let cargo = cargo(Path::new("a"));
        let set = |name: &str| cargo.get_envs().find(|(set, _)| *set == name).map(|(_, to)| to);
        assert_eq!(set("CARGO_ENCODED_RUSTFLAGS"), Some(Some("".as_ref())));
        assert_eq!(set("RUSTFLAGS"), Some(None));
        assert_eq!(set("CARGO_BUILD_TARGET"), Some(None));
    }

    #[test]
    fn the_code_is_that_of_the_build_that_cargo_tells_of() {
        let told = r#"{"filenames":["/t/deps/libcconn_macros-1a.so"],"fresh":true}
            {"filenames":["/t/deps/libserde-2b.rlib","/t/deps/libserde-2b.rmeta"]}
            {"filenames":["/t/libcconn.rlib","/t/deps/libcconn-3c.rmeta"],"fresh":true}"#;
        assert_eq!(code_of(told), Some(PathBuf::from("/t/deps/cconn-3c.ll")));
        assert_eq!(code_of(r#"{"filenames":["/t/libcconn.rlib"]}"#), None);
    }

    #[test]
    fn lines_of_functions_are_counted_by_layer() {
        let text = "\
            @vtable = constant i8 0\n\n\
            define void @_RNvMNtCs1_5cconn4linkNtB2_4Link4call(ptr %a) {\nstart:\n  ; why\n\n  ret void\n}\n\
            define void @\"_RINvCs1_4core3ptr4dropNtCs1_5cconn7___priveE\"() {\nstart:\n}\n\
            define void @_RNvCs1_3std4main() {\nstart:\n  ret void\n}\n";
        let counted = count(text);
        assert_eq!(counted.get("link"), Some(&2));
        assert_eq!(counted.get("(others)"), Some(&2));
        assert_eq!(counted.get("__prive"), Some(&1));
    }
}
