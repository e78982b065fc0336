//! The identity vault. Nothing here is logged but counts: a line of a log outlives what was erased.

use super::device::school_of;
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::Error;
use controlplane_core::audit::{Act, Filter, Reader, audit_page};
use controlplane_core::scope::Reach;
use controlplane_core::store::PAGE_MAX;
use controlplane_core::table::Row;
use controlplane_core::vault::{
    Fault, Force, Guardian, GuardianLine, Incoming, Line, Outcome, Person, Purpose, Read, Retention, Source, Vault,
    guardians_import, leavers_list, person_erase, person_show, persons_count, persons_find, persons_import,
    persons_read, reference_of, retention_due, retention_run,
};
use model::borrower::BorrowerRef;
use model::loan::BorrowerKind;
use model::time::Timestamp;
use model::uai::Uai;
use tonic::Status;
use wire::v1::{
    VaultAgreementLine, VaultAgreementRequest, VaultAgreementResponse, VaultEraseRequest, VaultEraseResponse,
    VaultExportRequest, VaultExportResponse, VaultFindRequest, VaultFindResponse, VaultGuardian, VaultGuardianLine,
    VaultImportLine, VaultImportRequest, VaultImportResponse, VaultIncoming, VaultLeaversRequest, VaultLeaversResponse,
    VaultOutcome, VaultPerson, VaultRetentionRequest, VaultRetentionResponse, VaultShowRequest, VaultShowResponse,
    VaultSource, VaultStatusResponse,
};

/// The longest number of a loan, in bytes.
const WHO_MAX: usize = 64;
/// The most agreements that are filled in one call.
const AGREEMENTS_MAX: usize = 200;
/// The most loans that one work has, over all its calls.
const BESIDE_MAX: usize = 10_000;

pub(super) async fn status_(shared: &Shared, staff: &Staff) -> Result<VaultStatusResponse, Status> {
    let vault = open(shared)?;
    let retention = retention_of(shared);
    Ok(VaultStatusResponse {
        persons: persons_count(vault, &staff.reach).await.map_err(status)?,
        days_after_loan: retention.after_loan,
        days_without_loan: retention.without_loan,
        made_unix_ms: shared.vault_made.unwrap_or_default().unix_millis(),
    })
}

pub(super) async fn import(
    shared: &Shared,
    staff: &Staff,
    asked: VaultImportRequest,
) -> Result<VaultImportResponse, Status> {
    let vault = open(shared)?;
    let school = school(&asked.school)?;
    let (reach, by, now) = (&staff.reach, &staff.person, shared.clock.now());
    let name = school.to_string();
    let refused = shared.refuse(staff.author(), "vault_import", &name);
    let mut lines = Vec::new();
    if !asked.guardians.is_empty() {
        if !asked.persons.is_empty() {
            return Err(invalid("persons and guardians are imported one after the other"));
        }
        let guardians: Vec<GuardianLine> = asked.guardians.into_iter().map(guardian_line).collect();
        lines = guardians_import(vault, reach, school, &guardians, by, now).await.map_err(refused)?;
    } else {
        let source = match VaultSource::try_from(asked.source) {
            Ok(VaultSource::Onde) => Source::Onde,
            Ok(VaultSource::Siecle) => Source::Siecle,
            Ok(VaultSource::Staff) => Source::Staff,
            Ok(VaultSource::Hand) => Source::Hand,
            _ => return Err(invalid("say where these people come from")),
        };
        let mut persons = Vec::with_capacity(asked.persons.len());
        for one in asked.persons {
            let line = one.line;
            match incoming(one) {
                Some(person) => persons.push(person),
                None => lines.push(Line { line, outcome: Outcome::Refused(Fault::Text), reference: None }),
            }
        }
        let taken = persons_import(vault, shared.loans.as_ref(), reach, school, source, &persons, by, now);
        lines.extend(taken.await.map_err(refused)?);
        lines.sort_by_key(|line| line.line);
    }
    let left_out = lines.iter().filter(|line| matches!(line.outcome, Outcome::Refused(_))).count();
    tracing::info!(%school, lines = lines.len(), refused = left_out, "a part of a school's file was imported");
    Ok(VaultImportResponse { lines: lines.into_iter().map(line_out).collect() })
}

