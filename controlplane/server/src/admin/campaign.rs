//! Campaigns, and what was noted of loans in them.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::campaign::{
    Campaign, CampaignKind, Ended, Line, Note, Outcome, Wish, campaign_close, campaign_create, campaign_get,
    campaign_lines, campaign_list, campaign_note, campaign_page,
};
use controlplane_core::scope::Reach;
use jiff::civil::Date;
use model::loan::ActId;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::{BTreeMap, BTreeSet};
use tonic::{Code, Status};
use wire::v1::{
    CampaignAnswer, CampaignCloseRequest, CampaignCloseResponse, CampaignCount, CampaignCreateRequest,
    CampaignCreateResponse, CampaignLine, CampaignListRequest, CampaignListResponse, CampaignNoteRequest,
    CampaignNoteResponse, CampaignOutcome, CampaignReportRequest, CampaignReportResponse, CampaignShowRequest,
    CampaignShowResponse, LoanOutcome,
};

/// The most notes of one call.
const NOTES_MAX: usize = 200;
/// A note may be dated so far ahead, and as far back as an act on a loan; beyond that the time of its arrival is taken.
const AHEAD_MS: i64 = 5 * 60 * 1000;

pub(super) async fn create(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignCreateRequest,
) -> Result<CampaignCreateResponse, Status> {
    let kind = match asked.kind() {
        wire::v1::CampaignKind::Handout => CampaignKind::Handout,
        wire::v1::CampaignKind::Return => CampaignKind::Return,
        wire::v1::CampaignKind::Unspecified => return Err(invalid("a campaign is a hand-out or a return")),
    };
    let schools: Result<BTreeSet<Uai>, _> = asked.schools.iter().map(|school| school.parse::<Uai>()).collect();
    let first_on = date(&asked.first_on)?.ok_or_else(|| invalid("name the campaign's first day"))?;
    let wish = Wish {
        name: super::device::short(&asked.name)?.to_owned(),
        kind,
        schools: schools.map_err(invalid)?,
        first_on,
        last_on: date(&asked.last_on)?.unwrap_or(first_on),
        due_by: date(&asked.due_by)?,
    };
    let now = shared.clock.now();
    let made = campaign_create(&shared.store, shared.territory(), &staff.reach, wish, &staff.person, now).await;
    let made = made.map_err(shared.refuse(staff.author(), "campaign_create", ""))?;
    Ok(CampaignCreateResponse { campaign: Some(summary(&made)) })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignListRequest,
) -> Result<CampaignListResponse, Status> {
    let limit = super::device::limit_of(asked.limit)?;
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let page = campaign_list(store, territory, &staff.reach, asked.all, &asked.after, limit).await;
    let (campaigns, next) = page.map_err(status)?;
    Ok(CampaignListResponse { campaigns: campaigns.iter().map(summary).collect(), next })
}

pub(super) async fn show(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignShowRequest,
) -> Result<CampaignShowResponse, Status> {
    let campaign = found(shared, staff, &asked.campaign).await?;
    let lines = lines(shared, staff, &campaign).await?;
    Ok(CampaignShowResponse { campaign: Some(summary(&campaign)), counts: counts(&lines) })
}

pub(super) async fn report(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignReportRequest,
) -> Result<CampaignReportResponse, Status> {
    let limit = super::device::limit_of(asked.limit)?;
    let school = super::device::school_of(&asked.school)?;
    let campaign = found(shared, staff, &asked.campaign).await?;
    let only = Some(asked.outcome()).filter(|outcome| *outcome != CampaignOutcome::Unspecified);
    let fits = |line: &Line| {
        school.is_none_or(|school| line.loan.school == school)
            && only.is_none_or(|only| outcome_of(line.outcome) == only)
    };
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    // No other school is read than the one that is asked for, if it has part in the campaign.
    let mut read = campaign.clone();
    if let Some(school) = school.filter(|school| read.schools.is_empty() || read.schools.contains(school)) {
        read.schools = [school].into();
    }
    let page = campaign_page(store, territory, &staff.reach, shared, &read, &asked.after, limit, &fits).await;
    let (page, next) = page.map_err(status)?;
    // Counted once: they need all of it.
    let counts = if asked.after.is_empty() { counts(&lines(shared, staff, &campaign).await?) } else { Vec::new() };
    let lines = page.iter().map(line_of).collect();
    Ok(CampaignReportResponse { campaign: Some(summary(&campaign)), lines, next, counts })
}

