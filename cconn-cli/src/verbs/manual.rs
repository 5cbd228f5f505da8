//! Completions and manual pages, made from the command line's own definition.

use std::io;
use std::path::Path;

use clap::CommandFactory;

use crate::arguments::Arguments;
use crate::failure::Outcome;

pub fn completions(shell: clap_complete::Shell) {
    clap_complete::generate(shell, &mut Arguments::command(), "cconn", &mut io::stdout());
}

pub fn pages(folder: &Path) -> Outcome<()> {
    clap_mangen::generate_to(Arguments::command(), folder)?;
    Ok(())
}
