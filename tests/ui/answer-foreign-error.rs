use cconn::commande;

#[commande]
fn lire(chemin: &str) -> std::io::Result<String> {
    std::fs::read_to_string(chemin)
}

#[commande]
fn ecrire(chemin: &str) -> Result<u64, Box<dyn std::error::Error>> {
    Ok(std::fs::metadata(chemin)?.len())
}

#[commande]
fn cle() -> [u8; 64] {
    [0; 64]
}

fn main() {}
