#![forbid(warnings, deprecated)]
//! What is deprecated may be a command where nothing that is deprecated may be used.

/// Old.
#[deprecated]
#[cconn::commande]
pub fn vieille(a: i64, mot: &str) -> i64 {
    let _ = mot;
    a
}

/// Old too.
#[cconn::commande]
#[cfg_attr(all(), deprecated(since = "1.0.0"))]
pub fn ailleurs(a: i64);

/// Commands.
#[cconn::commande]
pub mod api {
    /// Old.
    #[deprecated(note = "write it yourself")]
    #[cconn::commande]
    pub fn une(mot: &str) -> usize {
        mot.len()
    }

    /// Not old.
    #[cfg_attr(any(), deprecated)]
    #[cconn::commande]
    pub fn deux(mot: &str) -> usize {
        mot.len()
    }
}

fn main() {
    assert_eq!(api::commandes().descriptions().len(), 2);
    assert_eq!(api::deux("ab"), 2);
    let _ = api::deux { mot: "ab" };
}
