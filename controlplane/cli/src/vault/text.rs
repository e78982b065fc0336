//! The bytes of a school's file as text: UTF-8, or the Latin alphabets that school software still writes.

use crate::Error;
use crate::school::windows_1252;
use std::fs::File;
use std::io::{self, BufRead, Read};
use std::path::Path;
use zeroize::Zeroizing;

/// The largest file of a school that is read, unpacked, in bytes.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// How a file's bytes stand for letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    Utf8,
    Windows1252,
    Latin9,
}

/// A file's content, wiped when it is dropped.
pub(super) fn file_bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(too_large(path));
    }
    Ok(bytes)
}

/// A spreadsheet's text, whichever of the two alphabets it is in.
pub(super) fn text_of(bytes: &[u8]) -> Zeroizing<String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    Zeroizing::new(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    })
}

pub(super) fn too_large(path: &Path) -> Error {
    let most = (FILE_BYTES_MAX / (1024 * 1024)).to_string();
    Error::usage("error-vault-size", &[("path", &path.display().to_string()), ("most", &most)])
}

/// ISO-8859-1, and the places where the two alphabets differ from it.
fn letter(byte: u8, alphabet: Alphabet) -> char {
    match (alphabet, byte) {
        (Alphabet::Latin9, 0xa4) => '€',
        (Alphabet::Latin9, 0xa6) => 'Š',
        (Alphabet::Latin9, 0xa8) => 'š',
        (Alphabet::Latin9, 0xb4) => 'Ž',
        (Alphabet::Latin9, 0xb8) => 'ž',
        (Alphabet::Latin9, 0xbc) => 'Œ',
        (Alphabet::Latin9, 0xbd) => 'œ',
        (Alphabet::Latin9, 0xbe) => 'Ÿ',
        (Alphabet::Windows1252, _) => windows_1252(byte),
        _ => char::from(byte),
    }
}

/// Reads what is written in an alphabet as UTF-8, up to so many bytes, and no more than so many between two marks.
pub(super) struct Reading<R> {
    input: R,
    alphabet: Alphabet,
    left: u64,
    since_mark: usize,
    mark_max: usize,
    raw: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
}

impl<R: Read> Reading<R> {
    pub(super) fn new(input: R, alphabet: Alphabet, mark_max: usize) -> Self {
        let raw = vec![0; 8 * 1024];
        Self { input, alphabet, left: FILE_BYTES_MAX, since_mark: 0, mark_max, raw, ready: Vec::new(), at: 0 }
    }

    /// What was read so far was in order.
    pub(super) fn mark(&mut self) {
        self.since_mark = 0;
    }
}

impl<R: Read> BufRead for Reading<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_mark > self.mark_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "one piece of it is too long"));
        }
        if self.at == self.ready.len() {
            let read = self.input.read(&mut self.raw)?;
            let length = u64::try_from(read).unwrap_or(u64::MAX);
            self.left = self
                .left
                .checked_sub(length)
                .ok_or_else(|| io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"))?;
            self.ready.clear();
            self.at = 0;
            match self.alphabet {
                Alphabet::Utf8 => self.ready.extend_from_slice(&self.raw[..read]),
                other => {
                    let text: String = self.raw[..read].iter().map(|byte| letter(*byte, other)).collect();
                    self.ready.extend_from_slice(text.as_bytes());
                }
            }
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.ready.len());
        self.since_mark = self.since_mark.saturating_add(amount);
    }
}

impl<R: Read> Read for Reading<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let read = ready.len().min(buffer.len());
        buffer[..read].copy_from_slice(&ready[..read]);
        self.consume(read);
        Ok(read)
    }
}
