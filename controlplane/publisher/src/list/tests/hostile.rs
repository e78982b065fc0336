//! Archives and folders that are made to harm whoever reads them.

use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::io::Write;
use tar::{Builder, EntryType, Header};

/// A member of an archive, whatever it says of itself.
struct Member<'a> {
    path: &'a str,
    kind: EntryType,
    link: &'a str,
    bytes: &'a [u8],
}

pub(super) fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn file<'a>(path: &'a str, bytes: &'a [u8]) -> Member<'a> {
    Member { path, kind: EntryType::Regular, link: "", bytes }
}

fn other<'a>(path: &'a str, kind: EntryType, link: &'a str) -> Member<'a> {
    Member { path, kind, link, bytes: &[] }
}

fn archive(members: &[Member<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for member in members {
        let mut header = header(member.path, member.bytes.len() as u64);
        header.as_old_mut().linkname[..member.link.len()].copy_from_slice(member.link.as_bytes());
        header.set_entry_type(member.kind);
        header.set_cksum();
        builder.append(&header, member.bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// By hand: the library would not write what is meant here.
fn header(path: &str, size: u64) -> Header {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_entry_type(EntryType::Regular);
    header.set_size(size);
    header.set_mode(0o4755);
    header
}

/// What is said of an archive.
fn said(bytes: &[u8]) -> SourceFault {
    let desk = Desk::new();
    fs::write(desk.path("list.tar.gz"), bytes).unwrap();
    match desk.imported(&Import { path: desk.path("list.tar.gz"), ..desk.import() }) {
        Err(Error::Source { why, .. }) => why,
        other => panic!("{other:?}"),
    }
}

fn good() -> Vec<Member<'static>> {
    vec![
        file("./blacklists/adult/domains", b"adult.example\n"),
        other("blacklists/porn", EntryType::Symlink, "./adult"),
        other("blacklists/mixed/domains", EntryType::Link, "blacklists/adult/domains"),
        file("blacklists/proxy", b"redirector"),
        file("blacklists/redirector/domains", b"proxy.example\n"),
    ]
}

#[test]
fn an_archive_is_read_as_a_folder_is() {
    let desk = Desk::new();
    for packed in [archive(&good()), gzipped(&archive(&good()))] {
        fs::write(desk.path("list"), packed).unwrap();
        let about = desk.imported(&Import { path: desk.path("list"), ..desk.import() }).unwrap().about;
        let names: Vec<(&str, u64)> = about.categories.iter().map(|one| (&*one.name, one.names)).collect();
        assert_eq!(names, [("adult", 1), ("mixed", 1), ("redirector", 1)]);
        assert!(category(&about, "adult").aliases.contains("porn"));
        assert!(category(&about, "redirector").aliases.contains("proxy"));
        assert_eq!(about.entries, 2);
    }
    // Whole or nothing: no file beside the work folder was made.
    let mut there: Vec<_> = fs::read_dir(desk.home.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    there.sort();
    assert_eq!(there, ["list", "ut1", "work"]);
}

#[test]
fn nothing_leads_out_of_an_archive() {
    let with = |member: Member<'static>| {
        let mut members = good();
        members.push(member);
        said(&gzipped(&archive(&members)))
    };
    for path in ["../evil", "blacklists/../../evil", "blacklists/x/../../adult/domains", "/etc/cron.d/evil"] {
        assert_eq!(with(file(path, b"x.example\n")), SourceFault::Outside, "{path}");
    }
    for to in ["/etc/passwd", "../../etc/passwd", "../../../x"] {
        assert_eq!(with(other("blacklists/evil", EntryType::Symlink, to)), SourceFault::Outside, "{to}");
        assert_eq!(with(other("blacklists/evil", EntryType::Link, to)), SourceFault::Outside, "{to}");
    }
    for kind in [EntryType::Fifo, EntryType::Char, EntryType::Block, EntryType::GNUSparse, EntryType::GNULongName] {
        assert_eq!(with(other("blacklists/evil", kind, "")), SourceFault::Kind, "{kind:?}");
    }
    assert_eq!(with(other("blacklists/a", EntryType::Symlink, "a")), SourceFault::Circle);
    assert_eq!(with(file("blacklists/adult/domains", b"")), SourceFault::Twice);
    assert_eq!(with(file("other/adult/domains", b"")), SourceFault::Places);
    assert_eq!(with(file("a/b/c/d/e/f/g/h/i", b"")), SourceFault::Path);
    assert_eq!(with(file("blacklists/a\u{1b}[2J/domains", b"")), SourceFault::Path);
    assert_eq!(said(&archive(&[file("README", b"nothing here")])), SourceFault::Nothing);
}

#[test]
fn whatever_byte_is_turned_nothing_leads_out_and_nothing_stops() {
    let whole = archive(&good());
    for at in 0..whole.len().min(5 * 512) {
        for byte in [0, 0xff, b'.', b'/', b'1', b'2', b'5', b'7', whole[at] ^ 1] {
            let mut turned = whole.clone();
            turned[at] = byte;
            // Its sum says nothing against it.
            let header = &mut turned[at / 512 * 512..][..512];
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(probe::archive(&turned), Ok(()), "{byte} at {at}");
        }
    }
}

#[test]
fn a_bomb_ends_before_it_goes_off() {
    // Each further member costs a kilobyte and brings a mebibyte.
    let inner = gzipped(&vec![b'#'; 1 << 20]).repeat(100);
    let mut bomb = header("adult/domains", 100 << 20);
    bomb.set_cksum();
    assert_eq!(said(&[gzipped(bomb.as_bytes()), inner.clone()].concat()), SourceFault::Bomb(100));
    // Within: the archive itself is small.
    assert_eq!(said(&archive(&[file("adult/domains.gz", &inner)])), SourceFault::Bomb(100));
    let paths: Vec<String> = (0..10_001).map(|n| format!("c{n}/usage")).collect();
    let many: Vec<Member<'_>> = paths.iter().map(|path| file(path, b"")).collect();
    assert_eq!(said(&archive(&many)), SourceFault::Many(10_000));
    let many: Vec<Member<'_>> = paths.iter().map(|path| other(path, EntryType::Directory, "")).collect();
    assert_eq!(said(&archive(&many)), SourceFault::Many(10_000));
    // What a header promises and nobody sends.
    let mut promised = [0; 512];
    let mut header = header("adult/domains", 1 << 32);
    header.set_cksum();
    promised.copy_from_slice(header.as_bytes());
    assert!(matches!(said(&promised), SourceFault::Damaged(_)));
}

#[test]
fn what_is_torn_is_damaged_wherever_it_was_torn() {
    let names: String = (0..3_000).map(|n| format!("{:016x}.example\n", n * 0x9e37_79b9_7f4a_7c15_u128)).collect();
    let whole = gzipped(&archive(&[file("adult/domains", names.as_bytes())]));
    for end in [1, 9, 20, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let fault = said(&whole[..end]);
        assert!(matches!(fault, SourceFault::Damaged(_) | SourceFault::Nothing), "{end}: {fault:?}");
    }
    let mut turned = whole.clone();
    let at = turned.len() - 6;
    turned[at] ^= 1;
    assert!(matches!(said(&turned), SourceFault::Damaged(_)), "its checksum");
    assert!(matches!(said(b"PK\x03\x04 a zip"), SourceFault::Damaged(_) | SourceFault::Nothing));
    assert!(matches!(said(&[]), SourceFault::Nothing));
    let inner = gzipped(names.as_bytes());
    let torn = archive(&[file("adult/domains.gz", &inner[..inner.len() - 20])]);
    assert!(matches!(said(&torn), SourceFault::Damaged(_)));
}

#[test]
fn a_folder_is_read_with_the_same_care() {
    let fault = |make: &dyn Fn(&Desk)| {
        let desk = Desk::new();
        make(&desk);
        match desk.imported(&desk.import()) {
            Err(Error::Source { why, .. }) => why,
            other => panic!("{other:?}"),
        }
    };
    let link = |to: &'static str| move |desk: &Desk| symlink(to, desk.path("ut1/evil")).unwrap();
    assert_eq!(fault(&link("/etc")), SourceFault::Outside);
    assert_eq!(fault(&link("../work")), SourceFault::Outside);
    assert_eq!(fault(&link("evil")), SourceFault::Circle);
    let pipe = |desk: &Desk| mknodat(CWD, desk.path("ut1/adult/pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    assert_eq!(fault(&pipe), SourceFault::Kind);
    let deep = |desk: &Desk| desk.put("a/b/c/d/e/f/g/h/i", "");
    assert_eq!(fault(&deep), SourceFault::Path);
    // One that leads to nothing of the list is passed over.
    let desk = Desk::new();
    symlink("nothing", desk.path("ut1/other")).unwrap();
    assert_eq!(desk.imported(&desk.import()).unwrap().about.report.passed.links, 1);
}

#[test]
fn lines_that_are_no_names_are_counted_and_none_is_held() {
    let desk = Desk::new();
    let long = format!("{}.example", "a.".repeat(124));
    let label = format!("{}.example", "a".repeat(64));
    desk.put(
        "adult/domains",
        &format!("{long}\n{label}\ncom\na..example\nex ample.example\n\u{1b}[2J.example\nok.example\n"),
    );
    // Nothing is in it but one line of 64 MiB.
    fs::File::create(desk.path("ut1/games/domains")).unwrap().set_len(64 << 20).unwrap();
    let about = desk.imported(&desk.import()).unwrap().about;
    assert_eq!((about.report.refused, category(&about, "adult").names), (7, 2));
    assert!(about.report.faults[0].starts_with("adult/domains:1: "), "{:?}", about.report.faults);
    assert_eq!(category(&about, "games").names, 0);
}

#[test]
fn checksums_are_those_of_this_very_file() {
    let desk = Desk::new();
    let list = desk.path("list.tar.gz");
    fs::write(&list, gzipped(&archive(&good()))).unwrap();
    let sha256 = Digest::of(&fs::read(&list).unwrap());
    let sums = |text: &str| {
        fs::write(desk.path("sums"), text).unwrap();
        let import = Import { path: list.clone(), sha256: Some(desk.path("sums")), ..desk.import() };
        desk.imported(&import).map(drop)
    };
    sums(&format!("{sha256}\n")).unwrap();
    sums(&format!("{}  other.tar.gz\n{sha256} *lists/list.tar.gz\n", Digest::of(b"x"))).unwrap();
    for bad in [String::new(), format!("{sha256}  other.tar.gz\n"), format!("{}  list.tar.gz\n", Digest::of(b"x"))] {
        assert!(matches!(sums(&bad), Err(Error::Checksum { .. })), "{bad}");
    }
    // RFC 1321, A.5.
    fs::write(desk.path("abc"), "abc").unwrap();
    fs::write(desk.path("sums"), "900150983cd24fb0d6963f7d28e17f72  abc\n").unwrap();
    checksum::checksums_check(&desk.path("abc"), Some(&desk.path("sums")), None).unwrap();
    fs::write(desk.path("abc"), "abd").unwrap();
    assert!(checksum::checksums_check(&desk.path("abc"), Some(&desk.path("sums")), None).is_err());
}
