//! Built-in microphones and speakers: the streams of the sound cards that are not on USB.

use super::root::Root;
use crate::platform::evidence::evidence;
use model::inventory::{Bus, Peripheral};
use std::collections::BTreeSet;

const CARDS: &str = "proc/asound";
/// Made by the kernel for tests and loops.
const VIRTUAL: [&str; 4] = ["Loopback", "Dummy", "vimc", "Virtual"];
const STREAMS_MAX: usize = 64;

/// Microphones and speakers.
pub(super) fn read(root: &Root) -> (Vec<Peripheral>, Vec<Peripheral>) {
    let names = root.names(CARDS);
    // `card0` is a folder; `PCH` beside it is a link to it.
    let cards = names.iter().filter(|name| name.strip_prefix("card").is_some_and(|n| n.parse::<u8>().is_ok()));
    let (mut records, mut plays) = (BTreeSet::new(), BTreeSet::new());
    for card in cards {
        let folder = format!("{CARDS}/{card}");
        let id = root.text(&format!("{folder}/id")).unwrap_or_default();
        if root.exists(&format!("{folder}/usbid")) || VIRTUAL.contains(&id.trim()) {
            continue;
        }
        for stream in root.names(&folder).into_iter().filter(|name| name.starts_with("pcm")).take(STREAMS_MAX) {
            let Some(name) = stream_name(root, &format!("{folder}/{stream}/info")) else { continue };
            if stream.ends_with('c') {
                records.insert(name);
            } else if stream.ends_with('p') {
                plays.insert(name);
            }
        }
    }
    let part = |name| Peripheral { bus: Bus::Internal, id: None, name: Some(name), serial: None };
    (records.into_iter().map(part).collect(), plays.into_iter().map(part).collect())
}

/// What the stream is called; sound over a display's cable is the display's.
fn stream_name(root: &Root, path: &str) -> Option<String> {
    let text = root.text(path)?;
    let said = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':').map(str::trim));
    let name = evidence(said("name").filter(|name| !name.is_empty()).or_else(|| said("id"))?)?;
    let display = ["HDMI", "DisplayPort", "Deepbuffer", "Bluetooth"].iter().any(|word| name.contains(word));
    (!display).then(|| name.trim_end_matches("(*)").trim().to_owned())
}