pub(super) async fn find(shared: &Shared, staff: &Staff, asked: VaultFindRequest) -> Result<VaultFindResponse, Status> {
    let vault = open(shared)?;
    let school = school_of(&asked.school)?;
    let limit = if asked.limit == 0 { usize::MAX } else { asked.limit as usize };
    let (reach, by, now) = (&staff.reach, &staff.person, shared.clock.now());
    let found = persons_find(vault, reach, &asked.name, school, limit, by, &asked.why, now);
    let found = found.await.map_err(shared.refuse(staff.author(), "vault_find", &asked.school))?;
    Ok(VaultFindResponse { persons: found.persons.into_iter().map(person_out).collect(), more: found.more })
}

pub(super) async fn show(shared: &Shared, staff: &Staff, asked: VaultShowRequest) -> Result<VaultShowResponse, Status> {
    let vault = open(shared)?;
    let reference = who(shared, &asked.who).await?;
    Ok(VaultShowResponse { person: Some(person_out(shown(shared, vault, staff, reference, &asked.why).await?)) })
}

pub(super) async fn erase(
    shared: &Shared,
    staff: &Staff,
    asked: VaultEraseRequest,
) -> Result<VaultEraseResponse, Status> {
    let vault = open(shared)?;
    let reference = who(shared, &asked.who).await?;
    let force = (!asked.force_why.is_empty()).then_some(Force(&asked.force_why));
    let (reach, by, now) = (&staff.reach, &staff.person, shared.clock.now());
    let erased = person_erase(vault, shared.loans.as_ref(), reach, reference, force, by, &asked.why, now).await;
    let erased = erased
        .inspect_err(|error| shared.missed(staff, error, &reference.to_string()))
        .map_err(shared.refuse(staff.author(), "vault_erase", &reference.to_string()))?;
    Ok(VaultEraseResponse { reference: erased.reference, loans: erased.loans })
}

/// Everything that is held about one person: identity, loans, and who looked at it by role, when and why; not the names of the staff.
pub(super) async fn export(
    shared: &Shared,
    staff: &Staff,
    asked: VaultExportRequest,
) -> Result<VaultExportResponse, Status> {
    let vault = open(shared)?;
    let reference = who(shared, &asked.who).await?;
    let row = shown(shared, vault, staff, reference, &asked.why).await?;
    let own = reference_of(&row).map_err(status)?;
    let loans = shared.loans.held(shared.territory(), own, &row.value.aliases).await.map_err(status)?;
    let mut acts = Vec::new();
    // What was done under a reference that leads here now is theirs too.
    for reference in row.value.aliases.iter().chain([&own]) {
        acts.extend(acts_of(shared, &reference.to_string()).await.map_err(status)?);
    }
    acts.sort_by_key(|act| act.at);
    let acts: Vec<serde_json::Value> = acts.iter().map(act_out).collect();
    let document = serde_json::json!({
        "reference": row.id,
        "territory": shared.territory(),
        "made_unix_ms": shared.clock.now().unix_millis(),
        "identity": row.value,
        "loans": loans,
        "acts": acts,
    });
    let document = serde_json::to_string_pretty(&document).map_err(|e| Status::internal(e.to_string()))?;
    Ok(VaultExportResponse { document })
}

pub(super) async fn leavers(
    shared: &Shared,
    staff: &Staff,
    asked: VaultLeaversRequest,
) -> Result<VaultLeaversResponse, Status> {
    let vault = open(shared)?;
    let school = school(&asked.school)?;
    let present = asked.present.iter().map(|text| text.parse()).collect::<Result<_, _>>().map_err(invalid)?;
    let left = leavers_list(vault, &staff.reach, school, &present, &staff.person, &asked.why, shared.clock.now());
    let left = left.await.map_err(shared.refuse(staff.author(), "vault_leavers", &asked.school))?;
    Ok(VaultLeaversResponse { persons: left.into_iter().map(person_out).collect() })
}

