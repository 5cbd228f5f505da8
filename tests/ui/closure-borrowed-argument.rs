use cconn::Serveur;

fn main() {
    let serveur = Serveur::new(0).unwrap();
    let _ = serveur.enregistrer_commande("longueur", |_, (mot,): (&str,)| mot.len());
}
