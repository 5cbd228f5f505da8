//! Servers that want TLS or a secret, and what is said where something is missing or wrong.
#![cfg(feature = "securite")]

use std::process::{Command, Output, Stdio};
use std::thread;

use cconn::secret::Secret;
use cconn::tls::TlsServeur;
use cconn::{OptionsServeur, Serveur, commande, commandes};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate of this name and its key, both PEM.
fn certificate(authority: &Authority, name: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    (params.signed_by(&key, authority).unwrap().pem(), key.serialize_pem())
}

/// The files of a test.
struct Files {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Files {
    fn new() -> Self {
        let files = Files { folder: tempfile::tempdir().unwrap(), authority: authority() };
        let (own, other) = (files.authority.pem(), authority().pem());
        files.write("authority", own);
        files.write("other", other);
        let (chain, key) = certificate(&files.authority, "ada");
        files.write("ada", chain);
        files.write("key", key);
        files.write("secret", [7; 32]);
        files.write("guess", [8; 32]);
        files.write("short", [7; 31]);
        files
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.folder.path().join(name), content).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Calls a command; words that begin with `:` are files.
    fn call(&self, address: &str, words: &str) -> Output {
        let word = |word: &str| match word.strip_prefix(':') {
            Some(name) => self.path(name),
            None => word.to_owned(),
        };
        Command::new(env!("CARGO_BIN_EXE_cconn"))
            .args(["appeler", address, "somme", "40", "2"])
            .args(words.split_whitespace().map(word))
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    #[track_caller]
    fn answers(&self, address: &str, words: &str) {
        let output = self.call(address, words);
        assert_eq!(output.stdout, b"42\n", "{words}: {output:?}");
    }

    #[track_caller]
    fn complains(&self, address: &str, words: &str, code: i32, told: &str) {
        let output = self.call(address, words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{words}: {text}");
        assert!(text.contains(told) && text.lines().count() == 1, "{words}: {text}");
    }
}

fn serving(options: OptionsServeur) -> (Serveur, String) {
    let serveur = options.max_clients(8).ouvrir().unwrap();
    serveur.enregistrer(commandes![somme]).unwrap();
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    let address = serveur.adresse().to_string();
    (serveur, address)
}

fn tls(files: &Files) -> TlsServeur {
    let (chain, key) = certificate(&files.authority, "localhost");
    TlsServeur::new(chain, key).unwrap()
}

#[test]
fn a_server_with_tls_is_believed_by_its_authority_and_its_name() {
    let files = Files::new();
    let (serveur, address) = serving(Serveur::options("localhost:0").tls(tls(&files)));
    let port = address.rsplit_once(':').unwrap().1;
    let by_name = format!("localhost:{port}");
    files.answers(&by_name, "--autorites :authority");
    files.answers(&address, "--ca :authority --nom-serveur localhost");
    files.complains(&address, "--autorites :authority", 4, "name");
    files.complains(&by_name, "--autorites :other", 4, "");
    files.complains(&by_name, "", 4, "`--autorites FILE`");
    files.complains(&by_name, "--autorites :absent", 2, "absent");
    files.complains(&by_name, "--autorites :secret", 2, "/secret: ");
    files.complains(&by_name, "--nom-serveur localhost", 2, "`--autorites`");
    files.complains(&by_name, "--autorites :authority --cle :key", 2, "go together");
    serveur.eteindre().unwrap();
}

#[test]
fn a_server_that_wants_certificates_gets_one() {
    let files = Files::new();
    let tls = tls(&files).exige_clients(files.authority.pem()).unwrap();
    let (serveur, address) = serving(Serveur::options("localhost:0").tls(tls));
    let name = "--autorites :authority --nom-serveur localhost";
    files.answers(&address, &format!("{name} --certificat :ada --cle :key"));
    files.complains(&address, name, 4, "certificate");
    files.complains(&address, &format!("{name} --certificat :ada --cle :absent"), 2, "absent");
    files.complains(&address, &format!("{name} --certificat :key --cle :key"), 2, "certificate");
    serveur.eteindre().unwrap();
}

#[test]
fn a_server_that_wants_a_secret_gets_its_proof() {
    let files = Files::new();
    let secret = Secret::new("atelier", [7; 32]).unwrap();
    let (serveur, address) = serving(Serveur::options(0).secrets([secret]));
    files.answers(&address, "--secret :secret");
    files.complains(&address, "", 6, "`--secret FILE`");
    files.complains(&address, "--secret :guess", 6, "secret");
    files.complains(&address, "--secret :short", 2, "32");
    files.complains(&address, "--secret :absent", 2, "absent");
    serveur.eteindre().unwrap();
}

#[test]
fn a_plain_server_and_a_started_program_want_none() {
    let files = Files::new();
    let (serveur, address) = serving(Serveur::options(0));
    files.complains(&address, "--autorites :authority --nom-serveur localhost", 4, "TLS");
    files.complains(&address, "--secret :secret", 6, "secret");
    files.complains("exec:true", "--secret :secret", 2, "leave TLS and secrets out");
    serveur.eteindre().unwrap();
}
