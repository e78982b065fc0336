//! Built-in cameras that are not on USB: sensors on the processor's own camera port.

use super::root::Root;
use crate::platform::evidence::evidence;
use model::inventory::{Bus, Peripheral};

const VIDEO: &str = "sys/class/video4linux";
/// How the kernel's sensor drivers are called (`drivers/media/i2c`): OmniVision, Sony, Hynix, Samsung, GalaxyCore, Onsemi.
const SENSORS: [&str; 8] = ["ov", "og0", "imx", "hi", "s5k", "gc", "mt9", "ar0"];

/// One entry a sensor: `ov2740 4-0036` is a sensor on an I²C bus; the other nodes are stages and codecs.
pub(super) fn read(root: &Root) -> Vec<Peripheral> {
    let sensor = |node: String| {
        let text = root.text(&format!("{VIDEO}/{node}/name"))?;
        let (name, address) = text.trim().rsplit_once(' ')?;
        let (bus, place) = address.split_once('-')?;
        let on_bus = bus.parse::<u8>().is_ok() && place.len() == 4 && place.bytes().all(|b| b.is_ascii_hexdigit());
        if !on_bus || !SENSORS.iter().any(|sensor| name.starts_with(sensor)) {
            return None;
        }
        Some(Peripheral { bus: Bus::Internal, id: None, name: Some(evidence(name)?), serial: None })
    };
    root.names(VIDEO).into_iter().filter(|node| node.starts_with("v4l-subdev")).filter_map(sensor).collect()
}
