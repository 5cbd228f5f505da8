//! What is asked of the system: CPUs, CPU time, memory, descriptors.

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

use crate::outcome::Outcome;
use crate::work::Pinning;

/// The CPUs of the server and of the client; `None` leaves a process where it is, and an outer
/// `None` means that this machine can't do that pinning.
pub(crate) fn cpus(pinning: Pinning) -> Outcome<Option<[Option<usize>; 2]>> {
    let allowed = sched_getaffinity(None)?;
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    // Not the first one if there is another: it is the one that serves most interrupts.
    let first = cpus.next();
    let second = cpus.next();
    Ok(match pinning {
        Pinning::Free => Some([None, None]),
        Pinning::SameCpu => Some([second.or(first); 2]),
        Pinning::OneCpuEach => second.map(|_| [second, first]),
    })
}

/// Binds this process to one CPU. To be called before it has other threads.
pub(crate) fn pin(cpu: Option<usize>) -> Outcome<()> {
    let Some(cpu) = cpu else { return Ok(()) };
    let mut only = CpuSet::new();
    only.set(cpu);
    Ok(sched_setaffinity(None, &only)?)
}

/// CPU time that all threads of this process have used, in user code and in the kernel: what
/// getrusage counts, to the nanosecond.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

/// CPU time of all processes that this one has waited for, and of theirs.
pub(crate) fn children_cpu_time() -> Outcome<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program, in brackets, may have spaces; two of the fields behind it are
    // what children used in user code and in the kernel.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(13).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(Duration::from_secs_f64(ticks / rustix::param::clock_ticks_per_second() as f64))
}

/// Memory of this process that is in RAM, KiB.
pub(crate) fn resident_kib() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let words = line.and_then(|line| line.split_whitespace().next());
    Ok(words.ok_or("no VmRSS in /proc/self/status")?.parse()?)
}

/// Descriptors that this process has open.
pub(crate) fn descriptors() -> Outcome<usize> {
    Ok(std::fs::read_dir("/proc/self/fd")?.count())
}

/// What this machine is, in words.
pub(crate) fn description() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let info = read("/proc/cpuinfo");
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or(std::env::consts::ARCH);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let release = read("/proc/sys/kernel/osrelease");
    // What follows the number is a name that its builder chose.
    let kernel = release.trim().split('-').next().unwrap_or_default();
    format!("{model}, {cores} processors, {} {kernel}", std::env::consts::OS)
}

/// The date, in universal time.
pub(crate) fn today() -> Outcome<String> {
    let output = std::process::Command::new("date").args(["-u", "+%Y-%m-%d"]).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Takes as many descriptors as this process may have.
pub(crate) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    // Where it fails the works with many connections say so themselves.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

/// Ends this process after that time, whatever its threads wait for.
pub(crate) fn end_after(time: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(time);
        eprintln!("bench: {:?} was not over after {time:?}", std::env::args().collect::<Vec<_>>());
        std::process::exit(3);
    });
}
