//! Modules whose commands are collected: none is missing, and whatever a module may hold is let.

#![allow(unreachable_pub, unused_qualifications, reason = "modules as programs have them")]

use cconn::{Commandes, commande};

fn names<P>(commandes: &Commandes<P>) -> Vec<&'static str> {
    commandes.descriptions().iter().map(|entry| entry.nom).collect()
}

/// Commands by every way to write the attribute that the text of the module shows.
#[commande]
mod attributs {
    use cconn as reseau;
    use cconn::commande;
    use cconn::{Serveur, commande as cmd};

    #[commande]
    pub fn nu() {}
    #[cconn::commande(nom = "CHEMIN")]
    pub fn chemin() {}
    #[::cconn::commande]
    pub fn absolu() {}
    #[reseau::commande]
    pub fn par_alias() {}
    #[cmd]
    pub fn renomme() {}
    #[cfg_attr(all(), commande)]
    pub fn sous_condition() {}
    #[cfg_attr(all(), doc = "With others.", cmd, inline)]
    pub fn parmi_d_autres() {}
    #[cfg_attr(all(), cfg_attr(not(any()), commande(nom = "PROFOND")))]
    pub fn profond() {}
    #[cfg_attr(any(), commande)]
    #[cfg_attr(not(any()), commande(nom = "L_AUTRE"))]
    pub fn l_un_ou_l_autre() {}
    #[cfg_attr(any(), commande)]
    pub fn fonction() {}
    #[commande]
    pub const fn r#match() {}
    #[cfg_attr(any(), cconn::commande)]
    pub fn avec_serveur(_serveur: &Serveur) {}

    // A declared command is in no list.
    #[commande]
    pub fn ailleurs(mot: &str);
}

#[test]
fn every_way_to_write_the_attribute_is_seen() {
    let found = names(&attributs::commandes());
    assert_eq!(
        found,
        [
            "nu",
            "CHEMIN",
            "absolu",
            "par_alias",
            "renomme",
            "sous_condition",
            "parmi_d_autres",
            "PROFOND",
            "L_AUTRE",
            "match"
        ]
    );
    attributs::fonction();
    let _ = (attributs::ailleurs { mot: "x" }, attributs::avec_serveur);
}

/// Commands that are there or not.
#[commande]
mod conditions {
    use cconn::commande;

    #[cfg(any())]
    #[commande]
    pub fn absente(a: PasLa) {}
    #[cfg_attr(all(), cfg(any()))]
    #[commande]
    pub fn absente(a: PasLa) {}
    #[commande]
    #[cfg_attr(all(), allow(unused), cfg(any()))]
    pub fn absente(serveur: &Serveur) {}
    #[cfg_attr(all(), cfg_attr(all(), cfg(any()), commande))]
    pub fn absente() {}
    #[cfg_attr(any(), cfg(any()))]
    #[cfg_attr(all(), cfg(all()))]
    #[commande]
    pub fn presente() {}
    #[cfg(any())]
    mod absent {
        #[cconn::commande]
        pub fn dedans(serveur: &Serveur) {}
    }
}

#[test]
fn the_list_holds_what_exists() {
    assert_eq!(names(&conditions::commandes()), ["presente"]);
    let (_serveur, client) = cconn_tests::local();
    // What needs a server is not there, so a client takes the list.
    client.enregistrer(conditions::commandes()).unwrap();
}

/// All that a module may hold.
#[commande]
mod tout {
    #![allow(dead_code, unused_macros, unused_braces, clippy::all, clippy::pedantic)]
    //! Its own words.
    extern crate std as standard;
    use super::{commande, names};