pub(super) async fn note(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignNoteRequest,
) -> Result<CampaignNoteResponse, Status> {
    if asked.notes.len() > NOTES_MAX {
        return Err(invalid(format!("at most {NOTES_MAX} notes at a time")));
    }
    let now = shared.clock.now();
    let mut answers = Vec::with_capacity(asked.notes.len());
    for note in asked.notes {
        let answer = match note_of(note, asked.replace, now) {
            Ok(note) => noted(shared, staff, &asked.campaign, &note).await,
            Err(refused) => Err(refused),
        };
        answers.push(match answer {
            Ok(already) => CampaignAnswer {
                outcome: if already { LoanOutcome::Already } else { LoanOutcome::Done }.into(),
                why: String::new(),
            },
            Err(refused) => CampaignAnswer {
                outcome: match refused.code() {
                    Code::FailedPrecondition | Code::Aborted => LoanOutcome::Conflict,
                    Code::NotFound => LoanOutcome::NotFound,
                    Code::Unavailable | Code::Internal => LoanOutcome::Unavailable,
                    _ => LoanOutcome::Refused,
                }
                .into(),
                why: refused.message().to_owned(),
            },
        });
    }
    Ok(CampaignNoteResponse { answers, now_unix_ms: now.unix_millis() })
}

pub(super) async fn close(
    shared: &Shared,
    staff: &Staff,
    asked: CampaignCloseRequest,
) -> Result<CampaignCloseResponse, Status> {
    let (store, territory, now) = (&shared.store, shared.territory(), shared.clock.now());
    let closed = campaign_close(store, territory, &staff.reach, shared, &asked.campaign, &staff.person, now).await;
    if let Err(error) = &closed {
        missed(shared, staff, error, &asked.campaign).await;
    }
    let closed = closed.map_err(shared.refuse(staff.author(), "campaign_close", &asked.campaign))?;
    Ok(CampaignCloseResponse { campaign: Some(summary(&closed)) })
}

/// How each loan of a campaign fared.
pub(super) async fn lines(shared: &Shared, staff: &Staff, campaign: &Campaign) -> Result<Vec<Line>, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    campaign_lines(store, territory, &staff.reach, shared, campaign).await.map_err(status)
}

/// The campaign with this id, among those that a person may see.
pub(super) async fn found(shared: &Shared, staff: &Staff, id: &str) -> Result<Campaign, Status> {
    let row = campaign_get(shared.store.as_ref(), shared.territory(), &staff.reach, id).await;
    if let Err(error) = &row {
        missed(shared, staff, error, id).await;
    }
    Ok(row.map_err(status)?.value)
}

pub(super) const fn outcome_of(outcome: Outcome) -> CampaignOutcome {
    match outcome {
        Outcome::Expected => CampaignOutcome::Expected,
        Outcome::Handed => CampaignOutcome::Handed,
        Outcome::Returned => CampaignOutcome::Returned,
        Outcome::NoShow => CampaignOutcome::NoShow,
        Outcome::Refused => CampaignOutcome::Refused,
        Outcome::Problem => CampaignOutcome::Problem,
    }
}

pub(super) fn summary(campaign: &Campaign) -> wire::v1::Campaign {
    let kind = match campaign.kind {
        CampaignKind::Handout => wire::v1::CampaignKind::Handout,
        CampaignKind::Return => wire::v1::CampaignKind::Return,
    };
    wire::v1::Campaign {
        id: campaign.id.clone(),
        name: campaign.name.clone(),
        kind: kind.into(),
        schools: campaign.schools.iter().map(ToString::to_string).collect(),
        first_on: campaign.first_on.to_string(),
        last_on: campaign.last_on.to_string(),
        due_by: campaign.due_by.map_or_else(String::new, |day| day.to_string()),
        created_unix_ms: campaign.created.unix_millis(),
        by: campaign.by.clone(),
        closed_unix_ms: campaign.closed.map_or(0, Timestamp::unix_millis),
    }
}

