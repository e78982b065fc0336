//! Opening the store: probed in a child process when it was not closed in order, rebuilt when it is damaged.

use crate::config::StoreConfig;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::supervisor::VARIABLES;
use controlplane_store::{Config, Embedded, Need, probe_need, rebuild};
use model::time::Timestamp;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What the probe's process says by its exit code when the store must not be rebuilt: it is in use, read-only, or newer.
pub const PROBE_OTHER: u8 = 10;

/// The probe is looked at so often, and given up after half an hour: a million devices take minutes.
const PROBE_LOOK: Duration = Duration::from_millis(20);
const PROBE_LOOKS_MAX: u32 = 90_000;
const MIB: u64 = 1024 * 1024;
/// With less free than this the store is not even opened: sled that cannot write then is taken for damaged at the next start.
const OPENING_BYTES: u64 = 2 * MIB;
const VAULT_CACHE_BYTES: u64 = 16 * MIB;

/// Opens the store of a data folder; each thing worth knowing is said in one line.
///
/// `program` is this very program, run as `program probe --data DIR`: a damaged sled may panic or abort, and must not take
/// the server along.
///
/// # Errors
/// [`Error::Store`] when it is in use, cannot be written, or cannot be rebuilt.
pub fn store_open(folder: &Folder, config: &StoreConfig, program: Option<&Path>, now: Timestamp) -> Result<Embedded> {
    let path = folder.store();
    let config = Config {
        cache_bytes: config.cache_mib * MIB,
        free_floor_bytes: config.free_floor_mib * MIB,
        ..Config::new(&path)
    };
    opened(folder, config, program, &[], now)
}

/// Opens the vault's store, as [`store_open`] does.
///
/// # Errors
/// As [`store_open`].
pub(crate) fn vault_store_open(
    folder: &Folder,
    config: &StoreConfig,
    program: Option<&Path>,
    now: Timestamp,
) -> Result<Embedded> {
    let config = Config {
        cache_bytes: VAULT_CACHE_BYTES,
        free_floor_bytes: config.free_floor_mib * MIB,
        // What was erased leaves the disk with the journal that holds it.
        segment_bytes: MIB,
        segments_kept: 1,
        exports_grow: false,
        ..Config::new(&folder.vault())
    };
    opened(folder, config, program, &["--vault"], now)
}

fn opened(
    folder: &Folder,
    mut config: Config,
    program: Option<&Path>,
    which: &[&str],
    now: Timestamp,
) -> Result<Embedded> {
    let path = config.folder.clone();
    room_check(folder.root())?;
    let need = if path.exists() { probe_need(&path)? } else { Need::Not };
    config.verify = need == Need::Later;
    if let Some(program) = program.filter(|_| need == Need::Now)
        && !probe_child(program, folder, which)?
    {
        let rebuilt = rebuild(&path, now)?;
        tracing::warn!("{rebuilt}");
    }
    let opened = Embedded::open(config.clone());
    let (store, opened) = match opened {
        Err(controlplane_store::Error::Damaged { .. }) => {
            let rebuilt = rebuild(&path, now)?;
            tracing::warn!("{rebuilt}");
            Embedded::open(Config { verify: false, ..config })?
        }
        other => other?,
    };
    tracing::info!("{opened}");
    Ok(store)
}

fn room_check(path: &Path) -> Result<()> {
    let failed = |what, source| Error::File { what, path: path.to_owned(), source };
    let disk = rustix::fs::statvfs(path).map_err(|errno| failed("read", errno.into()))?;
    if disk.f_bavail.saturating_mul(disk.f_frsize) < OPENING_BYTES {
        return Err(failed("written", io::ErrorKind::StorageFull.into()));
    }
    Ok(())
}

/// Whether the store is whole, as far as a process that only reads it can tell.
fn probe_child(program: &Path, folder: &Folder, which: &[&str]) -> Result<bool> {
    let failed = |source| Error::File { what: "run", path: program.to_owned(), source };
    let mut command = Command::new(program);
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    let mut child = command
        .args(["probe", "--data"])
        .arg(folder.root())
        .args(which)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    for _ in 0..PROBE_LOOKS_MAX {
        if let Some(status) = child.try_wait().map_err(failed)? {
            // Ended from outside, such as for want of memory: that says nothing of the store.
            if matches!(status.signal(), Some(2 | 9 | 15)) {
                return Err(failed(io::ErrorKind::Interrupted.into()));
            }
            // Opening will say by itself what rebuilding does not cure.
            return Ok(status.success() || status.code() == Some(PROBE_OTHER.into()));
        }
        std::thread::sleep(PROBE_LOOK);
    }
    // A damaged sled can also go round in circles.
    child.kill().and_then(|()| child.wait()).map_err(failed)?;
    Ok(false)
}
