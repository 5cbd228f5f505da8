//! What the reader of the command line answers itself: help, the version, and what is wrong.

use clap::error::{Error, ErrorKind};

use crate::failure::{Failure, Outcome};
use crate::output;

/// Prints help or the version. Everything else is a failure, on one line.
pub fn answered(answer: &Error) -> Outcome<()> {
    match answer.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            output::line(answer.render().ansi().to_string().trim_end())
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Err(Failure::usage(
            "a verb is missing, such as `liste` or `appeler`: see `cconn --help`",
        )),
        _ => Err(Failure::usage(one_line(&answer.render().to_string()))),
    }
}

/// The paragraphs of an error on one line: what is wrong, hints, how the verb is used.
fn one_line(text: &str) -> String {
    let paragraphs = text.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    let told = paragraphs.filter(|told| !told.is_empty() && !told.starts_with("For more"));
    let told: Vec<String> = told
        .map(|told| told.trim_start_matches("error: ").replacen("Usage: ", "usage: ", 1))
        .collect();
    told.join("; ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::Arguments;

    fn said(words: &str) -> String {
        let words = ["cconn"].into_iter().chain(words.split_whitespace());
        let answer = Arguments::try_parse_from(words).unwrap_err();
        answered(&answer).unwrap_err().text
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        for (words, told) in [
            ("", "a verb is missing, such as `liste` or `appeler`: see `cconn --help`"),
            (
                "appeler",
                "the following required arguments were not provided: <ADRESSE> <COMMANDE>; usage: \
                 cconn appeler <ADRESSE> <COMMANDE> [VALEURS]...",
            ),
            (
                "apeler 1 x",
                "unrecognized subcommand 'apeler'; tip: a similar subcommand exists: \
                 'appeler'; usage: cconn [OPTIONS] <COMMAND>",
            ),
            (
                "ping",
                "the following required arguments were not provided: <ADRESSE>; usage: cconn \
                 ping <ADRESSE>",
            ),
            (
                "ping 1 --delai 3",
                "invalid value '3' for '--delai <TIME>': time unit needed, for \
                 example 3sec or 3ms",
            ),
            ("ping 1 2", "unexpected argument '2' found; usage: cconn ping [OPTIONS] <ADRESSE>"),
            (
                "charge 1 x --clients 0",
                "invalid value '0' for '--clients <CLIENTS>': 0 is not in \
                 1..=1024",
            ),
        ] {
            assert_eq!(said(words), told, "{words}");
        }
    }
}
