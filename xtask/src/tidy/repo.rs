//! The files of the repository, read once.
//!
//! It knows which files exist and the text of Rust and Markdown; it judges nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::source;

/// The repository as the checks see it. Paths are relative to its root, with `/`.
#[derive(Debug, Default)]
pub(super) struct Repo {
    pub(super) root: PathBuf,
    /// Every file and folder but build output and git's own.
    pub(super) paths: BTreeSet<String>,
    /// The text of each Rust and Markdown file.
    texts: BTreeMap<String, String>,
}

/// A Rust file.
#[derive(Clone, Copy, Debug)]
pub(super) struct RustFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    /// Whether it holds nothing but tests.
    pub(super) is_test: bool,
}

impl Repo {
    pub(super) fn load(root: &Path) -> io::Result<Repo> {
        let mut repo = Repo { root: root.to_path_buf(), ..Repo::default() };
        repo.load_folder("")?;
        Ok(repo)
    }

    fn load_folder(&mut self, folder: &str) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(folder))? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name == ".git" || name == "target" {
                continue;
            }
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if entry.file_type()?.is_dir() {
                self.load_folder(&path)?;
            } else if is_read(&path) {
                self.texts.insert(path.clone(), fs::read_to_string(entry.path())?);
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    /// The text of one Rust or Markdown file, if it is there.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The Rust files under any of these folders.
    pub(super) fn rust_files(&self, folders: &[&str]) -> Vec<RustFile<'_>> {
        let all: Vec<(&str, &str)> = self
            .texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .filter(|(path, _)| has_extension(path, "rs"))
            .filter(|(path, _)| folders.iter().any(|folder| is_under(path, folder)))
            .collect();
        let tests = source::test_files(&all);
        let file = |(path, text)| RustFile { path, text, is_test: tests.contains(path) };
        all.into_iter().map(file).collect()
    }

    /// The Markdown files at the root and under `docs`.
    pub(super) fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_page = |path: &str| {
            has_extension(path, "md") && (is_under(path, "docs") || !path.contains('/'))
        };
        let texts = self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()));
        texts.filter(move |(path, _)| is_page(path))
    }

    /// A repository that exists in a test only.
    #[cfg(test)]
    pub(super) fn made_up(files: &[(&str, &str)]) -> Repo {
        let mut repo = Repo::default();
        for (path, text) in files {
            let folders = path.match_indices('/').map(|(at, _)| path[..at].to_owned());
            repo.paths.extend(folders.chain([(*path).to_owned()]));
            if is_read(path) {
                repo.texts.insert((*path).to_owned(), (*text).to_owned());
            }
        }
        repo
    }
}

fn is_read(path: &str) -> bool {
    has_extension(path, "rs") || has_extension(path, "md")
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

fn is_under(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_folder_and_pages_by_name() {
        let files = ["a/src/b.rs", "ab/src/c.rs", "README.md", "docs/x.md", "a/notes.md"];
        let repo = Repo::made_up(&files.map(|path| (path, "")));
        let found: Vec<_> = repo.rust_files(&["a"]).iter().map(|file| file.path).collect();
        assert_eq!(found, ["a/src/b.rs"]);
        let pages: Vec<_> = repo.pages().map(|(path, _)| path).collect();
        assert_eq!(pages, ["README.md", "docs/x.md"]);
        assert!(repo.paths.contains("ab/src"));
    }

    #[test]
    fn the_real_tree_is_read_without_build_output() {
        let repo = Repo::load(&crate::root()).expect("the tree can be read");
        assert!(repo.text("xtask/src/tidy/repo.rs").is_some());
        assert!(!repo.paths.contains("target"));
    }
}
