//! Folders that only the system and administrators enter.
//!
//! Windows closes nothing under `ProgramData` by itself, and everybody may make folders there: one that somebody made before the
//! agent would be theirs to open. So the access list is made with the folder, and a folder that is open is refused.

use super::health::system_folder;
use super::service;
use agent_core::windows::{SDDL_CLOSED_TO, access_is_closed};
use std::io;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// No window flashes on the borrower's screen (`CREATE_NO_WINDOW`, CreateProcess).
const NO_WINDOW: u32 = 0x0800_0000;
/// The longest access list read, in bytes.
const LIST_BYTES_MAX: u64 = 64 * 1024;
/// The group of administrators (Microsoft, "Well-known SIDs").
const ADMINISTRATORS: &str = "S-1-5-32-544";

/// The folder of everything the agent keeps.
pub(super) fn home() -> PathBuf {
    let data = std::env::var_os("ProgramData").map(PathBuf::from).filter(|path| path.is_absolute());
    data.unwrap_or_else(|| r"C:\ProgramData".into()).join("Cartable")
}

/// Makes a folder; each that is made on the way, from the agent's own folder on, has an access list of its own. A list that is only
/// inherited would be judged open, for whoever changes the folder above changes it too.
pub(super) fn folder_make(at: &Path) -> io::Result<()> {
    let home = home();
    if at.is_dir() {
        // A token is written into it before anything else looks at it. An empty one is what a cut left, or somebody's trap: made anew.
        if !at.starts_with(&home) || closed(at)? {
            return Ok(());
        }
        if std::fs::remove_dir(at).is_err() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others may enter this folder, which was there before",
            ));
        }
    }
    let own = |folder: &&Path| *folder == at || folder.starts_with(&home);
    let mut wanting: Vec<_> = at.ancestors().take_while(own).filter(|folder| !folder.is_dir()).collect();
    wanting.reverse();
    if let Some(above) = wanting.first().and_then(|first| first.parent()) {
        std::fs::create_dir_all(above)?;
    }
    wanting.into_iter().try_for_each(made_closed)
}

/// Makes one folder and closes it. A cut between the two leaves one that is open and is refused: never the other way round.
fn made_closed(at: &Path) -> io::Result<()> {
    std::fs::create_dir(at)?;
    let closed = close(at);
    if closed.is_err() {
        let _ = std::fs::remove_dir(at);
    }
    closed
}

/// Whether only the system and administrators enter it, and the agent's own folder, in which configuration and token lie too.
pub(super) fn folder_closed(at: &Path) -> io::Result<bool> {
    let home = home();
    let inner = at != home && (at.starts_with(&home) || service::under());
    if inner && home.is_dir() && !closed(&home)? {
        tracing::warn!(folder = %home.display(), "others may enter the folder that all of the agent's lies in");
        return Ok(false);
    }
    closed(at)
}

/// One folder. What is not understood is open; only where the system has no access lists at all, as under Wine, whose `icacls`
/// succeeds without a word, is the folder taken as it is.
fn closed(at: &Path) -> io::Result<bool> {
    // A junction lies where somebody else said; everybody may make one in ProgramData.
    if at.symlink_metadata()?.is_symlink() {
        return Ok(false);
    }
    // A list does not say whose the folder is, and an owner may always change the list. A person may lack the right to take it.
    let taken =
        icacls(None, &[at.as_os_str(), "/setowner".as_ref(), format!("*{ADMINISTRATORS}").as_ref(), "/q".as_ref()]);
    if service::under() {
        taken?;
    }
    // Not into the folder itself, where somebody may have laid what stands in the way.
    let file = system_folder().join("Temp").join(format!("cartable-{:032x}.tmp", rand::random::<u128>()));
    // By a relative name: /save writes names as they were given.
    icacls(Some(at), &[".".as_ref(), "/save".as_ref(), file.as_os_str(), "/q".as_ref()])?;
    let list = match std::fs::File::open(&file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            tracing::debug!(folder = %at.display(), "this system has no access lists");
            return Ok(true);
        }
        opened => opened.and_then(|opened| io::read_to_string(Wide(io::Read::take(opened, LIST_BYTES_MAX)))),
    };
    let _ = std::fs::remove_file(&file);
    Ok(access_is_closed(&list?).unwrap_or(false))
}

fn close(at: &Path) -> io::Result<()> {
    let mut words = vec![at.as_os_str().to_owned(), "/inheritance:r".into(), "/q".into()];
    for sid in SDDL_CLOSED_TO {
        words.extend(["/grant:r".into(), format!("*{sid}:(OI)(CI)F").into()]);
    }
    let words: Vec<_> = words.iter().map(std::ffi::OsString::as_os_str).collect();
    icacls(None, &words)
}

/// Windows' own program for access lists, by its path: nothing else of that name is run. It stands in the system's folder unless a
/// relative name is meant.
fn icacls(at: Option<&Path>, words: &[&std::ffi::OsStr]) -> io::Result<()> {
    let system = system_folder().join("System32");
    let mut command = Command::new(system.join("icacls.exe"));
    command.args(words).current_dir(at.unwrap_or(&system)).creation_flags(NO_WINDOW);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("icacls ended with {status}"))) }
}

/// UTF-16 (little endian) as bytes of UTF-8; an access list is plain ASCII, so that everything else is passed over.
struct Wide<R>(R);

impl<R: io::Read> io::Read for Wide<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.0.read(to)?;
            if count == 0 {
                return Ok(0);
            }
            let mut kept = 0;
            for at in 0..count {
                if to[at].is_ascii() && to[at] != 0 {
                    to[kept] = to[at];
                    kept += 1;
                }
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}
