use cconn::nommee;

fn main() {
    let (_, client) = cconn_tests::local();
    let _ = client.envoyer(nommee("ping", "bonjour"));
}
