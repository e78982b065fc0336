//! What runs on the machine.

use serde::{Deserialize, Serialize};

/// The operating system. No host name and no user name: they carry people's names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// The system's short id (`ID` of os-release).
    pub os_id: Option<String>,
    /// Its name.
    pub os_name: Option<String>,
    /// Its version.
    pub os_version: Option<String>,
    /// Its build or image.
    pub os_build: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// The processor architecture, as the kernel names it.
    pub architecture: Option<String>,
    /// The time zone's name in the IANA database.
    pub time_zone: Option<String>,
    /// Whether an update waits for a restart.
    pub reboot_pending: Option<bool>,
    /// The agent's own version.
    pub agent_version: Option<String>,
}
