//! A token in a file, `enrol.toml`: on a stick from which many devices are enrolled, or for whatever installs a system.

use crate::Error;
use crate::config::file_read;
use serde::Deserialize;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The name that `cartable-agent enrol --from` looks for.
const NAME: &str = "enrol.toml";
/// What it is called while it is written.
const TEMPORARY: &str = ".enrol.toml.new";

/// Where the file goes; nothing is left of it when it is dropped unwritten.
pub(super) struct Stick {
    temporary: PathBuf,
    file: File,
    /// The file.
    pub(super) path: PathBuf,
    /// Whether it takes the place of an older one.
    pub(super) replaces: bool,
}

/// What an older one must be to be replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(rename = "server")]
    _server: String,
    #[serde(rename = "token")]
    _token: String,
}

impl Stick {
    /// Sees that the file can be written, before there is a token to be written into it. What lies there under this name and is no
    /// such file is somebody's, and stays.
    pub(super) fn prepare(folder: &Path) -> Result<Self, Error> {
        let (path, temporary) = (folder.join(NAME), folder.join(TEMPORARY));
        let replaces = fs::symlink_metadata(&path).is_ok();
        let ours = || path.is_file() && file_read(&path).is_ok_and(|text| toml::from_str::<Form>(&text).is_ok());
        if replaces && !ours() {
            return Err(Error::usage("error-stick-other", &[("path", &path.display().to_string())]));
        }
        // Left by a run that was cut.
        let _ = fs::remove_file(&temporary);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
        let file = file.map_err(|source| Error::FileWrite { path: path.clone(), source })?;
        Ok(Self { temporary, file, path, replaces })
    }

    /// Writes it, whole or not at all; each line of `heading` becomes a comment.
    pub(super) fn write(mut self, heading: &str, server: &str, token: &str) -> Result<(), Error> {
        // No other control character than the line's end may stand in a comment of TOML.
        let comment = |line: &str| format!("# {}\n", line.chars().filter(|c| !c.is_control()).collect::<String>());
        let comments: String = heading.lines().map(comment).collect();
        let value = |text: &str| toml::Value::from(text).to_string();
        let text = format!("{comments}server = {}\ntoken = {}\n", value(server), value(token));
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        let placed = written.and_then(|()| fs::rename(&self.temporary, &self.path));
        placed.map_err(|source| Error::FileWrite { path: self.path.clone(), source })?;
        // Some file systems of sticks cannot do this; whoever unmounts the stick does it.
        let _ = self.path.parent().and_then(|folder| File::open(folder).ok()).map(|folder| folder.sync_all());
        Ok(())
    }
}

impl Drop for Stick {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn it_is_whole_closed_and_takes_the_place_of_its_like_only() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join(TEMPORARY), "half").unwrap();
        let stick = Stick::prepare(at).unwrap();
        assert!(!stick.replaces);
        stick.write("Cartable\nsecret", "https://x:1", "AB\"C").unwrap();
        let text = fs::read_to_string(at.join(NAME)).unwrap();
        assert_eq!(text, "# Cartable\n# secret\nserver = \"https://x:1\"\ntoken = 'AB\"C'\n");
        assert_eq!(fs::metadata(at.join(NAME)).unwrap().permissions().mode() & 0o777, 0o600);
        // Prepared and not written: the older one is as it was, and nothing else is there.
        let again = Stick::prepare(at).unwrap();
        assert!(again.replaces);
        drop(again);
        assert_eq!(names(at), [NAME]);
        for other in ["mine = true", "server = \"x\"\ntoken = \"y\"\nnote = \"mine\"\n", "\u{0}"] {
            fs::write(at.join(NAME), other).unwrap();
            assert!(matches!(Stick::prepare(at), Err(Error::Usage { key: "error-stick-other", .. })), "{other:?}");
            assert_eq!(fs::read_to_string(at.join(NAME)).unwrap(), other);
        }
        fs::remove_file(at.join(NAME)).unwrap();
        std::os::unix::fs::symlink("/nowhere", at.join(NAME)).unwrap();
        assert!(matches!(Stick::prepare(at), Err(Error::Usage { .. })));
        assert!(matches!(Stick::prepare(&at.join("absent")), Err(Error::FileWrite { .. })));
    }
}
