//! Stock counts.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::stocktake::{
    Finding, Found, Sight, Stocktake, stocktake_close, stocktake_findings, stocktake_get, stocktake_list,
    stocktake_see, stocktake_start,
};
use model::time::Timestamp;
use tonic::Status;
use wire::v1::{
    StocktakeCloseRequest, StocktakeCloseResponse, StocktakeFinding, StocktakeFound, StocktakeListRequest,
    StocktakeListResponse, StocktakeNoted, StocktakeReportRequest, StocktakeReportResponse, StocktakeScanRequest,
    StocktakeScanResponse, StocktakeStartRequest, StocktakeStartResponse,
};

/// A sight may be dated so far ahead by a clock that runs fast; beyond that the time of its arrival is taken.
const AHEAD_MS: i64 = 5 * 60 * 1000;

pub(super) async fn start(
    shared: &Shared,
    staff: &Staff,
    asked: StocktakeStartRequest,
) -> Result<StocktakeStartResponse, Status> {
    let Some(school) = super::device::school_of(&asked.school)? else {
        return Err(invalid("name the establishment that is counted"));
    };
    let (now, today) = (shared.clock.now(), shared.today());
    let begun = stocktake_start(&shared.store, shared.territory(), &staff.reach, school, &staff.person, now, today);
    let begun = begun.await.map_err(shared.refuse(staff.author(), "stocktake_start", &asked.school))?;
    Ok(StocktakeStartResponse { stocktake: Some(summary(&begun)) })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: StocktakeListRequest,
) -> Result<StocktakeListResponse, Status> {
    let (school, limit) = (super::device::school_of(&asked.school)?, super::device::limit_of(asked.limit)?);
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let page = stocktake_list(store, territory, &staff.reach, school, &asked.after, limit).await;
    let (stocktakes, next) = page.map_err(status)?;
    Ok(StocktakeListResponse { stocktakes: stocktakes.iter().map(summary).collect(), next })
}

pub(super) async fn scan(
    shared: &Shared,
    staff: &Staff,
    asked: StocktakeScanRequest,
) -> Result<StocktakeScanResponse, Status> {
    let now = shared.clock.now();
    let sight = |sight: wire::v1::StocktakeSight| {
        let at = sight.at_unix_ms;
        let dated = at > 0 && at <= now.unix_millis().saturating_add(AHEAD_MS);
        Sight { code: sight.code, at: if dated { Timestamp::from_unix_millis(at) } else { now } }
    };
    let sights: Vec<Sight> = asked.sights.into_iter().map(sight).collect();
    let (store, territory) = (&shared.store, shared.territory());
    let noted = stocktake_see(store, territory, &staff.reach, &asked.stocktake, &sights, &staff.person, now).await;
    let noted = noted.inspect_err(|error| shared.missed(staff, error, &asked.stocktake)).map_err(status)?;
    let noted =
        noted.into_iter().map(|one| StocktakeNoted { asset: one.seen.asset.unwrap_or_default(), already: one.already });
    Ok(StocktakeScanResponse { noted: noted.collect(), now_unix_ms: now.unix_millis() })
}

pub(super) async fn report(
    shared: &Shared,
    staff: &Staff,
    asked: StocktakeReportRequest,
) -> Result<StocktakeReportResponse, Status> {
    let limit = super::device::limit_of(asked.limit)?;
    let only = match asked.found() {
        StocktakeFound::Unspecified => None,
        StocktakeFound::Missing => Some(Found::Missing),
        StocktakeFound::Unexpected => Some(Found::Unexpected),
        StocktakeFound::Unknown => Some(Found::Unknown),
        StocktakeFound::Present => Some(Found::Present),
    };
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let row = stocktake_get(store, territory, &staff.reach, &asked.stocktake).await;
    let stocktake = row.inspect_err(|error| shared.missed(staff, error, &asked.stocktake)).map_err(status)?.value;
    let findings = stocktake_findings(store, territory, &staff.reach, &stocktake).await.map_err(status)?;
    let count = |found| u32::try_from(findings.iter().filter(|one| one.found == found).count()).unwrap_or(u32::MAX);
    let (missing, unexpected) = (count(Found::Missing), count(Found::Unexpected));
    let (unknown, present) = (count(Found::Unknown), count(Found::Present));
    let meant = findings.iter().filter(|one| only.is_none_or(|only| one.found == only));
    let rest: Vec<&Finding> = meant.filter(|one| place(one) > asked.after).take(limit + 1).collect();
    let next =
        if rest.len() > limit { rest.get(limit - 1).map(|one| place(one)).unwrap_or_default() } else { String::new() };
    Ok(StocktakeReportResponse {
        stocktake: Some(summary(&stocktake)),
        findings: rest.into_iter().take(limit).map(line).collect(),
        next,
        missing,
        unexpected,
        unknown,
        present,
        now_unix_ms: shared.clock.now().unix_millis(),
        today: shared.today().to_string(),
    })
}

pub(super) async fn close(
    shared: &Shared,
    staff: &Staff,
    asked: StocktakeCloseRequest,
) -> Result<StocktakeCloseResponse, Status> {
    let now = shared.clock.now();
    let (store, territory) = (&shared.store, shared.territory());
    let closed = stocktake_close(store, territory, &staff.reach, &asked.stocktake, &staff.person, now).await;
    let closed = closed.inspect_err(|error| shared.missed(staff, error, &asked.stocktake)).map_err(status)?;
    Ok(StocktakeCloseResponse { stocktake: Some(summary(&closed)) })
}

/// Where a finding stands in the report's order.
fn place(finding: &Finding) -> String {
    format!("{}{}", found_of(finding.found) as i32, finding.number)
}

fn line(finding: &Finding) -> StocktakeFinding {
    let seen = finding.seen.as_ref();
    StocktakeFinding {
        found: found_of(finding.found).into(),
        number: finding.number.clone(),
        model: finding.model.clone(),
        school: finding.school.map_or_else(String::new, |school| school.to_string()),
        owner: finding.owner.as_ref().map_or_else(String::new, ToString::to_string),
        lifecycle: finding.lifecycle.map_or("", model::lifecycle::Lifecycle::name).to_owned(),
        seen_unix_ms: seen.map_or(0, |seen| seen.at.unix_millis()),
        by: seen.map(|seen| seen.by.clone()).unwrap_or_default(),
        label: finding.label.clone(),
        serial: finding.serial.clone(),
    }
}

const fn found_of(found: Found) -> StocktakeFound {
    match found {
        Found::Missing => StocktakeFound::Missing,
        Found::Unexpected => StocktakeFound::Unexpected,
        Found::Unknown => StocktakeFound::Unknown,
        Found::Present => StocktakeFound::Present,
    }
}

fn summary(stocktake: &Stocktake) -> wire::v1::Stocktake {
    wire::v1::Stocktake {
        id: stocktake.id.clone(),
        school: stocktake.school.to_string(),
        started_unix_ms: stocktake.started.unix_millis(),
        by: stocktake.by.clone(),
        closed_unix_ms: stocktake.closed.map_or(0, Timestamp::unix_millis),
    }
}
