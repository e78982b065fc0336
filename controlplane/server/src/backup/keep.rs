//! The files of backups: there whole or not at all, and the oldest ones gone.

use crate::error::{Error, Result};
use crate::folder::folder_sync;
use model::id::TerritoryId;
use model::time::Timestamp;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const ENDING: &str = ".tar.zst";
const DRAFT: &str = ".partial";

/// A file beside its place, removed unless it is kept.
pub(super) struct Draft {
    pub(super) file: File,
    draft: PathBuf,
    path: PathBuf,
    kept: bool,
}

impl Draft {
    /// Begins one that only its owner reads.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is something at its place, and [`Error::File`].
    pub(super) fn new(path: &Path) -> Result<Self> {
        let failed = |source| Error::File { what: "written", path: path.to_owned(), source };
        // A dangling link is something, too.
        if fs::symlink_metadata(path).is_ok() {
            return Err(Error::Exists(path.to_owned()));
        }
        let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
        let draft = path.with_file_name(format!(".{}{DRAFT}", name.to_string_lossy()));
        draft_remove(&draft).map_err(failed)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).map_err(failed)?;
        // Held while it is written, so that nobody takes it for one that was left behind.
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).map_err(|e| failed(e.into()))?;
        Ok(Self { file, draft, path: path.to_owned(), kept: false })
    }

    /// Puts it in its place, durably.
    ///
    /// # Errors
    /// [`Error::File`] when the system says no.
    pub(super) fn keep(mut self) -> Result<()> {
        let failed = |source| Error::File { what: "written", path: self.path.clone(), source };
        self.file.sync_all().map_err(failed)?;
        if fs::symlink_metadata(&self.path).is_ok() {
            return Err(Error::Exists(self.path.clone()));
        }
        fs::rename(&self.draft, &self.path).map_err(failed)?;
        self.kept = true;
        folder_sync(self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.draft);
        }
    }
}

/// Removes what killed runs left in a folder; that it cannot be removed keeps nobody from a new backup.
pub(super) fn drafts_remove(folder: &Path) {
    for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(".cartable-") && name.ends_with(&format!("{ENDING}{DRAFT}")) {
            let _ = draft_remove(&path);
        }
    }
}

/// Removes a draft that nobody is writing.
fn draft_remove(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)?;
    fs::remove_file(path)
}

/// `cartable-doubs-20261125T193000Z.tar.zst`: their order is that of time.
pub(super) fn name_of(territory: &TerritoryId, now: Timestamp) -> String {
    format!("{}{}{ENDING}", stem(territory), moment_text(now).replace(['-', ':'], ""))
}

/// A moment as people and programs read it, to the second, in UTC.
pub(super) fn moment_text(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.unix_seconds()).map_or_else(|_| at.unix_seconds().to_string(), |at| at.to_string())
}

/// Removes all but the newest so many backups of a territory in a folder; the one just made stays in any case, whatever the clock says.
///
/// # Errors
/// [`Error::File`] when one cannot be removed.
pub(super) fn older_remove(folder: &Path, territory: &TerritoryId, new: &Path, keep: usize) -> Result<Vec<PathBuf>> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { what: "removed", path, source }
    };
    let mut older = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let ours = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| named(name, territory));
        if ours && path != new {
            older.push(path);
        }
    }
    older.sort();
    older.truncate((older.len() + 1).saturating_sub(keep.max(1)));
    for path in &older {
        fs::remove_file(path).map_err(failed(path))?;
    }
    Ok(older)
}

fn stem(territory: &TerritoryId) -> String {
    format!("cartable-{territory}-")
}

fn named(name: &str, territory: &TerritoryId) -> bool {
    let moment = name.strip_prefix(&stem(territory)).and_then(|rest| rest.strip_suffix(ENDING));
    moment.is_some_and(|moment| {
        let digits = moment.bytes().enumerate().all(|(at, byte)| match at {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
        digits && moment.len() == 16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_older_backups_of_this_territory_go() {
        let folder = tempfile::tempdir().unwrap();
        let territory: TerritoryId = "doubs".parse().unwrap();
        let at = |day: i64| Timestamp::from_unix_seconds(1_790_000_000 + day * 86_400);
        let names: Vec<String> = (0..5).map(|day| name_of(&territory, at(day))).collect();
        assert_eq!(names[0], "cartable-doubs-20260921T141320Z.tar.zst");
        let others = [
            "cartable-jura-20260921T131320Z.tar.zst",
            "cartable-doubs-notes.tar.zst",
            "cartable-doubs-20260921T131320Z.tar.zst.age",
        ];
        for name in names.iter().map(String::as_str).chain(others) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let left = || {
            let mut left: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            left.retain(|name| !others.contains(&name.as_str()));
            left.sort();
            left
        };
        older_remove(folder.path(), &territory, &folder.path().join(&names[4]), 3).unwrap();
        assert_eq!(left(), names[2..]);
        // The clock was set back: the newest by its name is not the one just made.
        older_remove(folder.path(), &territory, &folder.path().join(&names[2]), 1).unwrap();
        assert_eq!(left(), names[2..3]);
        assert!(others.iter().all(|name| folder.path().join(name).exists()));
    }

    #[test]
    fn a_draft_is_never_seen_and_never_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cartable-doubs-20260921T131320Z.tar.zst");
        let draft = Draft::new(&path).unwrap();
        assert!(!path.exists());
        // Somebody else begins the same, and somebody cleans up.
        assert!(Draft::new(&path).is_err());
        drafts_remove(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        drop(draft);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        // One that a killed run left.
        fs::write(folder.path().join(".cartable-doubs-20260921T131320Z.tar.zst.partial"), "").unwrap();
        drafts_remove(folder.path());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        Draft::new(&path).unwrap().keep().unwrap();
        assert!(matches!(Draft::new(&path), Err(Error::Exists(_))));
    }
}
