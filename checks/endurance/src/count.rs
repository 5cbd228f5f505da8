//! How many threads and descriptors a process has, and how much memory.

use std::fs;
use std::time::{Duration, Instant};

use crate::run::Run;

/// Threads and descriptors of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Census {
    pub(crate) threads: usize,
    pub(crate) descriptors: usize,
}

impl Census {
    pub(crate) fn take() -> Census {
        Census::of("self")
    }

    /// Those of a process, by its id.
    pub(crate) fn of(process: &str) -> Census {
        Census {
            threads: entries(&format!("/proc/{process}/task")),
            descriptors: entries(&format!("/proc/{process}/fd")),
        }
    }

    /// Waits until there are no more than at first; a fault if that takes longer than `most`.
    pub(crate) fn back_to(self, run: &Run, what: &str, most: Duration) -> Duration {
        let start = Instant::now();
        loop {
            let now = Census::take();
            if now.threads <= self.threads && now.descriptors <= self.descriptors {
                return start.elapsed();
            }
            if start.elapsed() > most {
                let names = thread_names();
                run.fault(&format!("{what}: {self:?} has become {now:?}; threads: {names}"));
                return start.elapsed();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// The names of this process's threads.
pub(crate) fn thread_names() -> String {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.map(|name| name.trim().to_owned()).collect::<Vec<_>>().join(" ")
}

/// Resident memory of a process, KiB.
pub(crate) fn resident(process: &str) -> u64 {
    memory(process, "VmRSS:")
}

/// The most resident memory that a process has had, KiB.
pub(crate) fn peak(process: &str) -> u64 {
    memory(process, "VmHWM:")
}

fn memory(process: &str, field: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// How much of each thread's stack a process has in memory, KiB: of mappings without a name that are
/// about as large as a stack is.
pub(crate) fn stacks() -> Vec<u64> {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let (mut stacks, mut is_stack) = (Vec::new(), false);
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        match (fields.next(), fields.next().and_then(|field| field.parse::<u64>().ok())) {
            (Some("Size:"), Some(size)) => is_stack &= (1024..=3072).contains(&size),
            (Some("Rss:"), Some(resident)) if is_stack => stacks.push(resident),
            (Some(first), _) if !first.ends_with(':') => {
                is_stack = line.split_whitespace().count() == 5 && line.contains(" rw-p ");
            }
            _ => {}
        }
    }
    stacks
}

/// Processor time that a process has used.
pub(crate) fn processor_time(process: &str) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let Some((_, rest)) = stat.rsplit_once(')') else { return Duration::ZERO };
    // User and system time are the 12th and 13th fields behind the name, in hundredths.
    let ticks = rest.split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10)
}
