//! Messages read by hand and by no library (RFC 1035, 4), to hold against what hickory makes of the same bytes.

use std::ops::Range;

const HEADER: usize = 12;

/// The labels of a name, in lower case.
pub(super) type Labels = Vec<Vec<u8>>;

/// What a record says; names in the data of old kinds are written out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) owner: Labels,
    pub(super) kind: u16,
    pub(super) class: u16,
    pub(super) ttl: u32,
    pub(super) data: Vec<u8>,
}

/// The name, the type and the class of the first question, and where it ends.
pub(super) fn question(message: &[u8]) -> Option<(Labels, u16, u16, usize)> {
    let (labels, at) = name(message, HEADER)?;
    Some((labels, number(message, at)?, number(message, at + 2)?, at + 4))
}

/// The records of all sections, behind one question.
pub(super) fn records(message: &[u8]) -> Option<[Vec<Told>; 3]> {
    let mut at = question(message)?.3;
    let mut sections: [Vec<Told>; 3] = Default::default();
    for (section, place) in sections.iter_mut().zip([6, 8, 10]) {
        for _ in 0..number(message, place)? {
            let (owner, end) = name(message, at)?;
            let [kind, class, high, low, length] =
                [0, 2, 4, 6, 8].map(|place| number(message, end + place)).map(Option::unwrap_or_default);
            let data = end + 10..end + 10 + usize::from(length);
            at = data.end;
            let ttl = u32::from(high) << 16 | u32::from(low);
            section.push(Told { owner, kind, class, ttl, data: written_out(message, kind, data)? });
        }
    }
    Some(sections)
}

/// Those of a name in its text.
pub(super) fn labels(text: &str) -> Labels {
    text.trim_end_matches('.').split('.').map(|label| label.to_ascii_lowercase().into_bytes()).collect()
}

/// The labels of the name at a place, and where it ends.
pub(super) fn name(message: &[u8], start: usize) -> Option<(Labels, usize)> {
    let (mut at, mut end, mut labels) = (start, None, Labels::new());
    // No name has more labels, and no message more places.
    for _ in 0..message.len() {
        match *message.get(at)? {
            0 => return Some((labels, end.unwrap_or(at + 1))),
            length @ 1..=63 => {
                labels.push(message.get(at + 1..at + 1 + usize::from(length))?.to_ascii_lowercase());
                at += 1 + usize::from(length);
            }
            _ => {
                end = end.or(Some(at + 2));
                at = usize::from(number(message, at)? & 0x3fff);
            }
        }
    }
    None
}

fn written_out(message: &[u8], kind: u16, data: Range<usize>) -> Option<Vec<u8>> {
    let whole = message.get(data.clone())?;
    // Bytes before the names, and how many names: NS, CNAME, SOA, PTR, MX, SRV.
    let (before, names) = match kind {
        2 | 5 | 12 => (0, 1),
        6 => (0, 2),
        15 => (2, 1),
        33 => (6, 1),
        _ => return Some(whole.to_vec()),
    };
    let mut out = whole.get(..before)?.to_vec();
    let mut at = data.start + before;
    for _ in 0..names {
        let (labels, end) = name(message, at)?;
        labels.iter().for_each(|label| {
            out.extend([u8::try_from(label.len()).unwrap()].iter().chain(label));
        });
        out.extend([0]);
        at = end;
    }
    out.extend_from_slice(message.get(at..data.end)?);
    Some(out)
}

fn number(message: &[u8], at: usize) -> Option<u16> {
    message.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}
