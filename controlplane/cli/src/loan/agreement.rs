//! `cartable loan agreement`: the papers that are signed, as PDF, one loan's or many.

use super::filling::{Place, filling};
use super::loan_fetch;
use super::named::{Identity, identities_read};
use super::show::Shown;
use super::template::{Kind, Template, template_file};
use crate::call::Call;
use crate::operator::write;
use crate::print::{Look, Row, Sheet, Tone};
use crate::{EN, Error, FR};
use clap::{ArgGroup, Args};
use paper::agreement_paper;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tonic::Code;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{CampaignReportRequest, OrganisationListRequest, SchoolShowRequest};
use words::{Catalogue, Language};

/// Lines asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("whom").required(true).args(["why", "identity", "blank"])))]
pub(crate) struct Agreement {
    #[arg(required_unless_present = "campaign", conflicts_with = "campaign")]
    loan: Vec<String>,
    #[arg(long)]
    campaign: Option<String>,
    #[arg(long)]
    to: PathBuf,
    #[arg(long, value_enum, default_value = "agreement")]
    paper: Kind,
    #[arg(long)]
    template: Option<PathBuf>,
    #[arg(long)]
    why: Option<String>,
    #[arg(long, conflicts_with = "campaign")]
    identity: Option<PathBuf>,
    #[arg(long)]
    blank: bool,
}

/// What became of a loan's paper; the field names are promised to programs.
#[derive(Debug, Default, Serialize)]
struct Written {
    number: String,
    template: String,
    file: Option<PathBuf>,
    bytes: usize,
    /// Why there is none: `unnamed` or `template`.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<&'static str>,
}

/// A loan and what its paper is made of, or why there is none.
struct Task {
    loan: Shown,
    made_of: Result<(Template, Identity), Left>,
}

/// Why a loan has no paper.
pub(super) enum Left {
    /// It names another template than the one that is there.
    Template { named: String, given: String },
    /// Whom it is for is not in the vault.
    Unnamed,
}

pub(super) async fn loan_agreement(asked: Agreement, call: &mut Call<'_>) -> Result<(), Error> {
    let many = asked.campaign.is_some() || asked.loan.len() > 1;
    if many && asked.identity.is_some() {
        return Err(Error::usage("error-loan-identity-one", &[]));
    }
    place_check(&asked.to, many)?;
    let own = asked.template.as_deref().map(template_file).transpose()?;
    let typed = asked.identity.as_deref().map(Identity::read).transpose()?.unwrap_or_default();
    let mut client = call.client().await?;
    let mut tasks = tasks(&asked, own.as_ref(), &typed, &mut client, call).await?;
    templates_check(&tasks, call.print.look())?;
    if let Some(why) = &asked.why {
        // Whose paper cannot be made is not read about.
        let mut waiting: Vec<&mut Task> = tasks.iter_mut().filter(|task| task.made_of.is_ok()).collect();
        let numbers: Vec<String> = waiting.iter().map(|task| task.loan.number.clone()).collect();
        let named = identities_read(&numbers, why, &mut client, call).await?;
        for (task, named) in waiting.iter_mut().zip(named) {
            match (&mut task.made_of, named) {
                (Ok((_, identity)), Some(named)) => *identity = named,
                (made_of, _) => *made_of = Err(Left::Unnamed),
            }
        }
    }
    let places = places(&tasks, &mut client, call).await?;
    let mut rows = Vec::with_capacity(tasks.len());
    for Task { loan, made_of } in tasks {
        rows.push(match made_of {
            Ok((template, identity)) => {
                let place = places.get(&loan.number).cloned().unwrap_or_default();
                paper_write(&asked, &loan, &template, &identity, &place, many, call.print.look())?
            }
            Err(left) if many => Written { number: loan.number, left: Some(left.name()), ..Written::default() },
            Err(left) => return Err(left.error(loan.number)),
        });
    }
    call.progress.clear();
    said(rows, many, call)
}

