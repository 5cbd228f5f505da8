//! Open types that cannot be.

use cconn::Schema;

#[derive(Schema)]
struct Ferme {
    a: u8,
}

#[derive(Schema)]
#[schema(ouvert)]
struct SansNoms(u8, u8);

#[derive(Schema)]
#[schema(ouvert)]
struct Milieu {
    #[schema(defaut)]
    a: u8,
    b: u8,
}

#[derive(Schema)]
#[schema(ouvert)]
struct AvecSerde {
    #[serde(default)]
    a: u8,
}

#[derive(Schema)]
#[schema(ouvert, ferme)]
struct Mot {
    #[schema(autre)]
    a: u8,
}

#[derive(Schema)]
#[schema(ouvert)]
struct Emprunt<'a, T> {
    a: &'a T,
}

#[derive(Schema)]
#[schema(ouvert)]
struct SansValeur<T> {
    a: u8,
    b: std::sync::mpsc::Receiver<T>,
}

#[derive(Schema)]
#[schema(ouvert)]
enum Double {
    A,
    #[schema(autre)]
    B,
}

#[derive(Schema)]
enum SansAutre {
    A,
    B,
}

#[derive(Schema)]
enum DeuxAutres {
    #[schema(autre)]
    A,
    #[schema(autre)]
    B,
}

#[derive(Schema)]
enum AutrePlein {
    #[schema(autre)]
    A(u8),
    B {
        #[schema(defaut)]
        c: u8,
    },
}

#[derive(Schema)]
union Ensemble {
    a: u8,
    b: i8,
}

#[derive(Schema)]
#[schema(ouvert)]
struct Defaut {
    #[schema(defaut = "un")]
    a: u8,
}

#[derive(Schema)]
#[schema(ouvert)]
struct Etranger {
    a: std::sync::mpsc::Sender<u8>,
}

fn main() {}
