//! Fixed disks, and whether the system encrypts what it keeps on them.

use super::mount::{Mount, mounts};
use super::root::Root;
use super::udisks::nvme_lives;
use agent_core::health::DiskLife;
use model::inventory::{Disk, PARTS_MAX};
use std::collections::BTreeSet;

const BLOCK: &str = "sys/block";
/// The kernel counts in these, whatever the disk does (Documentation/ABI/stable/sysfs-block).
const SECTOR_BYTES: u64 = 512;

pub(super) fn read(root: &Root) -> Vec<Disk> {
    let blocks = root.names(BLOCK);
    let mounted = mounts(root);
    let told: Vec<(String, bool)> = mounted
        .iter()
        .filter(|mount| holds_data(mount))
        .flat_map(|mount| lies_on(root, &blocks, &mount.device))
        .collect();
    // A board may well start from a card: then that is its disk.
    let system: Vec<String> = mounted
        .iter()
        .filter(|mount| mount.at == "/")
        .flat_map(|mount| lies_on(root, &blocks, &mount.device))
        .map(|(disk, _)| disk)
        .collect();
    let disk = |name: &String| {
        if !is_fixed(root, name) && !system.contains(name) {
            return None;
        }
        let file = |rest: &str| format!("{BLOCK}/{name}/{rest}");
        let size_bytes = root.number::<u64>(&file("size")).filter(|sectors| *sectors > 0)?.checked_mul(SECTOR_BYTES);
        let mut seen = told.iter().filter(|(disk, _)| disk == name).map(|(_, crypt)| *crypt).peekable();
        let encrypted = if seen.peek().is_some() { Some(seen.all(|crypt| crypt)) } else { None };
        Some(Disk {
            model: root.evidence(&file("device/model")).or_else(|| root.evidence(&file("device/name"))),
            size_bytes,
            rotational: rotational(root, name),
            encrypted,
        })
    };
    blocks.iter().filter_map(disk).collect()
}

/// What the machine's own disks say of their life: soldered flash through the kernel, as `life_time` and `pre_eol_info`
/// (Documentation/ABI/testing/sysfs-bus-mmc), NVMe through udisks.
pub(crate) fn disk_lives(root: &Root) -> Vec<DiskLife> {
    let life = |name: &String| {
        let folder = format!("{BLOCK}/{name}/device");
        let text = root.text(&format!("{folder}/life_time"))?;
        let (one, other) = text.trim().split_once(' ')?;
        let reserve = root.text(&format!("{folder}/pre_eol_info")).and_then(|text| byte(&text)).unwrap_or(0);
        Some(DiskLife::Emmc { estimates: [byte(one)?, byte(other)?], reserve })
    };
    let mut own = root.names(BLOCK);
    own.retain(|name| is_fixed(root, name));
    own.truncate(PARTS_MAX);
    let mut lives: Vec<DiskLife> = own.iter().filter_map(life).collect();
    lives.extend(nvme_lives(root, own.iter().map(String::as_str).filter(|name| name.starts_with("nvme"))));
    lives
}

/// `0x0b` as 11.
fn byte(text: &str) -> Option<u8> {
    u8::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}

/// Whether a disk is part of the machine: no stick, no card, no disk on a cable, nothing the kernel made up.
fn is_fixed(root: &Root, name: &str) -> bool {
    let file = |rest: &str| format!("{BLOCK}/{name}/{rest}");
    let kind = ["sd", "hd", "nvme", "mmcblk", "vd", "xvd"].iter().any(|kind| name.starts_with(kind));
    let emmc_part = name.starts_with("mmcblk") && (name.contains("boot") || name.contains("rpmb"));
    let card = root.text(&file("device/type")).is_some_and(|kind| kind.trim() == "SD");
    let outside =
        root.link(&format!("{BLOCK}/{name}")).is_some_and(|to| to.contains("/usb") || to.contains("/ieee1394"));
    let yes = |rest: &str| root.text(&file(rest)).is_some_and(|text| text.trim() == "1");
    kind && !emmc_part && !card && !outside && !yes("removable") && !yes("hidden")
}

/// Virtual disks say 1 whatever lies below them.
fn rotational(root: &Root, name: &str) -> Option<bool> {
    if name.starts_with("vd") || name.starts_with("xvd") {
        return None;
    }
    match root.text(&format!("{BLOCK}/{name}/queue/rotational"))?.trim() {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// What starts the machine has to be readable before anything is opened.
fn holds_data(mount: &Mount) -> bool {
    let starts = ["/boot", "/efi"].iter().any(|at| mount.at == *at || mount.at.starts_with(&format!("{at}/")));
    !starts && !mount.device.starts_with("loop")
}

/// The disks below a device, each with whether dm-crypt lies between.
fn lies_on(root: &Root, blocks: &[String], device: &str) -> Vec<(String, bool)> {
    let start = match device.strip_prefix("mapper/") {
        Some(mapped) => blocks
            .iter()
            .find(|block| root.text(&format!("{BLOCK}/{block}/dm/name")).is_some_and(|name| name.trim() == mapped))
            .cloned(),
        None => Some(device.to_owned()),
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next: Vec<(String, bool)> = start.map(|name| (name, false)).into_iter().collect();
    while let Some((name, crypt)) = next.pop() {
        if !seen.insert((name.clone(), crypt)) {
            continue;
        }
        let uuid = root.text(&format!("{BLOCK}/{name}/dm/uuid"));
        let crypt = crypt || uuid.is_some_and(|uuid| uuid.starts_with("CRYPT-"));
        let slaves = root.names(&format!("{BLOCK}/{name}/slaves"));
        if blocks.contains(&name) {
            if slaves.is_empty() {
                found.push((name, crypt));
            }
        } else if let Some(disk) = blocks.iter().find(|disk| is_partition(root, disk, &name)) {
            found.push((disk.clone(), crypt));
        }
        next.extend(slaves.into_iter().map(|slave| (slave, crypt)));
    }
    found
}

fn is_partition(root: &Root, disk: &str, name: &str) -> bool {
    name.starts_with(disk) && !name.contains('/') && root.exists(&format!("{BLOCK}/{disk}/{name}"))
}
