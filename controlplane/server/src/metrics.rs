//! What an operator's Prometheus is told: counts taken where things happen, each an atomic, and no name of anybody in them.

use crate::census::Census;
use controlplane_core::load::Class;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tonic::{Code, Status};

type Label = (&'static str, &'static str);
type Counters = Family<[Label; 1], Counter>;
type Counts = Family<[Label; 1], Gauge<u64, AtomicU64>>;
type Seconds = Gauge<i64>;
type Bytes = Gauge<u64, AtomicU64>;
type Days = Family<[Label; 1], Gauge<f64, AtomicU64>>;

/// How a check-in may end.
const CHECK_INS: [&str; 8] = ["answered", "newer", "busy", "refused", "invalid", "unavailable", "failed", LEFT];
/// The caller went away before it was answered.
const LEFT: &str = "left";
const SECONDS_A_DAY: f64 = 86_400.0;

/// How a handshake ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handshake {
    /// The caller is let in.
    Done,
    /// It cannot be agreed upon.
    Failed,
    /// It took too long.
    TimedOut,
    /// One more caller without a certificate, or without a word, than there is room for.
    Crowded,
}

/// All that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    check_ins: Counters,
    handshakes: Counters,
    refusals: Family<[Label; 2], Counter>,
    shed: Counters,
    connections: Gauge,
    held: Gauge<u64, AtomicU64>,
    commits: Histogram,
    commit_failures: Counter,
    devices: Counts,
    device_certificates: Counts,
    certificates: Days,
    last_backup: Seconds,
    disk_free: Bytes,
    disk_floor: Bytes,
    store: Bytes,
    started: Seconds,
    ends_failing: Seconds,
}

/// What the disk under the server is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    /// Bytes free for the server.
    pub(crate) free: u64,
    /// With fewer than these nothing is accepted.
    pub(crate) floor: u64,
    /// Bytes of the store's files.
    pub(crate) store: u64,
}

/// A check-in under way; counted when dropped, as one whose caller left unless it was said how it ended.
pub(crate) struct CheckIn<'a> {
    metrics: &'a Metrics,
    outcome: &'static str,
}

/// An open connection; counted until dropped.
pub(crate) struct Open(Gauge);

