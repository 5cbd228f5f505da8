//! Planted faults: each must be found, and what is allowed must not.

use super::*;

const LIB: &str = "mod wire; mod link; mod erreur; pub use erreur::{Erreur, Resultat as R};";

fn faults(path: &str, text: &str) -> Vec<String> {
    faults_of(&[(ROOT_FILE, LIB), (path, text)])
}

fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    check(&Repo::made_up(files)).into_iter().map(|finding| finding.to_string()).collect()
}

#[test]
fn allowed_edges_pass() {
    let text = "use crate::wire::CallId; use super::link::Link; use self::x::Y; use std::io;
        fn f() { crate::erreur::g() }";
    assert_eq!(faults("cconn/src/erreur.rs", text), Vec::<String>::new());
    assert_eq!(faults("cconn/src/link/x.rs", "use super::super::wire::*;"), [""; 0]);
}

#[test]
fn upward_edges_are_found_however_written() {
    for text in [
        "use crate::serveur::Serveur;",
        "use crate::{wire::CallId, serveur};",
        "use super::super::serveur;",
        "fn f() { crate::serveur::g() }",
        "fn f() { assert!(1 == 1, \"{}\", crate::serveur::g()) }",
        "macro_rules! m { () => { crate::serveur::g() } }",
        "#[a(crate::serveur::G)] struct S;",
        "mod inline { use super::super::super::serveur::S; }",
    ] {
        let found = faults("cconn/src/link/x.rs", text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("`link` may not import `serveur`"), "{found:?}");
    }
}

#[test]
fn a_lower_layer_without_an_edge_is_refused_too() {
    assert!(faults("cconn/src/link.rs", "use crate::codec::encode;")[0].contains("`codec`"));
}

#[test]
fn names_of_the_root_count_as_their_layers() {
    assert_eq!(faults("cconn/src/message.rs", "use crate::{Erreur, R};"), [""; 0]);
    assert!(faults("cconn/src/wire.rs", "use crate::Erreur;")[0].contains("`erreur`"));
    assert!(faults("cconn/src/wire.rs", "use crate::Other;")[0].contains("no layer"));
    assert!(faults("cconn/src/wire.rs", "use super::*;")[0].contains("`lib`"));
}

#[test]
fn tests_may_import_what_they_like() {
    let text = "#[cfg(test)] mod tests { use crate::serveur::S; }";
    assert_eq!(faults("cconn/src/wire.rs", text), [""; 0]);
    let files = [
        ("cconn/src/wire.rs", "#[cfg(test)] mod tests;"),
        ("cconn/src/wire/tests.rs", "use crate::serveur::S;"),
    ];
    assert_eq!(faults_of(&files), [""; 0]);
}

#[test]
fn an_unknown_module_is_reported() {
    let found = faults("cconn/src/mystere.rs", "");
    assert!(found[0].contains("`mystere` is unknown: add it"), "{found:?}");
    assert_eq!(faults_of(&[(ROOT_FILE, "mod a { mod b; }")]).len(), 1);
}

#[test]
fn a_call_of_what_only_a_layer_above_defines_is_found() {
    let above = ("cconn/src/serveur.rs", "impl Serveur { fn accept_all(&self) {} }");
    let found = faults_of(&[(above), ("cconn/src/wire.rs", "fn f(x: X) { x.accept_all(); }")]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("`wire` may not use `serveur`, but calls `accept_all`"), "{found:?}");
}

#[test]
fn types_of_one_name_are_told_apart() {
    let above = ("cconn/src/serveur.rs", "struct Hands; impl Hands { fn wash(&self) {} }");
    let own = "struct Hands; impl Hands { fn wash(&self) {} } fn f(x: &Hands) { x.wash(); }";
    assert_eq!(faults_of(&[above, ("cconn/src/wire.rs", own)]), [""; 0]);
    let elsewhere = "use other::Hands; fn f(x: &Hands) { x.wash(); }";
    assert_eq!(faults_of(&[above, ("cconn/src/wire.rs", elsewhere)]), [""; 0]);
    assert_eq!(faults_of(&[above, ("cconn/src/wire.rs", "fn f(x: X) { x.wash(); }")]).len(), 1);
}

