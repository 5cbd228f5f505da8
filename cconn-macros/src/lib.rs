//! The attribute `#[commande]` of cconn; its documentation stands in the crate `cconn`.
