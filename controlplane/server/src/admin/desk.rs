//! What a desk takes along to a campaign: its loans with the borrowers' names, and the equipment that may turn up.

use super::campaign::{found as campaign_found, lines, outcome_of, summary};
use super::loan::loan_shown;
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::status;
use controlplane_core::Error;
use controlplane_core::asset::{ASSETS, Asset};
use controlplane_core::campaign::{Campaign, Line, campaign_page};
use controlplane_core::store::PAGE_MAX;
use controlplane_core::vault::{Guardian, Person, Purpose, persons_read};
use model::borrower::BorrowerRef;
use tonic::Status;
use wire::v1::{
    DeskAsset, DeskAssetsRequest, DeskAssetsResponse, DeskLoan, DeskPerson, DeskPrepareRequest, DeskPrepareResponse,
};

/// The most assets looked at for one page, even if few of them fit.
const LOOKED_AT_MAX: usize = 50_000;

pub(super) async fn prepare(
    shared: &Shared,
    staff: &Staff,
    asked: DeskPrepareRequest,
) -> Result<DeskPrepareResponse, Status> {
    let campaign = open(shared, staff, &asked.campaign).await?;
    Ok(page(shared, staff, &campaign, &asked).await?.0)
}

/// The same with names.
pub(super) async fn named(
    shared: &Shared,
    staff: &Staff,
    asked: DeskPrepareRequest,
) -> Result<DeskPrepareResponse, Status> {
    let vault = super::vault::open(shared)?;
    let campaign = open(shared, staff, &asked.campaign).await?;
    let mut beside = Vec::new();
    // The reason is read against everybody once; it comes back as it stands in the audit, for the pages that follow.
    if asked.after.is_empty() {
        let whole = lines(shared, staff, &campaign).await?;
        beside.extend(whole.iter().filter_map(|line| line.loan.borrower));
    }
    let (mut page, borrowers) = page(shared, staff, &campaign, &asked).await?;
    let references: Vec<BorrowerRef> = borrowers.iter().flatten().copied().collect();
    let (by, now) = (&staff.person, shared.clock.now());
    let purpose = Purpose::Desk(&campaign.id);
    let names = persons_read(vault, &staff.reach, purpose, &references, &beside, by, &asked.why, now).await;
    let names = names.map_err(status)?;
    super::vault::outside_count(shared, staff, &names);
    for (line, borrower) in page.loans.iter_mut().zip(borrowers) {
        line.person = borrower.and_then(|borrower| names.persons.get(&borrower)).map(|row| person(&row.value));
    }
    page.why = names.why;
    Ok(page)
}

/// The campaign, if there is still something to be done at a desk.
async fn open(shared: &Shared, staff: &Staff, text: &str) -> Result<Campaign, Status> {
    let campaign = campaign_found(shared, staff, text).await?;
    match campaign.closed {
        Some(_) => Err(status(Error::Expired(format!("campaign {} is closed", campaign.id)))),
        None => Ok(campaign),
    }
}

/// A page of a campaign's loans, with the borrower of each.
async fn page(
    shared: &Shared,
    staff: &Staff,
    campaign: &Campaign,
    asked: &DeskPrepareRequest,
) -> Result<(DeskPrepareResponse, Vec<Option<BorrowerRef>>), Status> {
    let limit = super::device::limit_of(asked.limit)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let page = campaign_page(store, territory, &staff.reach, shared, campaign, &asked.after, limit, &|_| true).await;
    let (lines, next) = page.map_err(status)?;
    let today = shared.today();
    let loan = |line: &Line| DeskLoan {
        loan: Some(loan_shown(&line.loan, today)),
        outcome: outcome_of(line.outcome).into(),
        person: None,
    };
    let borrowers = lines.iter().map(|line| line.loan.borrower).collect();
    let page = DeskPrepareResponse {
        campaign: Some(summary(campaign)),
        loans: lines.iter().map(loan).collect(),
        next,
        now_unix_ms: shared.clock.now().unix_millis(),
        today: today.to_string(),
        names: shared.vault.is_some(),
        why: String::new(),
    };
    Ok((page, borrowers))
}

pub(super) async fn assets(
    shared: &Shared,
    staff: &Staff,
    asked: DeskAssetsRequest,
) -> Result<DeskAssetsResponse, Status> {
    let limit = super::device::limit_of(asked.limit)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let campaign = campaign_found(shared, staff, &asked.campaign).await?;
    let scope = ASSETS.scope(territory, "");
    let (mut found, mut after, mut looked_at) = (Vec::new(), asked.after, 0);
    while looked_at < LOOKED_AT_MAX {
        let page = ASSETS.page(store, &scope, &after, PAGE_MAX).await.map_err(status)?;
        if page.is_empty() {
            return Ok(DeskAssetsResponse { assets: found, next: String::new() });
        }
        looked_at += page.len();
        for row in page {
            after = row.id;
            if staff.reach.covers(&row.value.filed()) && may_turn_up(&campaign, &row.value) {
                found.push(asset(row.value));
            }
            if found.len() >= limit {
                return Ok(DeskAssetsResponse { assets: found, next: after });
            }
        }
    }
    Ok(DeskAssetsResponse { assets: found, next: after })
}

/// What a desk shows of a family: no address, no telephone number.
fn person(person: &Person) -> DeskPerson {
    let surname = if person.usage_name.is_empty() { &person.surname } else { &person.usage_name };
    let guardian = |guardian: &Guardian| format!("{} {}", guardian.surname, guardian.first_name).trim().to_owned();
    DeskPerson {
        name: format!("{surname} {}", person.first_name).trim().to_owned(),
        class: person.class.clone(),
        guardians: person.guardians.iter().map(guardian).collect(),
    }
}

/// Whether an asset may be handed out or come back there: what is filed under no establishment may anywhere.
fn may_turn_up(campaign: &Campaign, asset: &Asset) -> bool {
    campaign.schools.is_empty() || asset.school.is_none_or(|school| campaign.schools.contains(&school))
}

fn asset(asset: Asset) -> DeskAsset {
    DeskAsset {
        number: asset.number,
        label: asset.label,
        serial: asset.serial,
        model: format!("{} {}", asset.maker, asset.model).trim().to_owned(),
        school: asset.school.map_or_else(String::new, |school| school.to_string()),
        lifecycle: asset.lifecycle.name().to_owned(),
    }
}
