//! One document of a repository, whole, and never more of it than it may have.

use super::error::PublisherError;
use crate::source::{ANSWER_BYTES_MAX, Fetched, Piece, Source, SourceError};

/// The largest root, as the control plane keeps one.
pub(crate) const ROOT_BYTES_MAX: u64 = wire::convert::PUBLISHER_ROOT_MAX as u64;
pub(crate) const TIMESTAMP_BYTES_MAX: u64 = 16 << 10;
pub(crate) const SNAPSHOT_BYTES_MAX: u64 = 64 << 10;
/// The largest list of bundles: some 1,500 of them, in three versions each.
pub(crate) const TARGETS_BYTES_MAX: u64 = 4 << 20;

/// The whole document; nothing when the source has none.
pub(crate) async fn document_fetch(
    source: &dyn Source,
    name: &str,
    max: u64,
) -> Result<Option<String>, PublisherError> {
    let damaged = |why: &str| PublisherError::Damaged(format!("{name}: {why}"));
    let item = format!("metadata/{name}");
    let mut whole: Vec<u8> = Vec::new();
    loop {
        let offset = whole.len() as u64;
        let length = u32::try_from((max - offset).min(ANSWER_BYTES_MAX as u64)).unwrap_or(u32::MAX);
        let piece = Piece { item: item.clone(), offset, length };
        let fetched = source.fetch(std::slice::from_ref(&piece)).await?;
        let (body, size) = match fetched.into_iter().next() {
            Some(Fetched::Found { body, size }) => (body, size),
            Some(Fetched::Missing) if offset == 0 => return Ok(None),
            _ => return Err(damaged("it went away while it was read")),
        };
        if size > max {
            return Err(damaged("larger than any such document"));
        }
        // Else a source could give a byte at a time, or go on for ever.
        if body.len() as u64 != u64::from(length).min(size.saturating_sub(offset)) {
            return Err(damaged("not as long as its source said"));
        }
        whole.extend_from_slice(&body);
        if whole.len() as u64 >= size {
            return String::from_utf8(whole).map(Some).map_err(|_| damaged("not a text"));
        }
        if whole.len() as u64 >= max {
            return Err(damaged("larger than any such document"));
        }
    }
}

/// The same of a document that must be there, since another one names it.
pub(crate) async fn document_need(source: &dyn Source, name: &str, max: u64) -> Result<String, PublisherError> {
    let missing = || SourceError::Missing(name.to_string());
    Ok(document_fetch(source, name, max).await?.ok_or_else(missing)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Road;
    use bytes::Bytes;

    /// Says one thing, whatever it is asked for.
    #[derive(Debug)]
    struct Says(Vec<Fetched>);

    #[async_trait::async_trait]
    impl Source for Says {
        fn road(&self) -> Road {
            Road::Mirror
        }
        async fn fetch(&self, _: &[Piece]) -> Result<Vec<Fetched>, SourceError> {
            Ok(self.0.clone())
        }
    }

    #[tokio::test]
    async fn nothing_is_taken_beyond_its_limit() {
        let found = |length: usize, size: u64| vec![Fetched::Found { body: Bytes::from(vec![b' '; length]), size }];
        let fetch = async |said: Vec<Fetched>| document_fetch(&Says(said), "timestamp.json", 100).await;
        assert_eq!(fetch(vec![Fetched::Missing]).await.unwrap(), None);
        assert_eq!(fetch(found(0, 0)).await.unwrap().as_deref(), Some(""));
        assert_eq!(fetch(found(100, 100)).await.unwrap().map(|text| text.len()), Some(100));
        for bad in
            [found(101, 101), found(100, u64::MAX), found(200, 100), found(3, 5), found(0, 5), found(5, 3), vec![]]
        {
            assert_eq!(fetch(bad.clone()).await.unwrap_err().code(), "damaged", "{bad:?}");
        }
        let not_text = vec![Fetched::Found { body: Bytes::from_static(b"\xff"), size: 1 }];
        assert_eq!(fetch(not_text).await.unwrap_err().code(), "damaged");
    }
}
