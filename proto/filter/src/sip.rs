//! SipHash (Aumasson and Bernstein 2012), of a number and a label: in sixty lines, since a crate's is made for streams.

/// One mixing.
#[inline]
const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

/// SipHash with so many rounds for a word and so many at the end, over the bytes of a number and then those of a label in lower case.
#[inline]
pub(crate) fn sip<const WORD: u32, const END: u32>(key: [u64; 2], number: u64, label: &[u8]) -> u64 {
    let [first, second] = key;
    let start = [0x736f_6d65_7073_6575, 0x646f_7261_6e64_6f6d, 0x6c79_6765_6e65_7261, 0x7465_6462_7974_6573];
    let mut state = [start[0] ^ first, start[1] ^ second, start[2] ^ first, start[3] ^ second];
    let absorb = |mut state: [u64; 4], word: u64| {
        state[3] ^= word;
        for _ in 0..WORD {
            state = round(state);
        }
        state[0] ^= word;
        state
    };
    state = absorb(state, number);
    let (words, rest) = label.as_chunks::<8>();
    for word in words {
        state = absorb(state, lower(u64::from_le_bytes(*word)));
    }
    // The length's lowest byte ends the last word.
    let length = u64::from((8 + label.len()).to_le_bytes()[0]);
    state = absorb(state, lower(tail(label, rest)) | length << 56);
    state[2] ^= 0xff;
    for _ in 0..END {
        state = round(state);
    }
    state[0] ^ state[1] ^ state[2] ^ state[3]
}

/// The last bytes of a label, fewer than eight, as a number: by looks of a fixed length, which processors do not have to guess.
#[inline]
fn tail(label: &[u8], rest: &[u8]) -> u64 {
    let bits = 8 * u32::try_from(rest.len()).unwrap_or(0);
    if let Some(last) = label.last_chunk::<8>() {
        return u64::from_le_bytes(*last).checked_shr(u64::BITS - bits).unwrap_or(0);
    }
    if let (Some(first), Some(last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        // Where both look at the same bytes they see the same.
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << (bits - 32);
    }
    rest.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Eight signs in lower case at once; those outside ASCII stay.
#[inline]
const fn lower(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let plain = word & (0x7f * EACH);
    let from_a = plain.wrapping_add((0x80 - b'A' as u64) * EACH);
    let beyond_z = plain.wrapping_add((0x7f - b'Z' as u64) * EACH);
    let upper = (from_a ^ beyond_z) & !word & (0x80 * EACH);
    word | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::sip;
    use std::hash::Hasher;

    #[test]
    fn it_is_the_function_of_the_paper() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        assert_eq!(sip::<2, 4>(key, key[0], &[8, 9, 10, 11, 12, 13, 14]), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn with_fewer_rounds_it_is_that_of_the_standard_library() {
        let label: Vec<u8> = (0..63).map(|n| b"abc-09_xyz"[n % 10]).collect();
        for length in 0..=label.len() {
            let mut other = std::hash::DefaultHasher::new();
            other.write(&0x1234_5678_9abc_def0_u64.to_le_bytes());
            other.write(&label[..length]);
            assert_eq!(sip::<1, 3>([0, 0], 0x1234_5678_9abc_def0, &label[..length]), other.finish());
            let upper = label[..length].to_ascii_uppercase();
            assert_eq!(sip::<1, 3>([7, 9], 5, &upper), sip::<1, 3>([7, 9], 5, &label[..length]));
        }
    }
}
