//! `cartable explain`: which rule of which layer decides for a device, and why.

use crate::Error;
use crate::call::Call;
use crate::lesson::LessonRow;
use crate::policy::{ListRow, ReasonRow, TurnRow, hours_text};
use crate::print::{Look, Sheet, Tone, clean};
use clap::Args;
use serde::Serialize;
use wire::v1::{PolicyExplainRequest, PolicyListed};

#[derive(Debug, Args)]
pub(crate) struct Explain {
    device: String,
    name: Option<String>,
    #[arg(long, value_delimiter = ',', requires = "name")]
    category: Vec<String>,
}

/// What decides for a device; the field names are promised to programs.
#[derive(Debug, Serialize)]
struct Explained {
    device: String,
    layers: Vec<String>,
    /// The list that it is to hold, as far as it is at the control plane.
    list: Option<ListRow>,
    /// The names in it that cover the name, the longest first.
    listed: Vec<ListedRow>,
    /// The version of the signed floor; null: none is published, and the one that comes with the agent was counted.
    floor: Option<u32>,
    /// When school is; null: whenever it is proven.
    hours: Option<String>,
    verdicts: Vec<TurnRow>,
    reasons: Vec<ReasonRow>,
    lessons: Vec<LessonRow>,
    unblocked: Vec<String>,
}

/// A name in the list.
#[derive(Debug, Serialize)]
struct ListedRow {
    name: String,
    categories: Vec<String>,
}

pub(crate) async fn run(explain: Explain, call: &mut Call<'_>) -> Result<(), Error> {
    // What is a name, and which, is the control plane's to say.
    let name = explain.name.unwrap_or_default();
    let asked = PolicyExplainRequest { device: explain.device, name, categories: explain.category };
    let named = !asked.name.is_empty();
    let mut client = call.client().await?;
    let answer = call.answer(client.policy_explain(asked)).await?;
    call.progress.clear();
    let explained = Explained {
        device: clean(&answer.device),
        layers: answer.layers.iter().map(|layer| clean(layer)).collect(),
        list: answer.list.map(ListRow::from),
        listed: answer.listed.iter().map(ListedRow::from).collect(),
        floor: (answer.floor > 0).then_some(answer.floor),
        hours: Some(clean(&answer.hours)).filter(|hours| !hours.is_empty()),
        verdicts: answer.verdicts.into_iter().map(TurnRow::from).collect(),
        reasons: answer.reasons.into_iter().map(ReasonRow::from).collect(),
        lessons: answer.lessons.into_iter().map(LessonRow::from).collect(),
        unblocked: answer.unblocked.iter().map(|name| clean(name)).collect(),
    };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(explained.device.clone());
    let layers =
        if explained.layers.is_empty() { look.text("policy-unfiltered") } else { explained.layers.join(" → ") };
    sheet.line(look.text("policy-layers"), layers, Tone::Plain);
    if !explained.layers.is_empty() {
        explained.basis_say(named, &mut sheet, look);
    }
    explained.verdicts.iter().for_each(|turn| turn.line(&mut sheet, look));
    if !explained.reasons.is_empty() {
        sheet.section(look.text("policy-rules"));
        explained.reasons.iter().for_each(|reason| reason.line(&mut sheet, look));
    }
    if !explained.lessons.is_empty() {
        sheet.section(look.text("lesson-open"));
        for lesson in &explained.lessons {
            sheet.line(lesson.id.clone(), lesson.text(look), Tone::Plain);
        }
    }
    if !explained.unblocked.is_empty() {
        sheet.line(look.text("unblock-open"), explained.unblocked.join(", "), Tone::Plain);
    }
    call.print.one(&explained, || sheet)
}

impl Explained {
    /// What was counted and what was not, so that nobody takes less for all.
    fn basis_say(&self, named: bool, sheet: &mut Sheet, look: &Look<'_>) {
        if let Some(list) = &self.list {
            sheet.line(look.text("policy-list"), list.text(look), list.tone());
        }
        for listed in &self.listed {
            sheet.line(
                look.text("policy-listed"),
                format!("{} ({})", listed.name, listed.categories.join(", ")),
                Tone::Plain,
            );
        }
        if named {
            let floor = match self.floor {
                Some(version) => {
                    look.words.text_with("policy-floor-version", &[("version", words::Value::Number(version.into()))])
                }
                None => look.text("policy-floor-own"),
            };
            sheet.line(look.text("policy-floor"), floor, Tone::Plain);
        }
        let hours = self.hours.as_deref().map(|hours| hours_text(hours, look));
        let hours = hours.unwrap_or_else(|| look.text("policy-hours-proven"));
        sheet.line(look.text("policy-hours"), hours, Tone::Plain);
    }
}

impl From<&PolicyListed> for ListedRow {
    fn from(listed: &PolicyListed) -> Self {
        Self { name: clean(&listed.name), categories: listed.categories.iter().map(|one| clean(one)).collect() }
    }
}
