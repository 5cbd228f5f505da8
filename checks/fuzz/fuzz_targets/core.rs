//! Two connection cores and any sequence of operations on them: nothing panics, no window is
//! overdrawn, every call ends once, what has ended stays so, and as long as nothing was made up
//! neither side finds a fault in the other.

#![no_main]

use libfuzzer_sys::fuzz_target;

pub(crate) use cconn::{adresse, body, copy, identite, link, sync, table, text, transport, wire};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "the operations reach less than the crate does")]
mod cconn {
    pub mod adresse;
    pub mod body;
    pub mod copy;
    pub mod identite;
    pub mod link;
    pub mod sync;
    pub mod table;
    pub mod text;
    pub mod transport {
        mod memory;
        mod stream;

        pub(crate) use memory::Memory;
        pub(crate) use stream::{End, Input, Ready, Transport};
    }
    pub mod wire;
}

fuzz_target!(|data: &[u8]| link::pair::run(data));
