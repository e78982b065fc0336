//! What a store may be asked, checked in the same words by every backend before it touches anything.

use crate::error::{Error, Result};
use crate::store::{BATCH_WRITES_MAX, Batch, ID_BYTES_MAX, Key, Scope, VALUE_BYTES_MAX};
use std::collections::BTreeSet;

/// The longest name of a table, in bytes.
pub const TABLE_BYTES_MAX: usize = 48;
/// The most bytes of values and bodies in one batch, so that one caller cannot fill the journal's memory.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;
/// What a chain adds around a body, in bytes: sequence, digest and the names of its three fields.
const LINK_BYTES_MAX: usize = 256;

/// Whether a key is within its limits.
///
/// # Errors
/// `Invalid`, with the limit that was passed.
pub fn key_check(key: &Key) -> Result<()> {
    table_check(key.table)?;
    if key.id.is_empty() || key.id.len() > ID_BYTES_MAX || key.id.contains('\0') {
        return Err(Error::Invalid(format!("an id in {} is 1 to {ID_BYTES_MAX} bytes without a zero byte", key.table)));
    }
    Ok(())
}

/// Whether a batch is within its limits, names each key once and is not empty.
///
/// # Errors
/// `Invalid`, with the limit that was passed.
pub fn batch_check(batch: &Batch) -> Result<()> {
    let count = batch.writes.len().saturating_add(batch.appends.len());
    if count == 0 || count > BATCH_WRITES_MAX {
        return Err(Error::Invalid(format!("a batch holds 1 to {BATCH_WRITES_MAX} writes, not {count}")));
    }
    let mut keys = BTreeSet::new();
    let mut bytes = 0_usize;
    for write in &batch.writes {
        key_check(&write.key)?;
        if !keys.insert(&write.key) {
            return Err(Error::Invalid(format!("a batch names {}/{} twice", write.key.table, write.key.id)));
        }
        let length = write.value.as_ref().map_or(0, bytes::Bytes::len);
        value_check(write.key.table, length, VALUE_BYTES_MAX)?;
        bytes = bytes.saturating_add(length);
    }
    for append in &batch.appends {
        table_check(append.table)?;
        value_check(append.table, append.body.len(), VALUE_BYTES_MAX - LINK_BYTES_MAX)?;
        bytes = bytes.saturating_add(append.body.len());
    }
    if bytes > BATCH_BYTES_MAX {
        return Err(Error::Invalid(format!("a batch holds at most {BATCH_BYTES_MAX} bytes, not {bytes}")));
    }
    Ok(())
}

/// Whether a scan names one table and its bounds are within their limits; answers with the table.
///
/// # Errors
/// `Invalid`, with what a scan must name.
pub fn scan_check(scope: &Scope, after: &str) -> Result<&'static str> {
    let [table] = scope.tables[..] else {
        return Err(Error::Invalid(format!("a scan covers one table, not {}", scope.tables.len())));
    };
    table_check(table)?;
    bound_check(&scope.prefix)?;
    bound_check(after)?;
    Ok(table)
}

/// Whether a watch names its tables; one without tables would wait for ever.
///
/// # Errors
/// `Invalid`, with what a watch must name.
pub fn watch_check(scope: &Scope) -> Result<()> {
    if scope.tables.is_empty() {
        return Err(Error::Invalid("a watch covers at least one table".to_owned()));
    }
    scope.tables.iter().try_for_each(|table| table_check(table))?;
    bound_check(&scope.prefix)
}

fn table_check(table: &str) -> Result<()> {
    let named = table.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if named && (1..=TABLE_BYTES_MAX).contains(&table.len()) {
        return Ok(());
    }
    Err(Error::Invalid(format!("a table is 1 to {TABLE_BYTES_MAX} of a-z and _, not {table:?}")))
}

fn value_check(table: &str, length: usize, most: usize) -> Result<()> {
    if length <= most {
        return Ok(());
    }
    Err(Error::Invalid(format!("a value in {table} is at most {most} bytes, not {length}")))
}

fn bound_check(text: &str) -> Result<()> {
    if text.len() <= ID_BYTES_MAX && !text.contains('\0') {
        return Ok(());
    }
    Err(Error::Invalid(format!("a scan's bounds are at most {ID_BYTES_MAX} bytes without a zero byte")))
}
