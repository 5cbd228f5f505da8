//! X04: the sockets of one machine: who may connect and is known by which number, who takes over
//! what a killed server has left, and what is never touched.

mod heirs;
mod in_the_way;
mod users;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

pub(crate) use self::heirs::heir;
pub(crate) use self::users::visitor;
use crate::run::Run;

pub(crate) fn all(run: &Run) {
    users::known_by_number(run);
    heirs::take_over(run);
    in_the_way::left_alone(run);
}

/// The permissions of what is at a path.
fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).map_or(0, |found| found.mode() & 0o7777)
}
