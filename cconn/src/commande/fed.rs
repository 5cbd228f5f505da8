//! The arguments of a command that are streams, on its side.

use super::{Context, Fault, Slot};
use crate::flux::{Flux, ItemReader, Received};
use crate::link::NoArgument;
use crate::message::{ErreurCommande, Plain, decode_whole, no_value};

impl<T: Plain, E: ErreurCommande> Slot<Flux<T, E>> {
    /// Opens the next argument that is a stream; errors call it `name`. Every other argument was
    /// read.
    // [lane.declared] [lane.number]
    pub fn __cconn_open(
        self,
        context: &Context<'_>,
        command: &'static str,
        name: &'static str,
    ) -> Result<Flux<T, E>, Fault> {
        let link = &context.client.link;
        let lane =
            link.open_argument().map_err(|NoArgument { given }| Fault::not_fed(name, given))?;
        let reader = ItemReader {
            item: |body| decode_whole(body).map_err(Into::into),
            refusal: |octets| E::__cconn_decode(octets).map_err(Into::into),
        };
        Ok(Flux::received(Box::new(Received::argument(link, lane, command, name)), reader))
    }
}

/// Accepts a type that can't be a stream, so that the user sees one error and not two.
pub trait OpenNever<T> {
    /// Fails always.
    fn __cconn_open(
        &self,
        context: &Context<'_>,
        command: &'static str,
        name: &'static str,
    ) -> Result<T, Fault>;
}

#[diagnostic::do_not_recommend]
impl<T> OpenNever<T> for Slot<T> {
    fn __cconn_open(
        &self,
        _: &Context<'_>,
        _: &'static str,
        name: &'static str,
    ) -> Result<T, Fault> {
        no_value().map_err(|error| Fault::argument(&name, &error))
    }
}
