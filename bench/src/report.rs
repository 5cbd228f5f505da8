//! What is made of the figures: a table, lines of JSON, pictures.

mod goals;
mod json;
mod results;
mod svg;
mod table;

use crate::args::Options;
use crate::outcome::Outcome;

pub(crate) use results::{Label, Results};

pub(crate) fn print(results: &Results, options: &Options) -> Outcome<()> {
    if options.json {
        json::print(results);
    } else {
        table::print(results);
    }
    options.svg.as_deref().map_or(Ok(()), |folder| svg::draw(results, folder))
}
