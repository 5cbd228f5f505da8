#![deny(warnings)]
#![allow(non_snake_case)]
// A command may have any name that a function may have, and be listed from anywhere.

pub mod m {
    use ::cconn::{Commandes, commande, commandes};
    macro_rules! g {
        ($($n:ident)*) => {
            $(#[commande] pub fn $n(a: u8) -> u8 { a })*
            pub fn liste() -> Commandes { commandes![$($n),*] }
        };
    }
    g! { drop core std serde cconn alloc some none line file vec println list commandes Ok Some }
}

mod n {
    #[cconn::commande]
    pub fn un() {}

    macro_rules! liste {
        () => { cconn::commandes![$crate::n::un] };
    }

    pub struct S<T>(pub T);

    impl<T: Default> S<T> {
        pub const L: cconn::Commandes = cconn::commandes![un];

        pub fn liste(&self) -> cconn::Commandes {
            let _ = T::default();
            fn dedans() -> cconn::Commandes {
                // Hides the one outside.
                #[cconn::commande]
                fn un(a: u8) -> u8 {
                    a
                }
                cconn::commandes![un]
            }
            dedans()
        }
    }

    pub fn liste() -> cconn::Commandes {
        liste!()
    }
}

fn main() {
    assert_eq!(m::liste().descriptions().len(), 16);
    assert_eq!(n::S(1).liste().descriptions()[0].signature, "un(a: u8) -> u8");
    assert_eq!(n::S::<u8>::L.descriptions()[0].signature, "un()");
    assert_eq!(n::liste().descriptions().len(), 1);
    static LISTE: std::sync::LazyLock<cconn::Commandes> =
        std::sync::LazyLock::new(|| cconn::commandes![n::un, self::m::drop]);
    assert_eq!(LISTE.descriptions().len(), 2);
}
