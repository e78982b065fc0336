//! The registry, read as evidence: what is absent or of another kind is unknown.

use crate::platform::evidence::evidence;
use model::id::BootId;
use windows_registry::{Key, LOCAL_MACHINE};

/// Gone when the system ends.
const BOOT: &str = r"SOFTWARE\Cartable\Boot";

/// A key of the machine.
pub(super) fn key(path: &str) -> Option<Key> {
    LOCAL_MACHINE.open(path).ok()
}

/// Whether there is such a key.
pub(super) fn exists(path: &str) -> bool {
    key(path).is_some()
}

/// A text value, trimmed, cut, and nothing when it is a placeholder.
pub(super) fn text(key: &Key, name: &str) -> Option<String> {
    evidence(&key.get_string(name).ok()?)
}

/// A number.
pub(super) fn number(key: &Key, name: &str) -> Option<u32> {
    key.get_u32(name).ok()
}

/// The name of this run of the machine: the one that is kept, else this one, which is kept until the system ends.
pub(super) fn boot_id(new: [u8; 16]) -> Option<BootId> {
    let kept = LOCAL_MACHINE.options().read().write().create().volatile().open(BOOT).ok()?;
    if let Some(id) = kept.get_string("Id").ok().and_then(|text| text.parse().ok()) {
        return Some(id);
    }
    let id = BootId::from_bytes(new);
    kept.set_string("Id", id.to_string()).ok()?;
    Some(id)
}
