//! The names of Unix sockets, as addresses write them: a path, or `@` and an abstract name.
//!
//! How long a name may be depends on the system, so that is told where the name is used.

use std::path::Path;

use super::AdresseInvalide;
use crate::text::is_harmless;

/// The scheme of a Unix socket's address.
pub(super) const SCHEME: &str = "unix";

/// The name in a text that is the address of a Unix socket; `None` if the text is another address.
pub(super) fn name_in(text: &str) -> Option<&str> {
    let (scheme, name) = text.split_once(':')?;
    scheme.eq_ignore_ascii_case(SCHEME).then_some(name)
}

/// The name of a Unix socket, in the form in which addresses are compared; or what is wrong with
/// it.
pub(super) fn checked(name: &str) -> Result<Box<str>, String> {
    // `unix:///run/x` is how URLs are written, and means `/run/x`.
    let name = match name.strip_prefix("//") {
        Some(path) if path.starts_with('/') => path,
        Some(rest) => return Err(format!("one slash begins a path; write `unix:/{rest}`")),
        None => name,
    };
    let is_number = name.parse::<u16>().is_ok();
    if name.is_empty() {
        return Err("the path of the socket is missing".to_owned());
    }
    if name == "@" {
        return Err("the abstract name is missing behind the `@`".to_owned());
    }
    if is_number {
        return Err(format!(
            "write `unix:./{name}` for a socket of that name, or `unix.:{name}` for the host `unix`"
        ));
    }
    if name.ends_with('/') {
        return Err("a path that ends with `/` is a folder and no socket".to_owned());
    }
    match name.chars().find(|c| !is_harmless(*c)) {
        Some(c) => Err(format!("`{c}` can't be part of the name of a socket")),
        None => Ok(name.into()),
    }
}

/// The name of the socket at a path. A path that begins with `@` would be read as an abstract name,
/// so it is written as what it is, a file in the current folder.
pub(super) fn of_path(path: &Path) -> Result<Box<str>, AdresseInvalide> {
    let shown = path.to_string_lossy();
    let invalid = |fault: String| AdresseInvalide {
        text: format!("unix:{shown}").into(),
        fault: fault.into(),
    };
    let name = path.to_str();
    let name = name.ok_or_else(|| invalid("the path is no UTF-8 text".to_owned()))?;
    let bare = name.starts_with('@') || name.parse::<u16>().is_ok();
    let name = if bare { format!("./{name}") } else { name.to_owned() };
    checked(&name).map_err(invalid)
}
