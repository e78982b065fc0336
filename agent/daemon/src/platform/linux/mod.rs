//! Linux: facts from the system's own files, modes for privacy, systemd above.

mod door;
mod health;
mod inventory;
mod notices;
mod screen;
mod session;
mod systemd;

use super::{Collected, Job, Platform};
use crate::enforce::{Enforcer, Medium, Notice};
use crate::error::Error;
use agent_core::fetching::Power;
use agent_core::health::Readings;
use inventory::Root;
use model::device::Claims;
use model::id::BootId;
use notices::Notices;
use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use systemd::Systemd;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use words::Catalogue;

/// A machine that runs Linux.
pub(crate) struct Linux(Root);

impl Platform for Linux {
    type Door = door::Socket;
    const BECOMES: bool = true;

    fn at(root: &Path) -> Self {
        Self(Root::new(root))
    }

    fn collect(&self) -> Collected {
        inventory::collect(&self.0)
    }

    fn claims(&self) -> Claims {
        inventory::claims(&self.0)
    }

    fn readings(&self, clock_skew_ms: Option<i64>) -> Readings {
        health::read(&self.0, clock_skew_ms)
    }

    fn boot(&self) -> Option<BootId> {
        self.0.text("proc/sys/kernel/random/boot_id")?.parse().ok()
    }

    fn elapsed() -> Duration {
        let at = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(u64::try_from(at.tv_sec).unwrap_or(0), u32::try_from(at.tv_nsec).unwrap_or(0))
    }

    fn free_bytes(at: &Path) -> Option<u64> {
        rustix::fs::statvfs(at).ok().and_then(|seen| seen.f_bavail.checked_mul(seen.f_frsize))
    }

    fn config_file() -> PathBuf {
        "/etc/cartable/agent.toml".into()
    }

    fn state_folder() -> PathBuf {
        "/var/lib/cartable-agent".into()
    }

    fn release_root() -> PathBuf {
        "/usr/share/cartable/release-root.json".into()
    }

    fn folder_make(at: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(at)
    }

    fn folder_closed(at: &Path) -> io::Result<bool> {
        Ok(std::fs::metadata(at)?.permissions().mode() & 0o077 == 0)
    }

    fn folder_sync(at: &Path) -> io::Result<()> {
        File::open(at)?.sync_all()
    }

    fn readable_make(at: &Path, folder: bool) -> io::Result<()> {
        std::fs::set_permissions(at, Permissions::from_mode(if folder { 0o755 } else { 0o644 }))
    }

    fn file_link(from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn names(about: &Metadata) -> u64 {
        about.nlink()
    }

    fn version_name(at: &Path, version: &str) -> io::Result<()> {
        let next = at.with_extension("next");
        match std::fs::remove_file(&next) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::os::unix::fs::symlink(version, &next)?;
        std::fs::rename(&next, at)
    }

    /// One call for all of it: thousands of small files one by one would take a disk minutes.
    fn tree_sync(at: &Path, _: impl Iterator<Item = PathBuf>) -> io::Result<()> {
        Ok(rustix::fs::syncfs(File::open(at)?)?)
    }

    fn surroundings(&self) -> (Power, bool) {
        (inventory::power(&self.0), inventory::metered(&self.0))
    }

    fn plain_open(at: &Path) -> io::Result<File> {
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        OpenOptions::new().read(true).custom_flags(i32::try_from(flags.bits()).unwrap_or(0)).open(at)
    }

    fn resources_folder() -> PathBuf {
        "/var/lib/cartable-resources".into()
    }

    fn filter_folder() -> PathBuf {
        "/var/lib/cartable-filter".into()
    }

    fn file_options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(0o600);
        options
    }

    fn file_exposed(file: &File) -> io::Result<bool> {
        Ok(file.metadata()?.mode() & 0o077 != 0)
    }

    fn program_make(at: &Path) -> io::Result<()> {
        let file = File::open(at)?;
        file.set_permissions(Permissions::from_mode(0o700))?;
        file.sync_all()
    }

    /// The process stays the same to systemd, which watches over it as before.
    fn program_become(program: &Path, variables: &[(&str, String)]) -> io::Error {
        let mut command = Command::new(program);
        command.args(std::env::args_os().skip(1));
        variables.iter().for_each(|(name, value)| {
            command.env(name, value);
        });
        command.exec()
    }

    fn enforcer(root: PathBuf) -> Option<Box<dyn Enforcer>> {
        Some(Box::new(Notices::new(root)))
    }

    fn noticed(root: &Path) -> Option<Notice> {
        Notices::read(root)
    }

    fn tell(root: &Path, medium: &Medium, catalogue: &Catalogue) -> io::Result<()> {
        match medium {
            Medium::Desktop => Notices::read(root).map_or(Ok(()), |notice| session::notify(&notice, catalogue)),
            Medium::Session => Notices::read(root).map_or(Ok(()), |notice| session::dialog(&notice, catalogue)),
            Medium::Closed => session::closed_notify(catalogue),
            Medium::Screen(terminal) => screen::fill(root, terminal),
        }
    }

    fn serve(run: fn(Job) -> Result<(), Error>, job: Job) -> Result<(), Error> {
        run(Job { supervisor: Arc::new(Systemd::from_environment()), ..job })
    }

    /// Ends with the first SIGTERM or SIGINT.
    fn stopped() -> io::Result<impl Future<Output = ()> + Send> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }

    /// systemd keeps what is written to standard error.
    fn log_sink() -> Option<BoxMakeWriter> {
        None
    }
}
