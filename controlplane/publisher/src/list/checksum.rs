//! Checksums that come with a list. They tell a torn copy from a whole one; who made it, they do not tell.

use crate::error::{Error, Result, read_failed};
use md5::{Digest as _, Md5};
use model::digest::{Digester, hex};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The largest file of checksums that is read, in bytes.
const SUMS_BYTES_MAX: u64 = 1 << 20;
/// As much is read at once.
const READ_BYTES: usize = 1 << 20;

/// Compares an archive with the files of checksums that its publisher gives, as `md5sum` and `sha256sum` write them.
pub(super) fn checksums_check(archive: &Path, md5: Option<&Path>, sha256: Option<&Path>) -> Result<()> {
    if md5.is_none() && sha256.is_none() {
        return Ok(());
    }
    let bad = |sums: &Path| Error::Checksum { archive: archive.to_owned(), sums: sums.to_owned() };
    let (mut of_md5, mut of_sha256) = (Md5::new(), Digester::default());
    let mut file = File::open(archive).map_err(read_failed(archive))?;
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let count = file.read(&mut buffer).map_err(read_failed(archive))?;
        if count == 0 {
            break;
        }
        of_md5.update(&buffer[..count]);
        of_sha256.update(&buffer[..count]);
    }
    let (of_md5, of_sha256) = (hex(&of_md5.finalize()), of_sha256.finish().to_string());
    for (sums, sum) in [(md5, of_md5), (sha256, of_sha256)] {
        let Some(sums) = sums else { continue };
        if expected(sums, archive)?.is_none_or(|expected| expected != sum) {
            return Err(bad(sums));
        }
    }
    Ok(())
}

/// The checksum of a file: on a line with its name, or alone.
fn expected(sums: &Path, archive: &Path) -> Result<Option<String>> {
    let length = fs::metadata(sums).map_err(read_failed(sums))?.len();
    let text = match length <= SUMS_BYTES_MAX {
        true => fs::read_to_string(sums).map_err(read_failed(sums))?,
        false => String::new(),
    };
    let name = archive.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let found = text.lines().find_map(|line| {
        let (sum, file) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let file = file.trim().trim_start_matches('*');
        let is_named = file.rsplit('/').next() == Some(name) || (file.is_empty() && !sum.is_empty());
        is_named.then(|| sum.to_ascii_lowercase())
    });
    Ok(found)
}
