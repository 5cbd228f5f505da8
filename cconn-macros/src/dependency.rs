//! The name under which the program depends on the runtime crate, read from its `Cargo.toml`.
//!
//! An attribute can't see the path by which it was called. Without this module a program that
//! renames the dependency (`reseau = { package = "cconn", .. }`) would have to pass `crate = ..` to
//! each command. If `Cargo.toml` does not rename the crate, or if Cargo does not build the program,
//! the name is `cconn`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::{env, fs};

use proc_macro2::Span;
use syn::{Ident, parse_quote};

/// The runtime crate's own name.
const PACKAGE: &str = "cconn";

/// The path of the runtime crate, for commands without a `crate = ..` argument.
pub(crate) fn path() -> syn::Path {
    // `Cargo.toml` is read once for each compilation, not for each command.
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    let name = NAME.get_or_init(renamed).as_deref().unwrap_or(PACKAGE);
    let name = Ident::new(name, Span::call_site());
    parse_quote!(::#name)
}

fn renamed() -> Option<String> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let manifest = read(&folder)?;
    let workspace = || folder.ancestors().filter_map(read).find(|text| text.contains("[workspace"));
    let name = name_in(&manifest, workspace)?.replace('-', "_");
    syn::parse_str::<Ident>(&name).is_ok().then_some(name)
}

fn read(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join("Cargo.toml")).ok()
}

/// The name that a manifest gives to the runtime crate. `None` if the crate is also a dependency
/// under its own name, or if the manifest does not mention it.
fn name_in(manifest: &str, workspace: impl FnOnce() -> Option<String>) -> Option<String> {
    let all = dependencies(manifest);
    if all.iter().any(|found| found.name == PACKAGE && found.is_package(PACKAGE)) {
        return None;
    }
    if let Some(found) = all.iter().find(|found| found.package.as_deref() == Some(PACKAGE)) {
        return Some(found.name.clone());
    }
    // An entry with `workspace = true` may be renamed in the workspace's own manifest.
    let inherited: Vec<_> = all.into_iter().filter(|found| found.is_inherited).collect();
    let workspace = if inherited.is_empty() { None } else { workspace() }?;
    let there = dependencies(&workspace);
    let mut there = there.iter().filter(|found| found.package.as_deref() == Some(PACKAGE));
    there.find(|found| inherited.iter().any(|own| own.name == found.name)).map(|f| f.name.clone())
}

/// A dependency, as far as a look at single lines shows it (this is no full TOML parser).
struct Dependency {
    name: String,
    package: Option<String>,
    /// Whether the entry says `workspace = true`.
    is_inherited: bool,
}

impl Dependency {
    fn is_package(&self, package: &str) -> bool {
        self.package.as_deref().is_none_or(|found| found == package)
    }
}

fn dependencies(manifest: &str) -> Vec<Dependency> {
    let mut all = Vec::new();
    // Two kinds of table hold dependencies: `[dependencies]`, one a line, and
    // `[dependencies.name]`.
    let (mut in_all, mut in_one) = (false, None);
    for line in manifest.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default().trim();
            in_all = header.ends_with("dependencies");
            in_one = header.rsplit_once("dependencies.").map(|(_, name)| unquoted(name));
        } else if let Some((key, value)) = line.split_once('=') {
            let (key, value) = (key.trim(), value.trim());
            if let Some(name) = &in_one {
                note(&mut all, name, &format!("{key} = {value}"));
            } else if in_all {
                let (name, rest) = key.split_once('.').unwrap_or((key, ""));
                note(&mut all, &unquoted(name), &format!("{rest} = {value}"));
            }
        }
    }
    all
}

fn note(all: &mut Vec<Dependency>, name: &str, text: &str) {
    let place = all.iter().position(|found| found.name == name).unwrap_or_else(|| {
        all.push(Dependency { name: name.to_owned(), package: None, is_inherited: false });
        all.len() - 1
    });
    if let Some(found) = all.get_mut(place) {
        found.package = found.package.take().or_else(|| value(text, "package"));
        found.is_inherited |= text.replace(' ', "").contains("workspace=true");
    }
}

/// The quoted value of `key` in `text`.
fn value(text: &str, key: &str) -> Option<String> {
    let (before, after) = text.split_once(key)?;
    let is_key = !before.ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = value.split(quote).nth(1)?;
    is_key.then(|| inside.to_owned())
}

fn unquoted(name: &str) -> String {
    name.trim().trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::name_in;

    fn name(manifest: &str) -> Option<String> {
        name_in(manifest, || None)
    }

    #[test]
    fn a_renamed_dependency_is_found() {
        for manifest in [
            "[dependencies]\nreseau = { package = \"cconn\", version = \"0.1\" }",
            "[package]\nname = \"x\"\n[dependencies]\nserde = \"1\"\nreseau={path='..',package='cconn'}",
            "[dependencies.reseau]\nversion = \"0.1\"\npackage = \"cconn\"",
            "[target.'cfg(unix)'.dependencies]\nreseau = { package = \"cconn\" }",
            "[dev-dependencies]\n\"reseau\".package = \"cconn\"\nreseau.version = \"1\"",
        ] {
            assert_eq!(name(manifest).as_deref(), Some("reseau"), "{manifest}");
        }
    }

    #[test]
    fn a_dependency_of_that_name_stays() {
        for manifest in [
            "",
            "[dependencies]\ncconn = \"0.1\"",
            "[dependencies]\ncconn.workspace = true\n[workspace.dependencies]\ncconn = { path = \"x\" }",
            "[dependencies]\ncconn = \"0.1\"\nancien = { package = \"cconn\", version = \"0.0\" }",
            "[dependencies]\n# reseau = { package = \"cconn\" }\nautre = { package = \"cconn-cli\" }",
            "[package]\nname = \"reseau\"\npackage = \"cconn\"",
        ] {
            assert_eq!(name(manifest), None, "{manifest}");
        }
    }

    #[test]
    fn the_workspace_may_have_renamed_it() {
        let workspace =
            || Some("[workspace.dependencies]\nreseau = { package = \"cconn\" }".to_owned());
        for line in ["reseau.workspace = true", "reseau = { workspace = true }"] {
            let manifest = format!("[dependencies]\n{line}");
            assert_eq!(name_in(&manifest, workspace).as_deref(), Some("reseau"));
        }
        assert_eq!(name_in("[dependencies]\nserde.workspace = true", workspace), None);
    }
}
