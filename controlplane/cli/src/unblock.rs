//! `cartable unblock`: what users ask about single names, and what people answer.

use crate::Error;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use clap::{Args, Subcommand, ValueEnum};
use identity::tls;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Serialize;
use wire::v1::{UnblockDecideRequest, UnblockGroup, UnblockListRequest};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    List(List),
    Accept(Accept),
    Refuse(Refuse),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    school: Option<String>,
    #[arg(long, value_enum)]
    state: Option<State>,
}

#[derive(Debug, Args)]
pub(crate) struct Accept {
    request: String,
    #[arg(long = "for", value_enum, default_value = "class")]
    reach: Reach,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=365), conflicts_with = "until")]
    days: Option<u32>,
    #[arg(long)]
    until: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Refuse {
    request: String,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Open,
    Accepted,
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Reach {
    Lesson,
    Class,
    School,
    Device,
}

/// What is asked about a name at a school; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct UnblockRow {
    id: String,
    name: String,
    kind: String,
    school: Option<String>,
    classes: Vec<String>,
    devices: u32,
    first: Option<String>,
    last: Option<String>,
    state: String,
    by: Option<String>,
    why: Option<String>,
    scope: Option<String>,
    until: Option<String>,
    #[serde(skip)]
    last_unix_ms: i64,
    #[serde(skip)]
    until_unix_ms: i64,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    match verb {
        Verb::List(list) => unblock_list(list, call).await,
        Verb::Accept(accept) => {
            let until = match (&accept.until, accept.days) {
                (Some(until), _) => until_read(until, &TimeZone::system())?,
                (None, Some(days)) => {
                    let now = tls::system_time().current_time().map_or(0, |now| now.as_secs());
                    let until = now.saturating_add(u64::from(days) * 86_400).saturating_mul(1_000);
                    i64::try_from(until).unwrap_or(i64::MAX)
                }
                // What is meant then is the policy's to say.
                (None, None) => 0,
            };
            let scope = match accept.reach {
                Reach::Lesson => "lesson",
                Reach::Class => "class",
                Reach::School => "school",
                Reach::Device => "device",
            };
            decide(accept.request, scope, until, accept.why, call).await
        }
        Verb::Refuse(refuse) => decide(refuse.request, "", 0, refuse.why, call).await,
    }
}

/// A day, to its end, or a moment of one, in local time; in milliseconds since the Unix epoch.
fn until_read(text: &str, zone: &TimeZone) -> Result<i64, Error> {
    let day = || text.parse::<Date>().ok()?.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
    // A day is a moment too: its beginning, which nobody means as an end.
    let local = if text.len() > 10 { text.parse::<DateTime>().ok() } else { day() };
    let read = local.and_then(|local| local.to_zoned(zone.clone()).ok());
    let read = read.ok_or_else(|| Error::usage("error-unblock-until", &[("value", &clean(text))]))?;
    Ok(read.timestamp().as_millisecond())
}

async fn unblock_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let school = list.school.as_deref().map(school_read).transpose()?.unwrap_or_default();
    let state = match list.state {
        None => "",
        Some(State::Open) => "open",
        Some(State::Accepted) => "accepted",
        Some(State::Refused) => "refused",
    };
    let mut client = call.client().await?;
    let answer = call.answer(client.unblock_list(UnblockListRequest { school, state: state.to_owned() })).await?;
    call.progress.clear();
    let rows: Vec<UnblockRow> = answer.groups.into_iter().map(UnblockRow::from).collect();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("unblock-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

async fn decide(id: String, scope: &str, until: i64, why: Option<String>, call: &mut Call<'_>) -> Result<(), Error> {
    let verb = if scope.is_empty() { "refuse" } else { "accept" };
    let why = why.unwrap_or_else(|| format!("cartable unblock {verb}"));
    let asked = UnblockDecideRequest { id, scope: scope.to_owned(), until_unix_ms: until, why };
    let mut client = call.client().await?;
    let answer = call.answer(client.unblock_decide(asked)).await?;
    call.progress.clear();
    let row = UnblockRow::from(answer.group.unwrap_or_default());
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(row.name.clone());
    sheet.line(look.text("unblock-state"), row.state_text(look), Tone::Plain);
    call.print.one(&row, || sheet)
}

impl UnblockRow {
    fn state_text(&self, look: &Look<'_>) -> String {
        let state = look.text(&format!("unblock-state-{}", self.state));
        match &self.scope {
            Some(scope) => {
                let until = look.words.text_with("lesson-until", &[("date", look.date(self.until_unix_ms).into())]);
                format!("{state} ({scope}, {until})")
            }
            None => state,
        }
    }
}

impl From<UnblockGroup> for UnblockRow {
    fn from(group: UnblockGroup) -> Self {
        let some = |text: &str| Some(clean(text)).filter(|text| !text.is_empty());
        let known = ["accepted", "refused"].into_iter().find(|known| *known == group.state);
        Self {
            id: clean(&group.id),
            name: clean(&group.name),
            kind: if group.kind == "report" { "report" } else { "unblock" }.to_owned(),
            school: some(&group.school),
            classes: group.classes.iter().map(|class| clean(class)).collect(),
            devices: group.devices,
            first: rfc3339(group.first_unix_ms),
            last: rfc3339(group.last_unix_ms),
            state: known.unwrap_or("open").to_owned(),
            by: some(&group.by),
            why: some(&group.why),
            scope: some(&group.scope),
            until: rfc3339(group.until_unix_ms),
            last_unix_ms: group.last_unix_ms,
            until_unix_ms: group.until_unix_ms,
        }
    }
}

impl Row for UnblockRow {
    const COLUMNS: &'static [&'static str] = &[
        "unblock-id",
        "unblock-name",
        "unblock-kind",
        "unblock-school",
        "unblock-classes",
        "unblock-devices",
        "unblock-last",
        "unblock-state",
    ];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = if self.state == "open" { Tone::Warning } else { Tone::Faint };
        vec![
            (self.id.clone(), Tone::Plain),
            (self.name.clone(), Tone::Plain),
            (look.text(&format!("unblock-kind-{}", self.kind)), Tone::Plain),
            (self.school.clone().unwrap_or_default(), Tone::Plain),
            (self.classes.join(", "), Tone::Plain),
            (look.number(self.devices.into()), Tone::Plain),
            (look.date(self.last_unix_ms), Tone::Plain),
            (self.state_text(look), tone),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_day_or_a_moment_of_one() {
        let read = |text: &str| until_read(text, &TimeZone::UTC);
        let hour = 3_600_000;
        assert_eq!(read("1970-01-01").unwrap(), 24 * hour, "the whole day");
        assert_eq!(read("1970-01-02T16:30").unwrap(), 40 * hour + hour / 2);
        for bad in ["", "demain", "16:30", "1970-13-01", "1970-01-01T25:00", "7"] {
            assert!(matches!(read(bad), Err(Error::Usage { key: "error-unblock-until", .. })), "{bad}");
        }
    }
}
