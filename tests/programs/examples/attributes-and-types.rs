use cconn::{commande, commandes};
#[commande]
#[must_use]
const fn h() -> Result<(), ()> {
    Ok(())
}
#[commande]
#[doc(hidden)]
#[inline]
#[allow(unused_variables)]
fn i(
    a: Box<str>,
    b: [u8; 4],
    c: [String; 2],
    d: (),
    e: ((),),
    f: Vec<()>,
    g: char,
    h: Option<Option<i8>>,
) {
}
#[commande]
fn j<'a>(a: &'a str, _b: &'a [u8]) -> usize where {
    a.len()
}
#[commande(parallele)]
pub(crate) fn k() -> std::collections::BTreeMap<u8, Vec<std::time::Duration>> {
    Default::default()
}
fn main() {
    let _ = commandes![h, i, j, k,];
}
