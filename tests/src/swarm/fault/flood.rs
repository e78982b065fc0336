//! HTTP/2 as no honest client speaks it, one connection after the other, by `tests/foreign/attack.py`.

use super::ground::{Crowded, Ground, Seen};
use crate::swarm::device::Device;
use crate::swarm::world::World;
use identity::issue::chain_to_pem;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// So long a connection goes on with it unless it is closed.
const SECONDS: &str = "10";
/// What is sent, each by a device and by somebody without a certificate.
const FLOODS: [&str; 3] = ["rapid_reset", "continuation_flood", "continuation_empty"];

/// What came of the floods.
#[derive(Clone, Debug, Default)]
pub struct Flooded {
    /// Connections that were opened for it.
    pub connections: u64,
    /// Those which the server closed.
    pub closed: u64,
    /// Frames that were sent on them.
    pub frames: u64,
    /// Bytes that were.
    pub bytes: u64,
    /// What others saw, and what is left.
    pub seen: Seen,
}

/// Floods the server for so long, by six attackers at a time.
///
/// # Errors
/// Why not, as text.
pub async fn floods(ground: &mut Ground, python: &Path, lasts: Duration, crowded: Crowded) -> Result<Flooded, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let act = async |world: &mut World, apart: &mut Vec<Device>| {
        let root = world.place.server.data.join("operator/root.pem");
        let mut attackers = JoinSet::new();
        for (nth, name) in FLOODS.iter().enumerate() {
            let device = apart.get(nth).ok_or("there is no device apart")?;
            let (chain, key) = (folder.path().join(format!("{nth}.pem")), folder.path().join(format!("{nth}.key")));
            std::fs::write(&chain, chain_to_pem(&device.own.chain)).map_err(|error| error.to_string())?;
            std::fs::write(&key, &device.own.key_pem).map_err(|error| error.to_string())?;
            let port = world.crowd.road.port;
            for by in [Some((chain, key)), None] {
                let (python, root, name) = (python.to_owned(), root.clone(), *name);
                attackers.spawn_blocking(move || flood(&python, &root, port, name, by, lasts));
            }
        }
        let mut all = Flooded::default();
        while let Some(done) = attackers.join_next().await {
            let done = done.map_err(|error| error.to_string())??;
            all.connections += done.connections;
            all.closed += done.closed;
            all.frames += done.frames;
            all.bytes += done.bytes;
        }
        Ok(all)
    };
    let (flooded, seen) = ground.under("floods of frames", crowded, act).await?;
    Ok(Flooded { seen, ..flooded })
}

/// One attacker: a new connection as soon as the last one is closed.
fn flood(
    python: &Path,
    root: &Path,
    port: u16,
    name: &str,
    by: Option<(PathBuf, PathBuf)>,
    lasts: Duration,
) -> Result<Flooded, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign/attack.py");
    let (began, mut all) = (Instant::now(), Flooded::default());
    while began.elapsed() < lasts {
        let mut command = Command::new(python);
        command.env("PYTHONDONTWRITEBYTECODE", "1").arg(&script);
        command.args(["--port", &port.to_string(), "--seconds", SECONDS, "--root"]).arg(root);
        if let Some((chain, key)) = &by {
            command.arg("--chain").arg(chain).arg("--key").arg(key);
        }
        let out = command.arg(name).output().map_err(|error| error.to_string())?;
        if !out.status.success() {
            return Err(format!("{name}: {}", String::from_utf8_lossy(&out.stderr)));
        }
        let came: serde_json::Value = serde_json::from_slice(&out.stdout).map_err(|error| error.to_string())?;
        let sent = came["sent"].as_object().into_iter().flatten();
        all.connections += 1;
        all.closed += u64::from(came["closed"].is_number());
        all.frames += sent.filter_map(|(_, count)| count.as_u64()).sum::<u64>();
        all.bytes += came["bytes"].as_u64().unwrap_or_default();
    }
    Ok(all)
}
