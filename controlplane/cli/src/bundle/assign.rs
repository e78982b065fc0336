//! For whom a bundle is.

use super::row::AssignmentRow;
use crate::Error;
use crate::call::Call;
use crate::class::class_read;
use crate::device::{owner_read, school_read};
use crate::print::{Sheet, clean};
use crate::proposal::proposal_print;
use clap::Args;
use model::measure::Measure;
use serde::Serialize;
use wire::v1::{BundleAssignRequest, BundleAssignmentsRequest, BundleWord};

/// Assignments asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(crate) struct Assign {
    bundle: String,
    #[command(flatten)]
    targets: Targets,
    #[arg(long, conflicts_with = "remove")]
    urgent: bool,
    #[arg(long)]
    remove: bool,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Unassign {
    bundle: String,
    #[command(flatten)]
    targets: Targets,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Assignments {
    bundle: Option<String>,
}

/// Whom it is for; several at once are several assignments.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
struct Targets {
    #[arg(long)]
    territory: bool,
    #[arg(long, value_delimiter = ',')]
    measure: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    owner: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    school: Vec<String>,
    #[arg(long)]
    class: Vec<String>,
    #[arg(long)]
    kit: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    loan: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    device: Vec<String>,
}

/// What was done; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Assigned {
    bundle: String,
    version: Option<String>,
    targets: Vec<String>,
    devices: u32,
}

pub(super) async fn bundle_assign(assign: Assign, call: &mut Call<'_>) -> Result<(), Error> {
    let (bundle, version) = assign.bundle.split_once('@').unwrap_or((&assign.bundle, ""));
    if assign.remove && !version.is_empty() {
        return Err(Error::usage("error-bundle-version", &[]));
    }
    let word = if assign.remove { BundleWord::Absent } else { BundleWord::Hold };
    let request = BundleAssignRequest {
        bundle: bundle.to_owned(),
        version: version.to_owned(),
        targets: assign.targets.texts()?,
        word: word.into(),
        urgent: assign.urgent,
        why: assign.why.unwrap_or_else(|| "cartable bundle assign".to_owned()),
    };
    said(request, call).await
}

pub(super) async fn bundle_unassign(unassign: Unassign, call: &mut Call<'_>) -> Result<(), Error> {
    let request = BundleAssignRequest {
        bundle: unassign.bundle,
        targets: unassign.targets.texts()?,
        word: BundleWord::Nothing.into(),
        why: unassign.why.unwrap_or_else(|| "cartable bundle unassign".to_owned()),
        ..BundleAssignRequest::default()
    };
    said(request, call).await
}

pub(super) async fn bundle_assignments(asked: Assignments, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let bundle = asked.bundle.unwrap_or_default();
    let mut request = BundleAssignmentsRequest { bundle, limit: PAGE, after: String::new() };
    let mut rows: Vec<AssignmentRow> = Vec::new();
    loop {
        let page = call.answer(client.bundle_assignments(request.clone())).await?;
        rows.extend(page.assignments.into_iter().map(AssignmentRow::from));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("bundle-unassigned"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn said(request: BundleAssignRequest, call: &mut Call<'_>) -> Result<(), Error> {
    let (bundle, targets, word) = (clean(&request.bundle), request.targets.clone(), request.word());
    let mut client = call.client().await?;
    let answer = call.answer(client.bundle_assign(request)).await?;
    call.progress.clear();
    if let Some(proposal) = answer.proposal {
        return proposal_print(proposal, call);
    }
    let key = match word {
        BundleWord::Absent => "bundle-withheld",
        BundleWord::Nothing => "bundle-taken-back",
        BundleWord::Hold | BundleWord::Unspecified => "bundle-assigned",
    };
    let version = Some(clean(&answer.version)).filter(|version| !version.is_empty());
    let named = version.as_ref().map_or_else(|| bundle.clone(), |version| format!("{bundle}@{version}"));
    let values = [("bundle", named.into()), ("target", targets.join(", ").into())];
    let line = call.words.text_with(key, &values);
    let done = Assigned { bundle, version, targets, devices: answer.touched };
    call.print.one(&done, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

impl Targets {
    /// As they travel; devices and loans are found over there.
    fn texts(&self) -> Result<Vec<String>, Error> {
        let mut texts: Vec<String> = self.territory.then(|| "territory".to_owned()).into_iter().collect();
        for measure in &self.measure {
            let read: Measure =
                measure.parse().map_err(|_| Error::usage("error-bundle-measure", &[("value", &clean(measure))]))?;
            texts.push(format!("measure:{}", read.name()));
        }
        for owner in &self.owner {
            texts.push(format!("owner:{}", owner_read(owner)?));
        }
        for school in &self.school {
            texts.push(format!("school:{}", school_read(school)?));
        }
        for class in &self.class {
            texts.push(format!("class:{}", class_read(class)?));
        }
        for (kind, names) in [("kit", &self.kit), ("loan", &self.loan), ("device", &self.device)] {
            texts.extend(names.iter().map(|name| format!("{kind}:{name}")));
        }
        Ok(texts)
    }
}