/// Counts for the audit whoever names a campaign that is there, but not for them; what is nowhere may be anything that was typed.
async fn missed(shared: &Shared, staff: &Staff, error: &Error, id: &str) {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    if matches!(error, Error::NotFound(_))
        && campaign_get(store, territory, &staff.reach, id).await.is_err()
        && let Ok(foreign) = campaign_get(store, territory, &Reach::territory(), id).await
    {
        shared.out_of_reach(staff.author(), &foreign.value.id);
    }
}

async fn noted(shared: &Shared, staff: &Staff, campaign: &str, note: &Note) -> Result<bool, Status> {
    let (store, territory) = (&shared.store, shared.territory());
    let noted =
        campaign_note(store, territory, &staff.reach, shared, campaign, note, &staff.person, shared.clock.now()).await;
    if let Err(error) = &noted {
        super::loan::missed(shared, staff, error, &[&note.loan]).await;
        missed(shared, staff, error, campaign).await;
    }
    noted.map_err(status)
}

fn note_of(note: wire::v1::CampaignNote, replace: bool, now: Timestamp) -> Result<Note, Status> {
    let ended = match note.outcome() {
        CampaignOutcome::NoShow => Ended::NoShow,
        CampaignOutcome::Refused => Ended::Refused,
        CampaignOutcome::Problem => Ended::Problem,
        _ => return Err(invalid("what is noted is a no-show, a refusal or a problem")),
    };
    let act = if note.act.is_empty() { None } else { Some(note.act.parse::<ActId>().map_err(invalid)?) };
    let earliest = now.before(super::loan::ACT_AGE_MAX).unix_millis().max(1);
    let dated = (earliest..=now.unix_millis().saturating_add(AHEAD_MS)).contains(&note.at_unix_ms);
    let at = if dated { Timestamp::from_unix_millis(note.at_unix_ms) } else { now };
    Ok(Note { act, loan: note.loan, ended, why: note.why, at, replace })
}

fn line_of(line: &Line) -> CampaignLine {
    let has = line.loan.lines.last().map(|line| line.asset.clone()).or_else(|| line.loan.prepared.clone());
    let told = matches!(line.outcome, Outcome::Handed | Outcome::Returned);
    let noted = line.noted.as_ref().filter(|_| !told);
    CampaignLine {
        loan: line.loan.id.to_string(),
        number: line.loan.number.clone(),
        school: line.loan.school.to_string(),
        asset: has.unwrap_or_default(),
        outcome: outcome_of(line.outcome).into(),
        why: noted.map(|noted| noted.why.clone()).unwrap_or_default(),
        at_unix_ms: line.at.map_or(0, Timestamp::unix_millis),
        by: noted.map(|noted| noted.by.clone()).unwrap_or_default(),
    }
}

fn counts(lines: &[Line]) -> Vec<CampaignCount> {
    let mut counts: BTreeMap<Uai, CampaignCount> = BTreeMap::new();
    for line in lines {
        let school = line.loan.school;
        let count =
            counts.entry(school).or_insert_with(|| CampaignCount { school: school.to_string(), ..Default::default() });
        let field = match line.outcome {
            Outcome::Expected => &mut count.expected,
            Outcome::Handed => &mut count.handed,
            Outcome::Returned => &mut count.returned,
            Outcome::NoShow => &mut count.no_show,
            Outcome::Refused => &mut count.refused,
            Outcome::Problem => &mut count.problem,
        };
        *field = field.saturating_add(1);
    }
    counts.into_values().collect()
}

fn date(text: &str) -> Result<Option<Date>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    let said = text.chars().take(32).collect::<String>();
    text.parse().map(Some).map_err(|_| invalid(format!("a day is written YYYY-MM-DD, not {said:?}")))
}
