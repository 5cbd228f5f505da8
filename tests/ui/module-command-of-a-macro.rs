#[cconn::commande]
mod api {
    use cconn::commande;

    #[commande]
    pub fn one() -> u8 {
        1
    }

    macro_rules! generated {
        ($name:ident) => {
            #[commande]
            pub fn $name() -> u8 {
                3
            }
        };
    }
    generated! { three }
}

fn main() {
    let _ = api::commandes();
}
