use cconn::{Resultat, nommee};

fn main() -> Resultat<()> {
    let (_, client) = cconn_tests::local();
    client.appeler(nommee("somme", (1, 2)))?;
    Ok(())
}
