//! Makes the first inputs of `image` and `archive`, which are bytes that nobody writes by hand.

use filter::{Categories, Collector, Listing, Seed};
use std::fs;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::args().nth(1).expect("a folder"));
    images(&root.join("image"));
    archives(&root.join("archive"));
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

/// Archives of lists, each in all the ways in which the target takes them: honest ones, and tricks.
fn archives(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let list = ("blacklists/adult/domains", '0', "", &b"adult.example\n*.b.example\n||c.example^\n"[..]);
    let usage = ("blacklists/press/usage", '0', "", &b"white\n"[..]);
    let press = ("./blacklists/press/urls", '0', "", &b"press.example/\npress.example/x\n"[..]);
    let link = |path, kind, to| (path, kind, to, &[][..]);
    let tricks = [
        ("list", vec![list, press, usage, link("blacklists/porn", '2', "adult")]),
        ("folders", vec![link("blacklists/", '5', ""), list, ("blacklists/proxy", '0', "", &b"adult"[..])]),
        ("up", vec![list, link("blacklists/x", '2', "../../etc/passwd")]),
        ("hard", vec![list, link("blacklists/mixed/domains", '1', "blacklists/adult/domains")]),
        ("ring", vec![list, link("blacklists/a", '2', "b"), link("blacklists/b", '2', "a")]),
        ("device", vec![list, link("blacklists/null", '3', "")]),
        ("sparse", vec![list, link("blacklists/adult/urls", 'S', "")]),
        ("long", vec![("././@LongLink", 'L', "", &[b'a'; 400][..]), list]),
        ("pax", vec![("PaxHeaders/x", 'x', "", &b"19 path=../x/y/z/w\n"[..]), list]),
        ("twice", vec![list, list]),
        ("absolute", vec![("/blacklists/adult/domains", '0', "", &b"a.example"[..])]),
    ];
    for (name, members) in tricks {
        let mut tar: Vec<u8> =
            members.into_iter().flat_map(|(path, kind, to, bytes)| member(path, kind, to, bytes)).collect();
        tar.extend([0; 1024]);
        for kind in [1, 2] {
            fs::write(folder.join(format!("{name}-{kind}")), [&[kind], &tar[..]].concat()).expect("a file");
        }
    }
}

/// A member as ustar has it; the target sets the sum.
fn member(path: &str, kind: char, to: &str, bytes: &[u8]) -> Vec<u8> {
    let mut header = [0; 512];
    for (at, text) in [(0, path), (100, "0000644"), (124, &*format!("{:011o}", bytes.len())), (157, to), (257, "ustar")]
    {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    header[156] = u8::try_from(kind).expect("a letter");
    header[263..265].copy_from_slice(b"00");
    let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
    [&header, bytes, &padding].concat()
}
