//! Any bytes as a greeting, and as the header of a proxy in front of it: no panic, what is read is
//! written so that it is read the same again, and no header is read too far.

#![no_main]

use libfuzzer_sys::fuzz_target;

use cconn::proxy;
use cconn::wire::{GREETING_HEAD, Greeting, GreetingHead};

/// The library keeps its layers private: they are built in here, from where they stand.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "only a part of the layer is needed")]
mod cconn {
    pub mod proxy;
    pub mod wire;
}

/// The longest rest of a greeting, and the longest text that one is written with.
const MAX_REST: usize = 4084;
const MAX_TEXT: usize = 512;

fuzz_target!(|data: &[u8]| {
    if let Some((head, rest)) = data.split_first_chunk::<GREETING_HEAD>() {
        if let Ok(head) = GreetingHead::parse(head) {
            assert!(head.rest <= MAX_REST && GreetingHead::may_begin_with(data));
        }
        greeting(rest);
    }
    greeting(data);
    let whole = header(data, data.len());
    assert_eq!(header(data, 1), whole);
    assert_eq!(header(data, 7), whole);
});

/// Reads a header in pieces. Returns for whom it speaks and how many bytes it has; `None` if it is
/// not whole.
fn header(bytes: &[u8], piece: usize) -> Option<Result<(String, usize), proxy::HeaderFault>> {
    let mut taken = 0;
    loop {
        let wanted = match proxy::wanted(&bytes[..taken]) {
            Ok(wanted) => wanted,
            Err(fault) => return Some(Err(fault)),
        };
        assert!(wanted >= taken && wanted <= proxy::MAX_HEADER, "{taken} bytes of {wanted}");
        if wanted == taken {
            let said = proxy::parse(&bytes[..taken]);
            return Some(said.map(|said| (format!("{said:?}"), taken)));
        }
        if taken == bytes.len() {
            return None;
        }
        taken = (taken + piece).min(wanted).min(bytes.len());
    }
}

fn greeting(rest: &[u8]) {
    let Ok(greeting) = Greeting::parse(rest) else { return };
    if greeting.text.len() > MAX_TEXT {
        return;
    }
    let mut out = Vec::new();
    greeting.write(&mut out);
    let (head, again) = out.split_first_chunk::<GREETING_HEAD>().expect("a head");
    assert_eq!(GreetingHead::parse(head).expect("our own head").rest, again.len());
    assert_eq!(Greeting::parse(again).as_ref(), Ok(&greeting));
    // Skipped records may follow, and half of one may not.
    let more = [again, &[0xff, 0xfe, 2, 0, 1, 2]].concat();
    assert_eq!(Greeting::parse(&more).as_ref(), Ok(&greeting));
    assert!(Greeting::parse(&more[..more.len() - 1]).is_err());
}
