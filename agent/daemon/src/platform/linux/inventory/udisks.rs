//! What an NVMe disk says of its life, asked of udisks over the system bus: that has read it already, which needs capabilities that the
//! agent does without.
//!
//! It is asked only where it runs. SATA disks are not asked for: each maker counts in its own way there.

use super::bus::{BUS, Bus, Call, Message, Seen};
use super::root::Root;
use agent_core::health::DiskLife;

const UDISKS: &str = "org.freedesktop.UDisks2";
/// The most disks that are asked for, one after another.
const DISKS_MAX: usize = 4;

/// What these disks say of their life; those that say nothing are left out.
pub(super) fn nvme_lives<'a>(root: &Root, disks: impl Iterator<Item = &'a str>) -> Vec<DiskLife> {
    let mut disks = disks.take(DISKS_MAX).peekable();
    if disks.peek().is_none() {
        return Vec::new();
    }
    let Some(mut bus) = root.socket(BUS).and_then(|socket| Bus::joined(socket).ok()) else { return Vec::new() };
    disks.filter_map(|disk| nvme_used(&mut bus, disk)).map(DiskLife::Used).collect()
}

/// Hundredths of its rated life that a disk has used.
fn nvme_used(bus: &mut Bus, disk: &str) -> Option<u8> {
    // Other names would have to be written otherwise in a path.
    if !disk.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut body = Message::default();
    body.text("org.freedesktop.UDisks2.Block");
    body.text("Drive");
    let path = format!("/org/freedesktop/UDisks2/block_devices/{disk}");
    let get = Call { to: UDISKS, path: &path, interface: "org.freedesktop.DBus.Properties", method: "Get" };
    let answer = bus.answer(&get, "ss", &body.0).ok()?;
    let mut seen = Seen { bytes: &answer, at: 0 };
    let drive = if seen.signature()? == "o" { seen.text()?.to_owned() } else { return None };
    let interface = "org.freedesktop.UDisks2.NVMe.Controller";
    let attributes = Call { to: UDISKS, path: &drive, interface, method: "SmartGetAttributes" };
    // No options: a list of pairs without one, filled up to where the first would begin.
    let answer = bus.answer(&attributes, "a{sv}", &[0; 8]).ok()?;
    percent_used(&answer)
}

