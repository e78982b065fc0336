//! How numbers and names stand in bytes: each number in as few bytes as it needs (LEB128, unsigned), and only so.

use crate::{ContentId, Error, Result};

/// Writes.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

/// Reads, and never beyond the end.
pub(crate) struct Reader<'a>(&'a [u8]);

impl Writer {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(low(number) | 0x80);
            number >>= 7;
        }
        self.0.push(low(number));
    }

    pub(crate) fn size(&mut self, size: usize) {
        self.number(size as u64);
    }
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Damaged("it ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn number(&mut self) -> Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.bytes(1)?[0];
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return Err(Error::Damaged("a number is too large"));
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                // One number, one writing: else two indexes would be the same bundle.
                let shortest = byte != 0 || shift == 0;
                return if shortest { Ok(number) } else { Err(Error::Damaged("a number is longer than it need be")) };
            }
        }
        Err(Error::Damaged("a number is too large"))
    }

    /// A number that may be at most so large.
    pub(crate) fn size(&mut self, what: &'static str, max: usize) -> Result<usize> {
        let number = self.number()?;
        match usize::try_from(number) {
            Ok(size) if size <= max => Ok(size),
            _ => Err(Error::Limit { what, limit: max as u64 }),
        }
    }

    pub(crate) fn content_id(&mut self) -> Result<ContentId> {
        let mut id = [0; 32];
        id.copy_from_slice(self.bytes(32)?);
        Ok(ContentId::from_bytes(id))
    }

    pub(crate) fn magic(&mut self, magic: &[u8], why: &'static str) -> Result<()> {
        match self.0.strip_prefix(magic) {
            Some(rest) => {
                self.0 = rest;
                Ok(())
            }
            None => Err(Error::Damaged(why)),
        }
    }

    pub(crate) const fn end(&self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Damaged("something follows its end")) }
    }
}

const fn low(number: u64) -> u8 {
    number.to_le_bytes()[0] & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back_and_have_one_writing(number: u64) {
            let mut writer = Writer::default();
            writer.number(number);
            let mut reader = Reader::new(&writer.0);
            prop_assert_eq!(reader.number().unwrap(), number);
            prop_assert!(reader.end().is_ok());
            let mut longer = writer.0.clone();
            *longer.last_mut().unwrap() |= 0x80;
            longer.push(0);
            prop_assert!(Reader::new(&longer).number().is_err());
        }
    }

    #[test]
    fn a_number_of_65_bits_is_refused() {
        assert!(Reader::new(&[0xff; 9]).number().is_err());
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).number().unwrap(), u64::MAX);
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number().is_err());
    }
}