impl Metrics {
    /// Everything at zero.
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cartable"),
            check_ins: Family::default(),
            handshakes: Family::default(),
            refusals: Family::default(),
            shed: Family::default(),
            connections: Gauge::default(),
            held: Gauge::default(),
            // 0.25 ms to 4 s: a fast disk's fsync to one that is failing.
            commits: Histogram::new(exponential_buckets(0.000_25, 2.0, 15)),
            commit_failures: Counter::default(),
            devices: Family::default(),
            device_certificates: Family::default(),
            certificates: Family::default(),
            last_backup: Gauge::default(),
            disk_free: Gauge::default(),
            disk_floor: Gauge::default(),
            store: Gauge::default(),
            started: Gauge::default(),
            ends_failing: Gauge::default(),
        };
        metrics.register();
        for outcome in CHECK_INS {
            drop(metrics.check_ins.get_or_create(&[("outcome", outcome)]));
        }
        for outcome in [Handshake::Done, Handshake::Failed, Handshake::TimedOut, Handshake::Crowded] {
            drop(metrics.handshakes.get_or_create(&[("outcome", outcome.name())]));
        }
        for class in Class::ALL {
            drop(metrics.shed.get_or_create(&[("class", class.name())]));
        }
        metrics
    }

    /// Counts a check-in that begins.
    pub(crate) fn check_in(&self) -> CheckIn<'_> {
        CheckIn { metrics: self, outcome: LEFT }
    }

    /// Counts a handshake.
    pub(crate) fn handshake(&self, ended: Handshake) {
        self.handshakes.get_or_create(&[("outcome", ended.name())]).inc();
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> usize {
        usize::try_from(self.connections.get()).unwrap_or_default()
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn open(&self) -> Open {
        self.connections.inc();
        Open(self.connections.clone())
    }

    /// Counts somebody who was refused an act.
    pub(crate) fn refusal(&self, act: &'static str, reason: Code) {
        let reason = match reason {
            Code::Unauthenticated => "no_valid_certificate",
            Code::PermissionDenied => "not_allowed",
            _ => "other",
        };
        self.refusals.get_or_create(&[("act", act), ("reason", reason)]).inc();
    }

    /// Counts what was left undone because there was too much to do.
    pub(crate) fn shed(&self, class: Class) {
        self.shed.get_or_create(&[("class", class.name())]).inc();
    }

    /// Counts a commit that is durable, by what its caller waited for it.
    pub(crate) fn commit(&self, waited: Duration) {
        self.commits.observe(waited.as_secs_f64());
    }

    /// Counts a commit that could not be made durable.
    pub(crate) fn commit_failed(&self) {
        self.commit_failures.inc();
    }

    /// Notes what the fleet is.
    pub(crate) fn census(&self, census: &Census) {
        for (state, count) in census.states() {
            self.devices.get_or_create(&[("state", state)]).set(count);
        }
        for (days, count) in census.days_left() {
            self.device_certificates.get_or_create(&[("days_left", days)]).set(count);
        }
    }

    /// Notes how many check-ins are held, and how many seconds certificates of the server's own have left.
    pub(crate) fn now(&self, held: u64, seconds_left: [(&'static str, i64); 2]) {
        self.held.set(held);
        for (certificate, seconds) in seconds_left {
            #[allow(clippy::cast_precision_loss, reason = "an f64 holds the seconds of 285 million years")]
            let days = seconds as f64 / SECONDS_A_DAY;
            self.certificates.get_or_create(&[("certificate", certificate)]).set(days);
        }
    }

    /// Notes since when the server runs, and when its newest backup was made, in Unix seconds; 0 for none that is known.
    pub(crate) fn times(&self, started: i64, last_backup: i64) {
        self.started.set(started);
        self.last_backup.set(last_backup);
    }

    /// Notes whether ends can be noted beside the store.
    pub(crate) fn ends(&self, noted: bool) {
        self.ends_failing.set(i64::from(!noted));
    }

    /// Notes what the disk is like.
    pub(crate) fn disk(&self, disk: Disk) {
        self.disk_free.set(disk.free);
        self.disk_floor.set(disk.floor);
        self.store.set(disk.store);
    }

    /// Everything in the `OpenMetrics` text format, version 1.0.0.
    ///
    /// # Errors
    /// What formatting says.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::with_capacity(8 * 1024);
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    fn register(&mut self) {
        let all = &mut self.registry;
        // The format adds `_total` to counters and a full stop to helps.
        all.register("check_ins", "Check-ins by how they ended", self.check_ins.clone());
        all.register("handshakes", "TLS handshakes by how they ended", self.handshakes.clone());
        all.register("refusals", "Calls refused, by what was asked and why", self.refusals.clone());
        all.register("shed", "What was left undone under too much load, by class", self.shed.clone());
        all.register("connections", "Open connections", self.connections.clone());
        all.register("held", "Check-ins held back until there is news", self.held.clone());
        all.register("store_commit_seconds", "What callers waited for durable commits", self.commits.clone());
        all.register("store_commit_failures", "Commits that could not be made durable", self.commit_failures.clone());
        all.register("devices", "Devices by state, at most a minute old", self.devices.clone());
        all.register(
            "device_certificates",
            "Devices that are not revoked, by the days their certificates have left, at most a minute old",
            self.device_certificates.clone(),
        );
        all.register(
            "certificate_days_left",
            "Days that the server's own certificates have left; negative when expired",
            self.certificates.clone(),
        );
        all.register(
            "last_backup_timestamp_seconds",
            "When the newest backup was made that the data folder knows of; 0 for none",
            self.last_backup.clone(),
        );
        all.register("start_timestamp_seconds", "When the server was started", self.started.clone());
        all.register(
            "ends_failing",
            "1 while it cannot be noted beside the store who was revoked or lost",
            self.ends_failing.clone(),
        );
        all.register("disk_free_bytes", "Free bytes on the disk of the data folder", self.disk_free.clone());
        all.register(
            "disk_floor_bytes",
            "With fewer free bytes than these nothing is accepted any more",
            self.disk_floor.clone(),
        );
        all.register("store_bytes", "Bytes of the store's files, journal and exports included", self.store.clone());
        let build = Counts::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        all.register("build_info", "The program's version; always 1", build);
    }
}

impl CheckIn<'_> {
    /// Notes how it ended.
    pub(crate) fn ended(&mut self, error: Option<&Status>) {
        self.outcome = match error.map(Status::code) {
            None => "answered",
            Some(Code::Aborted) => "newer",
            Some(Code::ResourceExhausted) => "busy",
            Some(Code::PermissionDenied | Code::Unauthenticated) => "refused",
            Some(Code::InvalidArgument) => "invalid",
            Some(Code::Unavailable) => "unavailable",
            Some(_) => "failed",
        };
    }
}

impl Drop for CheckIn<'_> {
    fn drop(&mut self) {
        self.metrics.check_ins.get_or_create(&[("outcome", self.outcome)]).inc();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Handshake {
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::Crowded => "crowded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_a_check_in_ends_is_counted_once() {
        let metrics = Metrics::new();
        drop(metrics.check_in());
        for status in
            [None, Some(Status::aborted("")), Some(Status::resource_exhausted("")), Some(Status::internal(""))]
        {
            metrics.check_in().ended(status.as_ref());
        }
        let text = metrics.text().unwrap();
        for (outcome, count) in [("left", 1), ("answered", 1), ("newer", 1), ("busy", 1), ("failed", 1), ("refused", 0)]
        {
            let line = format!("cartable_check_ins_total{{outcome=\"{outcome}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }

    #[test]
    fn a_closed_connection_is_no_longer_counted() {
        let metrics = Metrics::new();
        let open = metrics.open();
        assert!(metrics.text().unwrap().contains("cartable_connections 1\n"));
        drop(open);
        assert!(metrics.text().unwrap().contains("cartable_connections 0\n"));
    }

    #[test]
    fn a_certificate_that_has_expired_has_less_than_no_days() {
        let metrics = Metrics::new();
        metrics.now(3, [("server", 864_000), ("intermediate", -43_200)]);
        let text = metrics.text().unwrap();
        assert!(text.contains("cartable_held 3\n"), "{text}");
        assert!(text.contains("cartable_certificate_days_left{certificate=\"server\"} 10.0\n"), "{text}");
        assert!(text.contains("cartable_certificate_days_left{certificate=\"intermediate\"} -0.5\n"), "{text}");
    }
}