/// `percent_used` among the attributes of an NVMe disk.
fn percent_used(body: &[u8]) -> Option<u8> {
    let mut seen = Seen { bytes: body, at: 0 };
    let length = usize::try_from(seen.number()?).ok()?;
    seen.align(8)?;
    let end = seen.at.checked_add(length)?;
    while seen.at < end {
        seen.align(8)?;
        let name = seen.text()?.to_owned();
        let signature = seen.signature()?.to_owned();
        if name == "percent_used" {
            return if signature == "y" { seen.byte() } else { None };
        }
        seen.skip(&signature)?;
    }
    None
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::platform::linux::inventory::bus::reply_to;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixListener;
    use std::thread::JoinHandle;

    /// A body of attributes as udisks sends it: before what is wanted stand values of other kinds.
    fn attributes(used: Option<u8>) -> Vec<u8> {
        let mut body = Message(vec![0; 8]);
        let mut pair = |name: &str, kind: &str, align: usize, value: &[u8]| {
            body.align(8);
            body.text(name);
            body.signature(kind);
            body.align(align);
            body.0.extend(value);
        };
        pair("avail_spare", "y", 1, &[100]);
        pair("power_cycles", "t", 8, &[1; 8]);
        pair("temp_sensors", "aq", 4, &[4, 0, 0, 0, 1, 0, 2, 0]);
        if let Some(used) = used {
            pair("percent_used", "y", 1, &[used]);
        }
        let length = u32::try_from(body.0.len() - 8).unwrap().to_le_bytes();
        body.0[..4].copy_from_slice(&length);
        body.0
    }

    /// A reply to a call of this serial, or another kind of message.
    pub(in super::super) fn reply(kind: u8, serial: u32, body: &[u8]) -> Vec<u8> {
        let mut message = Message(vec![b'l', kind, 1, 1]);
        message.0.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
        message.0.extend([9, 0, 0, 0, 8, 0, 0, 0, 5, 1, b'u', 0]);
        message.0.extend(serial.to_le_bytes());
        [message.0, body.to_vec()].concat()
    }

    /// A bus that gives these answers, one a call; a signal comes before each. The root below which it listens.
    pub(in super::super) fn bus(answers: Vec<Vec<u8>>) -> (tempfile::TempDir, Root, JoinHandle<()>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("run/dbus")).unwrap();
        let listener = UnixListener::bind(folder.path().join(BUS)).unwrap();
        let serve = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut seen = [0; 512];
            assert!(socket.read(&mut seen).unwrap() > 0);
            socket.write_all(b"OK 1234deadbeef\r\n").unwrap();
            let mut pending = Vec::new();
            for answer in answers {
                // A call ends with its body, whose length it says; `BEGIN` comes before the first.
                loop {
                    let start = if pending.starts_with(b"BEGIN\r\n") { 7 } else { 0 };
                    let whole = pending.get(start..).filter(|call: &&[u8]| call.len() >= 16).map(|call| {
                        let number = |at: usize| usize::from(call[at]) | usize::from(call[at + 1]) << 8;
                        start + (16 + number(12)).next_multiple_of(8) + number(4)
                    });
                    if let Some(whole) = whole.filter(|whole| pending.len() >= *whole) {
                        pending.drain(..whole);
                        break;
                    }
                    let count = socket.read(&mut seen).unwrap_or(0);
                    if count == 0 {
                        return;
                    }
                    pending.extend_from_slice(&seen[..count]);
                }
                if socket.write_all(&reply(4, 0, &[])).and_then(|()| socket.write_all(&answer)).is_err() {
                    return;
                }
            }
        });
        let root = Root::new(folder.path());
        (folder, root, serve)
    }

    fn drive() -> Vec<u8> {
        let mut body = Message::default();
        body.signature("o");
        body.text("/org/freedesktop/UDisks2/drives/Sample_1");
        body.0
    }

    #[test]
    fn each_disk_is_asked_over_one_connection() {
        let answers = vec![
            reply(2, 1, &[]),
            reply(2, 2, &drive()),
            reply(2, 3, &attributes(Some(7))),
            reply(2, 4, &drive()),
            reply(3, 5, &[]),
            reply(2, 6, &drive()),
            reply(2, 7, &attributes(Some(120))),
        ];
        let (_folder, root, serve) = bus(answers);
        let lives = nvme_lives(&root, ["nvme0n1", "nvme1n1", "nvme2n1"].into_iter());
        assert_eq!(lives, [DiskLife::Used(7), DiskLife::Used(120)]);
        serve.join().unwrap();
    }

    #[test]
    fn a_bus_that_is_not_there_or_says_nonsense_tells_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(nvme_lives(&Root::new(folder.path()), ["nvme0n1"].into_iter()), []);
        let mut huge = reply(2, 1, &[]);
        huge[4..8].fill(0xff);
        let mut other_end = reply(2, 1, &[]);
        other_end[0] = b'B';
        for answers in [
            vec![],
            vec![vec![0xff; 64]],
            vec![huge],
            vec![other_end],
            vec![reply(2, 1, &[]), reply(2, 2, &[1, b's', 0])],
            vec![reply(2, 1, &[]), reply(2, 2, &drive()), reply(2, 3, &attributes(None))],
            vec![reply(2, 1, &[]), reply(2, 2, &drive()), reply(2, 3, &[0xff; 20])],
        ] {
            let (_folder, root, serve) = bus(answers);
            assert_eq!(nvme_lives(&root, ["nvme0n1", "nvme../x"].into_iter()), []);
            serve.join().unwrap();
        }
    }

    #[test]
    fn any_byte_in_an_answer_is_answered() {
        let (sound, header) = (attributes(Some(7)), reply(2, 1, &[]));
        assert_eq!((percent_used(&sound), reply_to(&header)), (Some(7), Some(Some(1))));
        for value in 0..=u8::MAX {
            for at in 0..sound.len() {
                let mut spoiled = sound.clone();
                spoiled[at] = value;
                let _ = (percent_used(&spoiled), percent_used(&sound[..at]));
            }
            for at in 0..header.len() {
                let mut spoiled = header.clone();
                spoiled[at] = value;
                let _ = (reply_to(&spoiled), reply_to(&header[..at]));
            }
        }
    }
}
