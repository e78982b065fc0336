//! Folders that only the system and administrators enter.
//!
//! Windows closes nothing under `ProgramData` by itself, and everybody may make folders there: one that somebody made before the
//! agent would be theirs to open. So the access list is made with the folder, and a folder that is open is refused.

use super::health::system_folder;
use agent_core::windows::{SDDL_CLOSED_TO, access_is_closed};
use std::io;
use std::os::windows::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// No window flashes on the borrower's screen (`CREATE_NO_WINDOW`, CreateProcess).
const NO_WINDOW: u32 = 0x0800_0000;
/// The longest access list read, in bytes.
const LIST_BYTES_MAX: u64 = 64 * 1024;
/// The file that `icacls /save` writes while a folder is looked at.
const LIST: &str = "access.tmp";

/// The folder of everything the agent keeps.
pub(super) fn home() -> PathBuf {
    let data = std::env::var_os("ProgramData").map(PathBuf::from).filter(|path| path.is_absolute());
    data.unwrap_or_else(|| r"C:\ProgramData".into()).join("Cartable")
}

/// Makes a folder with an access list of its own; within the agent's own folder everything has that one's.
pub(super) fn folder_make(at: &Path) -> io::Result<()> {
    if at.is_dir() {
        return Ok(());
    }
    let top = if at.starts_with(home()) { home() } else { at.to_owned() };
    let new = !top.is_dir();
    std::fs::create_dir_all(at)?;
    if new {
        close(&top)?;
    }
    Ok(())
}

/// Whether only the system and administrators enter it. Where the access list cannot be read, as under Wine, that is said and
/// the folder is taken as it is: a device must not stop for it.
pub(super) fn folder_closed(at: &Path) -> io::Result<bool> {
    // By a relative name: /save writes names as they were given.
    let file = at.join(LIST);
    let saved = icacls(at, &[".".as_ref(), "/save".as_ref(), file.as_os_str(), "/q".as_ref()]);
    let list = saved.and_then(|()| {
        let read = io::Read::take(std::fs::File::open(&file)?, LIST_BYTES_MAX);
        io::read_to_string(Wide(read))
    });
    let _ = std::fs::remove_file(&file);
    match list.ok().and_then(|list| access_is_closed(&list)) {
        Some(closed) => Ok(closed),
        None => {
            tracing::debug!(folder = %at.display(), "its access list cannot be read");
            Ok(true)
        }
    }
}

fn close(at: &Path) -> io::Result<()> {
    let mut words = vec![at.as_os_str().to_owned(), "/inheritance:r".into(), "/q".into()];
    for sid in SDDL_CLOSED_TO {
        words.extend(["/grant:r".into(), format!("*{sid}:(OI)(CI)F").into()]);
    }
    let words: Vec<_> = words.iter().map(std::ffi::OsString::as_os_str).collect();
    icacls(at, &words)
}

/// Windows' own program for access lists, by its path: nothing else of that name is run.
fn icacls(at: &Path, words: &[&std::ffi::OsStr]) -> io::Result<()> {
    let program = system_folder().join("System32").join("icacls.exe");
    let mut command = Command::new(program);
    command.args(words).current_dir(at).creation_flags(NO_WINDOW);
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
