//! The base block of an EDID (VESA E-EDID Standard, release A2: EDID 1.4, which keeps 1.3's layout).

use crate::platform::evidence::evidence;
use model::inventory::Display;

const HEADER: [u8; 8] = [0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00];
const BLOCK_BYTES: usize = 128;
/// Four descriptors of eighteen bytes.
const DESCRIPTORS: std::ops::Range<usize> = 54..126;
const SERIAL_TAG: u8 = 0xff;
const NAME_TAG: u8 = 0xfc;

/// What the display says of itself; nothing when the block is not whole.
pub(super) fn parse(edid: &[u8]) -> Option<Display> {
    let block: &[u8; BLOCK_BYTES] = edid.first_chunk()?;
    let sum = block.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    if block[..8] != HEADER || sum != 0 || block[18] != 1 {
        return None;
    }
    let number = u32::from_le_bytes([block[12], block[13], block[14], block[15]]);
    // Two numbers that makers leave when they do not number.
    let number = Some(number).filter(|n| ![0, 0x0101_0101, u32::MAX].contains(n)).map(|n| n.to_string());
    let (width_mm, height_mm) = size_mm(block);
    Some(Display {
        maker: maker(u16::from_be_bytes([block[8], block[9]])),
        product: Some(u16::from_le_bytes([block[10], block[11]])).filter(|product| *product != 0),
        serial: text(block, SERIAL_TAG).or(number),
        name: text(block, NAME_TAG),
        year: Some(u16::from(block[17]) + 1990).filter(|_| block[17] != 0),
        width_mm,
        height_mm,
        built_in: false,
    })
}

/// Three letters of five bits, `A` being 1 (3.4.1).
fn maker(packed: u16) -> Option<String> {
    [10, 5, 0]
        .into_iter()
        .map(|shift| match packed >> shift & 0x1f {
            letter @ 1..=26 => u8::try_from(letter).ok().map(|letter| char::from(b'A' + letter - 1)),
            _ => None,
        })
        .collect::<Option<String>>()
        .filter(|_| packed & 0x8000 == 0)
}

/// The image size of the preferred timing in mm (3.10.2), else the screen size in cm (3.6.2); projectors have neither.
fn size_mm(block: &[u8; BLOCK_BYTES]) -> (Option<u16>, Option<u16>) {
    let timing = &block[54..72];
    let is_timing = timing[0] != 0 || timing[1] != 0;
    let fine = (
        u16::from(timing[14] >> 4) << 8 | u16::from(timing[12]),
        u16::from(timing[14] & 0x0f) << 8 | u16::from(timing[13]),
    );
    let coarse = (u16::from(block[21]) * 10, u16::from(block[22]) * 10);
    // Televisions write an aspect ratio (16 × 9, or that in cm) into the timing.
    let aspect = [(16, 9), (4, 3), (160, 90), (16, 10)].contains(&fine);
    let (width, height) = if is_timing && fine.0 > 0 && fine.1 > 0 && !aspect { fine } else { coarse };
    if width > 0 && height > 0 { (Some(width), Some(height)) } else { (None, None) }
}

/// The text of a display descriptor: thirteen bytes, ended by a line feed and padded with spaces (3.10.3).
fn text(block: &[u8; BLOCK_BYTES], tag: u8) -> Option<String> {
    block[DESCRIPTORS]
        .chunks_exact(18)
        .find(|descriptor| descriptor[..3] == [0, 0, 0] && descriptor[3] == tag)
        .and_then(|descriptor| {
            let text = descriptor[5..].split(|byte| *byte == b'\n').next()?;
            let ascii: String = text.iter().filter(|b| b.is_ascii()).map(|b| char::from(*b)).collect();
            evidence(&ascii)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(change: impl FnOnce(&mut [u8; BLOCK_BYTES])) -> [u8; BLOCK_BYTES] {
        let mut block = [0; BLOCK_BYTES];
        block[..8].copy_from_slice(&HEADER);
        block[8..12].copy_from_slice(&[0x10, 0xac, 0x34, 0x12]);
        block[17] = 31;
        block[18..20].copy_from_slice(&[1, 4]);
        block[21..23].copy_from_slice(&[53, 30]);
        change(&mut block);
        let sum = block[..127].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        block[127] = sum.wrapping_neg();
        block
    }

    #[test]
    fn a_plain_block_is_read() {
        let display = parse(&block(|b| b[54..75].copy_from_slice(b"\0\0\0\xfc\0DELL P2419H\n \0\0\0"))).unwrap();
        let expect = Display {
            maker: Some("DEL".into()),
            product: Some(0x1234),
            name: Some("DELL P2419H".into()),
            year: Some(2021),
            width_mm: Some(530),
            height_mm: Some(300),
            ..Display::default()
        };
        assert_eq!(display, expect);
    }

    #[test]
    fn hostile_blocks_are_answered() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&block(|_| ())[..127]), None);
        assert_eq!(parse(&block(|b| b[0] = 1)), None);
        assert_eq!(parse(&block(|b| b[18] = 2)), None);
        let mut torn = block(|_| ());
        torn[60] ^= 1;
        assert_eq!(parse(&torn), None);
        let odd = parse(&block(|b| {
            b[8..12].fill(0xff);
            b[12..16].fill(1);
            b[17] = 0;
            b[21] = 0;
            b[54..72].copy_from_slice(b"\0\0\0\xff\0\x1b[31m\xff\xfe\0\0\0\0\0\0");
        }))
        .unwrap();
        let expect = Display { product: Some(u16::MAX), serial: Some("[31m".into()), ..Display::default() };
        assert_eq!(odd, expect);
    }
}
