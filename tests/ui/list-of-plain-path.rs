use cconn::commandes;

fn somme() {}

fn main() {
    somme();
    let _ = commandes![self::somme];
}
