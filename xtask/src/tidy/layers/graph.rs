//! Who uses whom among the files of cconn: by imports and paths, and by calls of methods.
//!
//! What it sees: every path (a `use`, code, macros, attributes), followed through re-exports to the
//! file that defines what it names; and every `.name(...)`, followed to the files that define a
//! method of that name on a type or a trait of ours.
//!
//! What it does not see: a call through a trait reaches the trait and not who implements it, and
//! what the language calls by itself (`Drop`, `Deref`, operators, `Display`) is no call.
//!
//! A name with one definition is that one, unless a type of the standard library has such a method
//! too (`STANDARD`) or the receiver is known to be none of ours. Of several definitions the
//! receiver's type decides, where the file writes it down; else the call leads to any of them, and
//! is held against a file only if it must not lead to a single one of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{self, Calls, Receiver};
use crate::tidy::repo::Repo;

/// Methods of the standard library that ours share a name with: on a receiver that is not known
/// they are the library's.
#[rustfmt::skip]
const STANDARD: &[&str] = &[
    "all", "and_then", "any", "as_bytes", "as_deref", "as_mut", "as_ref", "as_slice", "as_str",
    "borrow", "capacity", "checked_add", "checked_sub", "chunks", "clear", "clone", "cloned",
    "cmp", "collect", "contains", "contains_key", "copied", "count", "dedup", "drain",
    "duration_since", "elapsed", "end", "ends_with", "entry", "eq", "err", "expect", "extend",
    "filter", "find", "first", "flush", "fold", "get", "get_mut", "id", "insert", "into_iter",
    "is_empty", "is_err", "is_finished", "is_none", "is_ok", "is_some", "iter", "iter_mut", "join",
    "keys", "kind", "last", "len", "lines", "load", "lock", "map", "map_err", "max", "min", "name",
    "next", "next_back", "notify_all", "notify_one", "ok", "or", "or_else", "parse", "pop",
    "pop_back", "pop_front", "position", "push", "push_back", "push_front", "push_str", "read",
    "recv", "remove", "replace", "reserve", "resize", "retain", "rev", "send", "shutdown", "skip",
    "spawn", "split", "split_at", "split_off", "start", "starts_with", "store", "sum", "swap",
    "take", "then", "to_owned", "to_string", "trim", "truncate", "try_lock", "try_recv", "unwrap",
    "unwrap_or", "unwrap_or_default", "update", "upgrade", "values", "wait", "wait_timeout",
    "with", "wrapping_add", "write", "zip",
];

/// One file uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    pub(super) from: usize,
    /// Where it may lead: one file, but for a call that may be of several.
    pub(super) to: Vec<usize>,
    pub(super) line: usize,
    /// How, as a text says it.
    pub(super) how: String,
}

pub(super) struct File<'a> {
    pub(super) path: &'a str,
    pub(super) module: Vec<String>,
}

/// The files of cconn without those of tests, and who uses whom.
pub(super) struct Graph<'a> {
    pub(super) files: Vec<File<'a>>,
    pub(super) uses: Vec<Use>,
}

