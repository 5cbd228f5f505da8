//! Compares the expansions of a handful of inputs with the files in `snapshots`.
//!
//! If `CCONN_BLESS` is set, the files are written anew instead.

use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;

use crate::entry;

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("Rust tokens")
}

/// Compares an expansion with its file.
fn check(name: &str, expansion: &TokenStream) {
    let file = syn::parse2(expansion.clone()).expect("items");
    let found = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(name);
    if std::env::var_os("CCONN_BLESS").is_some() {
        fs::write(&path, &found).expect("a writable snapshot");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{name} expands to\n{found}");
}

fn commande(name: &str, args: &str, item: &str) {
    check(name, &entry::command(tokens(args), &tokens(item)));
}

#[test]
fn a_command_with_a_body() {
    commande(
        "somme.rs",
        "",
        "/// Adds.
         #[inline] pub fn somme(
             /// The first.
             a: i64,
             b: i64,
         ) -> i64 { a + b }",
    );
}

#[test]
fn a_command_that_borrows_and_is_handed_its_client() {
    commande(
        "ping.rs",
        "nom = \"PING\", parallele",
        "#[cfg(unix)] #[deprecated] fn ping<'x>(client: &Client, mot: &'x str, n: Option<Cow<'_, [u8]>>)
             -> Resultat<(), Faute> { client.envoyer(pong { mot }) }",
    );
}

#[test]
fn a_command_that_is_only_declared() {
    commande(
        "pong.rs",
        "crate = crate::reseau",
        "/// Lives elsewhere.\n pub(crate) fn pong(r#type: &str);",
    );
}

#[test]
fn a_command_with_a_mistake() {
    commande(
        "mistake.rs",
        "",
        "fn remplir(octets: &mut Vec<u8>, a: i64) -> i64 { octets.clear(); a }",
    );
}

#[test]
fn a_module_of_commands() {
    commande(
        "module.rs",
        "",
        "/// Calculations.
         pub mod calcul {
             //! More of it.
             #[commande] #[cfg(unix)] fn somme(a: i64, b: i64) -> i64 { a + b }
             fn aide() {}
             #[cconn::commande(serveur = s)] pub fn presents(s: &Hote) -> usize { s.clients().len() }
         }",
    );
}

#[test]
fn a_list() {
    let list = entry::list(tokens("$crate; somme, #[cfg(unix)] module::ping"));
    let krate = list.to_string().replace("$crate", "cconn").replace("$ crate", "cconn");
    let list = tokens(&krate);
    check("list.rs", &quote::quote!(const LISTE: Commandes = #list;));
}

#[test]
fn types_are_shown_as_people_write_them() {
    for text in [
        "&str",
        "Option<&[u8]>",
        "(i64,)",
        "[u8; 4]",
        "std::collections::HashMap<String, Vec<(u8, i64)>>",
        "Box<dyn Fn(i64) -> i64 + Send>",
        "<T as Trait<Item = u8>>::Out",
        "()",
    ] {
        let ty = syn::parse_str(text).expect("a type");
        assert_eq!(crate::print::ty(&ty), text);
    }
    let ty = syn::parse_quote!(Point<'a, &'b Cow<'_, str>>);
    assert_eq!(crate::print::ty(&ty), "Point<&Cow<str>>");
}

#[test]
fn a_keyword_that_the_parser_takes_for_a_name_is_no_path() {
    for word in ["de", "garde", "crate"] {
        for path in ["try", "try::a", "a::try", "a::<try::b>::c"] {
            let args = tokens(&format!("{word} = {path}"));
            let written = entry::command(args, &tokens("fn f(a: u8) -> u8 { a }"));
            assert!(
                syn::parse2::<syn::File>(written.clone()).is_ok(),
                "{word} = {path}: {written}"
            );
            let is_refused = written.to_string().contains("compile_error");
            assert!(is_refused, "{word} = {path}: {written}");
        }
    }
    let raw = entry::command(tokens("de = r#try::a"), &tokens("fn a(b: u8) -> u8 { b }"));
    assert!(!raw.to_string().contains("is a keyword"));
}

#[test]
fn a_list_of_paths_that_name_no_command_is_still_rust() {
    for path in
        ["self::Self", "crate::a::<u8>", "self::super", "crate", "a::self", "::super::a", "try"]
    {
        let written = entry::list(tokens(&format!("::cconn; {path}, autre")));
        assert!(syn::parse2::<syn::Expr>(written.clone()).is_ok(), "{path}: {written}");
        assert!(written.to_string().contains("compile_error"), "{path}: {written}");
    }
}
