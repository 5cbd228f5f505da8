//! Options that stand behind the values of a call.

use std::ffi::OsString;

use clap::{Arg, ArgAction, Command, CommandFactory};

use crate::arguments::Arguments;

/// Brings the options of a call in front of its values: the reader of the command line takes all
/// words behind the first value for values, because a value may begin with `-`. Behind `--`, and
/// where a word is the name of no option, words are values.
pub fn first(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words: Vec<_> = words.collect();
    let mut program = Arguments::command();
    program.build();
    let is_verb = |word: &OsString| program.find_subcommand(word).is_some();
    let verb = words.iter().skip(1).position(is_verb).map(|at| at.saturating_add(1));
    let called = verb.and_then(|at| program.find_subcommand(words.get(at)?));
    let (Some(at), Some(verb)) = (verb, called.filter(|verb| takes_values(verb))) else {
        return words;
    };
    // Behind the first value `--` would be one too.
    let before_values = verb.get_positionals().filter(|arg| !arg.is_trailing_var_arg_set()).count();
    let mut behind = words.split_off(at.saturating_add(1)).into_iter();
    let mut others = Vec::new();
    while let Some(word) = behind.next() {
        let is_end = word == "--";
        match option(verb, &word) {
            Some(option) if !is_end => {
                let apart = takes_a_word(option) && !word.to_string_lossy().contains('=');
                words.push(word);
                words.extend(apart.then(|| behind.next()).flatten());
            }
            _ if is_end && others.len() > before_values => {}
            _ => others.push(word),
        }
        if is_end {
            others.extend(behind.by_ref());
        }
    }
    words.append(&mut others);
    words
}

fn takes_values(verb: &Command) -> bool {
    verb.get_positionals().any(Arg::is_trailing_var_arg_set)
}

/// The option of the verb that the word names, with its value behind `=` or without.
fn option<'a>(verb: &'a Command, word: &OsString) -> Option<&'a Arg> {
    let name = word.to_str()?.strip_prefix("--")?;
    let name = name.split_once('=').map_or(name, |(name, _)| name);
    verb.get_arguments().find(|arg| {
        let others = arg.get_all_aliases().unwrap_or_default();
        arg.get_long() == Some(name) || others.contains(&name)
    })
}

fn takes_a_word(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::Set | ArgAction::Append)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser;

    use super::*;
    use crate::arguments::Verb;

    #[test]
    fn options_stand_where_they_like_and_values_may_look_like_some() {
        let parse = |words: &str| {
            let words = ["cconn"].into_iter().chain(words.split(' ')).map(OsString::from);
            Arguments::parse_from(first(words))
        };
        let parsed = parse("charge 12800 somme -12 34 --clients 8 --duree=3s --json");
        assert!(parsed.common.json);
        let Verb::Charge(load) = parsed.verb else { panic!() };
        assert_eq!((load.clients, load.duree), (8, Duration::from_secs(3)));
        assert_eq!(load.call.valeurs, ["-12", "34"]);
        for (words, values) in [
            ("appeler 12800 dire --bonjour", vec!["--bonjour"]),
            ("appeler 12800 dire -hello", vec!["-hello"]),
            ("appeler 12800 dire -x --delai 2s -", vec!["-x", "-"]),
            ("appeler 12800 dire -- --json --delai", vec!["--json", "--delai"]),
            ("appeler --max 3 12800 dire --", vec![]),
            ("appeler 12800 dire 1 -- --json", vec!["1", "--json"]),
            ("appeler 12800 dire -1 -- -- --json", vec!["-1", "--", "--json"]),
            ("envoyer 12800 dire --max 3", vec!["--max", "3"]),
        ] {
            let parsed = parse(words);
            assert!(!parsed.common.json, "{words}");
            let (Verb::Appeler { call, .. } | Verb::Envoyer(call)) = parsed.verb else { panic!() };
            assert_eq!(call.valeurs, values, "{words}");
        }
    }

    #[test]
    fn what_asks_for_help_behind_values_gets_it() {
        let words = ["cconn", "appeler", "12800", "somme", "12", "--help"].map(OsString::from);
        let error = Arguments::try_parse_from(first(words.into_iter())).unwrap_err();
        assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp);
    }
}
