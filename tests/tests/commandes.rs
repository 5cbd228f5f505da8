//! Commands end to end: registered on one side, called from the other.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]
#![allow(clippy::too_many_arguments, clippy::unnecessary_wraps, reason = "to see what they do")]

mod commandes {
    mod answers;
    mod arguments;
    mod closures;
    mod encoding;
    mod faults;
    mod large;
    mod levels;
    mod lists;
    mod many;
    mod modules;
    mod texts;
    mod unwind;
    mod written_otherwise;
}
