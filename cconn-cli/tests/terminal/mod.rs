//! A terminal for the program under test, and what it shows.

use std::fs::File;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// A new terminal that is so wide: the end that is read, and the one that a program gets.
pub fn open(columns: u16) -> (File, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
    (File::from(master), File::options().read(true).write(true).open(name).unwrap())
}

/// Each text that was written from the first column on, without what controls the terminal.
pub fn drawn(seen: &str) -> Vec<String> {
    let mut text = String::new();
    let mut parts = seen.split('\x1b');
    text.extend(parts.next());
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        // A cursor that is moved begins a text of its own.
        text.push_str(if part[..end].ends_with('m') { "" } else { "\r" });
        text.push_str(&part[end..]);
    }
    text.split(['\r', '\n']).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
