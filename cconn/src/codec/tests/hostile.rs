//! Bodies that would abort the process, loop, or fill the memory without the guard.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::super::{CodecError, Decoder, write_length};
use super::refusal;
use crate::Octets;

const STACK: usize = 2 << 20;

/// A thousand times as long as any of these takes; without a guard some never end.
const WATCHDOG: Duration = Duration::from_secs(10);

#[derive(Debug, Deserialize)]
struct List(#[allow(dead_code, reason = "never built")] Option<Box<List>>);

#[derive(Debug, Deserialize)]
struct Tree(#[allow(dead_code, reason = "never built")] Vec<Tree>);

/// Runs `attack` on the stack of an ordinary thread, and checks that it returns an error in time.
#[track_caller]
fn attack(attack: impl FnOnce() -> CodecError + Send + 'static) -> CodecError {
    let (done, result) = mpsc::channel();
    let body = move || done.send(attack()).unwrap();
    thread::Builder::new().stack_size(STACK).spawn(body).unwrap();
    result.recv_timeout(WATCHDOG).expect("the decoder hangs or has crashed")
}

fn declared(length: u64) -> Vec<u8> {
    let mut body = Vec::new();
    write_length(length, &mut body);
    body
}

#[test]
fn sequences_of_any_declared_length() {
    for length in [1 << 33, 1 << 60, u64::MAX] {
        let error = attack(move || refusal::<Vec<u64>>(&declared(length)));
        assert_eq!(error, CodecError::TooLong(length));
        let error = attack(move || refusal::<Octets>(&declared(length)));
        assert_eq!(error, CodecError::Truncated);
        let error = attack(move || refusal::<Vec<Vec<u64>>>(&[vec![3], declared(length)].concat()));
        assert_eq!(error, CodecError::TooLong(length));
    }
}

#[test]
fn texts_of_any_declared_length() {
    for length in [1 << 33, 1 << 60, u64::MAX] {
        let error = attack(move || refusal::<String>(&declared(length)));
        assert_eq!(error, CodecError::Truncated);
        let error =
            attack(move || Decoder::new(declared(length).as_slice().into()).str().unwrap_err());
        assert_eq!(error, CodecError::Truncated);
        let error =
            attack(move || Decoder::new(declared(length).as_slice().into()).bytes().unwrap_err());
        assert_eq!(error, CodecError::Truncated);
    }
}

#[test]
fn maps_of_any_declared_length() {
    for length in [1 << 33, 1 << 60, u64::MAX] {
        let error = attack(move || refusal::<HashMap<u64, u64>>(&declared(length)));
        assert_eq!(error, CodecError::TooLong(length));
    }
}

#[test]
fn many_sequences_that_declare_too_much() {
    let body = [declared(1000), declared(1 << 60).repeat(1000)].concat();
    let error = attack(move || refusal::<Vec<Vec<u64>>>(&body));
    assert_eq!(error, CodecError::TooLong(1 << 60));
}

#[test]
#[expect(clippy::zero_sized_map_values, reason = "that is the attack")]
fn elements_without_bytes() {
    let error = attack(|| refusal::<Vec<()>>(&declared(1 << 60)));
    assert_eq!(error, CodecError::TooLong(1 << 60));
    let error = attack(|| refusal::<HashMap<(), ()>>(&declared(1 << 60)));
    assert_eq!(error, CodecError::TooLong(1 << 60));
}

#[test]
fn a_list_a_million_deep() {
    let error = attack(|| refusal::<List>(&[1].repeat(1_000_000)));
    assert_eq!(error, CodecError::TooDeep);
}

#[test]
fn a_tree_that_declares_more_at_each_level() {
    let error = attack(|| refusal::<Tree>(&declared(1 << 40).repeat(5000)));
    assert_eq!(error, CodecError::TooLong(1 << 40));
    // The depth limit refuses this one: its elements are within the budget.
    let error = attack(|| refusal::<Tree>(&[200].repeat(45_000)));
    assert_eq!(error, CodecError::TooDeep);
}
