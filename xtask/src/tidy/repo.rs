//! The files of the repository, read once.
//!
//! It knows which files exist, the text of Rust and Markdown, and the syntax of Rust; it judges
//! nothing.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io};

use syn::File;

use crate::source;

/// What stands for a file that is no Rust.
fn nothing() -> File {
    File { shebang: None, frontmatter: None, attrs: Vec::new(), items: Vec::new() }
}

/// The repository as the checks see it. Paths are relative to its root, with `/`.
#[derive(Default)]
pub(super) struct Repo {
    pub(super) root: PathBuf,
    /// Every file and folder but build output and git's own.
    pub(super) paths: BTreeSet<String>,
    /// The text of each Rust and Markdown file.
    texts: BTreeMap<String, Source>,
}

#[derive(Default)]
struct Source {
    text: String,
    syntax: OnceCell<Syntax>,
}

/// A Rust file as parsed; empty with the fault where it is no Rust.
struct Syntax {
    whole: File,
    untested: File,
    fault: Option<(usize, String)>,
}

/// A Rust file.
#[derive(Clone, Copy)]
pub(super) struct RustFile<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    source: &'a Source,
    /// Whether it holds nothing but tests.
    pub(super) is_test: bool,
}

impl<'a> RustFile<'a> {
    /// The syntax, test code included.
    pub(super) fn whole(&self) -> &'a File {
        &self.source.syntax().whole
    }

    /// The syntax without test code.
    pub(super) fn untested(&self) -> &'a File {
        &self.source.syntax().untested
    }

    /// Why the file is no Rust, with the line.
    pub(super) fn fault(&self) -> Option<&'a (usize, String)> {
        self.source.syntax().fault.as_ref()
    }
}

impl Source {
    fn new(text: String) -> Source {
        Source { text, syntax: OnceCell::new() }
    }

    fn syntax(&self) -> &Syntax {
        self.syntax.get_or_init(|| {
            let (whole, fault) = match source::parse(&self.text) {
                Ok(whole) => (whole, None),
                Err(fault) => (nothing(), Some(fault)),
            };
            Syntax { untested: source::untested(whole.clone()), whole, fault }
        })
    }
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
                let text = fs::read_to_string(entry.path())?;
                self.texts.insert(path.clone(), Source::new(text));
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    /// The text of one Rust or Markdown file, if it is there.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(|source| source.text.as_str())
    }

    /// The Rust files that are among these, or under any of them.
    pub(super) fn rust_files(&self, places: &[&str]) -> Vec<RustFile<'_>> {
        let is_asked = |path: &str| places.iter().any(|place| is_at_or_under(path, place));
        let all = self.texts.iter().map(|(path, source)| (path.as_str(), source));
        let all = all.filter(|(path, _)| has_extension(path, "rs") && is_asked(path));
        let mut files: Vec<RustFile<'_>> = all
            .map(|(path, source)| RustFile { path, text: &source.text, source, is_test: false })
            .collect();
        let parsed: Vec<_> = files.iter().map(|file| (file.path, file.whole())).collect();
        let tests = source::test_files(&parsed);
        for file in &mut files {
            file.is_test = tests.contains(file.path);
        }
        files
    }

    /// The Markdown files at the root and under `docs`.
    pub(super) fn pages(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_page = |path: &str| {
            has_extension(path, "md") && (is_at_or_under(path, "docs") || !path.contains('/'))
        };
        let texts = self.texts.iter().map(|(path, source)| (&**path, &*source.text));
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
                repo.texts.insert((*path).to_owned(), Source::new((*text).to_owned()));
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

/// Whether a path is this file, or under this folder.
pub(super) fn is_at_or_under(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
        let found: Vec<_> =
            repo.rust_files(&["ab/src/c.rs"]).iter().map(|file| file.path).collect();
        assert_eq!(found, ["ab/src/c.rs"]);
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
