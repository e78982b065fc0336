//! What a process has used: processor time in nanoseconds, memory, and bytes through a counting relay.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The processor time of all threads of a process so far (`/proc/PID/task/*/schedstat`, Linux `sched-stats`).
///
/// Threads that have ended no longer count; ours live as long as their process.
pub(crate) fn cpu(pid: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The processor time of a process so far, with that of threads that have ended, to a hundredth of a second (`/proc/PID/stat`).
pub(crate) fn spent(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the name, which may hold anything: state, and ten numbers before user and system time.
    let fields = text.rsplit_once(") ").map_or("", |(_, rest)| rest).split_whitespace().skip(11).take(2);
    Duration::from_millis(fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

/// Memory resident in a process, in MiB (`VmRSS`).
pub(crate) fn resident_mib(pid: u32) -> f64 {
    field_kib(pid, "status", "VmRSS:") / 1024.0
}

/// The most memory that was ever resident in a process, in MiB (`VmHWM`).
pub(crate) fn peak_mib(pid: u32) -> f64 {
    field_kib(pid, "status", "VmHWM:") / 1024.0
}

/// Memory only this process holds, in MiB (`Pss_Anon`: what is not shared with a file).
pub(crate) fn anonymous_mib(pid: u32) -> f64 {
    field_kib(pid, "smaps_rollup", "Pss_Anon:") / 1024.0
}

/// Memory of a process with its share of what others map too, in MiB (`Pss`).
pub(crate) fn proportional_mib(pid: u32) -> f64 {
    field_kib(pid, "smaps_rollup", "Pss:") / 1024.0
}

fn field_kib(pid: u32, file: &str, field: &str) -> f64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(f64::NAN)
}

/// A relay on loopback that counts what passes in both directions.
pub(crate) struct Relay {
    /// Where it listens.
    pub(crate) port: u16,
    count: Arc<AtomicU64>,
}

impl Relay {
    /// A relay before a port of loopback.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let counted = Arc::clone(&counted);
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
                    tokio::join!(pass(near_in, far_out, &counted), pass(far_in, near_out, &counted));
                });
            }
        });
        Self { port: own, count }
    }

    /// Bytes so far, both ways, as TCP carries them.
    pub(crate) fn bytes(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

async fn pass(mut from: tokio::net::tcp::OwnedReadHalf, mut to: tokio::net::tcp::OwnedWriteHalf, count: &AtomicU64) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        count.fetch_add(n as u64, Ordering::Relaxed);
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
