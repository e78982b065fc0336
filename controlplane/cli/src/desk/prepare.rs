//! `cartable desk prepare`: a day's working set, sealed into one file.

use super::fault::DeskFault;
use super::file::{journal_path, set_write};
use super::passphrase::passphrase;
use super::seal::passphrase_check;
use super::set::{ASSETS_MAX, Asset, DaySet, Grade, Item, LOANS_MAX, Loan, Mode, Part, VERSION};
use crate::Error;
use crate::call::Call;
use crate::print::{Sheet, clean};
use crate::span::span_read;
use crate::stocktake::report_read;
use clap::Args;
use jiff::civil::Date;
use model::time::Timestamp;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wire::v1::{
    CampaignKind, CampaignOutcome, DeskAssetsRequest, DeskLoan, DeskPrepareRequest, LoanState, StocktakeFound,
};

/// Lines asked for at a time.
const PAGE: u32 = 500;
/// How long a set serves by default.
const DAYS: u64 = 3;
/// The longest that one may serve.
const DAYS_MAX: u64 = 31;
const DAY_SECONDS: u64 = 86_400;

#[derive(Debug, Args)]
pub(crate) struct Prepare {
    #[arg(long, required_unless_present = "stocktake", conflicts_with = "stocktake")]
    campaign: Option<String>,
    #[arg(long, requires = "campaign")]
    why: Option<String>,
    #[arg(long, conflicts_with = "why")]
    without_names: bool,
    #[arg(long)]
    stocktake: Option<String>,
    #[arg(long)]
    to: PathBuf,
    #[arg(long)]
    life: Option<String>,
    #[arg(long)]
    passphrase_file: Option<PathBuf>,
}

/// What was made, for programs.
#[derive(Debug, Serialize)]
struct Prepared {
    file: PathBuf,
    mode: &'static str,
    subject: String,
    loans: usize,
    named: usize,
    assets: usize,
    expires: Option<String>,
}

