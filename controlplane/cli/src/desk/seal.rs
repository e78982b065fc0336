//! How a desk's file is sealed: a passphrase, stretched, opens the set and the journal beside it (decision 0020).
//!
//! No file is touched here and no randomness drawn: both come in as values.

use super::DeskFault;
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

/// The largest set, in bytes.
pub(crate) const SET_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The largest entry of a journal, in bytes.
pub(crate) const ENTRY_BYTES_MAX: usize = 64 * 1024;
/// The shortest passphrase, in characters: what a thief can try is bounded by nothing else.
pub(crate) const PASSPHRASE_CHARS_MIN: usize = 12;
/// How a file begins.
const MAGIC: &[u8; 14] = b"cartable desk\x01";
const SALT: usize = 16;
const NONCE: usize = 24;
/// What sealing adds to an entry: its length, its nonce and its tag.
pub(crate) const ENTRY_ADDS: usize = 4 + NONCE + 16;
/// Magic, memory, passes, lanes, salt, nonce.
const HEADER: usize = MAGIC.len() + 4 + 4 + 1 + SALT + NONCE;
/// What is asked of the stretching: RFC 9106, 4, the second recommended option.
const COST: Cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
/// What is taken from a file: an edited one must not take the machine's memory.
const COST_MAX: Cost = Cost { memory_kib: 256 * 1024, passes: 10, lanes: 8 };

/// How dear a try at the passphrase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u8,
}

/// The keys of a file, once its passphrase is known.
pub(crate) struct Keys {
    set: XChaCha20Poly1305,
    journal: XChaCha20Poly1305,
    /// Binds a journal to its set.
    salt: [u8; SALT],
}

/// The entries of a journal, the place after the last, and how many bytes are whole.
type Whole = (Vec<Zeroizing<Vec<u8>>>, Place, usize);

/// Where in a journal an entry stands: it opens in no other place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// How many entries come before.
    pub(crate) number: u64,
    /// The tag of the one before; zeroes for the first.
    pub(crate) before: [u8; 16],
}

impl Place {
    /// The first place.
    pub(crate) const FIRST: Self = Self { number: 0, before: [0; 16] };

    /// The place after an entry, as sealed.
    fn after(self, sealed: &[u8]) -> Self {
        let mut before = [0; 16];
        let tag = sealed.len().saturating_sub(before.len());
        before.copy_from_slice(&sealed[tag..]);
        Self { number: self.number + 1, before }
    }
}

/// Seals a set: the file, and the keys for its journal.
///
/// # Errors
/// When the set is too large or the passphrase too short.
pub(crate) fn set_seal(
    passphrase: &str,
    salt: [u8; SALT],
    nonce: [u8; NONCE],
    set: &[u8],
) -> Result<Vec<u8>, DeskFault> {
    passphrase_check(passphrase)?;
    if set.len() > SET_BYTES_MAX {
        return Err(DeskFault::TooLarge);
    }
    let mut file = Vec::with_capacity(HEADER + set.len() + 16);
    file.extend_from_slice(MAGIC);
    file.extend_from_slice(&COST.memory_kib.to_be_bytes());
    file.extend_from_slice(&COST.passes.to_be_bytes());
    file.push(COST.lanes);
    file.extend_from_slice(&salt);
    file.extend_from_slice(&nonce);
    let keys = keys(passphrase, salt, COST)?;
    let sealed =
        keys.set.encrypt(&XNonce::from(nonce), Payload { msg: set, aad: &file }).map_err(|_| DeskFault::TooLarge)?;
    file.extend_from_slice(&sealed);
    Ok(file)
}

/// Opens a set, and with it the keys of its journal.
///
/// # Errors
/// When it is no set, the passphrase is wrong or the file was changed: the two cannot be told apart.
pub(crate) fn set_open(passphrase: &str, file: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Keys), DeskFault> {
    let header = file.get(..HEADER).filter(|header| header.starts_with(MAGIC)).ok_or(DeskFault::NotADesk)?;
    if file.len() > HEADER + SET_BYTES_MAX + 16 {
        return Err(DeskFault::TooLarge);
    }
    let mut rest = &header[MAGIC.len()..];
    let memory_kib = u32::from_be_bytes(take(&mut rest)?);
    let passes = u32::from_be_bytes(take(&mut rest)?);
    let [lanes] = take(&mut rest)?;
    let salt = take(&mut rest)?;
    let nonce: [u8; NONCE] = take(&mut rest)?;
    let cost = Cost { memory_kib, passes, lanes };
    if memory_kib > COST_MAX.memory_kib || passes > COST_MAX.passes || lanes > COST_MAX.lanes {
        return Err(DeskFault::Passphrase);
    }
    let keys = keys(passphrase, salt, cost)?;
    let opened = keys.set.decrypt(&XNonce::from(nonce), Payload { msg: &file[HEADER..], aad: header });
    Ok((Zeroizing::new(opened.map_err(|_| DeskFault::Passphrase)?), keys))
}

