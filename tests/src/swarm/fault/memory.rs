//! The server may have less memory than all of its devices need.

use super::ground::{Crowded, Ground, Seen};
use crate::meter;
use crate::swarm::world::World;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MIB: f64 = 1024.0 * 1024.0;
/// As its unit has it started again.
const RESTART: Duration = Duration::from_secs(5);
/// Looking costs the server something.
const LOOK: Duration = Duration::from_millis(250);

/// What came of the limit.
#[derive(Clone, Debug, Default)]
pub struct Limited {
    /// The limit, in MiB.
    pub limit_mib: f64,
    /// How often the system ended the server for reaching it; it was started again each time.
    pub ended: u64,
    /// The most devices that were held under the limit.
    pub held: u64,
    /// The fewest that were held, once that many had come.
    pub held_least: u64,
    /// From the moment at which the limit was lifted until all were held.
    pub back: Duration,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Who sees to the limit.
enum Limit {
    /// A control group of the memory controller, version 1 or 2, as service managers and containers have it.
    Group { folder: PathBuf, file: &'static str },
    /// The process's own limit (ulimit -d).
    Own,
}

impl Limit {
    fn made() -> Self {
        let groups = [("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")];
        for (root, file) in groups {
            let folder = PathBuf::from(root).join(format!("cartable-swarm-{}", std::process::id()));
            if std::fs::create_dir(&folder).is_err() {
                continue;
            }
            if folder.join(file).is_file() {
                return Self::Group { folder, file };
            }
            let _ = std::fs::remove_dir(&folder);
        }
        Self::Own
    }

    /// The words before the server that put it under this limit.
    fn words(&self, bytes: u64) -> Result<Vec<String>, String> {
        match self {
            Self::Group { folder, file } => {
                std::fs::write(folder.join(file), bytes.to_string()).map_err(|error| format!("no limit: {error}"))?;
                let procs = folder.join("cgroup.procs");
                let enter = format!("echo $$ > '{}' && exec \"$0\" \"$@\"", procs.display());
                Ok(vec!["sh".to_owned(), "-c".to_owned(), enter])
            }
            Self::Own => Ok(vec!["prlimit".to_owned(), format!("--data={bytes}")]),
        }
    }
}

impl Drop for Limit {
    fn drop(&mut self) {
        if let Self::Group { folder, .. } = self {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Starts the server with so great a part of the memory that its devices need when all are held, lets them come for so long, starts it again
/// whenever it is ended, and lifts the limit.
///
/// # Errors
/// Why not, as text; that it does not start within the limit, too.
pub async fn memory_limit(ground: &mut Ground, part: f64, lasts: Duration) -> Result<Limited, String> {
    ground.world.place.own_check()?;
    let limit = Limit::made();
    let act = async |world: &mut World, _: &mut Vec<_>| {
        let all = meter::resident_mib(world.place.pid());
        tokio::task::block_in_place(|| world.place.restarted())?;
        let bare = meter::resident_mib(world.place.pid());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "far fewer than 2^52 bytes")]
        let bytes = ((bare + (all - bare) * part) * MIB) as u64;
        let words = limit.words(bytes)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let started = |world: &mut World| tokio::task::block_in_place(|| world.place.killed_into(&words));
        if !started(world)? {
            return Err(format!("it does not start with {} MiB", bytes as f64 / MIB));
        }
        let mut done = Limited { limit_mib: bytes as f64 / MIB, held_least: u64::MAX, ..Limited::default() };
        let began = Instant::now();
        while began.elapsed() < lasts {
            sleep(LOOK).await;
            if world.place.has_ended() {
                done.ended += 1;
                sleep(RESTART).await;
                started(world)?;
            }
            let held = world.place.held().await.unwrap_or_default();
            done.held = done.held.max(held);
            // What it is once it has come to rest.
            if began.elapsed() > lasts / 2 {
                done.held_least = done.held_least.min(held);
            }
        }
        tokio::task::block_in_place(|| world.place.killed())?;
        let lifted = Instant::now();
        world.all_held(super::ground::LIMIT).await?;
        done.back = lifted.elapsed();
        Ok(done)
    };
    let (done, seen) = ground.under("less memory than all need", Crowded::Held, act).await?;
    Ok(Limited { seen, ..done })
}
