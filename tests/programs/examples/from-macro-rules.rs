use cconn::{Client, commande, commandes};

macro_rules! echo {
    ($nom:ident, $arg:ident: $ty:ty, $client:ty) => {
        #[commande]
        fn $nom(client: $client, $arg: $ty, fixe: i64) -> usize {
            let _ = client;
            std::mem::size_of_val(&$arg) + fixe as usize
        }
    };
}

macro_rules! toutes {
    ($($nom:path),*) => { commandes![$($nom),*] };
}

macro_rules! declarer {
    ($($nom:ident($($arg:ident: $ty:ty),*);)*) => {
        $(#[commande] fn $nom($($arg: $ty),*);)*
    };
}

echo!(echo_mot, mot: &str, &Client);
echo!(echo_nombre, mot: u32, &Client);
declarer! { pong(mot: &str); fin(); }

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur.enregistrer(toutes![echo_mot, echo_nombre]).unwrap();
    assert_eq!(client.appeler(echo_mot { mot: "x", fixe: 1 }).unwrap(), size_of::<&str>() + 1);
    assert_eq!(client.appeler(echo_nombre { mot: 3, fixe: 0 }).unwrap(), 4);
    let _ = (pong { mot: "x" }, fin {});
}
