//! `cartable lesson`: what is opened or blocked for a class or a school for a while; it ends by itself.

use crate::Error;
use crate::call::Call;
use crate::class::class_read;
use crate::device::school_read;
use crate::print::{Look, Row, Sheet, Tone, clean, rfc3339};
use clap::{Args, Subcommand};
use identity::tls;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde::Serialize;
use wire::v1::{Lesson, LessonListRequest, LessonStartRequest, LessonStopRequest};

/// So many are asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Start(Start),
    List(List),
    Stop(Stop),
}

#[derive(Debug, Args)]
pub(crate) struct Start {
    #[arg(long, required_unless_present = "school", conflicts_with = "school")]
    class: Option<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=600))]
    minutes: u32,
    #[arg(long)]
    at: Option<String>,
    #[arg(long)]
    only_open: bool,
    #[arg(long, value_delimiter = ',')]
    open: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    block: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    open_name: Vec<String>,
    #[arg(long, value_delimiter = ',')]
    block_name: Vec<String>,
    #[arg(long)]
    exam: bool,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Stop {
    lesson: String,
    #[arg(long)]
    why: Option<String>,
}

/// A lesson or an exam; the field names are promised to programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct LessonRow {
    pub(crate) id: String,
    scope: String,
    exam: bool,
    state: String,
    from: Option<String>,
    until: Option<String>,
    only_open: bool,
    opens: Vec<String>,
    blocks: Vec<String>,
    names_open: Vec<String>,
    names_blocked: Vec<String>,
    by: String,
    why: String,
    #[serde(skip)]
    from_unix_ms: i64,
    #[serde(skip)]
    until_unix_ms: i64,
}

pub(crate) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    let lesson = match verb {
        Verb::Start(start) => {
            let zone = call.print.look().zone.clone();
            let now = tls::system_time().current_time().and_then(|now| i64::try_from(now.as_secs()).ok());
            let now = now.and_then(|now| jiff::Timestamp::from_second(now).ok()).unwrap_or_default();
            let today = now.to_zoned(zone.clone()).date();
            let from = start.at.as_deref().map(|at| at_read(at, today, &zone)).transpose()?;
            let asked = asked(start, from.unwrap_or_default())?;
            let mut client = call.client().await?;
            call.answer(client.lesson_start(asked)).await?.lesson
        }
        Verb::Stop(stop) => {
            let why = stop.why.unwrap_or_else(|| "cartable lesson stop".to_owned());
            let mut client = call.client().await?;
            call.answer(client.lesson_stop(LessonStopRequest { id: stop.lesson, why })).await?.lesson
        }
        Verb::List(list) => return lesson_list(list, call).await,
    };
    call.progress.clear();
    let row = LessonRow::from(lesson.unwrap_or_default());
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(row.id.clone());
    sheet.line(look.text("lesson-state"), look.text(&format!("lesson-state-{}", row.state)), Tone::Plain);
    sheet.line(look.text("lesson-what"), row.text(look), Tone::Plain);
    call.print.one(&row, || sheet)
}

