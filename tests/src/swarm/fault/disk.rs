//! The server's disk runs full, and has room again.

use super::ground::{Crowded, Ground, LIMIT, Seen};
use crate::process::ServerProcess;
use crate::swarm::crowd::Shown;
use crate::swarm::place::Place;
use crate::swarm::world::{Wish, World};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MIB: u64 = 1024 * 1024;
/// What a device takes of it, and what the server's journal does besides the floor.
const DEVICE_BYTES: u64 = 96 * 1024;
const ROOM_BYTES: u64 = 512 * MIB;
/// The floor as `server.toml` has it (store.free_floor_mib).
const FLOOR_BYTES: u64 = 256 * MIB;
/// What was under way when the disk ran full has come to its end.
const GRACE: Duration = Duration::from_secs(1);
/// Starts while no byte is free, and the pause after each, as its unit has it.
const STARTS: u64 = 3;
const RESTART: Duration = Duration::from_secs(5);

/// What came of the full disk.
#[derive(Clone, Debug, Default)]
pub struct Full {
    /// Reports that were refused because the disk is full, by what devices were told.
    pub refused: u64,
    /// Reports that were acknowledged although it was.
    pub acknowledged: u64,
    /// How often the server was killed while less than the floor was free, and served again.
    pub restarts: u64,
    /// How often it was started, as its unit does each few seconds, while no byte was free, and said why it cannot.
    pub refusals: u64,
    /// What it wrote into its log meanwhile, in bytes.
    pub log_bytes: u64,
    /// From the moment at which there was room again until all had reported.
    pub back: Duration,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// A file system of a given size in memory, with nothing else on it.
struct Small(PathBuf);

impl Small {
    /// `None` where mounting is not permitted.
    fn mount(at: PathBuf, bytes: u64) -> Option<Self> {
        let size = format!("size={bytes}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at).stderr(Stdio::null());
        let done = mount.status();
        done.is_ok_and(|status| status.success()).then_some(Self(at))
    }

    fn free(&self) -> u64 {
        statvfs(&self.0).map_or(0, |disk| disk.f_bavail * disk.f_frsize)
    }

    /// Leaves so many bytes free.
    fn fill(&self, file: &File, down_to: u64) -> Result<(), String> {
        let there = file.metadata().map_err(|error| error.to_string())?.len();
        let more = self.free().saturating_sub(down_to);
        if more == 0 {
            return Ok(());
        }
        fallocate(file, FallocateFlags::empty(), there, more)
            .map_err(|error| format!("the disk is not filled: {error}"))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).stderr(Stdio::null()).status();
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap_or(Path::new(&self.0)));
    }
}

fn log_bytes(world: &World) -> u64 {
    std::fs::metadata(world.place.server.log()).map_or(0, |about| about.len())
}

/// Fills the disk of a server of its own while its crowd reports, restarts it on the full disk, and makes room again; `None` where nothing may
/// be mounted.
///
/// # Errors
/// Why not, as text.
pub async fn disk_full(
    wish: Wish,
    shown: Arc<dyn Shown>,
    every: Duration,
    restarts: u64,
) -> Result<Option<Full>, String> {
    let folder = tempfile::Builder::new().prefix("cartable-full-").tempdir().map_err(|error| error.to_string())?;
    let at = folder.path().join("disk");
    std::fs::create_dir(&at).map_err(|error| error.to_string())?;
    let size = FLOOR_BYTES + ROOM_BYTES + wish.devices * DEVICE_BYTES;
    let Some(small) = Small::mount(at.clone(), size) else { return Ok(None) };
    let server = ServerProcess::init(&at);
    let place = Place::begun(server, folder, wish.devices)?;
    let mut ground = Ground::of(World::at(place, wish, shown).joined().await?).await?;
    let filler = at.join("filler");
    let act = async |world: &mut World, _: &mut Vec<_>| {
        let file = File::create(&filler).map_err(|error| error.to_string())?;
        small.fill(&file, FLOOR_BYTES / 2)?;
        sleep(GRACE).await;
        let reported = |world: &World| world.crowd.marks.reported.load(Ordering::Relaxed);
        let (before, log) = (reported(world), log_bytes(world));
        sleep(every).await;
        let log_bytes = log_bytes(world) - log;
        for _ in 0..restarts {
            tokio::task::block_in_place(|| world.place.killed())?;
            sleep(every).await;
        }
        // To the last byte; and then the machine stops.
        small.fill(&file, 0)?;
        sleep(every).await;
        let mut refusals = 0;
        for _ in 0..STARTS {
            refusals += u64::from(!tokio::task::block_in_place(|| world.place.killed_into(&[]))?);
            sleep(RESTART).await;
        }
        let acknowledged = reported(world) - before;
        drop(file);
        std::fs::remove_file(&filler).map_err(|error| error.to_string())?;
        let freed = Instant::now();
        tokio::task::block_in_place(|| world.place.killed())?;
        let begun = reported(world);
        while reported(world) < begun + world.wish.devices && freed.elapsed() < LIMIT {
            sleep(Duration::from_millis(20)).await;
        }
        Ok(Full { acknowledged, restarts, refusals, log_bytes, back: freed.elapsed(), ..Full::default() })
    };
    let (full, seen) = ground.under("the disk is full", Crowded::Reporting(every), act).await?;
    let refused = seen.failed.iter().filter(|(why, _)| why.contains("nearly full")).map(|(_, count)| count).sum();
    drop(ground);
    Ok(Some(Full { refused, seen, ..full }))
}
