//! Earlier names of a command.

use syn::LitStr;

use crate::errors::Sink;

/// The aliases that are right. `has_body` tells whether the command runs on this side.
pub(super) fn checked(
    aliases: &[LitStr],
    name: &LitStr,
    has_body: bool,
    sink: &mut Sink,
) -> Vec<LitStr> {
    let mut checked: Vec<LitStr> = Vec::new();
    for alias in aliases {
        let value = alias.value();
        if value.is_empty() {
            sink.at(alias, "the alias is empty: write an earlier name of the command");
        } else if value == name.value() {
            sink.at(alias, format!("the command is called `{value}` itself: remove the alias"));
        } else if checked.iter().any(|other| other.value() == value) {
            sink.at(alias, format!("the alias `{value}` is given twice: remove one"));
        } else if has_body {
            checked.push(alias.clone());
        } else {
            sink.at(
                alias,
                "a command without a body is only declared here: give the alias to the function \
                 that has the body",
            );
        }
    }
    checked
}
