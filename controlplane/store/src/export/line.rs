//! The three sorts of line.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use controlplane_core::store::Revision;
use model::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

pub(crate) const FORMAT: &str = "cartable-export";
pub(crate) const VERSION: u32 = 1;

/// Whether an export holds everything or what people decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    All,
    /// Without observations, which are asked of the devices again.
    Intent,
}

/// The first line. Fields that a newer version adds are not looked at, so that its version can be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: String,
    pub(crate) version: u32,
    pub(crate) kind: Kind,
    pub(crate) epoch: u32,
    pub(crate) revision: Revision,
}

impl Header {
    pub(crate) fn new(kind: Kind, epoch: u32, revision: Revision) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, kind, epoch, revision }
    }
}

/// An entry as written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line<'a> {
    #[serde(borrow)]
    territory: Cow<'a, str>,
    #[serde(borrow)]
    table: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    revision: Revision,
    intent: bool,
    /// The value when it is JSON on one line, byte for byte.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    /// Any other value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// An entry as read.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) territory: String,
    pub(crate) table: String,
    pub(crate) id: String,
    pub(crate) revision: Revision,
    pub(crate) intent: bool,
    pub(crate) value: Bytes,
}

impl<'a> Line<'a> {
    pub(crate) fn new(
        (territory, table, id): (&'a str, &'a str, &'a str),
        revision: Revision,
        intent: bool,
        value: &'a [u8],
    ) -> Self {
        // `null` is written in base64: a reader cannot tell it from a field that is not there.
        let json = serde_json::from_slice::<&RawValue>(value).ok().filter(|json| {
            json.get().len() == value.len() && json.get() != "null" && !value.iter().any(|b| matches!(b, b'\n' | b'\r'))
        });
        let base64 = if json.is_none() { Some(STANDARD.encode(value)) } else { None };
        let [territory, table, id] = [territory, table, id].map(Cow::Borrowed);
        Self { territory, table, id, revision, intent, value: json, base64 }
    }

    /// The entry, or what is wrong with the line.
    pub(crate) fn entry(self) -> Result<Entry, String> {
        let value = match (self.value, self.base64) {
            (Some(json), None) => Bytes::copy_from_slice(json.get().as_bytes()),
            (None, Some(text)) => STANDARD.decode(text).map_err(|_| "its base64 is broken".to_owned())?.into(),
            _ => return Err("it has not exactly one of value and base64".to_owned()),
        };
        let [territory, table, id] = [self.territory, self.table, self.id].map(Cow::into_owned);
        Ok(Entry { territory, table, id, revision: self.revision, intent: self.intent, value })
    }
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trailer {
    pub(crate) end: End,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// The newest revision that may be among the entries: those of an export made while commits went on can be newer than its header.
    pub(crate) until: Revision,
    /// By `territory/table`.
    pub(crate) tables: BTreeMap<String, Sum>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) sha256: Digest,
}

impl Trailer {
    pub(crate) fn new(until: Revision, tables: BTreeMap<String, Sum>) -> Self {
        Self { end: End { until, tables } }
    }
}

/// Counts a line, without its line feed, to its table.
pub(crate) fn sums_add(sums: &mut BTreeMap<String, Sum>, (territory, table, _): (&str, &str, &str), line: &[u8]) {
    let empty = Sum { count: 0, sha256: Digest::from_bytes([0; 32]) };
    let sum = sums.entry(format!("{territory}/{table}")).or_insert(empty);
    sum.count += 1;
    sum.sha256 = Digest::of_parts(&[sum.sha256.as_bytes(), line]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back(value: &[u8]) -> Entry {
        let line = serde_json::to_vec(&Line::new(("a", "x", "1\"é"), 7, true, value)).unwrap();
        assert!(!line.contains(&b'\n'));
        serde_json::from_slice::<Line<'_>>(&line).unwrap().entry().unwrap()
    }

    #[test]
    fn json_stays_as_it_was() {
        for value in
            ["{}", "{ \"a\" : 1.50, \"a\": 2 }", " 1", "1\n", "{\n}", "null", "\"\\u00e9\"", "", "[1e400]", "nul"]
        {
            let entry = there_and_back(value.as_bytes());
            assert_eq!(entry.value, value.as_bytes());
            assert_eq!((entry.id.as_str(), entry.revision, entry.intent), ("1\"é", 7, true));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_stay_as_they_were(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let entry = there_and_back(&value);
            prop_assert_eq!(entry.value.as_ref(), &value);
        }
    }
}
