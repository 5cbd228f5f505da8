//! Errors about texts in the form of PEM. They show the label of a section at most, because any
//! other part of the text may be a part of a private key.

use rustls::pki_types::pem;

use super::unusable;
use crate::erreur::Erreur;

/// The most bytes of a label that are shown.
const LONGEST_LABEL: usize = 32;

/// The error of a text in which `what` was not found.
pub(super) fn not_there(what: &str, error: &pem::Error) -> Erreur {
    match error {
        pem::Error::NoItemsFound => {
            unusable(what, &"there is none in the text, which must be that of a PEM file")
        }
        // A text in one line is read as a section whose label is all the rest of the text.
        pem::Error::MissingSectionEnd { end_marker } if end_marker.contains(&b'-') => {
            let text = "the text has lost its line breaks: `-----BEGIN ..-----` and \
                        `-----END ..-----` need a line each";
            unusable(what, &text)
        }
        pem::Error::MissingSectionEnd { end_marker } => {
            let label = label(end_marker);
            unusable(what, &format!("the text is cut short: `-----END {label}-----` is missing"))
        }
        pem::Error::IllegalSectionStart { line } => {
            let label = label(line.strip_prefix(b"-----BEGIN ").unwrap_or_default());
            let line = format!("-----BEGIN {label}");
            let text = format!(
                "the line `{line}` begins no section of a PEM file, because it does not end with \
                 five dashes"
            );
            unusable(what, &text)
        }
        other => unusable(what, other),
    }
}

/// The words at the begin of `bytes`, as labels have them.
fn label(bytes: &[u8]) -> String {
    let words = bytes.iter().take_while(|byte| matches!(byte, b'A'..=b'Z' | b' '));
    words.take(LONGEST_LABEL).map(|byte| char::from(*byte)).collect()
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    /// What comes first in an Ed25519 key, and then its secret.
    const SECRET: &str = "MC4CAQAwBQYDK2VwBCIEIAbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdef";

    fn error(text: &str) -> String {
        let error = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap_err();
        not_there("key", &error).to_string()
    }

    #[test]
    fn a_key_without_its_line_breaks_or_its_end_is_refused_and_not_shown() {
        let [begin, end] = ["-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"];
        for (text, wanted) in [
            (format!("{begin}{SECRET}{end}"), "has lost its line breaks"),
            (format!("{begin} {SECRET} {end}\n"), "has lost its line breaks"),
            (format!("{begin}{SECRET}"), "`-----BEGIN PRIVATE KEY` begins no section"),
            (format!("{begin}\n{SECRET}\n"), "`-----END PRIVATE KEY-----` is missing"),
        ] {
            let said = error(&text);
            assert!(said.contains(wanted), "{said}");
            assert!(!said.contains(&SECRET[..8]), "{said}");
        }
    }

    #[test]
    fn a_label_is_shown_up_to_its_longest_length() {
        for (length, shown) in [(LONGEST_LABEL, LONGEST_LABEL), (100, LONGEST_LABEL)] {
            assert_eq!(label(&vec![b'A'; length]).len(), shown);
        }
        assert_eq!(label(b"EC PRIVATE KEY-----MC4C"), "EC PRIVATE KEY");
        assert_eq!(label(b"\x1b[2J"), "");
    }
}
