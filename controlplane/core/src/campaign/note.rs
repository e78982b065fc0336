//! What is noted of a loan that did not change hands.

use super::line::{Outcome, line};
use super::{CAMPAIGN_OUTCOMES, campaign_get};
use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::loan::{LocalDays, loan_find};
use crate::scope::Reach;
use crate::store::{Expect, SharedStore};
use crate::table::Writes;
use model::id::TerritoryId;
use model::loan::ActId;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest reason, in characters.
const WHY_CHARS_MAX: usize = 200;

/// How it ended without a change of hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Nobody came.
    NoShow,
    /// They did not want it.
    Refused,
    /// Something else was in the way.
    Problem,
}

/// What was noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// How it ended.
    pub ended: Ended,
    /// Why, in a few words; no reason that lies in a person's life belongs here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Who noted it.
    pub by: String,
    /// The act's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<ActId>,
}

/// Something to be noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The act's own id: sent again, it is done once.
    pub act: Option<ActId>,
    /// The loan: its id or number, or the asset it holds.
    pub loan: String,
    /// How it ended.
    pub ended: Ended,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
    /// Whether it takes the place of what somebody else noted.
    pub replace: bool,
}

/// Notes how a loan of a campaign ended; says whether it had been noted before.
///
/// # Errors
/// `Expired` when the campaign is closed, the loan changed hands, or somebody noted something else; `NotFound` for what is not there,
/// `Invalid` for a reason that is too long or a loan that has no part in the campaign.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn campaign_note(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    days: &dyn LocalDays,
    campaign: &str,
    note: &Note,
    by: &Person,
    now: Timestamp,
) -> Result<bool> {
    if note.why.chars().count() > WHY_CHARS_MAX || note.why.chars().any(char::is_control) {
        return Err(Error::Invalid(format!("what is noted has at most {WHY_CHARS_MAX} characters")));
    }
    let campaign = campaign_get(store.as_ref(), territory, reach, campaign).await?.value;
    let loan = loan_find(store.as_ref(), territory, reach, &note.loan).await?.value;
    let key = campaign.key(loan.id);
    let before = CAMPAIGN_OUTCOMES.get(store.as_ref(), territory, key.as_str()).await?;
    if let Some(row) = &before {
        let same = (row.value.ended, &row.value.why) == (note.ended, &note.why);
        if same || (note.act.is_some() && row.value.act == note.act) {
            return Ok(true);
        }
        if !note.replace {
            let (name, by) = (row.value.ended.outcome().name(), &row.value.by);
            return Err(Error::Expired(format!("loan {} was noted as {name} by {by}", loan.number)));
        }
    }
    if campaign.closed.is_some() {
        return Err(Error::Expired(format!("campaign {} is closed", campaign.id)));
    }
    let number = loan.number.clone();
    match line(&campaign, days, loan, before.as_ref().map(|row| row.value.clone())).map(|line| line.outcome) {
        None => return Err(Error::Invalid(format!("loan {number} has no part in campaign {}", campaign.id))),
        Some(Outcome::Handed) => return Err(Error::Expired(format!("loan {number} was handed over in this campaign"))),
        Some(Outcome::Returned) => return Err(Error::Expired(format!("loan {number} came back in this campaign"))),
        Some(_) => {}
    }
    let noted = Noted { ended: note.ended, why: note.why.clone(), at: note.at, by: by.name.clone(), act: note.act };
    let act = Act::of(now, by, &format!("campaign_{}", note.ended.outcome().name()), number, &note.why);
    let expect = before.map_or(Expect::Absent, |row| Expect::At(row.revision));
    Writes::by(territory, &act)?.put(&CAMPAIGN_OUTCOMES, key, &noted, expect)?.commit(store).await?;
    Ok(false)
}
