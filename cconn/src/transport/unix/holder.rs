//! The number of the process that holds the lock of a file.

use std::fs;

/// The number of the process that holds the lock of `file`, as the system tells it. `noted` is the
/// number in the file, which another process may have written.
#[cfg(target_os = "linux")]
pub(super) fn of(file: &fs::Metadata, noted: Option<u32>) -> Option<u32> {
    in_table(&fs::read_to_string("/proc/locks").ok()?, file, noted)
}

/// The number in the file, if a process has it: these systems tell safe code of no holder.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_: &fs::Metadata, noted: Option<u32>) -> Option<u32> {
    use rustix::process::{Pid, test_kill_process};
    let pid = Pid::from_raw(i32::try_from(noted?).ok()?)?;
    match test_kill_process(pid) {
        Ok(()) | Err(rustix::io::Errno::PERM) => noted,
        Err(_) => None,
    }
}

/// The holder in Linux's table of locks, whose lines have the form
/// `1: FLOCK  ADVISORY  WRITE 4711 fe:01:393 0 EOF`: process 4711 and file 393 of device fe:01.
///
/// On some file systems this device is not the one in the metadata of the file. A line with another
/// device counts if its process is the one that is noted in the file.
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
    fn the_holder_is_the_process_in_the_table_of_locks() {
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
