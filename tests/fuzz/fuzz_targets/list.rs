//! Any bytes as a list: lines, whole and in pieces, and what they compile to.

#![no_main]

use filter::{Categories, Collector, Entry, FilterSet, Format, Name, Reader, Report, Seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(([kind, step], bytes)) = bytes.split_first_chunk::<2>() else { return };
    let format = if kind % 2 == 0 { Format::Domains } else { Format::Urls };
    lines(format, usize::from(*step) + 1, bytes);
});

fn lines(format: Format, step: usize, bytes: &[u8]) {
    let (whole, report) = read(format, [bytes].into_iter());
    let (pieces, other) = read(format, bytes.chunks(step));
    assert_eq!((&whole, &report), (&pieces, &other));
    let mut collector = Collector::new(Seed::new([3; 16]), Categories::new());
    let ids = [("a", false), ("b", true)].map(|(name, white)| collector.category(name, white).expect("room"));
    for (at, name) in whole.iter().enumerate() {
        assert!(name.as_str().len() <= 253 && name.as_str().contains('.'), "{name}");
        assert_eq!(name.as_str().parse::<Name>().as_ref(), Ok(name), "a name is a name");
        collector.add(ids[at % 2], name).expect("room");
    }
    let listing = collector.finish().expect("a listing");
    let image = listing.image(&[]).expect("an image");
    listing.check(&FilterSet::open(image).expect("it opens"), &[]).expect("it is faithful");
}

fn read<'a>(format: Format, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Name>, Report) {
    let (mut reader, mut names) = (Reader::new(format), Vec::new());
    let mut each = |entry: Entry<'_>| {
        if let Entry::Name(name) = entry {
            names.push(name);
        }
        Ok(())
    };
    for piece in pieces {
        reader.read(piece, &mut each).expect("nothing is refused here");
    }
    let report = reader.end(&mut each).expect("nothing is refused here");
    (names, report)
}
