#![allow(private_interfaces)]

pub mod calcul {
    use cconn::commande;
    use serde::{Deserialize, Serialize};

    #[derive(Serialize, Deserialize)]
    struct Point;

    #[commande]
    pub fn ici() -> Point {
        Point
    }

    #[commande]
    pub fn la(_p: Point) {}
}

fn main() {}
