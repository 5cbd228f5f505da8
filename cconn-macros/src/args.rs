//! The arguments of the attribute: `#[commande(nom = "..", parallele, ..)]`.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Ident, LitStr, Path, Token};

use crate::errors::Sink;
use crate::{groups, path};

/// The arguments between the parentheses of the attribute.
#[derive(Default)]
pub(crate) struct Args {
    /// The name on the wire.
    pub(crate) name: Option<LitStr>,
    /// Earlier names, under which the command can still be called.
    pub(crate) aliases: Vec<LitStr>,
    /// The path of the runtime crate, if `crate = ..` gives one.
    pub(crate) krate: Option<Path>,
    /// The word `parallele`, if given: the command may run beside others of its connection.
    pub(crate) parallel: Option<Ident>,
    /// The word `idempotente`, if given: the command may run twice without harm.
    pub(crate) idempotent: Option<Ident>,
    /// The function that says who may call the command, if `garde = ..` names one.
    pub(crate) guard: Option<Path>,
    /// The parameter that receives the connection, if `client = ..` names one.
    pub(crate) client: Option<Ident>,
    /// The parameter that receives the server, if `serveur = ..` names one.
    pub(crate) server: Option<Ident>,
    /// The declaration that the function implements, if `de = ..` names one.
    pub(crate) declared: Option<Path>,
    /// The parameters that receive state or a session, as far as `etat = ..` and `session = ..` name
    /// them.
    pub(crate) states: Vec<Ident>,
}

const KNOWN: &str = "an argument of `#[commande]` is `nom = \"..\"`, `alias = \"..\"`, \
                     `parallele`, `idempotente`, `garde = function`, `client = parameter`, \
                     `serveur = parameter`, `etat = parameter`, `session = parameter`, \
                     `de = path` or `crate = path`";

impl Args {
    /// Reads the arguments. A wrong argument is reported to the sink and left out.
    pub(crate) fn parse(tokens: TokenStream, sink: &mut Sink) -> Self {
        let mut args = Args::default();
        let parser = |input: ParseStream<'_>| args.read(input, sink);
        if let Err(error) = parser.parse2(groups::without(tokens)) {
            sink.push(error);
        }
        if let Some(name) = args.name.take_if(|name| name.value().is_empty()) {
            sink.at(&name, "the name is empty: write the command's name, or leave `nom` out");
        }
        args
    }

    fn read(&mut self, input: ParseStream<'_>, sink: &mut Sink) -> syn::Result<()> {
        while !input.is_empty() {
            let key = input.call(Ident::parse_any).map_err(|e| syn::Error::new(e.span(), KNOWN))?;
            if let Err(error) = self.one(&key, input) {
                sink.push(error);
                // Going on behind the comma finds the mistakes in the other arguments too.
                skip_to_comma(input)?;
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }

    fn one(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "nom" => set(&mut self.name, key, value(key, input, "nom = \"..\"")?),
            "alias" => {
                self.aliases.push(value(key, input, "alias = \"..\"")?);
                Ok(())
            }
            "crate" => {
                set(&mut self.krate, key, checked(key, input, "crate = path", path::module)?)
            }
            "garde" => {
                set(&mut self.guard, key, checked(key, input, "garde = function", path::function)?)
            }
            "client" => set(&mut self.client, key, value(key, input, "client = parameter")?),
            "serveur" => set(&mut self.server, key, value(key, input, "serveur = parameter")?),
            "de" => set(&mut self.declared, key, checked(key, input, "de = path", path::command)?),
            "etat" | "session" => {
                self.states.push(value(key, input, &format!("{key} = parameter"))?);
                Ok(())
            }
            word @ ("parallele" | "idempotente") if input.peek(Token![=]) => {
                let text = format!("`{word}` takes no value: write it alone");
                Err(syn::Error::new(input.span(), text))
            }
            "parallele" => set(&mut self.parallel, key, key.clone()),
            "idempotente" => set(&mut self.idempotent, key, key.clone()),
            unknown => {
                let meant = meant(unknown).map(|word| format!("did you mean `{word}`? "));
                Err(syn::Error::new(key.span(), meant.unwrap_or_default() + KNOWN))
            }
        }
    }
}

/// The arguments, each with words that people write instead of it.
const MEANT: [(&str, &[&str]); 11] = [
    ("nom", &["nom", "name", "rename", "named"]),
    ("alias", &["alias", "aliases", "ancien", "old_name", "deprecated"]),
    ("parallele", &["parallele", "parallel", "concurrent", "para", "async"]),
    ("idempotente", &["idempotente", "idempotent", "retry", "retryable"]),
    ("garde", &["garde", "guard", "gardes", "allow", "permission"]),
    ("client", &["client", "clients", "connection", "connexion"]),
    ("serveur", &["serveur", "server", "serveurs"]),
    ("etat", &["etat", "state", "etats"]),
    ("de", &["declares", "implements", "declaration"]),
    ("session", &["session", "sessions"]),
    ("crate", &["crate", "krate", "crate_path", "path"]),
];

/// The argument that `word` was probably meant to be, for the error's hint.
fn meant(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase().replace(['é', 'è'], "e");
    // A third of the letters may differ; words of one or two letters are near to everything.
    let is_near = |known: &&str| known.len() > 2 && distance(known, &word) <= known.len() / 3;
    MEANT.iter().find(|(_, words)| words.iter().any(is_near)).map(|(meant, _)| *meant)
}

/// How many letters must be changed, added or removed to turn `left` into `right` (Levenshtein).
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.chars().count()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut next = vec![i + 1];
        for (b, two) in right.chars().zip(row.windows(2)) {
            let [diagonal, above] = two else { continue };
            let before = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(a != b)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn value<T: Parse>(key: &Ident, input: ParseStream<'_>, form: &str) -> syn::Result<T> {
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(key.span(), format!("a value is missing: write `{form}`")));
    }
    input.parse::<Token![=]>()?;
    input.parse().map_err(|error| syn::Error::new(error.span(), format!("write `{form}`")))
}

/// The path of an item, after `check` has looked at it.
fn checked(
    key: &Ident,
    input: ParseStream<'_>,
    form: &str,
    check: fn(&Path) -> syn::Result<()>,
) -> syn::Result<Path> {
    let path = value(key, input, form)?;
    check(&path)?;
    Ok(path)
}

fn set<T>(place: &mut Option<T>, key: &Ident, value: T) -> syn::Result<()> {
    if place.is_some() {
        return Err(syn::Error::new(key.span(), format!("`{key}` is given twice: remove one")));
    }
    *place = Some(value);
    Ok(())
}

fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}
