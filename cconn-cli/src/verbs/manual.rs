//! Completions and manual pages, made from the command line's own definition.

use std::path::Path;

use clap::CommandFactory;
use serde_json::json;

use crate::arguments::{Arguments, Common};
use crate::failure::Outcome;
use crate::output;

pub fn completions(shell: clap_complete::Shell, common: &Common) -> Outcome<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "cconn", &mut script);
    let script = String::from_utf8_lossy(&script);
    if common.json {
        return output::json(&json!({ "shell": shell.to_string(), "script": script }));
    }
    output::plain(script.trim_end())
}

pub fn pages(folder: &Path) -> Outcome<()> {
    clap_mangen::generate_to(Arguments::command(), folder)?;
    Ok(())
}
