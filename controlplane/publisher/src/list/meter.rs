//! How much may come out of what is read: a bomb ends here, before it fills a memory or a disk.

use super::source::SourceFault;
use crate::progress::Progress;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// All that comes out of one source, in bytes.
const CONTENTS_MAX: u64 = 2 << 30;
/// So much may come out of nearly nothing.
const SLACK: u64 = 64 << 20;
/// Beyond it, so many times what went in; lists shrink to a third or a quarter.
const RATIO_MAX: u64 = 100;

/// What went in, and what came out.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Rc<(Cell<u64>, Cell<u64>)>);

/// Counts what goes in.
pub(super) struct Counted<'a, R> {
    inner: R,
    meter: Meter,
    bar: &'a Progress,
}

/// Counts what comes out, and stops where it is too much.
pub(super) struct Bounded<R> {
    inner: R,
    meter: Meter,
}

impl Meter {
    pub(super) fn counted<'a, R: Read>(&self, inner: R, bar: &'a Progress) -> Counted<'a, R> {
        Counted { inner, meter: self.clone(), bar }
    }

    pub(super) fn bounded<R: Read>(&self, inner: R) -> Bounded<R> {
        Bounded { inner, meter: self.clone() }
    }

    fn came_out(&self, bytes: usize) -> io::Result<()> {
        let (went_in, came_out) = &*self.0;
        came_out.set(came_out.get().saturating_add(bytes as u64));
        if came_out.get() > CONTENTS_MAX {
            return Err(io::Error::other(SourceFault::Large(CONTENTS_MAX)));
        }
        if came_out.get() > SLACK.saturating_add(RATIO_MAX.saturating_mul(went_in.get())) {
            return Err(io::Error::other(SourceFault::Bomb(RATIO_MAX)));
        }
        Ok(())
    }
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.0.0.set(self.meter.0.0.get().saturating_add(count as u64));
        self.bar.more(count);
        Ok(count)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.came_out(count)?;
        Ok(count)
    }
}
