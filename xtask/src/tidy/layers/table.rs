//! The layers of cconn and the rooms inside them, written once.

/// What a layer may import and call besides itself.
#[derive(Debug)]
pub(super) enum Imports {
    Only(&'static [&'static str]),
    /// Whatever stands before it in the table.
    AllBelow,
}
use Imports::{AllBelow, Only};

/// A module at the root of cconn.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) imports: Imports,
    /// What it owns.
    pub(super) owns: &'static str,
    /// The folders inside it, bottom to top; each may import and call those before it. What
    /// stands beside the folders is above them all.
    pub(super) rooms: &'static [Room],
}

/// A folder of a layer: its name, and what it owns.
pub(super) type Room = (&'static str, &'static str);

const fn layer(name: &'static str, imports: Imports, owns: &'static str) -> Layer {
    Layer { name, imports, owns, rooms: &[] }
}

const LINK: &[Room] = &[
    ("core", "every decision: helm, turn, windows, waiting calls, ends; no socket, no thread"),
    ("io", "bytes in and out, as the core decided"),
    ("threads", "who sleeps, who is woken, the watchman, the executors"),
    ("verbs", "what a handle can do: call, send, wait, stop"),
];

/// The layers, bottom to top. A layer imports from before it in this list only.
pub(super) const LAYERS: &[Layer] = &[
    layer(
        "text",
        Only(&[]),
        "numbers of things as texts say them, and texts of others made harmless",
    ),
    layer("order", Only(&[]), "sorting, and maps of few entries, with little code for each type"),
    layer("table", Only(&[]), "values by number, with little code for each type"),
    layer("adresse", Only(&["text"]), "addresses: how they are written, compared and looked up"),
    layer("identite", Only(&["text"]), "who the peer of a connection is, as it was proved"),
    layer(
        "sync",
        Only(&[]),
        "locks, condition variables, threads and time, so that a model checker can take their place",
    ),
    layer("copy", Only(&[]), "large copies of bytes, where the processor makes them fast"),
    layer("wire", Only(&[]), "the bytes of greetings and frames; no I/O, no state"),
    layer(
        "proxy",
        Only(&[]),
        "the header by which a proxy says for whom it connects; no I/O, no state",
    ),
    layer(
        "body",
        Only(&["copy"]),
        "the body of a message, of which one long byte string may stand apart",
    ),
    layer(
        "codec",
        Only(&["sync", "copy", "body"]),
        "values to bytes and back, behind a guard; the only place that names the crate behind it",
    ),
    layer(
        "transport",
        Only(&["adresse", "identite", "sync", "copy", "proxy"]),
        "sockets, and streams in memory",
    ),
    layer("octets", Only(&["copy"]), "byte payloads that travel as bytes"),
    layer(
        "forme",
        Only(&["codec", "octets"]),
        "what a type is on the wire, as data: hashed, sent and shown",
    ),
    Layer {
        rooms: LINK,
        ..layer(
            "link",
            Only(&[
                "text",
                "table",
                "adresse",
                "identite",
                "sync",
                "copy",
                "wire",
                "body",
                "transport",
            ]),
            "one connection: who reads, who writes, who runs, windows, waiting calls, ends",
        )
    },
    layer("preuve", Only(&["wire"]), "what proves that a side knows a secret"),
    layer(
        "handshake",
        Only(&["text", "sync", "wire", "proxy", "transport", "link", "preuve"]),
        "the greeting: both sides send theirs at once, and read the other's",
    ),
    layer(
        "erreur",
        Only(&["text", "table", "adresse", "wire", "codec", "transport", "forme", "link"]),
        "the public errors, above every layer's own",
    ),
    layer(
        "flux",
        Only(&["sync", "wire", "body", "octets", "link", "erreur"]),
        "streams: items that one side makes and the other takes",
    ),
    layer(
        "contexte",
        Only(&["adresse", "identite", "wire", "link", "erreur"]),
        "what a thread works for: the time left, the trace, who asked",
    ),
    layer(
        "message",
        Only(&[
            "text", "order", "copy", "wire", "body", "codec", "octets", "forme", "erreur", "flux",
        ]),
        "what the verbs take: a command's name, fingerprint and arguments",
    ),
    layer("client", AllBelow, "the handle to one connection and its verbs"),
    layer(
        "commande",
        Only(&[
            "text", "order", "table", "sync", "wire", "body", "codec", "forme", "link", "erreur",
            "flux", "contexte", "message", "client",
        ]),
        "the registry, dispatch, the panic fence, handed-in state",
    ),
    layer("description", AllBelow, "what a program tells of itself, for whoever asks it"),
    layer(
        "boite",
        Only(&["identite", "sync", "wire", "transport"]),
        "the last frames of a connection, kept for its unwanted end",
    ),
    layer("tls", Only(&["transport", "erreur"]), "what a program gives for encryption"),
    layer("secret", Only(&["preuve", "erreur"]), "the secrets that a program gives"),
    layer("connexion", AllBelow, "how a client connects, and its settings"),
    layer("persistant", AllBelow, "a client whose connection comes back"),
    layer("serveur", AllBelow, "who listens and accepts, limits, life cycle"),
    layer("local", AllBelow, "what only programs of one machine can do"),
    layer("crochets", AllBelow, "what hooks around each command are told"),
    layer("salon", AllBelow, "groups of clients, as the program names them"),
    layer("essais", AllBelow, "tools for testing a program: a failing network, a fake server"),
    layer("traits", AllBelow, "the traits for bounds, and their types"),
    layer("unwind", AllBelow, "the promise that a panic around a handle leaves it whole"),
    layer("__prive", AllBelow, "what generated code uses, and nobody else"),
    layer("lib", AllBelow, "the table of contents"),
];

/// The place of a layer in the table.
pub(super) fn place(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.name == name)
}

/// Whether one layer may import and call another, or itself.
pub(super) fn may_use(from: &str, to: &str) -> bool {
    let (Some(at), Some(below)) = (place(from), place(to)) else { return false };
    at == below
        || match LAYERS[at].imports {
            Only(layers) => layers.contains(&to),
            AllBelow => below < at,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_points_downwards() {
        for (at, layer) in LAYERS.iter().enumerate() {
            let name = layer.name;
            assert_eq!(place(name), Some(at), "{name} stands twice");
            if let Only(below) = layer.imports {
                for to in below {
                    assert!(place(to).is_some_and(|below| below < at), "{name} -> {to}");
                }
            }
        }
    }
}