impl<'a> Graph<'a> {
    pub(super) fn of(repo: &'a Repo) -> Graph<'a> {
        let sources = repo.rust_files(&[super::SOURCE]);
        let sources: Vec<_> = sources.into_iter().filter(|file| !file.is_test).collect();
        let files: Vec<File<'_>> = sources
            .iter()
            .map(|file| File { path: file.path, module: source::module_of(file.path) })
            .collect();
        let paths: Vec<Vec<source::Path>> = sources
            .iter()
            .zip(&files)
            .map(|(source, file)| source::paths(source.untested(), &file.module))
            .collect();
        let names = Names::new(&files, &paths);
        let calls: Vec<Calls> = sources
            .iter()
            .zip(&paths)
            .map(|(source, paths)| {
                source::calls(source.untested(), source.path, names.imported(paths, &files))
            })
            .collect();
        let mut uses = names.uses(&paths);
        uses.extend(Methods::new(&calls).uses(&calls));
        uses.retain(|used| !used.to.contains(&used.from));
        Graph { files, uses }
    }
}

/// Which file defines what a path names.
struct Names {
    /// The file of each module, inline modules too.
    modules: BTreeMap<Vec<String>, usize>,
    /// What the `use` of a module bring into it: from the module and the name to the path.
    brought: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Names {
    fn new(files: &[File<'_>], paths: &[Vec<source::Path>]) -> Names {
        let mut modules = BTreeMap::new();
        for (at, file) in files.iter().enumerate() {
            modules.insert(file.module.clone(), at);
        }
        for (at, paths) in paths.iter().enumerate() {
            for path in paths {
                modules.entry(path.module.clone()).or_insert(at);
            }
        }
        let mut names = Names { modules, brought: BTreeMap::new() };
        for path in paths.iter().flatten().filter(|path| path.is_use) {
            if let Some(target) = names.absolute(path) {
                names.brought.insert((path.module.clone(), path.name.clone()), target);
            }
        }
        names
    }

    /// What the names that a file imports mean, each by the file that defines it.
    fn imported(&self, paths: &[source::Path], files: &[File<'_>]) -> source::Types {
        let uses = paths.iter().filter(|path| path.is_use);
        let meant = uses.map(|path| {
            let name = path.segments.last().map_or("", String::as_str);
            let file = self.absolute(path).map(|target| self.file(&target, 8));
            let meant = match file {
                Some(Some(file)) => source::own_name(files[file].path, name),
                Some(None) => name.to_owned(),
                None => format!("::{name}"),
            };
            (path.name.clone(), meant)
        });
        meant.collect()
    }

    /// The path from the root, unless it leads out of the crate.
    fn absolute(&self, path: &source::Path) -> Option<Vec<String>> {
        if path.is_rooted {
            return Some(path.segments.clone());
        }
        let child = [&*path.module, path.segments.get(..1)?].concat();
        let is_module = self.modules.range(child.clone()..).next();
        let is_module = is_module.is_some_and(|(module, _)| module.starts_with(&child));
        is_module.then(|| [&*path.module, &path.segments].concat())
    }

    /// The file that defines what the path names; re-exports are followed.
    fn file(&self, path: &[String], depth: usize) -> Option<usize> {
        let length =
            (0..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let brought =
            rest.first().and_then(|name| self.brought.get(&(module.to_vec(), name.clone())));
        match brought {
            Some(target) if depth > 0 && target != path => {
                self.file(&[target, &rest[1..]].concat(), depth - 1)
            }
            _ => self.modules.get(module).copied(),
        }
    }

    fn uses(&self, paths: &[Vec<source::Path>]) -> Vec<Use> {
        let mut found = Vec::new();
        for (from, paths) in paths.iter().enumerate() {
            for path in paths {
                let target = self.absolute(path).and_then(|target| self.file(&target, 8));
                if let Some(to) = target {
                    let how = format!("names `{}`", path.name);
                    found.push(Use { from, to: vec![to], line: path.line, how });
                }
            }
        }
        found
    }
}

/// Where a method is defined.
#[derive(Clone, Copy)]
struct Definition<'a> {
    /// The type or trait.
    owner: &'a str,
    file: usize,
    /// The names in what it returns.
    returns: &'a [String],
}

/// Which files define the methods, and what is known of types.
#[derive(Default)]
struct Methods<'a> {
    /// The definitions of each name.
    defined: BTreeMap<&'a str, Vec<Definition<'a>>>,
    /// Of each field's name, the types that have one, and its type.
    fields: BTreeMap<&'a str, Vec<(&'a str, &'a [String])>>,
    derefs: BTreeMap<&'a str, &'a [String]>,
    /// The types and traits that have methods or fields.
    ours: BTreeSet<&'a str>,
}

impl<'a> Methods<'a> {
    fn new(calls: &'a [Calls]) -> Methods<'a> {
        let mut of = Methods::default();
        for (file, calls) in calls.iter().enumerate() {
            for method in &calls.methods {
                let (owner, returns) = (&*method.owner, &*method.returns);
                let definition = Definition { owner, file, returns };
                of.defined.entry(&method.name).or_default().push(definition);
                of.ours.insert(&method.owner);
            }
            for field in &calls.fields {
                of.fields.entry(&field.name).or_default().push((&field.owner, &field.of));
                of.ours.insert(&field.owner);
            }
            of.derefs.extend(calls.derefs.iter().map(|(owner, target)| (&**owner, &**target)));
        }
        of
    }

    fn uses(&self, calls: &[Calls]) -> Vec<Use> {
        let mut found = Vec::new();
        for (from, calls) in calls.iter().enumerate() {
            for call in &calls.called {
                let to = self.targets(&call.name, &call.receiver, call.is_path);
                if !to.is_empty() {
                    let how = format!("calls `{}`", call.name);
                    found.push(Use { from, to: to.into_iter().collect(), line: call.line, how });
                }
            }
        }
        found
    }

    /// The files that the call of a method may lead to.
    fn targets(&self, name: &str, receiver: &Receiver, is_path: bool) -> BTreeSet<usize> {
        let Some(all) = self.defined.get(name) else { return BTreeSet::new() };
        if let Some(types) = self.types(receiver) {
            let exact = of_types(all, &types);
            if !exact.is_empty() || is_path {
                return exact.iter().map(|definition| definition.file).collect();
            }
            let is_ours =
                |name: &&str| self.ours.iter().any(|ours| source::may_be_same(ours, name));
            if !types.iter().any(is_ours) {
                return BTreeSet::new();
            }
        }
        if STANDARD.contains(&name) {
            return BTreeSet::new();
        }
        all.iter().map(|definition| definition.file).collect()
    }

    /// The names in the type of a receiver and in what it dereferences to; `None` if unknown.
    fn types<'b>(&'b self, receiver: &'b Receiver) -> Option<BTreeSet<&'b str>> {
        let names: Vec<&str> = match receiver {
            Receiver::Unknown => return None,
            Receiver::Of(names) => names.iter().map(String::as_str).collect(),
            Receiver::Field(of, name) => self.of_field(of, name)?,
            Receiver::Returned(of, name, by_closure) => self.returned(of, name, *by_closure)?,
        };
        let mut types: BTreeSet<&str> = names.iter().copied().collect();
        for name in names {
            let same = self.derefs.iter().filter(|(owner, _)| source::may_be_same(owner, name));
            types.extend(same.flat_map(|(_, target)| *target).map(String::as_str));
        }
        Some(types)
    }

    fn of_field<'b>(&'b self, of: &'b Receiver, name: &str) -> Option<Vec<&'b str>> {
        let all = self.fields.get(name)?;
        let types = self.types(of);
        let is_owner = |owner: &str| types.as_ref().is_some_and(|types| is_among(owner, types));
        let known: Vec<_> = all.iter().filter(|(owner, _)| is_owner(owner)).collect();
        let of = match (&*known, &**all) {
            ([], [(_, only)]) => vec![*only],
            ([], _) => return None,
            (known, _) => known.iter().map(|(_, of)| *of).collect(),
        };
        Some(of.into_iter().flatten().map(String::as_str).collect())
    }

    fn returned<'b>(
        &'b self,
        of: &'b Receiver,
        name: &str,
        by_closure: bool,
    ) -> Option<Vec<&'b str>> {
        let types = self.types(of);
        let all = self.defined.get(name).map_or(&[][..], |all| &**all);
        let known = types.as_ref().map_or(Vec::new(), |types| of_types(all, types));
        let of = match (&*known, all) {
            ([], [only]) if !STANDARD.contains(&name) => vec![only.returns],
            // A method of the standard library: what it gives is what it was called on, or in it.
            ([], []) if !by_closure => return types.map(|types| types.into_iter().collect()),
            ([], _) => return None,
            (known, _) => known.iter().map(|definition| definition.returns).collect(),
        };
        Some(of.into_iter().flatten().map(String::as_str).collect())
    }
}

/// Those of the definitions that belong to one of the types.
fn of_types<'a>(all: &[Definition<'a>], types: &BTreeSet<&str>) -> Vec<Definition<'a>> {
    all.iter().filter(|definition| is_among(definition.owner, types)).copied().collect()
}

fn is_among(owner: &str, types: &BTreeSet<&str>) -> bool {
    types.iter().any(|name| source::may_be_same(owner, name))
}
