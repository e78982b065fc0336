//! The audit, read and verified. Reading it changes nothing, so it makes no entry.

use super::device::{limit_of, short};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{convert_status, status};
use controlplane_core::audit::{Author, Entry, Filter, Reader, audit_page, audit_verify};
use model::time::Timestamp;
use tonic::Status;
use wire::convert::{tip_last, tip_read};
use wire::v1::{AuditAuthor, AuditEntry, AuditListRequest, AuditListResponse, AuditVerifyRequest, AuditVerifyResponse};

pub(super) async fn list(shared: &Shared, staff: &Staff, asked: AuditListRequest) -> Result<AuditListResponse, Status> {
    let (filter, limit) = (filter_of(&asked)?, limit_of(asked.limit)?);
    let reader = Reader { name: &staff.person.name, reach: &staff.reach };
    let page = audit_page(&shared.store, shared.territory(), &reader, &filter, short(&asked.after)?, limit);
    let (entries, next) = page.await.map_err(status)?;
    let entries = entries.into_iter().map(|entry| line(entry, asked.links)).collect();
    Ok(AuditListResponse { entries, next: next.unwrap_or_default() })
}

pub(super) async fn verify(shared: &Shared, asked: AuditVerifyRequest) -> Result<AuditVerifyResponse, Status> {
    let from = tip_read(asked.length, &asked.last).map_err(convert_status)?;
    let upto = (asked.upto > 0).then_some(asked.upto);
    let verified = audit_verify(&shared.store, shared.territory(), from, upto).await.map_err(status)?;
    Ok(match verified {
        // A chain that is written to all the time ends where it ended when it was looked at.
        Ok(tip) => {
            let end = tip == from || Some(tip.length) == upto;
            AuditVerifyResponse { length: tip.length, last: tip_last(tip), end, broken: None }
        }
        Err(broken) => AuditVerifyResponse { end: true, broken: Some(broken.into()), ..Default::default() },
    })
}

fn line(entry: Entry, links: bool) -> AuditEntry {
    let link = if links { entry.link.to_vec() } else { Vec::new() };
    let bare =
        AuditEntry { sequence: entry.sequence, digest: entry.digest.as_bytes().to_vec(), link, ..Default::default() };
    let Some(act) = entry.act else { return bare };
    let author = match &act.by {
        Author::Operator(_) => AuditAuthor::Operator,
        Author::Enrolment(_) => AuditAuthor::Enrolment,
        Author::Rule(_) => AuditAuthor::Rule,
    };
    AuditEntry {
        at_unix_ms: act.at.unix_millis(),
        author: author.into(),
        by: act.by.name().to_owned(),
        verb: act.verb,
        subject: act.subject,
        why: act.why.unwrap_or_default(),
        refused: act.refused,
        times: act.times,
        second: act.second.unwrap_or_default(),
        role: act.role.map_or("", |role| role.name()).to_owned(),
        ..bare
    }
}

fn filter_of(asked: &AuditListRequest) -> Result<Filter, Status> {
    let moment = |unix_ms: i64| (unix_ms != 0).then(|| Timestamp::from_unix_millis(unix_ms));
    let text = |text: &str| (!text.is_empty()).then(|| short(text).map(str::to_owned)).transpose();
    Ok(Filter {
        since: moment(asked.since_unix_ms),
        until: moment(asked.until_unix_ms),
        by: text(&asked.by)?,
        verb: text(&asked.verb)?,
        subject: text(&asked.subject)?,
        refused_only: asked.refused,
    })
}
