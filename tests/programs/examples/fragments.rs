#![deny(warnings)]
// Whatever can come through `macro_rules!` comes with invisible delimiters around it.

use cconn::{Client, Serveur, commande};

macro_rules! bloc {
    ($nom:ident, $corps:block) => {
        #[commande]
        #[allow(unused_variables)]
        fn $nom(a: i64) -> i64 $corps
    };
}
bloc!(bloc, { 7 });

macro_rules! tout {
    ($(#[$m:meta])* $v:vis fn $n:ident<$l:lifetime>($p:pat, $t:ty, $q:pat_param, $u:ty) -> $r:ty $b:block) => {
        $(#[$m])*
        $v fn $n<$l>($p: $t, $q: &$l $u) -> $r $b
    };
}
tout! {
    /// Documented.
    #[commande(nom = "TOUT")]
    #[allow(unused_variables)]
    pub(crate) fn tout<'x>(un, Option<Vec<u8>>, deux, str) -> Result<String, u8> { Ok(String::new()) }
}
tout! {
    #[commande]
    fn client<'x>(c, &Client, s, Serveur) -> usize { let _ = c; s.clients().len() }
}

macro_rules! valeurs {
    ($n:ident, $nom:literal, $doc:literal, $e:expr, $p:path, $c:path, $pre:expr) => {
        #[doc = $doc]
        #[commande(nom = $nom, crate = $c)]
        #[deprecated(note = $pre)]
        fn $n(a: [u8; $e], b: $p, c: [u8; $e * 2], d: Vec<$p>) -> (usize, $p) {
            let _ = (a, b, c.len() + d.len());
            (c.len(), 0)
        }
    };
}
valeurs!(valeurs, "VALEURS", "Words.", 1 + 1, std::primitive::u8, ::cconn, "no more");

macro_rules! element {
    ($($i:item)*) => { $(#[commande] $i)* };
}
element! {
    fn element(a: u8) -> u8 { a }
    pub fn autre() {}
}

macro_rules! jetons {
    ($($t:tt)*) => { #[commande] $($t)* };
}
jetons! { fn jetons(a: &str) -> usize { a.len() } }

macro_rules! args {
    ($($a:meta),*) => { #[commande($($a),*)] fn avec_args() {} };
}
args!(nom = "ARGS", parallele);

macro_rules! imbrique {
    ($b:block) => { bloc!(imbrique, $b); };
}
imbrique!({ let x = 3; x * 2 });

macro_rules! somme {
    ($n:ident, $($a:ident: $t:ty),* => $e:expr) => {
        #[commande]
        fn $n($($a: $t),*) -> i64 { 2 * $e }
    };
}
somme!(double_somme, a: i64, b: i64 => a + b);

macro_rules! module {
    ($v:vis $n:ident, $b:block, $i:item, $e:expr) => {
        #[commande]
        $v mod $n {
            #[cconn::commande] $v fn dedans() -> u8 $b
            #[cconn::commande] $i
            pub const DOUBLE: i64 = 2 * $e;
            pub fn double() -> i64 { 2 * $e }
        }
    };
}
module!(pub(crate) module, { 9 }, pub fn encore() {}, 3 + 4);

fn main() {
    let (serveur, client) = cconn_tests::local();
    #[allow(deprecated)]
    let liste = cconn::commandes![bloc, tout, client, valeurs, element, autre, jetons, avec_args,
        imbrique, double_somme];
    serveur.enregistrer(liste).unwrap();
    serveur.enregistrer(module::commandes()).unwrap();
    assert_eq!(client.appeler(bloc { a: 1 }).unwrap(), 7);
    assert_eq!(client.appeler(tout { un: None, deux: "x" }).unwrap(), "");
    assert_eq!(client.appeler(client {}).unwrap(), 1);
    #[allow(deprecated)]
    let appel = valeurs { a: [1; 2], b: 1, c: [0; 4], d: vec![] };
    assert_eq!(client.appeler(appel).unwrap(), (4, 0));
    assert_eq!(client.appeler(element { a: 3 }).unwrap(), 3);
    assert_eq!(client.appeler(jetons { a: "abc" }).unwrap(), 3);
    assert_eq!(client.appeler(imbrique { a: 3 }).unwrap(), 6);
    assert_eq!(client.appeler(double_somme { a: 3, b: 4 }).unwrap(), 14);
    assert_eq!(client.appeler(module::dedans {}).unwrap(), 9);
    assert_eq!((module::DOUBLE, module::double()), (14, 14));
    client.appeler(autre {}).unwrap();
    client.appeler(avec_args {}).unwrap();
    client.appeler(module::encore {}).unwrap();
}