/// A layer of four rooms with a file or two in each, as it should be, and one more text in `core`.
fn rooms(core: &str) -> Vec<String> {
    faults_of(&[
        (ROOT_FILE, "mod link;"),
        ("cconn/src/link.rs", "mod core; mod verbs; pub(crate) use verbs::send::{Link, wake_all};"),
        ("cconn/src/link/core.rs", "mod state; mod queue; mod more; pub(super) use state::State;"),
        (
            "cconn/src/link/core/state.rs",
            "use super::queue::Queue; pub struct State { queue: Queue, since: Option<Instant> }
             impl State { fn open(&mut self) { self.queue.rest(); } fn close(&mut self) {} }",
        ),
        ("cconn/src/link/core/queue.rs", "pub struct Queue; impl Queue { fn rest(&self) {} }"),
        ("cconn/src/link/core/more.rs", core),
        (
            "cconn/src/link/io/read.rs",
            "use crate::link::core::State; impl Io { fn read_pass(&self) {} fn close(&self) {} }",
        ),
        (
            "cconn/src/link/threads/watch.rs",
            "impl Watch { fn tend(&self, s: &super::super::core::State) { s.open(); } }",
        ),
        (
            "cconn/src/link/verbs/send.rs",
            "use crate::link::core::State; pub struct Link { state: State }
             impl Link { fn send_now(&self) { self.state.open(); } fn take(&self) {} }
             pub fn wake_all() {} pub trait Say { fn say(&self); fn elapsed_all(&self) {} }",
        ),
    ])
}

#[test]
fn rooms_in_order_pass() {
    assert_eq!(rooms(""), [""; 0]);
    for text in [
        "fn f(s: &mut super::State) { s.open(); s.close(); }",
        // Defined in this room and above: the call may be the one of this room.
        "fn f(s: &S) { s.close(); }",
        // The library's, as far as can be known.
        "fn f(s: &S) { s.take(); }",
        // The receiver is none of ours.
        "fn f(s: &Vec<u8>, t: Option<Instant>) { s.send_now(); t.tend(); }",
        "fn f() { \"x.send_now()\"; } // x.send_now()",
        "#[cfg(test)] mod tests { use crate::link::Link; fn f(x: X) { x.send_now() } }",
    ] {
        assert_eq!(rooms(text), [""; 0], "{text}");
    }
}

#[test]
fn back_edges_by_import_are_found() {
    for (text, room) in [
        ("use super::super::io::read::Io;", "link/io"),
        ("use crate::link::threads::watch::Watch as W;", "link/threads"),
        // What the layer exports stands in the room that defines it.
        ("use crate::link::Link;", "link/verbs"),
        ("use super::super::*; use super::super::wake_all;", "link/verbs"),
        ("fn f() { crate::link::verbs::send::wake_all() }", "link/verbs"),
        ("fn f() { vec![super::super::wake_all()]; }", "link/verbs"),
        ("type A = Option<super::super::verbs::send::Link>;", "link/verbs"),
    ] {
        let found = rooms(text);
        let wanted = format!("`link/core` may not use `{room}`, but names");
        assert!(found.iter().any(|fault| fault.contains(&wanted)), "{text}: {found:?}");
    }
}