pub(super) async fn retention(
    shared: &Shared,
    staff: &Staff,
    asked: VaultRetentionRequest,
) -> Result<VaultRetentionResponse, Status> {
    let vault = open(shared)?;
    let (retention, today, now) = (retention_of(shared), shared.today(), shared.clock.now());
    let (loans, day_of) = (shared.loans.as_ref(), |at: Timestamp| shared.day_of(at));
    let due = if asked.run {
        let act = |reference: &str| Act::of(now, &staff.person, "vault_erase", reference, "retention");
        retention_run(vault, loans, retention, today, &day_of, &act).await.map_err(status)?
    } else {
        let due = retention_due(vault, loans, retention, today, &day_of).await.map_err(status)?;
        u64::try_from(due.len()).unwrap_or(u64::MAX)
    };
    let Retention { after_loan, without_loan } = retention;
    Ok(VaultRetentionResponse { days_after_loan: after_loan, days_without_loan: without_loan, due })
}

/// Who is named on agreements: each who is found, by the loan that was asked for.
pub(super) async fn agreement(
    shared: &Shared,
    staff: &Staff,
    asked: VaultAgreementRequest,
) -> Result<VaultAgreementResponse, Status> {
    let vault = open(shared)?;
    if asked.loans.len() > AGREEMENTS_MAX || asked.loans.iter().any(|loan| loan.len() > WHO_MAX) {
        return Err(invalid(format!("the agreements of at most {AGREEMENTS_MAX} loans are filled at a time")));
    }
    if asked.beside.len() > BESIDE_MAX || asked.beside.iter().any(|loan| loan.len() > WHO_MAX) {
        return Err(invalid(format!("the agreements of at most {BESIDE_MAX} loans are one work")));
    }
    let mut borrowers = Vec::with_capacity(asked.loans.len());
    for loan in &asked.loans {
        borrowers.push(shared.loans.borrower(shared.territory(), loan.trim()).await.map_err(status)?);
    }
    let mut beside = Vec::new();
    for loan in &asked.beside {
        beside.extend(shared.loans.borrower(shared.territory(), loan.trim()).await.map_err(status)?);
    }
    let references: Vec<BorrowerRef> = borrowers.iter().flatten().copied().collect();
    let (reach, by, now) = (&staff.reach, &staff.person, shared.clock.now());
    let read = persons_read(vault, reach, Purpose::Agreement, &references, &beside, by, &asked.why, now);
    let read = read.await.map_err(status)?;
    outside_count(shared, staff, &read);
    let line = |(loan, borrower): (String, Option<BorrowerRef>)| VaultAgreementLine {
        loan,
        person: borrower.and_then(|borrower| read.persons.get(&borrower).cloned()).map(paper_out),
    };
    let lines = asked.loans.into_iter().zip(borrowers).map(line).collect();
    Ok(VaultAgreementResponse { lines, why: read.why.clone() })
}

/// Counts who was named together with others and lies outside the caller's scope.
pub(super) fn outside_count(shared: &Shared, staff: &Staff, read: &Read) {
    for reference in &read.outside {
        shared.out_of_reach(staff.author(), &reference.to_string());
    }
}

/// How long identities are kept here.
pub(crate) fn retention_of(shared: &Shared) -> Retention {
    let vault = shared.config.vault.as_ref();
    Retention {
        after_loan: vault.map_or(365, |vault| vault.days_after_loan),
        without_loan: vault.map_or(365, |vault| vault.days_without_loan),
    }
}

pub(super) fn open(shared: &Shared) -> Result<&Vault, Status> {
    let none = || Error::NotFound("vault on this server: `cartable-server vault init` makes one".to_owned());
    shared.vault.as_ref().ok_or_else(|| status(none()))
}

async fn shown(
    shared: &Shared,
    vault: &Vault,
    staff: &Staff,
    reference: BorrowerRef,
    why: &str,
) -> Result<Row<Person>, Status> {
    let shown = person_show(vault, &staff.reach, reference, &staff.person, why, shared.clock.now()).await;
    shown.inspect_err(|error| shared.missed(staff, error, &reference.to_string())).map_err(status)
}

/// Whom a text means: a reference, or the borrower of a loan.
async fn who(shared: &Shared, text: &str) -> Result<BorrowerRef, Status> {
    let text = text.trim();
    if text.len() > WHO_MAX {
        return Err(invalid("the text is too long"));
    }
    if let Ok(reference) = text.parse() {
        return Ok(reference);
    }
    let found = shared.loans.borrower(shared.territory(), text).await.map_err(status)?;
    found.ok_or_else(|| status(Error::NotFound(format!("borrower {text:?}"))))
}

fn school(text: &str) -> Result<Uai, Status> {
    school_of(text)?.ok_or_else(|| invalid("name the school of the file"))
}

