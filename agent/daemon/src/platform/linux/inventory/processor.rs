//! Processors and memory, from /proc.

use super::root::Root;
use crate::platform::evidence::evidence;
use model::inventory::Processor;
use std::collections::{BTreeMap, BTreeSet};

/// A kilobyte and a half for each logical processor.
const CPUINFO_BYTES_MAX: u64 = 1024 * 1024;
const MEMORY_STEP: u64 = 16 << 20;

/// One entry a socket.
pub(super) fn read(root: &Root) -> Vec<Processor> {
    let Some(text) = root.text_of("proc/cpuinfo", CPUINFO_BYTES_MAX) else { return Vec::new() };
    let mut sockets: BTreeMap<u32, Processor> = BTreeMap::new();
    for block in text.split("\n\n") {
        let field = |name: &str| fields(block).find(|(key, _)| *key == name).map(|(_, value)| value);
        if field("processor").is_none_or(|value| value.parse::<u32>().is_err()) {
            continue;
        }
        let socket = field("physical id").and_then(|id| id.parse().ok()).unwrap_or(0);
        let processor = sockets.entry(socket).or_default();
        processor.threads = Some(processor.threads.unwrap_or(0).saturating_add(1));
        processor.cores = processor.cores.or_else(|| field("cpu cores")?.parse().ok().filter(|cores| *cores > 0));
        if processor.name.is_none() {
            processor.name = field("model name")
                .and_then(name)
                .or_else(|| Some(arm_name(field("CPU implementer")?, field("CPU part")?)?.to_owned()));
        }
    }
    if let (1, Some(only)) = (sockets.len(), sockets.values_mut().next())
        && only.cores.is_none()
    {
        only.cores = cores(root);
    }
    sockets.into_values().collect()
}

/// The memory the system can use, to the nearest 16 MiB: what the kernel keeps for itself differs from version to version.
pub(super) fn memory_bytes(root: &Root) -> Option<u64> {
    let bytes = meminfo(root, "MemTotal")?;
    Some(bytes.checked_add(MEMORY_STEP / 2)? / MEMORY_STEP * MEMORY_STEP).filter(|bytes| *bytes > 0)
}

/// A line of /proc/meminfo, in bytes.
pub(crate) fn meminfo(root: &Root, name: &str) -> Option<u64> {
    let text = root.text("proc/meminfo")?;
    let value = fields(&text).find(|(key, _)| *key == name)?.1;
    value.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.split_once(':')).map(|(key, value)| (key.trim(), value.trim()))
}

/// Without the runs of spaces that some makers pad it with.
fn name(text: &str) -> Option<String> {
    evidence(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Cores of a machine with one socket whose /proc/cpuinfo does not tell: groups of sibling threads.
fn cores(root: &Root) -> Option<u32> {
    let folder = "sys/devices/system/cpu";
    let siblings: BTreeSet<String> = root
        .names(folder)
        .iter()
        .filter_map(|cpu| root.text(&format!("{folder}/{cpu}/topology/thread_siblings_list")))
        .collect();
    u32::try_from(siblings.len()).ok().filter(|cores| *cores > 0)
}

/// Arm's own cores as the kernel numbers them (`arch/arm64/include/asm/cputype.h`).
fn arm_name(implementer: &str, part: &str) -> Option<&'static str> {
    match (implementer, part) {
        ("0x41", "0xd03") => Some("Arm Cortex-A53"),
        ("0x41", "0xd04") => Some("Arm Cortex-A35"),
        ("0x41", "0xd05") => Some("Arm Cortex-A55"),
        ("0x41", "0xd07") => Some("Arm Cortex-A57"),
        ("0x41", "0xd08") => Some("Arm Cortex-A72"),
        ("0x41", "0xd09") => Some("Arm Cortex-A73"),
        ("0x41", "0xd0b") => Some("Arm Cortex-A76"),
        _ => None,
    }
}
