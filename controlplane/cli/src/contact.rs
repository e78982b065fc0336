//! `cartable contact`: whom the users of devices are to contact.

use crate::Error;
use crate::call::Call;
use crate::device::{owner_read, school_read};
use crate::print::{Look, Row, Sheet, Tone};
use clap::{Args, Subcommand};
use serde::Serialize;
use wire::v1::{Contact, ContactListRequest, ContactSetRequest};

/// Contacts asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Set(Set),
    Remove(Remove),
    List,
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    text: String,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Args)]
struct Whose {
    #[arg(long, conflicts_with = "owner")]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

/// A line of the list of contacts; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct ContactRow {
    school: Option<String>,
    owner: Option<String>,
    contact: String,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::Set(set) => contact_set(set.text, set.whose, call).await,
        Verb::Remove(remove) => contact_set(String::new(), remove.whose, call).await,
        Verb::List => contact_list(call).await,
    }
}

async fn contact_set(text: String, whose: Whose, call: &mut Call<'_>) -> Result<(), Error> {
    let contact = Contact {
        school: whose.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
        owner: whose.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        text,
    };
    let row = ContactRow::from(contact.clone());
    let why = whose.why.unwrap_or_else(|| "cartable contact set".to_owned());
    let mut client = call.client().await?;
    let done = call.answer(client.contact_set(ContactSetRequest { contact: Some(contact), why })).await?;
    call.progress.clear();
    let key = match (done.changed, row.contact.is_empty()) {
        (false, _) => "contact-same",
        (true, true) => "contact-removed",
        (true, false) => "contact-set",
    };
    let line = call.words.text(key);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

async fn contact_list(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut request = ContactListRequest { limit: PAGE, after: String::new() };
    let mut rows: Vec<ContactRow> = Vec::new();
    loop {
        let page = call.answer(client.contact_list(request.clone())).await?;
        rows.extend(page.contacts.into_iter().map(ContactRow::from));
        if page.next.is_empty() || page.next == request.after {
            break;
        }
        request.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("contact-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

impl From<Contact> for ContactRow {
    fn from(contact: Contact) -> Self {
        let some = |text: String| Some(text).filter(|text| !text.is_empty());
        Self { school: some(contact.school), owner: some(contact.owner), contact: contact.text }
    }
}

impl Row for ContactRow {
    const COLUMNS: &'static [&'static str] = &["contact-whose", "contact-text"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let whose = self.school.clone().or_else(|| self.owner.clone());
        let whose = whose.unwrap_or_else(|| look.text("contact-territory"));
        vec![(whose, Tone::Plain), (self.contact.clone(), Tone::Plain)]
    }
}
