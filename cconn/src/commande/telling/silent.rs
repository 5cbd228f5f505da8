//! Telling nobody anything.

use std::sync::Arc;

use crate::commande::Registry;
use crate::erreur::Erreur;
use crate::link::{Link, Runner};

pub(crate) fn begin_connection(_: &Arc<Link>) {}

pub(crate) fn end_connection(_: &Arc<Link>) {}

pub(crate) fn refused(_: &str, _: &Erreur) {}

pub(in crate::commande) fn telling<'a>(
    _: &'a Registry,
    _: &Arc<Link>,
    runner: Box<dyn Runner + 'a>,
) -> Box<dyn Runner + 'a> {
    runner
}
