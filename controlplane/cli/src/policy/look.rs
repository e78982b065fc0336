//! What a document would change, for people and for programs.

use super::row::{ChangeRow, ListRow, MoreRow, ReasonRow, TurnRow, UnknownRow};
use crate::print::{Look, Sheet, Tone, clean};
use serde::Serialize;
use wire::v1::PolicyCheckResponse;

/// What a document would change; the field names are promised to programs.
#[derive(Debug, Default, Serialize)]
pub(super) struct Looked {
    /// Whether a second person has to agree.
    loosens: bool,
    devices: u32,
    schools: Vec<String>,
    changes: Vec<ChangeRow>,
    /// What would not hold.
    ignored: Vec<ReasonRow>,
    /// Where it lies below the signed floor, to which devices keep; null: no floor is at hand.
    below: Option<Vec<ReasonRow>>,
    /// Names whose verdicts change.
    turns: Vec<TurnRow>,
    /// The lists of the devices it is about.
    lists: Vec<ListRow>,
    /// Categories that none of them has.
    unknown: Vec<UnknownRow>,
    /// How many more there are than stand here.
    more: MoreRow,
    /// The lines that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) text: Vec<String>,
}

impl From<PolicyCheckResponse> for Looked {
    fn from(answer: PolicyCheckResponse) -> Self {
        Self {
            loosens: answer.loosens,
            devices: answer.devices,
            schools: answer.schools.iter().map(|school| clean(school)).collect(),
            changes: answer.changes.into_iter().map(ChangeRow::from).collect(),
            ignored: answer.ignored.into_iter().map(ReasonRow::from).collect(),
            below: answer.floor.then(|| answer.below.into_iter().map(ReasonRow::from).collect()),
            turns: answer.turns.into_iter().map(TurnRow::from).collect(),
            lists: answer.lists.into_iter().map(ListRow::from).collect(),
            unknown: answer.unknown.into_iter().map(UnknownRow::from).collect(),
            more: MoreRow::from(answer.more.unwrap_or_default()),
            text: Vec::new(),
        }
    }
}

impl Looked {
    pub(super) fn check_sheet(&self, look: &Look<'_>) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.section(look.text("policy-good"));
        self.second_say(&mut sheet, look);
        self.lists_say(&mut sheet, look);
        self.ignored_say(&mut sheet, look);
        sheet
    }

    pub(super) fn plan_sheet(&self, sampled: bool, look: &Look<'_>) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.section(look.text("policy-reach"));
        sheet.line(look.text("policy-devices"), look.number(self.devices.into()), Tone::Plain);
        let schools = u64::try_from(self.schools.len()).unwrap_or(u64::MAX).saturating_add(self.more.schools.into());
        sheet.line(look.text("policy-schools"), look.number(schools), Tone::Plain);
        self.second_say(&mut sheet, look);
        self.lists_say(&mut sheet, look);
        self.changes_say(&mut sheet, look);
        self.ignored_say(&mut sheet, look);
        if sampled {
            sheet.section(look.text("policy-turns"));
            self.turns.iter().for_each(|turn| turn.line(&mut sheet, look));
            if self.turns.is_empty() {
                sheet.line(look.text("policy-turns-none"), String::new(), Tone::Faint);
            }
            sheet.line(look.text("policy-counted"), String::new(), Tone::Faint);
        }
        sheet
    }

    pub(super) fn diff_sheet(&self, look: &Look<'_>) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.section(look.text("policy-text"));
        self.text.iter().for_each(|line| sheet.line(clean(line), String::new(), Tone::Plain));
        self.changes_say(&mut sheet, look);
        self.second_say(&mut sheet, look);
        self.ignored_say(&mut sheet, look);
        sheet
    }

    /// With which lists it was compared, and what none of them has.
    fn lists_say(&self, sheet: &mut Sheet, look: &Look<'_>) {
        for list in &self.lists {
            sheet.line(look.text("policy-list"), list.text(look), list.tone());
        }
        unknown_say(&self.unknown, sheet, look);
    }

    fn changes_say(&self, sheet: &mut Sheet, look: &Look<'_>) {
        sheet.section(look.text("policy-changes"));
        self.changes.iter().for_each(|change| change.line(sheet, look));
        more_say(self.more.changes, sheet, look);
        if self.changes.is_empty() {
            sheet.line(look.text("policy-changes-none"), String::new(), Tone::Faint);
        }
    }

    fn second_say(&self, sheet: &mut Sheet, look: &Look<'_>) {
        if self.loosens {
            sheet.line(look.text("policy-second"), String::new(), Tone::Plain);
        }
    }

    fn ignored_say(&self, sheet: &mut Sheet, look: &Look<'_>) {
        if !self.ignored.is_empty() {
            sheet.section(look.text("policy-ignored"));
            self.ignored.iter().for_each(|reason| reason.line(sheet, look));
            more_say(self.more.ignored, sheet, look);
        }
        if let Some(below) = self.below.as_ref().filter(|below| !below.is_empty()) {
            sheet.section(look.text("policy-below"));
            below.iter().for_each(|reason| reason.line(sheet, look));
            more_say(self.more.below, sheet, look);
        }
    }
}

/// That there are more than are shown.
pub(super) fn more_say(more: u32, sheet: &mut Sheet, look: &Look<'_>) {
    if more > 0 {
        let text = look.words.text_with("policy-more", &[("n", words::Value::Number(more.into()))]);
        sheet.line(text, String::new(), Tone::Faint);
    }
}

pub(super) fn unknown_say(unknown: &[UnknownRow], sheet: &mut Sheet, look: &Look<'_>) {
    if !unknown.is_empty() {
        sheet.section(look.text("policy-unknown"));
        unknown.iter().for_each(|one| one.line(sheet, look));
    }
}
