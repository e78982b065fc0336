//! Connected displays, through the kernel's graphics drivers.

use super::edid;
use super::root::Root;
use model::inventory::Display;

const DRM: &str = "sys/class/drm";
/// The base block and 255 extensions.
const EDID_BYTES_MAX: u64 = 256 * 128;

/// One entry a connected display; one whose EDID cannot be read counts, with nothing known of it.
pub(super) fn read(root: &Root) -> Vec<Display> {
    let display = |name: String| {
        // `card0-eDP-1`: everything else in the folder is no connector.
        let (_, connector) = name.strip_prefix("card")?.split_once('-')?;
        if connector.starts_with("Virtual") || connector.starts_with("Writeback") {
            return None;
        }
        let status = root.text(&format!("{DRM}/{name}/status"))?;
        if status.trim() != "connected" {
            return None;
        }
        let edid = root.bytes(&format!("{DRM}/{name}/edid"), EDID_BYTES_MAX).unwrap_or_default();
        let built_in = ["eDP", "LVDS", "DSI", "DPI"].iter().any(|kind| connector.starts_with(kind));
        Some(Display { built_in, ..edid::parse(&edid).unwrap_or_default() })
    };
    root.names(DRM).into_iter().filter_map(display).collect()
}
