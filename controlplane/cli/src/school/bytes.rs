//! The bytes of a file somebody exported: which sign separates its fields, which encoding its text has, and a bound on one row.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The longest row, in bytes; the register's are about a kilobyte.
const ROW_BYTES_MAX: u64 = 1024 * 1024;

/// Reads on as long as rows end: a quote that is never closed would else take the whole file for one field, and all memory.
pub(super) struct Guard<R> {
    inner: R,
    since: Rc<Cell<u64>>,
    whole: Rc<Cell<u64>>,
}

impl<R: Read> Guard<R> {
    /// A reader, the count of bytes since the last row to be set to zero with each row, and the count of all bytes.
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>, Rc<Cell<u64>>) {
        let (since, whole) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        (Self { inner, since: Rc::clone(&since), whole: Rc::clone(&whole) }, since, whole)
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > ROW_BYTES_MAX {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(buffer)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        self.since.set(self.since.get().saturating_add(count));
        self.whole.set(self.whole.get().saturating_add(count));
        Ok(read)
    }
}

/// The sign that separates the fields of a first line.
pub(crate) fn separator(line: &[u8]) -> u8 {
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |sign: u8| line.iter().filter(|byte| **byte == sign).count();
    [b';', b',', b'\t'].into_iter().max_by_key(|sign| (count(*sign), *sign == b';')).unwrap_or(b';')
}

/// Whether these are the first bytes of UTF-16, which spreadsheets call "Unicode text".
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff])
}

/// A field as text: UTF-8 where it is valid, else Windows-1252, of which Latin-1 is a part.
///
/// Each field is judged by itself: files put together from two exports hold both.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// A byte of Windows-1252 (WHATWG Encoding Standard, index windows-1252).
pub(crate) const fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => HIGH[(byte - 0x80) as usize],
        _ => byte as char,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_and_encodings_are_told_apart() {
        assert_eq!(separator(b"a;b;c,d\nx,y,z,,,,"), b';');
        assert_eq!(separator(b"a,b,c"), b',');
        assert_eq!(separator(b"a\tb\tc"), b'\t');
        assert_eq!(separator(b""), b';');
        assert_eq!(text("école".as_bytes()), "école");
        assert_eq!(text(b"\xe9cole \x9cuvre"), "école œuvre");
        assert!(is_utf16(b"\xff\xfeI\0") && !is_utf16(b"\xef\xbb\xbfI"));
    }
}
