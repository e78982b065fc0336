//! Another clock for a process than the system's, moved while it runs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A clock that is ahead of the system's, or behind it, by what a file says; the time since the machine was switched on is as it is.
#[derive(Debug)]
pub struct Ahead {
    file: PathBuf,
    /// What goes before a program, so that it goes by this clock.
    pub words: Vec<String>,
}

impl Ahead {
    /// Nothing where faketime is not installed.
    ///
    /// # Panics
    /// When it is, and does not work.
    #[must_use]
    pub fn new(folder: &Path) -> Option<Self> {
        crate::system_program("faketime")?;
        let file = folder.join("ahead");
        fs::write(&file, "+0").expect("a file");
        let out = Command::new("faketime").args(["-f", "+0", "env"]).output().expect("it runs");
        let text = String::from_utf8(out.stdout).expect("text");
        let library = text.lines().find(|line| line.starts_with("LD_PRELOAD=")).map(str::to_owned)?;
        let more =
            ["FAKETIME_NO_CACHE=1", "FAKETIME_DISABLE_SHM=1", "FAKETIME_DONT_FAKE_MONOTONIC=1"].map(str::to_owned);
        let from = format!("FAKETIME_TIMESTAMP_FILE={}", file.display());
        let words = ["env".to_owned(), library, from].into_iter().chain(more).collect();
        Some(Self { file, words })
    }

    /// From now on it is so many minutes ahead, or behind.
    ///
    /// # Panics
    /// When it cannot be said.
    pub fn minutes(&self, minutes: i64) {
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{minutes:+}m")).expect("a file");
        fs::rename(new, &self.file).expect("its place");
    }
}
