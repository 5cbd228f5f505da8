use cconn::commande;

#[commande]
fn image(pixels: [u8; 64]) {
    let _ = pixels;
}

#[commande]
fn vignette(pixels: Option<[u8; 64]>);

fn main() {}
