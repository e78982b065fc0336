//! The school calendar.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, status};
use controlplane_core::calendar::{SILENT_SCHOOL_DAYS, Silence, calendar_set, calendars};
use tonic::Status;
use wire::convert::{calendar_breaks, calendar_read};
use wire::v1::{CalendarSetRequest, CalendarSetResponse, CalendarShowResponse};

/// The most breaks one call enters.
const BREAKS_MAX: usize = 1_000;
/// The most school days of silence that can be asked for: five years of them.
const SILENT_MAX: u32 = 1_000;

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: CalendarSetRequest,
) -> Result<CalendarSetResponse, Status> {
    if asked.breaks.len() > BREAKS_MAX {
        return Err(invalid(format!("at most {BREAKS_MAX} breaks at a time")));
    }
    let zones = calendar_read(asked.breaks).map_err(convert_status)?;
    let home = (!asked.home.is_empty()).then(|| asked.home.parse().map_err(invalid)).transpose()?;
    let (store, by, now) = (&shared.store, &staff.person, shared.clock.now());
    let changed = calendar_set(store, shared.territory(), zones, home, by, &asked.why, now).await.map_err(status)?;
    Ok(CalendarSetResponse { changed })
}

pub(super) async fn show(shared: &Shared) -> Result<CalendarShowResponse, Status> {
    let held = calendars(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    Ok(CalendarShowResponse {
        breaks: calendar_breaks(&held.calendar),
        home: held.home.map_or("", |zone| zone.name()).to_owned(),
        today: shared.today().to_string(),
    })
}

/// What silence for so many school days means today; 0 for as many as make a device count as silent.
pub(super) async fn silence(shared: &Shared, school_days: u32) -> Result<Silence, Status> {
    if school_days > SILENT_MAX {
        return Err(invalid(format!("at most {SILENT_MAX} school days are looked back")));
    }
    let days = if school_days == 0 { SILENT_SCHOOL_DAYS } else { school_days };
    let held = calendars(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    if school_days > 0 && held.calendar.zones().next().is_none() {
        return Err(invalid("no school calendar was entered; `cartable calendar import` does it"));
    }
    Ok(held.silence(shared.today(), days, |day| shared.day_end(day)))
}
