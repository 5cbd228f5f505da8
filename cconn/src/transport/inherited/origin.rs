//! Where a socket's file is that a process is given, and which file that is: said in a variable of
//! its environment.
//!
//! The path of a socket may be relative, and the process may be in another folder than the one that
//! has bound it. So the variable says that folder, and the file by device and number. It also says
//! the socket, for variables reach the children of the process too.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Command;

use rustix::fd::AsFd;

use crate::transport::unix::{FileId, Origin};

/// The number of the socket, the device and the number of its file, and the folder, with colons
/// between them.
const ORIGIN: &str = "CCONN_SOCKET";

/// Has the program of `command` know the file of the `socket` that it is given.
pub(crate) fn tell_origin(
    command: &mut Command,
    socket: &impl AsFd,
    file: Option<&Origin>,
) -> io::Result<()> {
    match file {
        Some(file) => command.env(ORIGIN, written(number_of(socket)?, file)),
        None => command.env_remove(ORIGIN),
    };
    Ok(())
}

/// The file of a socket that this process was given, if whoever gave it has said it.
pub(crate) fn origin_of(socket: &impl AsFd) -> Option<Origin> {
    read(number_of(socket).ok()?, &std::env::var_os(ORIGIN)?)
}

fn number_of(socket: &impl AsFd) -> io::Result<u64> {
    #[allow(clippy::useless_conversion, reason = "it is shorter on some systems")]
    Ok(rustix::fs::fstat(socket)?.st_ino.into())
}

fn written(socket: u64, file: &Origin) -> OsString {
    let Origin { made: FileId { device, number }, folder } = file;
    let mut text = OsString::from(format!("{socket}:{device}:{number}:"));
    text.push(folder);
    text
}

fn read(socket: u64, text: &OsString) -> Option<Origin> {
    let mut parts = text.as_bytes().splitn(4, |byte| *byte == b':');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u64>().ok();
    let (of, device, number) = (number()?, number()?, number()?);
    let folder = OsString::from_vec(parts.next()?.to_owned()).into();
    (of == socket).then_some(Origin { made: FileId { device, number }, folder })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_socket_is_read_by_who_has_it_alone() {
        for folder in [&b"/run/a"[..], b"/", b"/a:b:c", b"", b"/\xff\xfe", b"/a b\n"] {
            let folder = OsString::from_vec(folder.to_vec()).into();
            let file = Origin { made: FileId { device: 7, number: u64::MAX }, folder };
            let text = written(4711, &file);
            assert_eq!(read(4711, &text), Some(file));
            assert_eq!(read(4712, &text), None, "another socket");
        }
        for text in ["", "1", "1:2:3", ":::", "1:2:x:/", "1:-2:3:/", "1:2:99999999999999999999:/"] {
            assert_eq!(read(1, &text.into()), None, "{text}");
        }
    }
}
