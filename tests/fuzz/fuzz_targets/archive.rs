//! Any bytes as an archive of lists: as they are, as a tar whose headers' sums are right, and that compressed.

#![no_main]

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use publisher::list::probe;
use std::io::Write;

const BLOCK: usize = 512;

fuzz_target!(|bytes: &[u8]| {
    let Some(([kind], bytes)) = bytes.split_first_chunk::<1>() else { return };
    // A header whose sum is wrong, and compressed data whose sum is, end it before anything of ours is reached.
    let bytes = match kind % 4 {
        0 => bytes.to_vec(),
        1 => summed(bytes),
        2 => gzipped(&summed(bytes)),
        _ => gzipped(bytes),
    };
    if let Err(why) = probe::archive(&bytes) {
        panic!("{why}");
    }
});

/// The same with the right sum in each header, found as a tar is walked.
fn summed(bytes: &[u8]) -> Vec<u8> {
    let (mut tar, mut at) = (bytes.to_vec(), 0);
    while let Some(header) = tar.get_mut(at..at + BLOCK) {
        if header.iter().all(|byte| *byte == 0) {
            at += BLOCK;
            continue;
        }
        // The sum is taken over spaces in its place (POSIX, pax, "ustar Interchange Format").
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let digits = header[124..136].iter().take_while(|byte| (b'0'..b'8').contains(byte));
        let size = digits.fold(0_usize, |size, byte| size.saturating_mul(8).saturating_add(usize::from(byte - b'0')));
        at = size
            .div_ceil(BLOCK)
            .checked_mul(BLOCK)
            .and_then(|size| size.checked_add(at + BLOCK))
            .unwrap_or(usize::MAX - BLOCK);
    }
    tar
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).expect("memory");
    packed.finish().expect("memory")
}
