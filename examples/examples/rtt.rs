//! x
use cconn::*;
use std::time::Instant;
#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}
fn main() -> Resultat<()> {
    if let Some(port) = std::env::args().nth(1) {
        let c =
            Client::new(format!("127.0.0.1:{port}"))?.avec_delai(std::time::Duration::from_secs(3));
        for _ in 0..2000 {
            c.appeler(somme { a: 1, b: 2 })?;
        }
        let n = 50_000;
        let t = Instant::now();
        for i in 0..n {
            assert_eq!(c.appeler(somme { a: i, b: 2 })?, i + 2);
        }
        println!("rtt {:.2} us", t.elapsed().as_secs_f64() * 1e6 / n as f64);
        let t = Instant::now();
        let n = 300_000usize;
        let mut q = std::collections::VecDeque::new();
        for i in 0..n as i64 {
            if q.len() == 256 {
                let a: Attente<i64> = q.pop_front().unwrap();
                a.attendre()?;
            }
            q.push_back(c.differer(somme { a: i, b: 1 })?);
        }
        for a in q {
            a.attendre()?;
        }
        println!("pipelined {:.0} calls/s", n as f64 / t.elapsed().as_secs_f64());
        c.eteindre()?;
        return Ok(());
    }
    let s = Serveur::new(0)?;
    s.enregistrer(commandes![somme])?;
    let p = s.adresse().port();
    let s2 = s.clone();
    let t = std::thread::spawn(move || s2.lancer());
    let st = std::process::Command::new(std::env::current_exe().unwrap())
        .arg(p.to_string())
        .status()
        .unwrap();
    assert!(st.success());
    s.eteindre()?;
    t.join().unwrap()
}
