//! What the threads of a hung test and of its helpers are doing, and their end.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// Threads of one process that are told of: a server of ten thousand clients has as many.
const MOST_THREADS: usize = 150;

/// Lines of a kernel stack that are shown.
const MOST_FRAMES: usize = 8;

/// The process and all that descends from it, parents first.
pub(crate) fn family(root: u32) -> Vec<u32> {
    let mut family = vec![root];
    let all = processes();
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        family.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    family
}

/// Every process with its parent.
fn processes() -> Vec<(u32, u32)> {
    let folders = fs::read_dir("/proc").into_iter().flatten().flatten();
    folders
        .filter_map(|folder| {
            let pid = folder.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(folder.path().join("stat")).ok()?;
            // The name stands in parentheses and may hold anything, so the rest is counted
            // from behind it: state, parent.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect()
}

/// A paragraph for each process, a line for each of its threads.
pub(crate) fn threads(family: &[u32]) -> String {
    let mut report = String::new();
    for pid in family {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let command = read(&folder, "cmdline").replace('\0', " ");
        let _infallible = writeln!(report, "process {pid}: {command}");
        let tasks: Vec<PathBuf> = fs::read_dir(folder.join("task"))
            .map(|tasks| tasks.flatten().map(|task| task.path()).collect())
            .unwrap_or_default();
        tasks.iter().take(MOST_THREADS).for_each(|task| report.push_str(&thread(task)));
        if tasks.len() > MOST_THREADS {
            let _infallible = writeln!(report, "  and {} more", tasks.len() - MOST_THREADS);
        }
    }
    report
}

fn thread(folder: &Path) -> String {
    let status = read(folder, "status");
    let state = status.lines().find_map(|line| line.strip_prefix("State:")).map_or("?", str::trim);
    let stack = read(folder, "stack");
    let frames: Vec<&str> =
        stack.lines().take(MOST_FRAMES).filter_map(|line| line.split(' ').nth(1)).collect();
    format!(
        "  {:?} {}: state {state}, waits in {}, system call {}, stack {}\n",
        read(folder, "comm"),
        folder.file_name().map(|id| id.display().to_string()).unwrap_or_default(),
        read(folder, "wchan"),
        read(folder, "syscall"),
        frames.join(" < "),
    )
}

fn read(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).map_or("?".to_owned(), |text| text.trim().to_owned())
}

/// Ends these processes, which are ours, by their ids; the youngest first.
pub(crate) fn kill(family: &[u32]) {
    let pids = family.iter().rev().filter_map(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
    for pid in pids {
        // One that has ended by itself is as good.
        let _gone = kill_process(pid, Signal::KILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_and_its_threads_are_found() {
        let me = std::process::id();
        assert!(family(me).starts_with(&[me]));
        let report = threads(&[me]);
        assert!(
            report.contains(&format!("process {me}:")) && report.contains("state R"),
            "{report}"
        );
    }
}
