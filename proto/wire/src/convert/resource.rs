//! Bundles that are wanted, how they are fetched, and peer tickets.

use super::ConvertError;
use super::desired::{device_id, digest};
use crate::v1;
use bytes::Bytes;
use jiff::civil::Date;
use model::resource::{
    BUNDLES_MAX, BundleWanted, DAYS_OFF_MAX, Fetching, MIRROR_BYTES_MAX, MIRRORS_MAX, PeerTicket, Quiet,
    RENDEZVOUS_MAX, ReleaseWanted, Rendezvous, TICKET_LIFE, day_count, day_of,
};
use model::time::Timestamp;
use prost::Message;

/// A ticket's bytes, to be signed.
#[must_use]
pub fn ticket_encode(ticket: &PeerTicket) -> Bytes {
    let message = v1::PeerTicket {
        device: ticket.device.as_bytes().to_vec(),
        territory: ticket.territory.to_string(),
        school: ticket.school.to_string(),
        from_unix_ms: ticket.from.unix_millis(),
        until_unix_ms: ticket.until.unix_millis(),
        certificate_from: ticket.certificate_from,
        rendezvous: ticket.rendezvous.iter().map(|name| name.to_vec()).collect(),
        site_node: ticket.site_node,
    };
    message.encode_to_vec().into()
}

/// A ticket of bytes whose signature was checked.
///
/// # Errors
/// [`ConvertError`] when they are none, or one that holds too long.
pub fn ticket_decode(bytes: &[u8]) -> Result<PeerTicket, ConvertError> {
    let message = v1::PeerTicket::decode(bytes)?;
    let (from, until) =
        (Timestamp::from_unix_millis(message.from_unix_ms), Timestamp::from_unix_millis(message.until_unix_ms));
    if until <= from || until.since(from) > TICKET_LIFE {
        return Err(ConvertError::invalid("ticket.until"));
    }
    let rendezvous: Option<Vec<Rendezvous>> =
        message.rendezvous.iter().take(RENDEZVOUS_MAX).map(|name| name.as_slice().try_into().ok()).collect();
    Ok(PeerTicket {
        rendezvous: rendezvous.ok_or(ConvertError::invalid("ticket.rendezvous"))?,
        device: device_id(&message.device)?,
        territory: message.territory.parse().map_err(|_| ConvertError::invalid("ticket.territory"))?,
        school: message.school.parse().map_err(|_| ConvertError::invalid("ticket.school"))?,
        certificate_from: message.certificate_from,
        site_node: message.site_node,
        from,
        until,
    })
}

/// What a plan wants, each bundle once and in the order of their names.
pub(super) fn bundles_read(bundles: Vec<v1::BundleWanted>) -> Result<Vec<BundleWanted>, ConvertError> {
    let read: Vec<BundleWanted> = bundles.into_iter().map(BundleWanted::try_from).collect::<Result<_, _>>()?;
    let good = read.len() <= BUNDLES_MAX && read.is_sorted_by(|one, next| one.name < next.name);
    if good { Ok(read) } else { Err(ConvertError::invalid("plan.bundles")) }
}

impl From<&ReleaseWanted> for v1::ReleaseWanted {
    fn from(wanted: &ReleaseWanted) -> Self {
        let ReleaseWanted { version, index, urgent, hold } = wanted;
        Self { version: version.to_string(), index: index.as_bytes().to_vec(), urgent: *urgent, hold: *hold }
    }
}

impl TryFrom<v1::ReleaseWanted> for ReleaseWanted {
    type Error = ConvertError;
    fn try_from(wanted: v1::ReleaseWanted) -> Result<Self, ConvertError> {
        let version = wanted.version.parse().map_err(|_| ConvertError::invalid("plan.release.version"))?;
        let index = digest(&wanted.index, "plan.release.index")?;
        Ok(Self { version, index, urgent: wanted.urgent, hold: wanted.hold })
    }
}

impl From<&BundleWanted> for v1::BundleWanted {
    fn from(wanted: &BundleWanted) -> Self {
        Self {
            name: wanted.name.to_string(),
            version: wanted.version.to_string(),
            index: wanted.index.as_bytes().to_vec(),
            urgent: wanted.urgent,
            hold: wanted.hold,
        }
    }
}

