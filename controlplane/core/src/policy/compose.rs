//! What layers come to together: a pure function of documents in their order.

use super::document::{Document, Words};
use super::layer::Layer;
use super::reason::{Outcome, Reason, Reasons};
use super::side::{Kept, SideFold};
use super::slots::slots_text;
use model::filtering::{Regime, Side, Slot};
use std::sync::Arc;

/// What layers come to together, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composed {
    /// What holds in school.
    pub in_school: Side,
    /// What holds elsewhere.
    pub out_of_school: Side,
    /// When school is; none: whenever it is proven.
    pub slots: Option<Vec<Slot>>,
    /// Whom a user asks about it.
    pub contact: String,
    /// Whether a lesson or an exam may open what is blocked.
    pub lessons: bool,
    /// Whether staff may unblock names.
    pub unblock: bool,
    /// For how many days at most; as long as a device takes where no layer says it.
    pub unblock_days: Option<u32>,
    /// What nothing below blocks, in school and elsewhere.
    pub kept: [Kept; 2],
    /// Each word of each layer, and what came of it.
    pub reasons: Vec<Reason>,
}

/// Composes documents, the upper layers first.
///
/// Each may tighten. What loosens holds as far as every layer above that speaks of it leaves it; else it is noted as ignored, and by whom.
#[must_use]
pub fn compose(layers: &[(Layer, Arc<Document>)]) -> Composed {
    let mut reasons = Reasons::default();
    let (mut school, mut home) = (SideFold::new(Regime::InSchool), SideFold::new(Regime::OutOfSchool));
    let mut composed = Composed { lessons: true, unblock: true, ..Composed::default() };
    let mut hours = None;
    for (layer, document) in layers {
        school.say(layer, document, &document.in_school, &mut reasons);
        home.say(layer, document, &document.out_of_school, &mut reasons);
        if let Some(slots) = &document.slots {
            let outcome = hours_say(&mut hours, slots, document.negotiable.hours, layer, &mut composed.slots);
            reasons.note(whole("hours", slots_text(slots), layer, outcome));
        }
        if let Some(contact) = &document.contact {
            composed.contact.clone_from(contact);
            reasons.note(whole("contact", contact.clone(), layer, Outcome::Holds));
        }
        if let Some(days) = document.negotiable.unblock_days {
            let outcome = match composed.unblock_days {
                Some(held) if held <= days => Outcome::Again,
                _ => Outcome::Holds,
            };
            composed.unblock_days = Some(composed.unblock_days.map_or(days, |held| held.min(days)));
            reasons.note(whole("unblock_days", days.to_string(), layer, outcome));
        }
        if document.words().into_iter().any(Words::blocks) {
            for (key, left, now) in [
                ("lessons", document.negotiable.lessons, &mut composed.lessons),
                ("unblock", document.negotiable.unblock, &mut composed.unblock),
            ] {
                if !left && std::mem::replace(now, false) {
                    reasons.note(whole(key, "false".to_owned(), layer, Outcome::Holds));
                }
            }
        }
    }
    let ((in_school, kept_school), (out_of_school, kept_home)) = (school.ended(), home.ended());
    Composed { in_school, out_of_school, kept: [kept_school, kept_home], reasons: reasons.0, ..composed }
}

impl Composed {
    /// The side that a regime means.
    #[must_use]
    pub const fn side(&self, regime: Regime) -> &Side {
        match regime {
            Regime::InSchool => &self.in_school,
            Regime::OutOfSchool => &self.out_of_school,
        }
    }
}

/// Which hours are tighter nobody knows: who names them first decides, unless it is left.
fn hours_say(
    held: &mut Option<Layer>,
    slots: &[Slot],
    left: bool,
    layer: &Layer,
    now: &mut Option<Vec<Slot>>,
) -> Outcome {
    let same = now.as_deref() == Some(slots);
    if let Some(by) = held.as_ref().filter(|_| !same) {
        return Outcome::Ignored(by.clone());
    }
    if !left {
        held.get_or_insert_with(|| layer.clone());
    }
    *now = Some(slots.to_vec());
    if same { Outcome::Again } else { Outcome::Holds }
}

fn whole(key: &'static str, value: String, layer: &Layer, outcome: Outcome) -> Reason {
    Reason { regime: None, key, item: None, value, layer: layer.clone(), outcome }
}
