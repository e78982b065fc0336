//! What can be told without a network: the state folder, its disk, this device's certificate.

use super::{Check, Fact, Finding};
use crate::Agent;
use crate::clock::JudgingTime;
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use crate::state::{DOCTOR, Enrolled, clock_floor_read, enrolled_read, own};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What is written to see whether it can be: more than a file system keeps within an inode.
const PROBE: [u8; 8192] = [0x5a; 8192];
/// Less free room than this is worth a word.
const ROOM_LOW_BYTES: u64 = 100 * 1024 * 1024;
/// The agent renews from half of a certificate's life on; so near its end, that has been failing for days.
const ENDS_SOON: Duration = Duration::from_secs(5 * 86_400);

/// Looks; what the device holds if it is enrolled and all of it is sound.
pub(super) fn look(agent: &Agent, server_given: bool) -> (Vec<Finding>, Option<Enrolled>) {
    let folder = agent.folder();
    let (found, enrolled) = folder_look(&folder);
    let readable = found.error.is_none();
    let disk = disk_look(&folder, readable);
    let certificate = if readable {
        certificate_look(agent, enrolled.as_ref(), server_given)
    } else {
        Finding::not_tried(Check::Certificate, Check::Folder)
    };
    (vec![found, disk, certificate], enrolled)
}

fn folder_look(folder: &Folder) -> (Finding, Option<Enrolled>) {
    let path = || vec![("path", Fact::Text(folder.root().display().to_string()))];
    match std::fs::metadata(folder.root()) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return (Finding::warn(Check::Folder, "absent", path()), None);
        }
        Err(error) => return (Finding::error(Check::Folder, Error::file(folder.root())(error)), None),
        Ok(_) => {}
    }
    let sound = folder.closed_check().and_then(|()| enrolled_read(folder)).and_then(|enrolled| {
        if enrolled.is_none() {
            folder.own_check(own)?;
        }
        Ok(enrolled)
    });
    match sound {
        Ok(enrolled) => (Finding::ok(Check::Folder, "sound", path()), enrolled),
        Err(error) => (Finding::error(Check::Folder, error), None),
    }
}

/// A file is written and deleted: nothing else tells a full disk from one with room for its owner only, or one mounted for reading.
fn disk_look(folder: &Folder, own: bool) -> Finding {
    let there = folder.root().ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let free = Here::free_bytes(there);
    let values = || {
        let free = free.map(|free| ("free", Fact::Bytes(free)));
        std::iter::once(("path", Fact::Text(there.display().to_string()))).chain(free).collect::<Vec<_>>()
    };
    // Only in a folder that was found to be the agent's, and closed: elsewhere a file of that name may be somebody's.
    if own && there == folder.root() {
        let written = folder.write(DOCTOR, &PROBE);
        let removed = folder.remove(DOCTOR);
        if let Err(error) = written.and(removed) {
            return match &error {
                Error::File { source, .. } if source.kind() == ErrorKind::StorageFull => {
                    Finding::fail(Check::Disk, "full", values())
                }
                Error::File { source, .. } if source.kind() == ErrorKind::ReadOnlyFilesystem => {
                    Finding::fail(Check::Disk, "read_only", values())
                }
                _ => Finding::error(Check::Disk, error),
            };
        }
    }
    match free {
        Some(free) if free < ROOM_LOW_BYTES => Finding::warn(Check::Disk, "low", values()),
        Some(_) => Finding::ok(Check::Disk, "room", values()),
        None => Finding::ok(Check::Disk, "writable", values()),
    }
}

fn certificate_look(agent: &Agent, enrolled: Option<&Enrolled>, server_given: bool) -> Finding {
    let Some(enrolled) = enrolled else {
        let found = if server_given { Finding::warn } else { Finding::fail };
        return found(Check::Certificate, "none", Vec::new());
    };
    let time = Arc::new(JudgingTime::new(agent.clock.clone(), clock_floor_read(&agent.folder())));
    let of = |own: &[u8]| identity::issue::until_of(own).ok();
    let candidate = enrolled.candidate.as_ref().and_then(|candidate| of(candidate.own()));
    let Some(until) = of(enrolled.certificate.own()).max(candidate) else {
        return Finding::fail(Check::Certificate, "unreadable", Vec::new());
    };
    let values = vec![("until", Fact::At(until))];
    let now = time.now();
    if now > until {
        Finding::fail(Check::Certificate, "ended", values)
    } else if until.since(now) < ENDS_SOON {
        Finding::warn(Check::Certificate, "ends_soon", values)
    } else {
        Finding::ok(Check::Certificate, "valid", values)
    }
}
