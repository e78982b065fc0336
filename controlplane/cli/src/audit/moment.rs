//! Moments as they are typed: a date, or how long ago.

use crate::Error;
use crate::call::Call;
use crate::span::span_read;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tonic::transport::Channel;
use wire::v1::ServerStatusRequest;
use wire::v1::admin_client::AdminClient;

/// A moment, still without a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Milliseconds since the Unix epoch.
    At(i64),
    /// So many seconds ago.
    Ago(u64),
}

/// `2026-11-22`, `2026-11-22T14:05` in local time, RFC 3339, or a span such as `7d` for so long ago.
pub(super) fn moment_read(text: &str, zone: &TimeZone) -> Result<Moment, Error> {
    let local = || text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    if let Some(at) = text.parse::<Timestamp>().ok().or_else(local) {
        return Ok(Moment::At(at.as_millisecond()));
    }
    span_read(text).map(Moment::Ago).map_err(|_| Error::usage("error-moment", &[("value", text)]))
}

/// Milliseconds since the Unix epoch, 0 for none; what is so long ago is counted by the server's clock, which dated the entries.
pub(super) async fn moment_ms(
    moment: Option<Moment>,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<i64, Error> {
    match moment {
        None => Ok(0),
        Some(Moment::At(at)) => Ok(at),
        Some(Moment::Ago(seconds)) => {
            let now = call.answer(client.server_status(ServerStatusRequest {})).await?.server_unix_ms;
            let ago = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
            // 0 would mean none.
            Ok(now.saturating_sub(ago).max(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_spans_are_moments() {
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        let read = |text| moment_read(text, &zone);
        assert_eq!(read("2026-11-22").unwrap(), Moment::At(1_795_302_000_000));
        assert_eq!(read("2026-11-22T14:05").unwrap(), Moment::At(1_795_352_700_000));
        assert_eq!(read("2026-11-22T13:05:00Z").unwrap(), Moment::At(1_795_352_700_000));
        assert_eq!(read("7d").unwrap(), Moment::Ago(604_800));
        for bad in ["", "yesterday", "22/11/2026", "2026-13-01", "10"] {
            assert!(matches!(read(bad), Err(Error::Usage { key: "error-moment", .. })), "{bad}");
        }
    }
}
