//! The tests of cconn that look at it from outside; see the files beside this crate.
