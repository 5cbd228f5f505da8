use cconn::{Client, commande, commandes};

#[commande]
fn r#match(r#type: i64, r#fn: &str) -> String {
    format!("{type} {fn}")
}

#[commande]
fn connu(client: i64, self_: i64, args: i64, context: i64, input: i64, out: i64, a0: i64) -> i64 {
    client + self_ + args + context + input + out + a0
}

// A command named like what generated code might call its own.
#[commande]
fn input(input: i64) -> i64 {
    input
}

#[commande]
fn out(connu: &Client, mut out: i64) -> i64 {
    let _ = connu;
    out += 1;
    out
}

#[commande]
fn f(_ignore: i64, bytes: &[u8]) -> usize {
    bytes.len()
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur.enregistrer(commandes![r#match, connu, input, out, f]).unwrap();
    assert_eq!(client.appeler(r#match { r#type: 1, r#fn: "x" }).unwrap(), "1 x");
    let appel = connu { client: 1, self_: 2, args: 3, context: 4, input: 5, out: 6, a0: 7 };
    assert_eq!(client.appeler(appel).unwrap(), 28);
    let input = client.appeler(input { input: 9 }).unwrap();
    assert_eq!(input, 9);
    assert_eq!(client.appeler(out { out: 1 }).unwrap(), 2);
    assert_eq!(client.appeler(f { _ignore: 1, bytes: b"abc" }).unwrap(), 3);
}
