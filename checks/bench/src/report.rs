//! What is made of the figures: tables, lines of JSON, pictures.

mod goals;
mod json;
mod markdown;
mod results;
mod svg;
mod table;

use crate::args::{Format, Options};
use crate::outcome::Outcome;

pub(crate) use results::{Label, Results};

pub(crate) fn print(results: &Results, options: &Options) -> Outcome<()> {
    match options.format {
        Format::Table => table::print(results),
        Format::Json => json::print(results),
        Format::Markdown => markdown::print(results)?,
    }
    options.pages.as_deref().map_or(Ok(()), |root| markdown::write_pages(results, root))?;
    options.svg.as_deref().map_or(Ok(()), |folder| svg::draw(results, folder))
}