/// Seals an entry for its place; gives the record and the place after it.
///
/// # Errors
/// When the entry is too large.
pub(crate) fn entry_seal(
    keys: &Keys,
    place: Place,
    nonce: [u8; NONCE],
    entry: &[u8],
) -> Result<(Vec<u8>, Place), DeskFault> {
    if entry.len() > ENTRY_BYTES_MAX {
        return Err(DeskFault::TooLarge);
    }
    let bound = bound(keys, place);
    let payload = Payload { msg: entry, aad: &bound };
    let sealed = keys.journal.encrypt(&XNonce::from(nonce), payload).map_err(|_| DeskFault::TooLarge)?;
    let length = u32::try_from(NONCE + sealed.len()).map_err(|_| DeskFault::TooLarge)?;
    let mut record = length.to_be_bytes().to_vec();
    record.extend_from_slice(&nonce);
    record.extend_from_slice(&sealed);
    let after = place.after(&record);
    Ok((record, after))
}

/// The entries of a journal's bytes in order, the place after the last, and how many bytes are whole.
///
/// What follows the last whole record is the beginning of one that was never acknowledged.
///
/// # Errors
/// When a record within is not as it was written.
pub(crate) fn journal_open(keys: &Keys, bytes: &[u8]) -> Result<Whole, DeskFault> {
    let (mut place, mut at, mut entries) = (Place::FIRST, 0, Vec::new());
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap_or_default()) as usize;
        // A file may have grown before what was to be in it reached the disk: its end reads as zeroes.
        if length == 0 {
            break;
        }
        let end = at + 4 + length;
        let Some(record) = bytes.get(at..end) else { break };
        let fits = (ENTRY_ADDS - 4..=ENTRY_ADDS - 4 + ENTRY_BYTES_MAX).contains(&length);
        let opened = if fits { entry_open(keys, place, record) } else { None };
        match opened {
            Some(entry) => entries.push(Zeroizing::new(entry)),
            // Blocks of the last record may not have reached the disk before the power went.
            None if end == bytes.len() => break,
            None => return Err(DeskFault::Journal),
        }
        place = place.after(record);
        at = end;
    }
    // A length that leads far beyond the end is no beginning of a record of ours.
    if bytes.len() - at > ENTRY_ADDS + ENTRY_BYTES_MAX {
        return Err(DeskFault::Journal);
    }
    Ok((entries, place, at))
}

/// Whether a passphrase is long enough.
///
/// # Errors
/// When it is not.
pub(crate) fn passphrase_check(passphrase: &str) -> Result<(), DeskFault> {
    if passphrase.chars().count() < PASSPHRASE_CHARS_MIN { Err(DeskFault::PassphraseShort) } else { Ok(()) }
}

fn entry_open(keys: &Keys, place: Place, record: &[u8]) -> Option<Vec<u8>> {
    let nonce: [u8; NONCE] = record.get(4..4 + NONCE)?.try_into().ok()?;
    let bound = bound(keys, place);
    keys.journal.decrypt(&XNonce::from(nonce), Payload { msg: &record[4 + NONCE..], aad: &bound }).ok()
}

fn bound(keys: &Keys, place: Place) -> Vec<u8> {
    [&keys.salt[..], &place.number.to_be_bytes(), &place.before].concat()
}