impl TryFrom<v1::BundleWanted> for BundleWanted {
    type Error = ConvertError;
    fn try_from(message: v1::BundleWanted) -> Result<Self, ConvertError> {
        Ok(Self {
            name: message.name.parse().map_err(|_| ConvertError::invalid("bundle.name"))?,
            version: message.version.parse().map_err(|_| ConvertError::invalid("bundle.version"))?,
            index: digest(&message.index, "bundle.index")?,
            urgent: message.urgent,
            hold: message.hold,
        })
    }
}

impl From<&Fetching> for v1::Fetching {
    fn from(fetching: &Fetching) -> Self {
        Self {
            quota_bytes: fetching.quota_bytes,
            free_floor_bytes: fetching.free_floor_bytes,
            bytes_per_second: fetching.bytes_per_second,
            upload_bytes_per_second: fetching.upload_bytes_per_second,
            metered: fetching.metered,
            battery_floor_percent: fetching.battery_floor_percent.into(),
            peers: fetching.peers,
            site_node: fetching.site_node,
            mirrors: fetching.mirrors.clone(),
            quiet: fetching.quiet.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<v1::Fetching> for Fetching {
    type Error = ConvertError;
    fn try_from(message: v1::Fetching) -> Result<Self, ConvertError> {
        let long = |mirror: &String| mirror.len() > MIRROR_BYTES_MAX;
        if message.mirrors.len() > MIRRORS_MAX || message.mirrors.iter().any(long) {
            return Err(ConvertError::invalid("fetching.mirrors"));
        }
        let battery_floor_percent = u8::try_from(message.battery_floor_percent).ok().filter(|percent| *percent <= 100);
        Ok(Self {
            quota_bytes: message.quota_bytes,
            free_floor_bytes: message.free_floor_bytes,
            bytes_per_second: message.bytes_per_second,
            upload_bytes_per_second: message.upload_bytes_per_second,
            metered: message.metered,
            battery_floor_percent: battery_floor_percent
                .ok_or(ConvertError::invalid("fetching.battery_floor_percent"))?,
            peers: message.peers,
            site_node: message.site_node,
            mirrors: message.mirrors,
            quiet: message.quiet.map(Quiet::try_from).transpose()?,
        })
    }
}

impl From<&Quiet> for v1::QuietHours {
    fn from(quiet: &Quiet) -> Self {
        Self {
            zone: quiet.zone.clone(),
            from_minute: quiet.from_minute.into(),
            until_minute: quiet.until_minute.into(),
            days_off: days_off_written(&quiet.days_off),
        }
    }
}

impl TryFrom<v1::QuietHours> for Quiet {
    type Error = ConvertError;
    fn try_from(message: v1::QuietHours) -> Result<Self, ConvertError> {
        let minute = |minute: u32| u16::try_from(minute).ok().filter(|minute| *minute <= 1_440);
        let hours = minute(message.from_minute).zip(minute(message.until_minute)).filter(|(from, until)| from < until);
        let (from_minute, until_minute) = hours.ok_or(ConvertError::invalid("quiet.minutes"))?;
        if message.zone.len() > 64 {
            return Err(ConvertError::invalid("quiet.zone"));
        }
        let days_off = days_off_read(message.days_off).ok_or(ConvertError::invalid("quiet.days_off"))?;
        Ok(Self { zone: message.zone, from_minute, until_minute, days_off })
    }
}

/// Days without school, as they travel.
pub(super) fn days_off_written(days_off: &[(Date, Date)]) -> Vec<v1::DaysOff> {
    let off = |(first, last): &(Date, Date)| v1::DaysOff { first_day: day_count(*first), last_day: day_count(*last) };
    days_off.iter().map(off).collect()
}

/// The same read; nothing where there are too many, or one that is none.
pub(super) fn days_off_read(days_off: Vec<v1::DaysOff>) -> Option<Vec<(Date, Date)>> {
    if days_off.len() > DAYS_OFF_MAX {
        return None;
    }
    let span = |off: v1::DaysOff| day_of(off.first_day).zip(day_of(off.last_day)).filter(|(first, last)| first <= last);
    days_off.into_iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{plan_decode, plan_encode};
    use super::*;
    use model::desired::Plan;
    use model::digest::Digest;
    use model::measure::Measure;

    fn plan() -> Plan {
        let wanted = |name: &str| BundleWanted {
            name: name.parse().unwrap(),
            version: "2026.9".parse().unwrap(),
            index: Digest::of(name.as_bytes()),
            urgent: name == "a",
            hold: name == "b",
        };
        let day = |text: &str| text.parse().unwrap();
        let quiet = Quiet {
            zone: "Europe/Paris".to_owned(),
            from_minute: 480,
            until_minute: 1_080,
            days_off: vec![(day("2026-12-19"), day("2027-01-03"))],
        };
        let fetching = Fetching {
            quota_bytes: 1,
            bytes_per_second: 2,
            site_node: true,
            mirrors: vec!["https://miroir.example/".to_owned()],
            quiet: Some(quiet),
            ..Fetching::default()
        };
        let release = ReleaseWanted {
            version: "0.2.1".parse().unwrap(),
            index: Digest::of(b"release"),
            urgent: false,
            hold: true,
        };
        Plan {
            bundles: vec![wanted("a"), wanted("b")],
            fetching,
            release: Some(release),
            measure: Some(Measure::HybridKit),
            ..Plan::default()
        }
    }

    #[test]
    fn a_plan_comes_back_as_it_was() {
        assert_eq!(plan_decode(&plan_encode(&plan())).unwrap(), plan());
        assert_eq!(plan_decode(&plan_encode(&Plan::default())).unwrap(), Plan::default());
    }

    #[test]
    fn what_no_plan_may_say_is_refused() {
        let refused = |spoil: &dyn Fn(&mut Plan)| {
            let mut bad = plan();
            spoil(&mut bad);
            plan_decode(&plan_encode(&bad)).unwrap_err().to_string()
        };
        assert!(refused(&|plan| plan.bundles.reverse()).contains("plan.bundles"));
        assert!(refused(&|plan| plan.bundles[1].name = plan.bundles[0].name.clone()).contains("plan.bundles"));
        assert!(refused(&|plan| plan.fetching.battery_floor_percent = 101).contains("battery"));
        assert!(refused(&|plan| plan.fetching.mirrors = vec![String::new(); MIRRORS_MAX + 1]).contains("mirrors"));
        assert!(refused(&|plan| plan.fetching.quiet.as_mut().unwrap().from_minute = 1_080).contains("minutes"));
        assert!(refused(&|plan| plan.fetching.quiet.as_mut().unwrap().until_minute = 1_441).contains("minutes"));
        let backwards = |plan: &mut Plan| {
            let off = &mut plan.fetching.quiet.as_mut().unwrap().days_off[0];
            *off = (off.1, off.0);
        };
        assert!(refused(&backwards).contains("days_off"));
    }

    #[test]
    fn a_release_that_is_none_is_refused() {
        for (version, index) in [("", vec![0; 32]), ("v1", vec![0; 32]), ("1", Vec::new()), ("1", vec![0; 31])] {
            let message = v1::ReleaseWanted { version: version.to_owned(), index, ..v1::ReleaseWanted::default() };
            assert!(ReleaseWanted::try_from(message).unwrap_err().to_string().contains("plan.release"), "{version}");
        }
    }

    #[test]
    fn a_ticket_holds_for_a_day_at_most() {
        let from = Timestamp::from_unix_seconds(1_795_000_000);
        let mut ticket = PeerTicket {
            device: model::id::DeviceId::new(from, [1; 10]),
            territory: "doubs".parse().unwrap(),
            school: "0951099D".parse().unwrap(),
            certificate_from: 3,
            rendezvous: vec![[1; 10], [2; 10]],
            site_node: true,
            from,
            until: from.after(TICKET_LIFE),
        };
        assert_eq!(ticket_decode(&ticket_encode(&ticket)).unwrap(), ticket);
        ticket.until = ticket.until.after(std::time::Duration::from_millis(1));
        assert!(ticket_decode(&ticket_encode(&ticket)).is_err());
        ticket.until = from;
        assert!(ticket_decode(&ticket_encode(&ticket)).is_err());
    }
}
