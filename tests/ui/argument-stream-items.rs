use cconn::commande;
use cconn::flux::Flux;

struct Point;

#[commande]
fn tracer(points: Flux<Point>) -> u64 {
    points.count() as u64
}

#[commande]
fn lire(mots: Flux<String, Point>);

fn main() {}
