//! The checkpoint: how long the chain was and how it ended, kept where the control plane cannot reach.

use super::file::Growing;
use crate::Error;
use crate::config::file_read;
use model::chain::Tip;
use std::io;
use std::path::Path;

/// The checkpoint in a file; none where there is no file yet.
pub(super) fn checkpoint_read(path: &Path) -> Result<Option<Tip>, Error> {
    let text = match file_read(path) {
        Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let tip: Option<Tip> = serde_json::from_str(&text).ok();
    let tip = tip.filter(|tip| (tip.length == 0) == tip.last.is_none());
    tip.map(Some).ok_or_else(|| Error::usage("error-checkpoint", &[("path", &path.display().to_string())]))
}

/// Replaces the checkpoint.
pub(super) fn checkpoint_write(path: &Path, tip: Tip) -> Result<(), Error> {
    let mut file = Growing::begin(path)?;
    file.line(&serde_json::to_vec(&tip).map_err(io::Error::from)?)?;
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::digest::Digest;

    #[test]
    fn what_is_written_is_read_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        assert_eq!(checkpoint_read(&path).unwrap(), None);
        for tip in [Tip::default(), Tip { length: 3, last: Some(Digest::of(b"x")) }] {
            checkpoint_write(&path, tip).unwrap();
            assert_eq!(checkpoint_read(&path).unwrap(), Some(tip));
        }
        for bad in ["", "{}", "{\"length\":3,\"last\":null}", "{\"length\":3}", "[]"] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(checkpoint_read(&path), Err(Error::Usage { .. })), "{bad}");
        }
    }
}