async fn lesson_list(list: List, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut asked = LessonListRequest { all: list.all, limit: PAGE, after: String::new() };
    let mut rows: Vec<LessonRow> = Vec::new();
    loop {
        let page = call.answer(client.lesson_list(asked.clone())).await?;
        rows.extend(page.lessons.into_iter().map(LessonRow::from));
        if page.next.is_empty() || page.next == asked.after {
            break;
        }
        asked.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("lesson-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

/// An hour of today, or a moment of another day, in local time; in milliseconds since the Unix epoch.
fn at_read(text: &str, today: Date, zone: &TimeZone) -> Result<i64, Error> {
    let hour = || text.parse::<Time>().ok().map(|hour| today.to_datetime(hour));
    // A day alone is a moment too: its beginning, at which nobody gives lessons.
    let local = if text.len() > 10 { text.parse::<DateTime>().ok() } else { hour() };
    let read = local.and_then(|local| local.to_zoned(zone.clone()).ok());
    let read = read.ok_or_else(|| Error::usage("error-lesson-at", &[("value", &clean(text))]))?;
    Ok(read.timestamp().as_millisecond())
}

fn asked(start: Start, from_unix_ms: i64) -> Result<LessonStartRequest, Error> {
    let scope = match (&start.class, &start.school) {
        (Some(class), _) => format!("class:{}", class_read(class)?),
        (None, school) => format!("school:{}", school_read(school.as_deref().unwrap_or_default())?),
    };
    let why = start.why.unwrap_or_else(|| "cartable lesson start".to_owned());
    let Start { minutes, only_open, exam, .. } = start;
    let (opens, blocks, names_open, names_blocked) = (start.open, start.block, start.open_name, start.block_name);
    Ok(LessonStartRequest {
        scope,
        minutes,
        only_open,
        opens,
        blocks,
        names_open,
        names_blocked,
        exam,
        why,
        from_unix_ms,
    })
}

impl LessonRow {
    /// What it changes, for whom, from when where it has not begun, and until when.
    pub(crate) fn text(&self, look: &Look<'_>) -> String {
        let mut words = vec![self.scope.clone()];
        if self.exam {
            words.push(look.text("lesson-exam"));
        }
        if self.only_open {
            words.push("--only-open".to_owned());
        }
        for (flag, names) in [
            ("--open", &self.opens),
            ("--block", &self.blocks),
            ("--open-name", &self.names_open),
            ("--block-name", &self.names_blocked),
        ] {
            if !names.is_empty() {
                words.push(format!("{flag} {}", names.join(",")));
            }
        }
        if self.state == "ahead" {
            words.push(look.words.text_with("lesson-from", &[("date", look.date(self.from_unix_ms).into())]));
        }
        words.push(look.words.text_with("lesson-until", &[("date", look.date(self.until_unix_ms).into())]));
        words.join(" ")
    }
}

impl From<Lesson> for LessonRow {
    fn from(lesson: Lesson) -> Self {
        let all = |names: &[String]| names.iter().map(|name| clean(name)).collect();
        let known = ["ahead", "stopped", "over"].into_iter().find(|known| *known == lesson.state);
        Self {
            id: clean(&lesson.id),
            scope: clean(&lesson.scope),
            exam: lesson.exam,
            state: known.unwrap_or("open").to_owned(),
            from: rfc3339(lesson.from_unix_ms),
            until: rfc3339(lesson.until_unix_ms),
            only_open: lesson.only_open,
            opens: all(&lesson.opens),
            blocks: all(&lesson.blocks),
            names_open: all(&lesson.names_open),
            names_blocked: all(&lesson.names_blocked),
            by: clean(&lesson.by),
            why: clean(&lesson.why),
            from_unix_ms: lesson.from_unix_ms,
            until_unix_ms: lesson.until_unix_ms,
        }
    }
}

impl Row for LessonRow {
    const COLUMNS: &'static [&'static str] = &["lesson-id", "lesson-state", "lesson-what", "lesson-by", "lesson-why"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.state.as_str() {
            "open" => Tone::Good,
            "ahead" => Tone::Plain,
            _ => Tone::Faint,
        };
        vec![
            (self.id.clone(), Tone::Plain),
            (look.text(&format!("lesson-state-{}", self.state)), tone),
            (self.text(look), Tone::Plain),
            (self.by.clone(), Tone::Plain),
            (self.why.clone(), Tone::Plain),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_an_hour_of_today_or_a_moment_of_a_day() {
        let today = jiff::civil::date(1970, 1, 2);
        let read = |text: &str| at_read(text, today, &TimeZone::UTC);
        let hour = 3_600_000;
        assert_eq!(read("08:30").unwrap(), 24 * hour + 8 * hour + hour / 2);
        for moment in ["1970-01-03T10:00", "1970-01-03 10:00"] {
            assert_eq!(read(moment).unwrap(), 58 * hour, "{moment}");
        }
        for bad in ["", "demain", "8h30", "25:00", "1970-01-03", "1970-01-03T25:00", "7"] {
            assert!(matches!(read(bad), Err(Error::Usage { key: "error-lesson-at", .. })), "{bad}");
        }
    }
}
