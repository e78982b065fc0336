//! Any bytes as an image of the filter and an overlay on it: opened, joined, asked; never a panic, never much memory.

#![no_main]

use filter::{Filter, FilterSet, Mask, Sheet};
use libfuzzer_sys::fuzz_target;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What opening and asking may take: so much, and so many times the bytes.
const SLACK: usize = 1 << 20;
const TIMES: usize = 64;

/// Counts what is held.
struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is the system's, and counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's.
        unsafe { System.dealloc(at, layout) }
    }
}

const ASKED: &[&str] =
    &["n0.example", "www.n1.deep.example", "a.b.c.n4.example", "example", ".", "", "xn--n.n8.example."];

fuzz_target!(|bytes: &[u8]| {
    let Some((length, rest)) = bytes.split_first_chunk::<2>() else { return };
    let (image, overlay) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
    let before = HELD.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let on = [0; 32];
    let overlays = [(overlay, on)];
    for set in [FilterSet::open(image), FilterSet::open(overlay), FilterSet::stack(image, on, &overlays)] {
        let Ok(set) = set else { continue };
        let _ = (set.len(), set.mistake_chance(), set.categories().black(), set.changes_bytes());
        let set = Arc::new(set);
        let sheet = |rank| Sheet { set: set.clone(), block: Mask::ALL, allow: Mask::NONE, rank };
        let filter = Filter::new(vec![sheet(0), sheet(1)]).expect("two sheets");
        for asked in ASKED {
            let verdict = filter.verdict(asked.as_bytes());
            if let Some(by) = verdict.by {
                let _ = set.categories().get(by.category);
                assert!(by.labels <= 32);
            }
        }
        // What the bytes themselves ask, with dots and all.
        let _ = filter.verdict(&rest[..rest.len().min(300)]);
    }
    let most = MOST.load(Ordering::Relaxed).saturating_sub(before);
    assert!(most <= SLACK + TIMES * bytes.len(), "{most} bytes for {}", bytes.len());
});