    ::std::thread_local! {
        static LOCAL: u8 = 1;
    }
    std::thread_local!(static AUTRE: u8 = 2);
    thread_local![static ENCORE: u8 = 3];
    macro_rules! types {
        ($($nom:ident)*) => { $(pub struct $nom;)* };
    }
    types! { Un Deux }
    types!(Trois);
    const _: () = {
        assert!(true);
    };
    static mut COMPTE: [u8; { 1 + 1 }] = [0; { 2 }];
    const FERMETURE: fn(u8) -> u8 = |a| {
        let b = a;
        b
    };
    static PARESSEUX: std::sync::LazyLock<(u8, fn())> = std::sync::LazyLock::new(|| {
        #[commande]
        fn locale_de_fermeture() {}
        let _ = locale_de_fermeture {};
        match 3_u8 {
            3 => {
                #[commande]
                fn locale_de_branche() {}
                let _ = locale_de_branche {};
                (1, || {
                    #[commande]
                    fn locale_de_tuple() {}
                    let _ = locale_de_tuple {};
                })
            }
            other => (other, || {}),
        }
    });
    struct Taille<const N: usize = { 3 }>([u8; N]);
    impl Taille<{ 4 }> {
        fn dedans(&self) -> usize {
            #[commande]
            fn locale_de_methode() {}
            let _ = locale_de_methode {};
            self.0.len()
        }
    }
    trait Forme {
        fn nom(&self) -> &str {
            #[commande]
            fn locale_de_trait() {}
            let _ = locale_de_trait {};
            "forme"
        }
        fn sans(&self);
    }
    enum Choix {
        Un { a: u8 },
        Deux,
    }
    union Bits {
        a: u8,
        b: i8,
    }
    type Paire<T> = (T, [T; { 1 }]);
    #[cfg(any())]
    unsafe extern "C" {
        safe fn abs(n: i32) -> i32;
    }
    pub(in super::tout) async fn plus_tard() {}
    pub(crate) const extern "C" fn etrangere() {}
    #[cfg(any())]
    unsafe fn risque() {}
    fn generique<T: Fn() -> u8, const N: usize>(f: T) -> Taille<{ 3 }>
    where
        [u8; { 3 }]: Sized,
    {
        let _ = f();
        Taille([0; 3])
    }

    /// A list of its own, from inside a function.
    pub const CONSTANTE: cconn::Commandes = {
        #[commande]
        fn locale() {}
        cconn::commandes![locale]
    };
    pub fn liste() -> cconn::Commandes {
        #![allow(unused)]
        #[commande]
        fn locale() {}
        cconn::commandes![locale]
    }

    #[commande]
    pub fn seule(tout: u8) -> u8 {
        #[commande]
        fn dans_une_commande(_tout: u8) {}
        let _ = dans_une_commande { _tout: tout };
        tout
    }

    /// Has none of its own list: its commands are the module's.
    pub mod profond {
        use super::*;

        #[commande]
        fn privee(serveur: &cconn::Serveur) {
            let _ = serveur;
        }

        pub(super) mod encore {
            //! Deeper.
            #[cconn::commande]
            pub fn au_fond() {}
        }

        pub fn liste() -> Vec<&'static str> {
            names(&cconn::commandes![privee, self::encore::au_fond])
        }
    }

    pub mod vide {}

    /// Has a list of its own.
    #[commande]
    pub mod a_part {
        use super::*;

        #[commande]
        pub fn autre() {}
    }

    macro_rules! apres {
        () => {
            7
        };
    }
    pub mod texte {
        pub fn sept() -> u8 {
            apres!()
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn inside() {
            assert_eq!(seule(3), 3);
        }
    }
}

#[test]
fn a_module_may_hold_whatever_it_may_hold() {
    assert_eq!(names(&tout::commandes()), ["seule", "privee", "au_fond"]);
    assert_eq!(names(&tout::a_part::commandes()), ["autre"]);
    assert_eq!(names(&tout::liste()), ["locale"]);
    assert_eq!(names(&tout::CONSTANTE), ["locale"]);
    assert_eq!(tout::profond::liste(), ["privee", "au_fond"]);
    assert_eq!(tout::texte::sept(), 7);
    let (serveur, _client) = cconn_tests::local();
    serveur.enregistrer(tout::commandes()).unwrap();
    serveur.enregistrer(tout::a_part::commandes()).unwrap();
}

macro_rules! module {
    ($vis:vis $nom:ident { $($item:item)* } $($fin:tt)*) => {
        #[commande]
        $vis mod $nom { use cconn::commande; $($item)* $($fin)* }
    };
}

module! {
    pub(crate) fait {
        #[commande]
        pub fn un() {}
        pub struct Point;
        #[cfg(any())]
        #[commande]
        pub fn deux() {}
        pub mod trois { #[cconn::commande] pub fn quatre() {} }
    }
    #[cconn::commande]
    pub fn cinq() {}
}

#[test]
fn a_module_may_come_out_of_a_macro() {
    let _ = fait::Point;
    assert_eq!(names(&fait::commandes()), ["un", "cinq", "quatre"]);
}
