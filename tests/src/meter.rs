//! What a process has used, read from `/proc`: processor time and memory.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// The processor time of all threads of a process so far (`/proc/PID/task/*/schedstat`, Linux `sched-stats`).
///
/// Threads that have ended no longer count; ours live as long as their process.
#[must_use]
pub fn cpu(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The processor time of a process so far, with that of threads that have ended, to a hundredth of a second (`/proc/PID/stat`).
#[must_use]
pub fn spent(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name, which may hold anything: state, and ten numbers before user and system time.
    let fields = text.rsplit_once(") ").map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    Duration::from_millis(fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// The processor time of a process so far, of threads that live and of those that have ended, as finely as the system counts.
#[must_use]
pub fn used(pid: u32) -> Duration {
    // The one counts to the nanosecond and forgets threads, the other forgets none and counts hundredths of a second, rounded down.
    cpu(pid).max(spent(pid))
}

/// Memory resident in a process, in MiB (`VmRSS`).
#[must_use]
pub fn resident_mib(pid: u32) -> f64 {
    field_kib(pid, "status", "VmRSS:") / 1024.0
}

/// The most memory that was ever resident in a process, in MiB (`VmHWM`).
#[must_use]
pub fn peak_mib(pid: u32) -> f64 {
    field_kib(pid, "status", "VmHWM:") / 1024.0
}

/// Memory only this process holds, in MiB (`Pss_Anon`: what is not shared with a file).
#[must_use]
pub fn anonymous_mib(pid: u32) -> f64 {
    field_kib(pid, "smaps_rollup", "Pss_Anon:") / 1024.0
}

/// Memory of a process with its share of what others map too, in MiB (`Pss`).
#[must_use]
pub fn proportional_mib(pid: u32) -> f64 {
    field_kib(pid, "smaps_rollup", "Pss:") / 1024.0
}

/// The open files of a process.
#[must_use]
pub fn files(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64)
}

/// What all files below a folder take on the disk, in bytes.
#[must_use]
pub fn folder_bytes(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => folder_bytes(&entry.path()),
        // Blocks of 512 bytes, whatever the file system's own are.
        about => about.map_or(0, |about| about.blocks() * 512),
    });
    bytes.sum()
}

fn field_kib(pid: u32, file: &str, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
}
