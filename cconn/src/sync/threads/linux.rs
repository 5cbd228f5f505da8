//! What Linux tells of the threads that a process may have, and has.

use std::path::Path;

/// Memory maps that a thread needs: its stack, its signal stack, and a guard page for each.
const MAPS_A_THREAD: usize = 4;

/// The lowest of the limits that the system tells.
pub(super) fn most() -> Option<usize> {
    let maps = number("/proc/sys/vm/max_map_count").map(|maps| maps / MAPS_A_THREAD);
    let user = rustix::process::getrlimit(rustix::process::Resource::Nproc).current;
    let user = user.and_then(|user| usize::try_from(user).ok());
    let system = number("/proc/sys/kernel/threads-max");
    let ids = number("/proc/sys/kernel/pid_max");
    [maps, user, system, ids, group()].into_iter().flatten().min()
}

/// The lowest limit of the process's control groups: of the innermost group and of every group
/// around it.
fn group() -> Option<usize> {
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok()?;
    groups.lines().filter_map(group_limit).min()
}

/// The thread limit of the group in one line of `/proc/self/cgroup`, such as `0::/service` or
/// `8:pids:/service`.
fn group_limit(line: &str) -> Option<usize> {
    let (_, line) = line.split_once(':')?;
    let (controllers, path) = line.split_once(':')?;
    let root = match controllers {
        "" => Path::new("/sys/fs/cgroup"),
        _ if controllers.split(',').any(|name| name == "pids") => Path::new("/sys/fs/cgroup/pids"),
        _ => return None,
    };
    // A limit of an outer group binds the inner ones too.
    let inner = root.join(path.trim_start_matches('/'));
    let around = inner.ancestors().take_while(|folder| folder.starts_with(root));
    around.filter_map(|folder| number(folder.join("pids.max"))).min()
}

/// The number in the file at `path`; `None` if there is no such file, or if it says `max`.
fn number(path: impl AsRef<Path>) -> Option<usize> {
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The threads of this process as the system counts them; 0 if the system has no `/proc`.
pub(super) fn running() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
    threads.and_then(|threads| threads.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_limit_is_known() {
        assert!(most().is_some_and(|most| most >= 1), "{:?}", most());
        assert!(running() >= 1);
        assert_eq!(group_limit("3:cpuset:/"), None);
    }
}
