//! Files of the audit: a chain's links a line each, and small files that replace an older one whole.

use crate::Error;
use model::chain::{Broken, Tip, Walk};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The longest line, in bytes: the control plane takes bodies of 4 MiB.
const LINE_BYTES_MAX: u64 = 8 * 1024 * 1024;

/// A file that appears under its name only once it is whole; until then it is beside it, with `.part` behind its name.
pub(super) struct Growing {
    path: PathBuf,
    part: PathBuf,
    file: io::BufWriter<File>,
}

impl Growing {
    /// Begins a file that only its owner reads: the audit names people.
    pub(super) fn begin(path: &Path) -> Result<Self, Error> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
        let file = io::BufWriter::new(made.map_err(|e| failed(path, e))?);
        Ok(Self { path: path.to_owned(), part, file })
    }

    /// Adds a line.
    pub(super) fn line(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).and_then(|()| self.file.write_all(b"\n")).map_err(|e| failed(&self.path, e))
    }

    /// Makes it durable and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let written = self.file.flush().and_then(|()| self.file.get_ref().sync_all());
        written.and_then(|()| fs::rename(&self.part, &self.path)).map_err(|e| failed(&self.path, e))
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        // After `finish` there is none; else nobody takes half a file for a whole one.
        let _ = fs::remove_file(&self.part);
    }
}

/// Follows the links of a file and answers with the tip, and with the one reached after at most `kept` links.
pub(super) fn links_follow(path: &Path, kept: u64) -> Result<Result<(Tip, Tip), Broken>, Error> {
    let unread = |source| Error::File { path: path.to_owned(), source };
    let mut lines = BufReader::new(File::open(path).map_err(unread)?);
    let (mut walk, mut at_kept, mut line) = (Walk::new(Tip::default()), Tip::default(), Vec::new());
    while !walk.settled() {
        line.clear();
        // A longer line is cut, and so no link.
        if lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(unread)? == 0 {
            break;
        }
        walk.step(line.strip_suffix(b"\n").unwrap_or(&line));
        if walk.tip().length <= kept {
            at_kept = walk.tip();
        }
    }
    Ok(walk.end().map(|tip| (tip, at_kept)))
}

fn failed(path: &Path, source: io::Error) -> Error {
    Error::FileWrite { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::chain::{Fault, link};

    #[test]
    fn a_file_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let mut growing = Growing::begin(&path).unwrap();
        growing.line(b"{}").unwrap();
        drop(growing);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut growing = Growing::begin(&path).unwrap();
        growing.line(b"{}").unwrap();
        growing.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"{}\n");
        assert!(matches!(Growing::begin(&folder.path().join("no/where")), Err(Error::FileWrite { .. })));
    }

    #[test]
    fn lines_are_followed_and_a_spoilt_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let (mut tip, mut tips, mut text) = (Tip::default(), vec![Tip::default()], Vec::new());
        for n in 0..5 {
            text.extend_from_slice(&link(&mut tip, n.to_string().as_bytes()).unwrap().1);
            text.push(b'\n');
            tips.push(tip);
        }
        fs::write(&path, &text).unwrap();
        assert_eq!(links_follow(&path, 3).unwrap(), Ok((tip, tips[3])));
        assert_eq!(links_follow(&path, 9).unwrap(), Ok((tip, tip)));
        // Half of the last line is lost.
        fs::write(&path, &text[..text.len() - 9]).unwrap();
        assert_eq!(links_follow(&path, 0).unwrap(), Err(Broken { sequence: 4, fault: Fault::Edited }));
        fs::write(&path, [&text[..], b"\n"].concat()).unwrap();
        assert_eq!(links_follow(&path, 0).unwrap(), Err(Broken { sequence: 5, fault: Fault::Edited }));
        assert!(matches!(links_follow(folder.path(), 0), Err(Error::File { .. })));
    }
}
