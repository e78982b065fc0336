//! Windows: facts from the registry and the firmware's tables, an access list for privacy, the service control manager above.

mod door;
mod events;
mod firmware;
mod health;
mod inventory;
mod packages;
mod private;
mod registry;
mod service;

use super::{Collected, Job, Platform};
use crate::enforce::{Enforcer, Medium, Notice};
use crate::error::Error;
use agent_core::fetching::Power;
use agent_core::health::Readings;
use model::device::Claims;
use model::id::BootId;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::signal::windows::{ctrl_break, ctrl_c};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use words::Catalogue;

/// A folder opens as a file only with it (`FILE_FLAG_BACKUP_SEMANTICS`, CreateFileW).
const BACKUP_SEMANTICS: u32 = 0x0200_0000;
/// What is opened is a link itself and not what it names (`FILE_FLAG_OPEN_REPARSE_POINT`).
const OPEN_REPARSE_POINT: u32 = 0x0020_0000;

/// A machine that runs Windows: this one, since it tells of itself by calls and not by files.
#[derive(Debug)]
pub(crate) struct Windows;

impl Platform for Windows {
    const BECOMES: bool = false;
    type Door = door::Pipe;

    fn plain_open(at: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).custom_flags(OPEN_REPARSE_POINT).open(at)
    }

    fn at(_: &Path) -> Self {
        Self
    }

    fn collect(&self) -> Collected {
        inventory::collect()
    }

    fn claims(&self) -> Claims {
        firmware::read().claims
    }

    fn readings(&self, clock_skew_ms: Option<i64>) -> Readings {
        health::read(clock_skew_ms)
    }

    /// A key that the registry forgets when the system ends. With fast startup the system sleeps instead of ending, and the name
    /// stays: it is the same run, as its own clock says.
    fn boot(&self) -> Option<BootId> {
        registry::boot_id(rand::random())
    }

    /// The system's count since it was switched on has whole seconds; what this process has counted fills them.
    #[allow(clippy::disallowed_methods)] // It is called by clock.rs alone, the file that the rule names.
    fn elapsed() -> Duration {
        static BEGUN: OnceLock<(Duration, Instant)> = OnceLock::new();
        let counted = || Duration::from_secs(sysinfo::System::uptime().unwrap_or(0));
        let (at, since) = BEGUN.get_or_init(|| (counted(), Instant::now()));
        at.saturating_add(since.elapsed()).max(counted())
    }

    fn free_bytes(at: &Path) -> Option<u64> {
        health::room(at).map(|room| room.free_bytes)
    }

    fn config_file() -> PathBuf {
        private::home().join("agent.toml")
    }

    fn state_folder() -> PathBuf {
        private::home().join("agent")
    }

    fn release_root() -> PathBuf {
        private::home().join("release-root.json")
    }

    fn folder_make(at: &Path) -> io::Result<()> {
        private::folder_make(at)
    }

    fn folder_closed(at: &Path) -> io::Result<bool> {
        private::folder_closed(at)
    }

    /// NTFS keeps its own journal of names; the system is asked to write it out, and a file system that cannot be asked is not.
    fn folder_sync(at: &Path) -> io::Result<()> {
        let folder = OpenOptions::new().write(true).custom_flags(BACKUP_SEMANTICS).open(at);
        match folder.and_then(|folder| folder.sync_all()) {
            Err(e) if matches!(e.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => Ok(()),
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
            done => done,
        }
    }

    /// A file's access list is its folder's, and that of the common data folder lets everybody read.
    fn readable_make(_: &Path, _: bool) -> io::Result<()> {
        Ok(())
    }

    /// Not here, where the names of a file cannot be counted: writing to one would change the other.
    fn file_link(_: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn names(_: &Metadata) -> u64 {
        1
    }

    /// A file that says it: links need a right that a service may not have.
    fn version_name(at: &Path, version: &str) -> io::Result<()> {
        let next = at.with_extension("next");
        std::fs::write(&next, version)?;
        File::options().write(true).open(&next)?.sync_all()?;
        std::fs::rename(&next, at)
    }

    fn tree_sync(_: &Path, files: impl Iterator<Item = PathBuf>) -> io::Result<()> {
        for file in files {
            File::options().write(true).open(file)?.sync_all()?;
        }
        Ok(())
    }

    fn surroundings(&self) -> (Power, bool) {
        (health::power(), false)
    }

    fn resources_folder() -> PathBuf {
        private::home().with_file_name("Cartable-Resources")
    }

    fn filter_folder() -> PathBuf {
        private::home().with_file_name("Cartable-Filter")
    }

    /// A file's access list is its folder's.
    fn file_options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Not told: what lies in the agent's own folder is closed with it, and elsewhere nothing is judged.
    fn file_exposed(_: &File) -> io::Result<bool> {
        Ok(false)
    }

    fn program_make(_: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Not here: a service is the process that the service manager started.
    fn program_become(_: &Path, _: &[(&str, String)]) -> io::Error {
        io::ErrorKind::Unsupported.into()
    }

    /// Not yet: the stage is known and told by `status`, and nothing else shows it.
    fn enforcer(_: PathBuf) -> Option<Box<dyn Enforcer>> {
        None
    }

    fn noticed(_: &Path) -> Option<Notice> {
        None
    }

    fn tell(_: &Path, _: &Medium, _: &Catalogue) -> io::Result<()> {
        Ok(())
    }

    fn serve(run: fn(Job) -> Result<(), Error>, job: Job) -> Result<(), Error> {
        service::serve(run, job)
    }

    /// Ends with the service manager's word, Ctrl-C or Ctrl-Break.
    fn stopped() -> io::Result<impl Future<Output = ()> + Send> {
        let (mut interrupt, mut pause) = (ctrl_c()?, ctrl_break()?);
        Ok(async move {
            tokio::select! {
                () = service::stopped() => {}
                _ = interrupt.recv() => {}
                _ = pause.recv() => {}
            }
        })
    }

    fn log_sink() -> Option<BoxMakeWriter> {
        if service::under() { events::sink() } else { None }
    }
}
