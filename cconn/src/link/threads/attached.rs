//! What the layer above keeps with a connection: its sessions, opaque here.

use std::any::Any;
use std::sync::Arc;

use crate::sync::Mutex;

/// A value of the layer above.
pub(crate) type Attached = Arc<dyn Any + Send + Sync>;

/// The place for that value.
#[derive(Default)]
pub(crate) struct Attachment(Mutex<Place>);

#[derive(Default)]
enum Place {
    #[default]
    Nothing,
    Kept(Attached),
    /// It was taken out, because the connection has ended; nothing is kept any more.
    Over,
}

impl Attachment {
    /// What is kept, made now if nothing is kept yet. `None` once it was taken out.
    pub(crate) fn get_or(&self, make: impl FnOnce() -> Attached) -> Option<Attached> {
        let mut place = self.0.lock();
        if matches!(*place, Place::Nothing) {
            *place = Place::Kept(make());
        }
        match &*place {
            Place::Kept(value) => Some(value.clone()),
            Place::Nothing | Place::Over => None,
        }
    }

    /// Whether anything is kept.
    pub(crate) fn is_some(&self) -> bool {
        matches!(*self.0.lock(), Place::Kept(_))
    }

    /// Takes out what is kept, for good.
    pub(crate) fn take(&self) -> Option<Attached> {
        match std::mem::replace(&mut *self.0.lock(), Place::Over) {
            Place::Kept(value) => Some(value),
            Place::Nothing | Place::Over => None,
        }
    }
}
