//! The handle to one connection.

use std::sync::Arc;

use crate::lien::Lien;

/// The handle to one connection.
#[derive(Clone, Debug)]
pub struct Client {
    pub(crate) lien: Arc<Lien>,
}