/// The loans that are meant, each with its template.
async fn tasks(
    asked: &Agreement,
    own: Option<&Template>,
    typed: &Identity,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<Vec<Task>, Error> {
    let loans = match &asked.campaign {
        Some(campaign) => campaign_loans(campaign, client, call).await?,
        None => asked.loan.clone(),
    };
    let mut tasks = Vec::with_capacity(loans.len());
    for (done, loan) in loans.iter().enumerate() {
        let loan = loan_fetch(loan, client, call).await?;
        let template = Template::of(asked.paper, loan.template.as_deref(), own)?;
        tasks.push(Task { made_of: template.map(|template| (template, typed.clone())), loan });
        call.progress.reached(done + 1, loans.len());
    }
    Ok(tasks)
}

async fn campaign_loans(
    campaign: &str,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<Vec<String>, Error> {
    let mut request = CampaignReportRequest { campaign: campaign.to_owned(), limit: PAGE, ..Default::default() };
    let mut loans = Vec::new();
    loop {
        let page = call.answer(client.campaign_report(request.clone())).await?;
        loans.extend(page.lines.into_iter().map(|line| line.loan));
        if page.next.is_empty() || page.next == request.after {
            return Ok(loans);
        }
        request.after = page.next;
    }
}

/// The names of schools and owners, by loan: those in the registers; a line is left for the others.
async fn places(
    tasks: &[Task],
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<BTreeMap<String, Place>, Error> {
    let (mut schools, mut owners) = (BTreeMap::new(), BTreeMap::new());
    let mut places = BTreeMap::new();
    for Task { loan, .. } in tasks {
        if !schools.contains_key(&loan.school) {
            let shown = call.answer(client.school_show(SchoolShowRequest { uai: loan.school.clone() })).await;
            let school = match shown {
                Err(Error::Status(status)) if status.code() == Code::NotFound => None,
                shown => shown?.school.and_then(|summary| summary.school),
            };
            let name = school.map_or_else(String::new, |school| {
                let communes = school.communes.into_iter().map(|commune| commune.name);
                std::iter::once(school.name).chain(communes).collect::<Vec<_>>().join(", ")
            });
            schools.insert(loan.school.clone(), name);
        }
        let owner = loan.owner.clone().unwrap_or_default();
        if !owner.is_empty() && !owners.contains_key(&owner) {
            let request = OrganisationListRequest { name: owner.clone(), limit: PAGE, ..Default::default() };
            let page = call.answer(client.organisation_list(request)).await?;
            let found = page.organisations.into_iter().find(|one| one.id == owner).map(|one| one.name);
            owners.insert(owner.clone(), found.unwrap_or_else(|| owner.clone()));
        }
        let name = |names: &BTreeMap<String, String>, key: &str| names.get(key).cloned().unwrap_or_default();
        let place = Place { school: name(&schools, &loan.school), owner: name(&owners, &owner) };
        places.insert(loan.number.clone(), place);
    }
    Ok(places)
}

/// Fills each template once, before any name is read for a paper that cannot be made.
fn templates_check(tasks: &[Task], look: &Look<'_>) -> Result<(), Error> {
    let (nobody, nowhere) = (Identity::default(), Place::default());
    let mut checked = BTreeSet::new();
    for Task { loan, made_of } in tasks {
        if let Ok((template, _)) = made_of
            && checked.insert((&template.version, loan.minor))
        {
            paper_filled(loan, template, &nobody, &nowhere, look)?;
        }
    }
    Ok(())
}

/// A paper that speaks its template's language, whoever prints it.
fn paper_filled(
    loan: &Shown,
    template: &Template,
    identity: &Identity,
    place: &Place,
    look: &Look<'_>,
) -> Result<paper::Agreement, Error> {
    let words = Catalogue::new(Language::named(&template.lang).unwrap_or(look.words.language()), FR, EN);
    let spoken = Look { words: &words, zone: look.zone.clone(), colour: false };
    template.filled(&filling(loan, identity, place, &template.version, &spoken))
}

fn paper_write(
    asked: &Agreement,
    loan: &Shown,
    template: &Template,
    identity: &Identity,
    place: &Place,
    many: bool,
    look: &Look<'_>,
) -> Result<Written, Error> {
    let agreement = paper_filled(loan, template, identity, place, look)?;
    let pdf = agreement_paper(&agreement).map_err(Error::Paper)?;
    let file = if many || asked.to.is_dir() {
        // A number is the server's: no more than a name.
        let number = loan.number.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_");
        asked.to.join(format!("{number}{}.pdf", asked.paper.suffix()))
    } else {
        asked.to.clone()
    };
    write(&file, &pdf)?;
    Ok(Written {
        number: loan.number.clone(),
        template: template.version.clone(),
        file: Some(file),
        bytes: pdf.len(),
        left: None,
    })
}

/// A folder that was mistyped is not to be made.
fn place_check(to: &Path, many: bool) -> Result<(), Error> {
    let folder = if many { Some(to) } else { to.parent().filter(|folder| !folder.as_os_str().is_empty()) };
    match folder {
        Some(folder) if !folder.is_dir() => {
            Err(Error::FileWrite { path: to.to_owned(), source: std::io::ErrorKind::NotFound.into() })
        }
        _ => Ok(()),
    }
}

fn said(mut rows: Vec<Written>, many: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let look = call.print.look();
    if !many && let Some(written) = rows.pop() {
        let path = written.file.as_ref().map_or_else(String::new, |file| file.display().to_string());
        let values = [("number", written.number.as_str().into()), ("path", path.into())];
        let line = look.words.text_with("loan-paper-written", &values);
        return call.print.one(&written, || {
            let mut sheet = Sheet::default();
            sheet.line(line, String::new(), Tone::Plain);
            sheet
        });
    }
    let left = rows.iter().filter(|row| row.left.is_some()).count();
    call.print.list(&rows)?;
    if left == 0 { Ok(()) } else { Err(Error::PapersLeft(left)) }
}

impl Left {
    const fn name(&self) -> &'static str {
        match self {
            Self::Template { .. } => "template",
            Self::Unnamed => "unnamed",
        }
    }

    fn error(self, number: String) -> Error {
        match self {
            Self::Template { named, given } => {
                Error::usage("error-loan-other-template", &[("number", &number), ("value", &named), ("other", &given)])
            }
            Self::Unnamed => Error::Absent { key: "failure-loan-unnamed", values: vec![("number", number.into())] },
        }
    }
}

impl Row for Written {
    const COLUMNS: &'static [&'static str] = &["loan-number", "loan-template", "loan-paper-file"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let file = match (&self.file, self.left) {
            (Some(file), _) => (file.display().to_string(), Tone::Plain),
            (None, left) => (look.text(&format!("loan-paper-left-{}", left.unwrap_or("unnamed"))), Tone::Warning),
        };
        vec![(self.number.clone(), Tone::Plain), (self.template.clone(), Tone::Plain), file]
    }
}
