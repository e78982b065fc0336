//! Makes the first inputs of `image`, which are bytes that nobody writes by hand.

use filter::{Categories, Collector, Listing, Seed};
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    images(&root.join("image"));
}

fn listing(names: std::ops::Range<u32>, categories: u8) -> Listing {
    let mut collector = Collector::new(Seed::new([5; 16]), Categories::new());
    let ids: Vec<_> = (0..categories).map(|n| collector.category(&format!("c{n}"), n == 2).expect("room")).collect();
    for n in names {
        let name = if n % 4 == 0 { format!("n{n}.example") } else { format!("www.n{n}.deep.example") };
        let id = ids[(n % 7) as usize % ids.len()];
        collector.add(id, &name.parse().expect("a name")).expect("room");
    }
    collector.finish().expect("a listing")
}

/// How long the image is, the image, the overlay, as the target takes them apart.
fn images(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, before, after) in [
        ("few", listing(0..3, 3), listing(1..5, 4)),
        ("some", listing(0..60, 3), listing(20..90, 5)),
        ("none", listing(0..0, 1), listing(0..1, 1)),
        ("more", listing(0..900, 6), listing(100..930, 6)),
    ] {
        let image = before.image(&[]).expect("an image");
        let overlay = after.overlay(&before, [0; 32], &[]).expect("an overlay");
        let length = u16::try_from(image.len()).expect("a small one").to_le_bytes();
        fs::write(folder.join(name), [&length, &*image, &*overlay].concat()).expect("a file");
    }
}