fn keys(passphrase: &str, salt: [u8; SALT], cost: Cost) -> Result<Keys, DeskFault> {
    let mut out = Zeroizing::new([0; 64]);
    let params = Params::new(cost.memory_kib, cost.passes, u32::from(cost.lanes), Some(out.len()));
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| DeskFault::Passphrase)?);
    argon.hash_password_into(passphrase.as_bytes(), &salt, &mut *out).map_err(|_| DeskFault::Passphrase)?;
    let key = |half: &[u8]| -> Result<Key, DeskFault> { Key::try_from(half).map_err(|_| DeskFault::Passphrase) };
    Ok(Keys {
        set: XChaCha20Poly1305::new(&key(&out[..32])?),
        journal: XChaCha20Poly1305::new(&key(&out[32..])?),
        salt,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DeskFault> {
    let (taken, after) = rest.split_first_chunk().ok_or(DeskFault::NotADesk)?;
    *rest = after;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "correct horse battery";

    fn sealed() -> Vec<u8> {
        set_seal(WORDS, [7; SALT], [9; NONCE], b"Exemple Camille").unwrap()
    }

    #[test]
    fn a_set_opens_with_its_passphrase_and_no_other() {
        let file = sealed();
        assert_eq!(&set_open(WORDS, &file).unwrap().0[..], b"Exemple Camille");
        assert!(!file.windows(7).any(|part| part == b"Camille"), "a name stands in it");
        assert!(matches!(set_open("correct horse batterY", &file), Err(DeskFault::Passphrase)));
        assert!(matches!(set_open(WORDS, b"PK\x03\x04 something else"), Err(DeskFault::NotADesk)));
        assert!(matches!(set_seal("short", [7; SALT], [9; NONCE], b""), Err(DeskFault::PassphraseShort)));
    }

    #[test]
    fn an_edited_or_torn_set_is_found() {
        let file = sealed();
        // Memory and passes that an editor raises are refused before they are tried.
        for at in [0, MAGIC.len(), MAGIC.len() + 4, MAGIC.len() + 8, HEADER - 1, HEADER, file.len() - 1] {
            let mut edited = file.clone();
            edited[at] ^= 0x80;
            assert!(set_open(WORDS, &edited).is_err(), "byte {at}");
        }
        for cut in [0, HEADER - 1, HEADER, file.len() - 1] {
            assert!(set_open(WORDS, &file[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_journal_keeps_its_order_and_tolerates_only_a_torn_end() {
        let (_, keys) = set_open(WORDS, &sealed()).unwrap();
        let mut place = Place::FIRST;
        let mut records = Vec::new();
        for n in 0..3_u8 {
            let (record, after) = entry_seal(&keys, place, [n; NONCE], &[n; 20]).unwrap();
            records.push(record);
            place = after;
        }
        let whole = records.concat();
        let (entries, after, bytes) = journal_open(&keys, &whole).unwrap();
        assert_eq!((entries.len(), after, bytes), (3, place, whole.len()));
        let two = records[0].len() + records[1].len();
        // Cut at every byte of the last record: the two before it are there.
        for cut in two..whole.len() {
            let (entries, _, bytes) = journal_open(&keys, &whole[..cut]).unwrap();
            assert_eq!((entries.len(), bytes), (2, two), "cut at {cut}");
        }
        // Blocks of it that never reached the disk.
        let mut torn = whole.clone();
        torn[two + 30..].fill(0);
        assert_eq!(journal_open(&keys, &torn).unwrap().0.len(), 2);
        // Not even its length did.
        let (entries, _, bytes) = journal_open(&keys, &[&whole[..], &[0; 400]].concat()).unwrap();
        assert_eq!((entries.len(), bytes), (3, whole.len()));
        let long = [&whole[..], &[0; ENTRY_ADDS + ENTRY_BYTES_MAX + 1]].concat();
        assert!(matches!(journal_open(&keys, &long), Err(DeskFault::Journal)), "more than a record");
        // Edited within, put in another order, or left out.
        let mut edited = whole.clone();
        edited[records[0].len() + 40] ^= 1;
        assert!(matches!(journal_open(&keys, &edited), Err(DeskFault::Journal)));
        let swapped = [&records[1][..], &records[0], &records[2]].concat();
        assert!(matches!(journal_open(&keys, &swapped), Err(DeskFault::Journal)));
        let short = [&records[0][..], &records[2], &records[2]].concat();
        assert!(matches!(journal_open(&keys, &short), Err(DeskFault::Journal)));
        // Another set's journal.
        let other = set_seal(WORDS, [8; SALT], [9; NONCE], b"").unwrap();
        let (_, other) = set_open(WORDS, &other).unwrap();
        assert!(matches!(journal_open(&other, &whole), Err(DeskFault::Journal)));
    }
}
