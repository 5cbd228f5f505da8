use cconn::traits::{Entete, Message};

struct Ping;

impl Message for Ping {
    fn entete(&self) -> Entete<'_> {
        loop {}
    }
}

fn main() {}
