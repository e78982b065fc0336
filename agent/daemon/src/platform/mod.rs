//! What differs from one operating system to another. An OS is a folder here, and the rest of the agent knows none.

pub(crate) mod door;
mod evidence;
#[cfg(unix)]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use linux::Linux as Here;
#[cfg(windows)]
pub(crate) use windows::Windows as Here;

use crate::enforce::{Enforcer, Medium, Notice};
use crate::error::Error;
use crate::supervisor::Supervisor;
use agent_core::fetching::Power;
use agent_core::health::Readings;
use model::device::Claims;
use model::id::BootId;
use model::inventory::{Hardware, Packages, Peripherals, System};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use words::Catalogue;

/// The four sections that change seldom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Collected {
    /// The machine.
    pub(crate) hardware: Hardware,
    /// What is plugged in.
    pub(crate) peripherals: Peripherals,
    /// What runs.
    pub(crate) system: System,
    /// What is installed.
    pub(crate) packages: Packages,
}

/// An operating system, as far as the agent needs one.
pub(crate) trait Platform: Sized {
    /// By what a command of administrators speaks to the agent that runs.
    type Door: door::Door + 'static;
    /// Whether a process can become another program here, under the eyes of the same supervisor.
    const BECOMES: bool;

    /// The machine whose files lie under this folder: `/` is this one. Systems that tell of themselves by other means than
    /// files have no other.
    fn at(root: &Path) -> Self;

    /// Reads the whole inventory; costs some milliseconds of processor time and blocks on the disk. What the machine does not
    /// tell is unknown, never guessed.
    fn collect(&self) -> Collected;

    /// What the machine claims to be, for enrolment.
    fn claims(&self) -> Claims;

    /// How the machine is; the clock's skew is known to the caller, in milliseconds ahead of the server.
    fn readings(&self, clock_skew_ms: Option<i64>) -> Readings;

    /// The system's name for this run of the machine.
    fn boot(&self) -> Option<BootId>;

    /// Time since the machine was switched on, sleep included; setting the clock does not move it.
    fn elapsed() -> Duration;

    /// Free bytes on the volume of this file or folder, for the agent.
    fn free_bytes(at: &Path) -> Option<u64>;

    /// Where the configuration is looked for when none is named.
    fn config_file() -> PathBuf;

    /// Where keys, certificate, enrolment and unsent reports are kept unless the configuration says otherwise.
    fn state_folder() -> PathBuf;

    /// Where the package puts the first root of the repository of the agent's releases.
    fn release_root() -> PathBuf;

    /// Makes a folder that only the agent's account and administrators enter; one that is there stays as it is.
    fn folder_make(at: &Path) -> io::Result<()>;

    /// Whether only the agent's account and administrators may enter the folder.
    fn folder_closed(at: &Path) -> io::Result<bool>;

    /// Makes durable what names a folder holds.
    fn folder_sync(at: &Path) -> io::Result<()>;

    /// Lets everybody on the machine read a file, or enter a folder, that only the agent may change.
    fn readable_make(at: &Path, folder: bool) -> io::Result<()>;

    /// Gives a file a second name; an error where that is not to be had.
    fn file_link(from: &Path, to: &Path) -> io::Result<()>;

    /// How many names a file has, as far as they can be counted.
    fn names(about: &Metadata) -> u64;

    /// Has a path name a version in the place of the one it named, in one step.
    fn version_name(at: &Path, version: &str) -> io::Result<()>;

    /// Makes durable all files of a folder, which are given, and the names in it.
    fn tree_sync(at: &Path, files: impl Iterator<Item = PathBuf>) -> io::Result<()>;

    /// What the machine runs on now, and whether each byte of its link is paid for; the mains and a free link where nobody can tell.
    fn surroundings(&self) -> (Power, bool);

    /// Opens a file for reading that is none but itself: no link is followed, and no pipe waited for.
    fn plain_open(at: &Path) -> io::Result<File>;

    /// Where resources lie unless the configuration says otherwise.
    fn resources_folder() -> PathBuf;

    /// Where the filter keeps what is its own unless the configuration says otherwise.
    fn filter_folder() -> PathBuf;

    /// How a file is opened that only its owner may read.
    fn file_options() -> OpenOptions;

    /// Whether others than its owner and administrators may read or change the file.
    fn file_exposed(file: &File) -> io::Result<bool>;

    /// Makes a file one that its owner may start, durably.
    fn program_make(at: &Path) -> io::Result<()>;

    /// Becomes another program, with the same arguments and these variables besides; only an error comes back.
    fn program_become(program: &Path, variables: &[(&str, String)]) -> io::Error;

    /// What shows people a notice, its files below this root; nothing where a system has no such thing.
    fn enforcer(root: PathBuf) -> Option<Box<dyn Enforcer>>;

    /// What the agent of the machine under this root has to say at this moment.
    fn noticed(root: &Path) -> Option<Notice>;

    /// Says it to who sits at the machine, as the one who calls.
    fn tell(root: &Path, medium: &Medium, catalogue: &Catalogue) -> io::Result<()>;

    /// Runs the agent as whoever started it expects: under its supervisor, or for a person.
    fn serve(run: fn(Job) -> Result<(), Error>, job: Job) -> Result<(), Error>;

    /// Ends when the agent is asked to end.
    fn stopped() -> io::Result<impl Future<Output = ()> + Send>;

    /// Where an agent logs that has a supervisor and no other log than the system's own; nothing for standard error.
    fn log_sink() -> Option<BoxMakeWriter>;
}

/// What an agent that runs needs to know besides what it is told.
pub(crate) struct Job {
    pub(crate) config: crate::Config,
    pub(crate) supervisor: Arc<dyn Supervisor>,
}