pub(super) async fn desk_prepare(prepare: Prepare, call: &mut Call<'_>) -> Result<(), Error> {
    let life = prepare.life.as_deref().map_or(Ok(DAYS * DAY_SECONDS), span_read)?;
    if life > DAYS_MAX * DAY_SECONDS {
        return Err(Error::usage("error-desk-life", &[("days", &DAYS_MAX.to_string())]));
    }
    free_check(&prepare.to)?;
    let words = passphrase(prepare.passphrase_file.as_deref(), "desk-passphrase-new", call).await?;
    passphrase_check(&words).map_err(Error::Desk)?;
    if prepare.passphrase_file.is_none() {
        // Mistyped once, nobody could open it on the day.
        let again = passphrase(None, "desk-passphrase-again", call).await?;
        if *again != *words {
            return Err(Error::usage("error-desk-passphrases", &[]));
        }
    }
    let set = match (&prepare.campaign, &prepare.stocktake) {
        (Some(campaign), _) => campaign_set(campaign, &prepare, life, call).await?,
        (None, Some(stocktake)) => stocktake_set(stocktake, life, call).await?,
        (None, None) => return Err(Error::Desk(DeskFault::Mode)),
    };
    let (path, kept) = (prepare.to.clone(), set.clone());
    let writing = tokio::task::spawn_blocking(move || set_write(&path, &words, &kept));
    call.progress.during(writing).await.map_err(std::io::Error::other)??;
    call.progress.clear();
    let prepared = Prepared {
        file: prepare.to,
        mode: set.mode.name(),
        subject: set.subject,
        loans: set.loans.len(),
        named: set.loans.iter().filter(|loan| !loan.name.is_empty()).count(),
        assets: set.assets.len(),
        expires: crate::print::rfc3339(set.expires.unix_millis()),
    };
    let look = call.print.look();
    let values = [
        ("file", clean(&prepared.file.display().to_string()).into()),
        ("loans", words::Value::count(prepared.loans as u64)),
        ("assets", words::Value::count(prepared.assets as u64)),
        ("date", look.date(set.expires.unix_millis()).into()),
    ];
    let line = call.words.text_with("desk-prepared", &values);
    call.print.one(&prepared, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

/// A file that is there keeps what was done with it: another one in its place would make that unreadable.
fn free_check(path: &Path) -> Result<(), Error> {
    for taken in [path, &journal_path(path)] {
        if taken.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(Error::FileWrite { path: taken.to_owned(), source });
        }
    }
    Ok(())
}

async fn campaign_set(campaign: &str, prepare: &Prepare, life: u64, call: &mut Call<'_>) -> Result<DaySet, Error> {
    let mut client = call.client().await?;
    let mut request = DeskPrepareRequest {
        campaign: campaign.to_owned(),
        limit: PAGE,
        after: String::new(),
        why: prepare.why.clone().unwrap_or_default(),
    };
    let mut loans: Vec<Loan> = Vec::new();
    let last = loop {
        let mut page = match prepare.why {
            Some(_) => call.answer(client.desk_named(request.clone())).await?,
            None => call.answer(client.desk_prepare(request.clone())).await?,
        };
        // A day without names is nothing to find out in front of the families.
        if page.names && prepare.why.is_none() && !prepare.without_names {
            return Err(Error::usage("error-desk-why", &[]));
        }
        loans.extend(std::mem::take(&mut page.loans).into_iter().map(loan_of));
        if loans.len() > LOANS_MAX {
            return Err(Error::Desk(DeskFault::TooLarge));
        }
        if page.next.is_empty() || page.next == request.after {
            break page;
        }
        request.after = page.next;
        // It names nobody any more, whose page it may be.
        if !page.why.is_empty() {
            request.why = page.why;
        }
    };
    let mut request = DeskAssetsRequest { campaign: campaign.to_owned(), limit: PAGE, after: String::new() };
    let mut assets: Vec<Asset> = Vec::new();
    loop {
        let page = call.answer(client.desk_assets(request.clone())).await?;
        assets.extend(page.assets.into_iter().map(|asset| Asset {
            number: asset.number,
            label: asset.label,
            serial: asset.serial,
            model: asset.model,
            school: asset.school,
            lifecycle: asset.lifecycle,
        }));
        if assets.len() > ASSETS_MAX {
            return Err(Error::Desk(DeskFault::TooLarge));
        }
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    let campaign = last.campaign.unwrap_or_default();
    let mode = if campaign.kind() == CampaignKind::Return { Mode::Return } else { Mode::Handout };
    Ok(DaySet { loans, assets, ..set_of(mode, &campaign.id, &campaign.name, last.now_unix_ms, &last.today, life)? })
}

async fn stocktake_set(stocktake: &str, life: u64, call: &mut Call<'_>) -> Result<DaySet, Error> {
    let (answer, findings) = report_read(stocktake, StocktakeFound::Unspecified, call).await?;
    let counted = answer.stocktake.unwrap_or_default();
    let known = findings.into_iter().filter(|finding| finding.found() != StocktakeFound::Unknown);
    let assets: Vec<Asset> = known
        .map(|finding| Asset {
            number: finding.number,
            label: finding.label,
            serial: finding.serial,
            model: finding.model,
            school: finding.school,
            lifecycle: finding.lifecycle,
        })
        .collect();
    if assets.len() > ASSETS_MAX {
        return Err(Error::Desk(DeskFault::TooLarge));
    }
    let name = call.words.text_with("stocktake-title", &[("id", counted.id.as_str().into())]);
    Ok(DaySet { assets, ..set_of(Mode::Stocktake, &counted.id, &name, answer.now_unix_ms, &answer.today, life)? })
}

fn set_of(mode: Mode, subject: &str, name: &str, now_ms: i64, today: &str, life: u64) -> Result<DaySet, Error> {
    let made = Timestamp::from_unix_millis(now_ms);
    Ok(DaySet {
        version: VERSION,
        mode,
        subject: subject.to_owned(),
        name: name.to_owned(),
        made,
        expires: made.after(Duration::from_secs(life)),
        day: today.parse().map_err(|_| Error::usage("error-date", &[("value", today)]))?,
        loans: Vec::new(),
        assets: Vec::new(),
    })
}

fn loan_of(line: DeskLoan) -> Loan {
    let outcome = match line.outcome() {
        CampaignOutcome::NoShow => "no_show",
        CampaignOutcome::Refused => "refused",
        CampaignOutcome::Problem => "problem",
        _ => "",
    };
    let (loan, person) = (line.loan.unwrap_or_default(), line.person.unwrap_or_default());
    let state = state_name(loan.state());
    let held = loan.lines.last().filter(|line| line.until_unix_ms == 0);
    let asset = held.map(|line| line.asset.clone()).unwrap_or_else(|| loan.prepared.clone());
    let condition = held.and_then(|line| line.out).map(condition_of).unwrap_or_default();
    // What came back before is not waited for again.
    let out = |state| matches!(state, wire::v1::PartState::Out | wire::v1::PartState::Unspecified);
    let items = loan.accessories.iter().filter(|item| out(item.state()));
    Loan {
        items: items.map(|item| Item { kind: item.kind.clone(), number: item.number.clone() }).collect(),
        id: loan.id,
        number: loan.number,
        state: state.to_owned(),
        school: loan.school,
        minor: loan.minor,
        name: person.name,
        class: person.class,
        guardians: person.guardians,
        signed: state != "agreement_pending",
        due: loan.due_on.parse::<Date>().ok(),
        asset: Some(asset).filter(|asset| !asset.is_empty()),
        condition,
        outcome: outcome.to_owned(),
    }
}

fn condition_of(condition: wire::v1::LoanCondition) -> Vec<(Part, Grade)> {
    let grade = |part, grade| match grade {
        wire::v1::Grade::Worn => Some((part, Grade::Worn)),
        wire::v1::Grade::Damaged => Some((part, Grade::Damaged)),
        wire::v1::Grade::Good | wire::v1::Grade::Unspecified => None,
    };
    let parts = [
        grade(Part::Screen, condition.screen()),
        grade(Part::Keyboard, condition.keyboard()),
        grade(Part::Case, condition.case()),
    ];
    parts.into_iter().flatten().collect()
}

const fn state_name(state: LoanState) -> &'static str {
    match state {
        LoanState::Draft => "draft",
        LoanState::Approved => "approved",
        LoanState::AgreementPending => "agreement_pending",
        LoanState::Ready => "ready",
        LoanState::Active => "active",
        LoanState::ReturnedUnchecked => "returned_unchecked",
        LoanState::Cancelled => "cancelled",
        LoanState::Closed
        | LoanState::ClosedLost
        | LoanState::ClosedStolen
        | LoanState::ClosedDamaged
        | LoanState::Unspecified => "closed",
    }
}