async fn acts_of(shared: &Shared, reference: &str) -> controlplane_core::Result<Vec<Act>> {
    let filter = Filter { subject: Some(reference.to_owned()), ..Filter::default() };
    let whole = Reach::territory();
    let reader = Reader { name: "", reach: &whole };
    let (mut acts, mut after) = (Vec::new(), String::new());
    loop {
        let (page, next) = audit_page(&shared.store, shared.territory(), &reader, &filter, &after, PAGE_MAX).await?;
        acts.extend(page.into_iter().filter_map(|entry| entry.act));
        match next {
            Some(next) if next != after => after = next,
            _ => return Ok(acts),
        }
    }
}

fn act_out(act: &Act) -> serde_json::Value {
    serde_json::json!({ "at_unix_ms": act.at.unix_millis(), "verb": act.verb, "role": act.role, "why": act.why })
}

fn incoming(one: VaultIncoming) -> Option<Incoming> {
    let birth = if one.birth.is_empty() { None } else { Some(one.birth.parse().ok()?) };
    Some(Incoming {
        line: one.line,
        kind: match one.kind.as_str() {
            "" | "pupil" => BorrowerKind::Pupil,
            "teacher" => BorrowerKind::Teacher,
            "staff" => BorrowerKind::Staff,
            _ => return None,
        },
        ine: one.ine,
        local: one.local_id,
        surname: one.surname,
        usage_name: one.usage_name,
        first_name: one.first_name,
        birth,
        class: one.class,
        guardians: one.guardians.into_iter().map(guardian_in).collect(),
    })
}

fn guardian_line(one: VaultGuardianLine) -> GuardianLine {
    let (named, known): (Vec<_>, Vec<_>) = one.pupils.into_iter().partition(|pupil| pupil.local_id.is_empty());
    GuardianLine {
        line: one.line,
        guardian: guardian_in(one.guardian.unwrap_or_default()),
        pupils: named.into_iter().map(|pupil| (pupil.surname, pupil.first_name)).collect(),
        locals: known.into_iter().map(|pupil| pupil.local_id).collect(),
        whole: one.whole.into_iter().map(|name| (name.surname, name.first_name)).collect(),
    }
}

fn guardian_in(one: VaultGuardian) -> Guardian {
    let VaultGuardian { title, surname, first_name, address, phones, email } = one;
    Guardian { title, surname, first_name, address, phones, email }
}

fn guardian_out(one: Guardian) -> VaultGuardian {
    let Guardian { title, surname, first_name, address, phones, email } = one;
    VaultGuardian { title, surname, first_name, address, phones, email }
}

fn line_out(line: Line) -> VaultImportLine {
    let (outcome, fault) = match line.outcome {
        Outcome::Added => (VaultOutcome::Added, ""),
        Outcome::Updated => (VaultOutcome::Updated, ""),
        Outcome::Same => (VaultOutcome::Same, ""),
        Outcome::Refused(fault) => (VaultOutcome::Refused, fault.name()),
    };
    VaultImportLine {
        line: line.line,
        outcome: outcome.into(),
        fault: fault.to_owned(),
        reference: line.reference.map_or_else(String::new, |reference| reference.to_string()),
    }
}

/// What a paper has of somebody.
fn paper_out(row: Row<Person>) -> VaultPerson {
    let mut person = person_out(row);
    person.birth.clear();
    for guardian in &mut person.guardians {
        guardian.phones.clear();
        guardian.email.clear();
    }
    person
}

fn person_out(row: Row<Person>) -> VaultPerson {
    let person = row.value;
    VaultPerson {
        reference: row.id,
        kind: person.kind.name().to_owned(),
        surname: person.surname,
        usage_name: person.usage_name,
        first_name: person.first_name,
        birth: person.birth.map_or_else(String::new, |birth| birth.to_string()),
        class: person.class,
        school: person.school.to_string(),
        guardians: person.guardians.into_iter().map(guardian_out).collect(),
        source: match person.source {
            Source::Onde => VaultSource::Onde,
            Source::Siecle => VaultSource::Siecle,
            Source::Staff => VaultSource::Staff,
            Source::Hand => VaultSource::Hand,
        }
        .into(),
        added_unix_ms: person.added.unix_millis(),
        imported_unix_ms: person.imported.unix_millis(),
    }
}
