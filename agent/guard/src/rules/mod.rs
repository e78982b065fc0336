//! What the kernel lets through: nobody asks another resolver than the device's own.
//!
//! One table of nftables, `inet cartable`, put in place whole. DNS to anywhere but this device is led to the resolver, DNS over TLS and QUIC
//! is refused, and so are known addresses of resolvers that speak HTTPS. What the resolver itself sends passes.

mod known;
mod script;

pub use known::{KNOWN_V4, KNOWN_V6};
pub use script::{Own, Wall};

use crate::{GuardError, Seen, System};
use serde::{Deserialize, Serialize};

/// The file of the state folder that says what was put in place.
const KEPT: &str = "rules.json";
/// The name of the table.
const TABLE: &str = "cartable";
const LIST: [&str; 5] = ["-s", "list", "table", "inet", TABLE];

/// The rules in the kernel.
#[derive(Debug)]
pub struct Rules<'a> {
    system: &'a System,
    /// What they say; none: no table.
    wall: Option<Wall>,
}

/// What was put in place, and how the kernel showed it then: its words differ from ours, and from one version to the next.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Put {
    script: String,
    shown: String,
}

impl<'a> Rules<'a> {
    /// The rules that are to hold; none where programs may ask whom they like.
    #[must_use]
    pub const fn new(system: &'a System, wall: Option<Wall>) -> Self {
        Self { system, wall }
    }

    /// Whether the kernel holds the rules, or none where there are to be none.
    ///
    /// # Errors
    /// [`GuardError`] when nft cannot be run.
    pub async fn observe(&self) -> Result<Seen, GuardError> {
        let shown = self.shown().await?;
        let held = match &self.wall {
            None => shown.is_none(),
            Some(wall) => {
                let put = self.put();
                put.is_some_and(|put| put.script == wall.script() && Some(put.shown) == shown)
            }
        };
        Ok(Seen::of(if held { Vec::new() } else { vec![format!("table inet {TABLE}")] }))
    }

    /// Puts the rules in place; says whether anything had to be changed.
    ///
    /// # Errors
    /// [`GuardError`] when nft is not there or refuses; what was in place then stays.
    pub async fn take(&self) -> Result<bool, GuardError> {
        let Some(wall) = &self.wall else { return self.put_back().await };
        if self.observe().await?.held() {
            return Ok(false);
        }
        let script = wall.script();
        self.system.run("nft", &["-f", "-"], &script).await?;
        let shown = self.shown().await?.unwrap_or_default();
        // Forgotten by a power cut or a full disk, they are only put in place once more: they hold already.
        let bytes = serde_json::to_vec(&Put { script, shown }).unwrap_or_default();
        if let Err(error) = self.system.keep(KEPT, &bytes) {
            tracing::warn!(%error, "the rules hold, and that could not be noted");
        }
        Ok(true)
    }

    /// Removes the rules; says whether there were any.
    ///
    /// # Errors
    /// [`GuardError`] when nft refuses. Where it is not installed there are none.
    pub async fn put_back(&self) -> Result<bool, GuardError> {
        let shown = match self.shown().await {
            Err(GuardError::Missing(_)) => None,
            shown => shown?,
        };
        if shown.is_some() {
            self.system.run("nft", &["-f", "-"], &script::gone()).await?;
        }
        self.system.forget(KEPT)?;
        Ok(shown.is_some())
    }

    /// The table as the kernel holds it; none where it has none.
    async fn shown(&self) -> Result<Option<String>, GuardError> {
        match self.system.run("nft", &LIST, "").await {
            Ok(shown) => Ok(Some(shown)),
            // Told apart by its words: its exit is 1 for every error.
            Err(GuardError::Program { said, .. }) if said.contains("No such file or directory") => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn put(&self) -> Option<Put> {
        serde_json::from_slice(&std::fs::read(self.system.kept(KEPT)).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// Shows what it was given.
    const NFT: &str = "#!/bin/sh
if [ \"$1\" = -f ]; then cat > \"$0.rules\"; elif [ -e \"$0.rules\" ]; then cat \"$0.rules\"; else echo No such file or directory >&2; exit 1; fi
";

    #[tokio::test]
    async fn rules_that_hold_are_no_fault_where_nothing_can_be_noted() {
        let root = tempfile::tempdir().unwrap();
        let nft = root.path().join("usr/sbin/nft");
        fs::create_dir_all(nft.parent().unwrap()).unwrap();
        fs::write(&nft, NFT).unwrap();
        fs::set_permissions(&nft, fs::Permissions::from_mode(0o755)).unwrap();
        let state = root.path().join("state");
        // In the place of a folder: nothing can be written beneath.
        fs::write(&state, "").unwrap();
        let system = System::new(root.path(), &state);
        let wall = Wall::new(Own::User(0), 53);
        assert!(wall.script().contains("1194") && !Wall { vpn: true, ..wall.clone() }.script().contains("1194"));
        let rules = Rules::new(&system, Some(wall));
        assert!(rules.take().await.unwrap());
        assert!(rules.take().await.unwrap(), "once more, for nobody knows");
        fs::remove_file(&state).unwrap();
        assert!(rules.take().await.unwrap());
        assert!(rules.observe().await.unwrap().held());
        assert!(!rules.take().await.unwrap());
    }
}
