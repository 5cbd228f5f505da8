//! The variable by which a process that hands over a Unix socket tells the other one of the
//! socket's file.
//!
//! The path of the socket may be relative to the folder of the process that has bound it, and the
//! other process may be in another folder. So the variable has that folder, and device and number
//! of the file. It also has the number of the socket, because the children of the other process
//! inherit the variable and may be given other sockets.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process::Command;

use rustix::fd::AsFd;

use crate::transport::unix::{FileId, Origin};

/// The name of the variable. Its value is `socket:device:file:folder`: the number of the socket,
/// the device and the number of its file, and the folder in which it was bound.
const ORIGIN: &str = "CCONN_SOCKET";

/// Sets the variable for the program of `command`, which is given `socket`; removes it if the
/// socket has no file that the program is to have.
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

/// The file of a socket that this process was given, if the variable tells of this socket.
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
    fn what_is_told_of_a_socket_is_read_for_that_socket_alone() {
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
