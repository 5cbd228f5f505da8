//! Runnable examples of cconn; see the files beside this crate.
