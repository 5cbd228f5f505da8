//! Commands end to end: registered on one side, called from the other.

mod commandes {
    mod answers;
    mod arguments;
    mod closures;
    mod faults;
    mod lists;
}
