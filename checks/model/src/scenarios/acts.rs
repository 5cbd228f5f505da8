//! What callers do in several scenarios.

use super::Act::{self, Await, Call, CatchUp, Defer, Send, SendAtOnce};
use crate::op::Op;

pub(super) const MIXED: &[Act] = &[
    Call(Op::Echo, 0, 0),
    Call(Op::Echo, 0, 60),
    Call(Op::Busy, 0, 0),
    Call(Op::Nest, 1, 0),
    Call(Op::Fail, 0, 0),
    Send(Op::Echo, 0, 0),
    Send(Op::Echo, 0, 60),
    Send(Op::Hop, 1, 0),
    Send(Op::Fail, 0, 0),
    Defer(Op::Echo, 0),
    Defer(Op::Parallel, 1),
];

/// With what leaves bytes to the watchman.
pub(super) const HASTY: &[Act] = &[
    Call(Op::Echo, 0, 0),
    Call(Op::Echo, 0, 60),
    Call(Op::Nest, 1, 0),
    Send(Op::Echo, 0, 60),
    Send(Op::Hop, 1, 0),
    Defer(Op::Busy, 0),
    Defer(Op::Parallel, 1),
    SendAtOnce,
];

pub(super) const ONE_WAYS: &[Act] =
    &[Send(Op::Echo, 0, 0), Send(Op::Echo, 0, 60), Send(Op::Busy, 0, 20)];

pub(super) const NESTED: &[Act] =
    &[Call(Op::Nest, 2, 0), Call(Op::Nest, 1, 0), Call(Op::Nest, 3, 0)];

pub(super) const LARGE: &[Act] =
    &[Call(Op::Echo, 0, 300), Send(Op::Echo, 0, 300), Call(Op::Echo, 0, 150)];

pub(super) const DEFERRED: &[Act] =
    &[Defer(Op::Echo, 0), Defer(Op::Busy, 0), Defer(Op::Nest, 1), Call(Op::Echo, 0, 0)];

/// Nobody of the program reads, or somebody leaves the reading to those that only await.
pub(super) const AWAITED: &[Act] = &[Await(Op::Echo, 0), Await(Op::Busy, 0), Await(Op::Nest, 1)];

pub(super) const AWAITED_BESIDE: &[Act] = &[
    Await(Op::Echo, 0),
    Await(Op::Nest, 1),
    Call(Op::Echo, 0, 0),
    Call(Op::Nest, 1, 0),
    Send(Op::Echo, 0, 60),
    Defer(Op::Busy, 0),
];

pub(super) const PARALLEL: &[Act] = &[
    Defer(Op::Parallel, 0),
    Defer(Op::Parallel, 1),
    Call(Op::Echo, 0, 0),
    Call(Op::Parallel, 1, 0),
];

/// The last lets the others go on, of whom only two may run.
pub(super) const MORE_PARALLEL: &[Act] = &[
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::Release, 0, 0),
];

pub(super) const CATCHING_UP: &[Act] =
    &[CatchUp, CatchUp, Send(Op::Hop, 1, 0), Defer(Op::Parallel, 1), Call(Op::Nest, 1, 0)];

pub(super) const STOPS: &[Act] =
    &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Stop, 0, 0)];

pub(super) const CLOSES: &[Act] =
    &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Close, 0, 0)];

pub(super) const FORWARDS: &[Act] =
    &[Call(Op::Forward, 0, 0), Call(Op::Forward, 1, 0), Call(Op::Forward, 2, 0)];

pub(super) const STOPS_OTHER: &[Act] =
    &[Call(Op::StopOther, 0, 0), Call(Op::Forward, 0, 0), Call(Op::Forward, 1, 0)];
