//! Which process holds the lock of a file.

use std::fs;

/// The process that holds the lock of `file`, as the system knows it; `noted` is what stands in the
/// file, which anybody may have written.
#[cfg(target_os = "linux")]
pub(super) fn of(file: &fs::Metadata, noted: Option<u32>) -> Option<u32> {
    in_table(&fs::read_to_string("/proc/locks").ok()?, file, noted)
}

/// Elsewhere the system does not say it to safe code: what stands in the file counts if there is
/// such a process.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: &fs::Metadata, noted: Option<u32>) -> Option<u32> {
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(noted?).ok()?)?;
    match test_kill_process(pid) {
        Ok(()) | Err(rustix::io::Errno::PERM) => noted,
        Err(_) => None,
    }
}

/// The holder in Linux's table of locks, with lines such as
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:01:393 0 EOF`.
///
/// Some file systems say another device of a file there than of the file itself: then the file's
/// number counts if the process is the one that is noted.
#[cfg(target_os = "linux")]
fn in_table(table: &str, file: &fs::Metadata, noted: Option<u32>) -> Option<u32> {
    use rustix::fs::{major, minor};
    use std::os::unix::fs::MetadataExt;

    let device = format!("{:02x}:{:02x}", major(file.dev()), minor(file.dev()));
    let number = file.ino().to_string();
    table.lines().find_map(|line| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let is_lock = words.next() == Some("FLOCK");
        let pid = words.nth(2)?.parse::<u32>().ok().filter(|pid| is_lock && *pid > 0)?;
        let (on, its) = words.next()?.rsplit_once(':')?;
        (its == number && (on == device || noted == Some(pid))).then_some(pid)
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::{major, minor};
    use std::os::unix::fs::MetadataExt;

    #[test]
    fn the_holder_is_who_the_system_says() {
        let file = fs::metadata("/").unwrap();
        let (ino, own) =
            (file.ino(), format!("{:02x}:{:02x}", major(file.dev()), minor(file.dev())));
        let line = |kind: &str, pid: &str, on: &str, ino: u64| {
            format!("1: {kind}  ADVISORY  WRITE {pid} {on}:{ino} 0 EOF\n")
        };
        let cases = [
            (line("FLOCK", "7", &own, ino), Some(1), Some(7)),
            (line("FLOCK", "7", &own, ino), None, Some(7)),
            (line("FLOCK", "7", "ff:ff", ino), Some(7), Some(7)),
            (line("FLOCK", "7", "ff:ff", ino), Some(1), None),
            (line("FLOCK", "7", &own, ino + 1), Some(7), None),
            (line("POSIX", "7", &own, ino), Some(7), None),
            (line("-> FLOCK", "7", &own, ino), Some(7), None),
            // Held from another name space of processes.
            (line("FLOCK", "0", &own, ino), None, None),
            (line("FLOCK", "-1", &own, ino), None, None),
            (format!("x\n1:\n\n{}", line("FLOCK", "7", &own, ino)), None, Some(7)),
            (String::new(), Some(7), None),
        ];
        for (table, noted, expected) in cases {
            assert_eq!(in_table(&table, &file, noted), expected, "{table}{noted:?}");
        }
    }
}
