use cconn::commande as cmd;

#[cconn::commande]
mod api {
    use super::*;

    #[cmd]
    pub fn one() -> u8 {
        1
    }

    pub mod inside {
        macro_rules! two {
            () => {
                #[cconn::commande]
                pub fn two() {}
            };
        }
        two!();
    }
}

fn main() {
    let _ = api::commandes();
}
