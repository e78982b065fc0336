//! What might be asked for what did not come back, or came back worse: a proposal for a person, never a debt.

use super::deed::Closing;
use super::work::Work;
use super::{Accessory, Incident, Line, LineEnd, PartState};
use crate::asset::{ASSETS, Asset};
use crate::error::Result;
use model::lifecycle::Lifecycle;
use model::loan::{Grade, IncidentKind, LoanState, kind_read};
use serde::{Deserialize, Serialize};

/// An amount by the territory's scales.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// What is known of it together, in cents of a euro.
    pub cents: u32,
    /// The wear scale's version.
    pub scale: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}

/// One thing of an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: String,
    /// What became of it.
    pub why: ItemWhy,
    /// In cents; nothing where no price is known, which is not the same as nothing to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cents: Option<u32>,
}

/// Why something is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemWhy {
    /// It was lost.
    Lost,
    /// It is missing from what came back.
    Missing,
    /// It came back worn where it was good.
    Worn,
    /// It came back damaged.
    Damaged,
}

impl Amount {
    /// Whether a price is known for anything in it.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.items.is_empty() || self.items.iter().any(|item| item.cents.is_some())
    }
}

impl ItemWhy {
    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Missing => "missing",
            Self::Worn => "worn",
            Self::Damaged => "damaged",
        }
    }
}

impl Work<'_> {
    /// Works out anew what is proposed: at the return, so that it stands on the slip, and at the end.
    pub(super) async fn propose(&mut self, how: Option<Closing>) -> Result<()> {
        self.loan.proposal = None;
        // What was stolen is the thief's debt.
        if how == Some(Closing::Stolen) || how.is_none() && self.loan.state != LoanState::ReturnedUnchecked {
            return Ok(());
        }
        let (mut items, last) = (Vec::new(), self.loan.lines.len().saturating_sub(1));
        for (at, line) in self.loan.lines.iter().enumerate() {
            let lost = at == last && how == Some(Closing::Lost);
            items.extend(self.device_item(line, lost).await?);
        }
        for accessory in &self.loan.accessories {
            items.extend(self.accessory_item(accessory).await?);
        }
        if items.is_empty() {
            return Ok(());
        }
        let cents = items.iter().filter_map(|item| item.cents).fold(0, u32::saturating_add);
        self.loan.proposal = Some(Amount { cents, scale: self.policy.wear.version.clone(), items });
        Ok(())
    }

    /// A device that the loan has had: what it is worth where it is lost, a share of that where it came back worse.
    async fn device_item(&self, line: &Line, lost: bool) -> Result<Option<Item>> {
        let Some(asset) = self.known(&line.asset).await? else { return Ok(None) };
        let broken = |one: &Incident| one.kind == IncidentKind::Breakage && one.asset == line.asset;
        let why = match (line.end, line.back.and_then(|back| back.worst_since(&line.out))) {
            // What was found again is not asked for; nobody looked at it here.
            (Some(LineEnd::Lost), _) if lost || asset.lifecycle == Lifecycle::Lost => ItemWhy::Lost,
            (Some(LineEnd::Lost | LineEnd::Stolen) | None, _) => return Ok(None),
            (_, Some(Grade::Damaged)) => ItemWhy::Damaged,
            _ if self.loan.incidents.iter().any(broken) => ItemWhy::Damaged,
            (_, Some(Grade::Worn)) => ItemWhy::Worn,
            _ => return Ok(None),
        };
        let cents = self.left_cents(&asset).map(|left| self.share(left, why));
        Ok(Some(Item { number: line.asset.clone(), kind: asset.kind, why, cents }))
    }

    /// An accessory: by its own price where it is an asset that has one, else by that of its kind.
    async fn accessory_item(&self, one: &Accessory) -> Result<Option<Item>> {
        let why = match one.state {
            PartState::Missing => ItemWhy::Missing,
            PartState::Damaged => ItemWhy::Damaged,
            PartState::Out | PartState::Returned => return Ok(None),
        };
        let own = self.known(&one.number).await?.and_then(|asset| self.left_cents(&asset));
        let price = own.or_else(|| self.policy.prices.get(&kind_read(&one.kind)).copied());
        let cents = price.map(|price| self.share(price, why));
        Ok(Some(Item { number: one.number.clone(), kind: one.kind.clone(), why, cents }))
    }

    /// An asset, wherever it is filed by now.
    async fn known(&self, number: &str) -> Result<Option<Asset>> {
        let row = ASSETS.get(self.desk.store.as_ref(), self.desk.territory, number).await?;
        Ok(row.map(|row| row.value))
    }

    fn share(&self, cents: u32, why: ItemWhy) -> u32 {
        match why {
            ItemWhy::Lost | ItemWhy::Missing => cents,
            ItemWhy::Worn => self.policy.damage.share_cents(cents, Grade::Worn),
            ItemWhy::Damaged => self.policy.damage.share_cents(cents, Grade::Damaged),
        }
    }

    /// What an asset is still worth today.
    fn left_cents(&self, asset: &Asset) -> Option<u32> {
        let today = self.desk.days.day_of(self.at);
        asset.price_cents.and_then(|price| self.policy.wear.left_cents(price, asset.purchased_on, today))
    }
}
