//! Calls found in sources.

use super::*;

fn found(source: &str) -> Calls {
    let types = Types::from([("Foreign".to_owned(), "::Foreign".to_owned())]);
    calls(&super::super::parse(source).expect("it is Rust"), "a.rs", types)
}

fn called(source: &str) -> Vec<String> {
    fn text(of: &Receiver) -> String {
        match of {
            Receiver::Unknown => "?".to_owned(),
            Receiver::Of(names) => names.join(" "),
            Receiver::Field(of, name) => format!("{}.{name}", text(of)),
            Receiver::Returned(of, name, _) => format!("{}.{name}()", text(of)),
        }
    }
    let calls = found(source).called.into_iter();
    calls.map(|call| format!("{}: {}", text(&call.receiver), call.name)).collect()
}

#[test]
fn methods_fields_and_targets_are_those_written_down() {
    let source = "struct S { a: Option<T>, b: u8 } impl S { fn c(&self) -> Arc<Self> { x } }
        impl Deref for G<'_> { type Target = S; fn deref(&self) -> &S { y } }
        trait R { fn d(&self); } fn free() {}";
    let found = found(source);
    let methods: Vec<_> = found.methods.iter().map(|m| (&*m.owner, &*m.name)).collect();
    assert_eq!(methods, [("a.rs#S", "c"), ("a.rs#R", "d")]);
    assert_eq!(found.methods[0].returns, ["Arc", "a.rs#S"]);
    assert_eq!(found.fields[0].of, ["Option", "T"]);
    assert_eq!(found.derefs, [("G".to_owned(), vec!["a.rs#S".to_owned()])]);
}

#[test]
fn receivers_are_followed_through_names_fields_and_calls() {
    let source = "impl S { fn f(&self, p: &'a mut Part<'_>, t: T) {
        self.a(); self.b.c(); p.d().e(); t.g();
        let h = self.i.lock(); h.j(); if let Some(k) = &self.l { k.m(); }
        for n in p.o { n.q(); } |r, s: S2| { r.u(); s.v(); }; Self::w(S3::x()); y().z(); } }";
    let wanted = [
        "S: a",
        "S.b: c",
        "mut Part.d(): e",
        "mut Part: d",
        "?: g",
        "S.i: lock",
        "S.i.lock(): j",
        "S.l: m",
        "mut Part.o: q",
        "?: u",
        "S2: v",
        "S: w",
        "S3: x",
        "?: z",
    ];
    assert_eq!(called(source), wanted);
}

#[test]
fn types_of_other_crates_are_told_apart() {
    let source = "fn f(a: Foreign) { a.b(); Foreign::c(); }";
    assert_eq!(called(source), ["::Foreign: b", "::Foreign: c"]);
}

#[test]
fn names_are_the_same_as_far_as_is_known() {
    assert!(may_be_same("a.rs#S", "a.rs#S") && may_be_same("a.rs#S", "S"));
    assert!(!may_be_same("a.rs#S", "b.rs#S") && !may_be_same("::S", "a.rs#S"));
}

#[test]
fn calls_inside_macros_are_seen() {
    let source = "impl S { fn f(&self) { assert!(self.a(b.c()) && T::d(), \"e.f()\"); } }";
    assert_eq!(called(source), ["S: a", "?: c", "T: d"]);
}
