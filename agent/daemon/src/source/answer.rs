//! What the head of a web server's answer says of a piece.

use super::SourceError;
use http::{HeaderMap, StatusCode, header};
use std::time::Duration;

/// When to ask again, where a server does not say, and at the latest.
const AGAIN: Duration = Duration::from_secs(60);
const AGAIN_MAX: Duration = Duration::from_secs(3_600);

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// There is no such file.
    Missing,
    /// The piece begins at the file's end or beyond.
    End {
        /// The file's size.
        size: u64,
    },
    /// So many bytes of a file of this size.
    Body {
        /// The file's size.
        size: u64,
        /// How many of them follow that were asked for.
        length: u64,
    },
}

/// Reads status and headers of the answer to a request for `length` bytes from `offset` on.
pub(super) fn said(status: StatusCode, headers: &HeaderMap, offset: u64, length: u64) -> Result<Said, SourceError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name| text(name).and_then(|text| text.trim().parse::<u64>().ok());
    let refused = |why: &str| SourceError::Refused(why.to_owned());
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(refused("an answer that is encoded"));
    }
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(Said::Missing),
        StatusCode::PARTIAL_CONTENT => {
            let (from, to, size) = text(header::CONTENT_RANGE).and_then(range).ok_or_else(|| refused("which part?"))?;
            let whole = offset.saturating_add(length).min(size);
            if from != offset || to.checked_add(1) != Some(whole) {
                return Err(refused("another part than was asked for"));
            }
            Ok(Said::Body { size, length: whole - offset })
        }
        // The whole file, since it cannot part it: good for its beginning.
        StatusCode::OK => {
            let size = number(header::CONTENT_LENGTH).ok_or_else(|| refused("an answer of no length"))?;
            match offset {
                0 => Ok(Said::Body { size, length: length.min(size) }),
                _ if offset >= size => Ok(Said::End { size }),
                _ => Err(refused("it gives no parts of files")),
            }
        }
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let size = text(header::CONTENT_RANGE).and_then(|text| text.strip_prefix("bytes */")?.parse().ok());
            size.filter(|size| *size <= offset).map(|size| Said::End { size }).ok_or_else(|| refused("no such part"))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            let again = number(header::RETRY_AFTER).map_or(AGAIN, Duration::from_secs).min(AGAIN_MAX);
            Err(SourceError::Busy { again })
        }
        other => Err(SourceError::Refused(format!("HTTP {}", other.as_u16()))),
    }
}

/// `bytes FROM-TO/SIZE`.
fn range(text: &str) -> Option<(u64, u64, u64)> {
    let (part, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (from, to) = part.split_once('-')?;
    let (from, to, size) = (from.parse().ok()?, to.parse().ok()?, size.parse().ok()?);
    (from <= to && to < size).then_some((from, to, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], offset: u64) -> Result<Said, SourceError> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        said(StatusCode::from_u16(status).unwrap(), &headers, offset, 10)
    }

    #[test]
    fn heads_of_answers_mean_what_they_say_or_nothing() {
        let part = |text| [("content-range", text)];
        assert_eq!(read(206, &part("bytes 5-14/100"), 5), Ok(Said::Body { size: 100, length: 10 }));
        assert_eq!(read(206, &part("bytes 5-6/7"), 5), Ok(Said::Body { size: 7, length: 2 }));
        assert_eq!(read(200, &[("content-length", "7")], 0), Ok(Said::Body { size: 7, length: 7 }));
        assert_eq!(read(200, &[("content-length", "70")], 0), Ok(Said::Body { size: 70, length: 10 }));
        assert_eq!(read(200, &[("content-length", "7")], 7), Ok(Said::End { size: 7 }));
        assert_eq!(read(416, &part("bytes */5"), 5), Ok(Said::End { size: 5 }));
        assert_eq!((read(404, &[], 0), read(410, &[], 5)), (Ok(Said::Missing), Ok(Said::Missing)));
        for bad in [
            "bytes 0-9/100",
            "bytes 5-15/100",
            "bytes 5-9/100",
            "bytes 5-14/*",
            "bytes 5-14/10",
            "5-14/100",
            "bytes 14-5/100",
        ] {
            assert!(matches!(read(206, &part(bad), 5), Err(SourceError::Refused(_))), "{bad}");
        }
        for (status, headers, offset) in [
            (206, &[][..], 0),
            (200, &[], 0),
            (200, &[("content-length", "70")], 5),
            (200, &[("content-length", "7"), ("content-encoding", "gzip")], 0),
            (416, &[("content-range", "bytes */50")], 5),
            (301, &[("location", "https://elsewhere.example/")], 0),
            (500, &[], 0),
        ] {
            assert!(matches!(read(status, headers, offset), Err(SourceError::Refused(_))), "{status} {headers:?}");
        }
        let again = |seconds| Err(SourceError::Busy { again: Duration::from_secs(seconds) });
        assert_eq!((read(503, &[], 0), read(429, &[("retry-after", "7")], 0)), (again(60), again(7)));
        assert_eq!(read(503, &[("retry-after", "999999999")], 0), again(3_600));
    }
}