#[test]
fn back_edges_by_call_are_found() {
    for (text, name, room) in [
        ("fn f(x: X) { x.send_now(); }", "send_now", "link/verbs"),
        ("fn f(x: X) { x.y.z().send_now(); }", "send_now", "link/verbs"),
        ("fn f(x: X) { if x.send_now() {} }", "send_now", "link/verbs"),
        ("fn f() { xs().map(|x| x.tend(s)); }", "tend", "link/threads"),
        ("fn f(x: X) { assert!(x.read_pass()); }", "read_pass", "link/io"),
        ("fn f(x: &dyn Say) { x.say(); }", "say", "link/verbs"),
        ("fn f<T>(x: T) { x.say::<u8>(); }", "say", "link/verbs"),
        // The receiver's type is written down: a name that others have too is its own.
        ("fn f(x: &Link) { x.take(); }", "take", "link/verbs"),
        (
            "struct M { link: Arc<Link> } impl M { fn f(&self) { self.link.take(); } }",
            "take",
            "link/verbs",
        ),
        ("fn f(x: &X) { Io::close(x); }", "close", "link/io"),
        ("const F: fn(&Io) = Io::close;", "close", "link/io"),
    ] {
        let found = rooms(text);
        let wanted = format!("`link/core` may not use `{room}`, but calls `{name}`");
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains(&wanted), "{text}: {found:?}");
    }
}

#[test]
fn every_room_is_held_to_its_place() {
    for (path, text, fault) in [
        (
            "cconn/src/link/io/x.rs",
            "use super::super::threads::watch::Watch;",
            "`link/io` may not use `link/threads`",
        ),
        (
            "cconn/src/link/threads/x.rs",
            "fn f(x: X) { x.send_now(); }",
            "`link/threads` may not use `link/verbs`",
        ),
        (
            "cconn/src/link/verbs/x.rs",
            "use super::super::Beside;",
            "`link/verbs` may not use `link`",
        ),
    ] {
        let files = [
            ("cconn/src/link.rs", "pub struct Beside;"),
            ("cconn/src/link/threads/watch.rs", "pub struct Watch;"),
            ("cconn/src/link/verbs/send.rs", "impl Link { fn send_now(&self) {} }"),
            (path, text),
        ];
        let found = faults_of(&files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(fault), "{found:?}");
    }
}

#[test]
fn circles_of_a_room_are_found_with_their_lines() {
    for text in [
        // `state` and `more` name each other through the room's own page.
        "use super::State; impl State { fn tail(&self) {} }",
        "pub struct More; use super::state;",
    ] {
        let files = [
            ("cconn/src/link/core.rs", "pub use state::State; pub use more::More;"),
            (
                "cconn/src/link/core/state.rs",
                "pub struct State;\nimpl State { fn f(&self) { self.tail(); } }\nuse super::More;",
            ),
            ("cconn/src/link/core/more.rs", text),
        ];
        let found = faults_of(&files);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].contains("files of `link/core` use each other in a circle"), "{found:?}");
        assert!(found[0].contains("core/state.rs:"), "{found:?}");
    }
}

#[test]
fn circles_by_calls_alone_and_long_ones_are_found() {
    let files = [
        ("cconn/src/link/io/a.rs", "impl A { fn alpha(&self, x: X) { x.beta(); } }"),
        ("cconn/src/link/io/b.rs", "impl B { fn beta(&self, x: X) { x.gamma(); } }"),
        ("cconn/src/link/io/c.rs", "impl C { fn gamma(&self, x: X) { x.alpha(); } }"),
        ("cconn/src/link/io/d.rs", "impl D { fn delta(&self, x: X) { x.alpha(); } }"),
    ];
    let found = faults_of(&files);
    assert_eq!(found.len(), 1, "{found:?}");
    for step in ["a.rs:1 calls `beta` of", "b.rs:1 calls `gamma` of", "c.rs:1 calls `alpha` of"] {
        assert!(found[0].contains(step), "{found:?}");
    }
    assert_eq!(faults_of(&files[..2]), [""; 0]);
}

#[test]
fn the_page_says_what_the_table_says() {
    let page = |text: &str| check_page(&Repo::made_up(&[("CONTRIBUTING.md", text)])).len();
    assert_eq!(page("no table"), 1);
    assert_eq!(page("<!-- layers begin -->\n| `text` | other |\n<!-- layers end -->"), 1);
    assert_eq!(check_page(&Repo::load(&crate::root()).expect("the tree can be read")), []);
}
