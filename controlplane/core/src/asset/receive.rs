//! Receiving equipment: from a list, before any of it has enrolled; said twice, it is there once.

use super::find::{CODE_CHARS, code_of, number_read, serial_assets, serial_prefix};
use super::{ASSET_LABELS, ASSET_SERIALS, ASSETS, Asset};
use crate::audit::{Act, Person};
use crate::error::{Error, Result};
use crate::establishment::filed_check;
use crate::organisation::organisation_check;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, SharedStore, Store};
use crate::table::{Row, Writes};
use jiff::civil::Date;
use model::device::{EVIDENCE_CHARS_MAX, evidence};
use model::id::TerritoryId;
use model::lifecycle::Lifecycle;
use model::measure::{FundingLine, Measure};
use model::owner::OwnerId;
use model::time::Timestamp;
use model::uai::Uai;
use std::collections::BTreeSet;

/// The most assets received in one batch.
pub const RECEIVE_MAX: usize = 200;
/// The longest kind, in characters.
const KIND_CHARS_MAX: usize = 32;
/// How often a list that met another one is tried again.
const TRIES: usize = 8;

/// What a list says of one asset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetWish {
    /// The inventory number.
    pub number: String,
    /// What it is.
    pub kind: String,
    /// Who made it.
    pub maker: String,
    /// The model.
    pub model: String,
    /// The serial number.
    pub serial: String,
    /// Whose it is.
    pub owner: Option<OwnerId>,
    /// Who runs it.
    pub operator: Option<OwnerId>,
    /// Where it is filed.
    pub school: Option<Uai>,
    /// What it was bought for.
    pub measure: Option<Measure>,
    /// From which money.
    pub funding: Option<FundingLine>,
    /// What it cost, in cents.
    pub price_cents: Option<u32>,
    /// When it was bought.
    pub purchased_on: Option<Date>,
    /// The last day of its warranty.
    pub warranty_until: Option<Date>,
}

/// How a list is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Receiving {
    /// Nothing is written.
    pub dry: bool,
    /// What is there already takes what the list says of it otherwise.
    pub update: bool,
}

/// What became of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is new; another asset with the same serial number is named, for a person to look at.
    New(Option<String>),
    /// It is there already, and just so.
    Same,
    /// It was there, and these fields were changed.
    Changed(Vec<&'static str>),
    /// It is there, these fields are otherwise, and they were left so.
    Differs(Vec<&'static str>),
    /// It cannot be taken, and why.
    Refused(String),
}

/// Receives what a list names; what is wrong with one line stops no other.
///
/// # Errors
/// `Invalid` for too long a list, `Conflict` when others change the same assets all the time.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn asset_receive(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    wishes: &[AssetWish],
    how: Receiving,
    by: &Person,
    codes: &[[u8; CODE_CHARS]],
    now: Timestamp,
) -> Result<Vec<Received>> {
    if wishes.len() > RECEIVE_MAX || codes.len() < wishes.len() {
        return Err(Error::Invalid(format!("a list holds at most {RECEIVE_MAX} assets at a time")));
    }
    let mut met = Ok(Vec::new());
    for _ in 0..TRIES {
        met = asset_receive_once(store, territory, reach, wishes, how, by, codes, now).await;
        if !matches!(met, Err(Error::Conflict(_))) {
            break;
        }
    }
    met
}

#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
async fn asset_receive_once(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    wishes: &[AssetWish],
    how: Receiving,
    by: &Person,
    codes: &[[u8; CODE_CHARS]],
    now: Timestamp,
) -> Result<Vec<Received>> {
    let (mut told, mut numbers) = (Vec::new(), BTreeSet::new());
    let mut written: Vec<(Option<Row<Asset>>, Asset)> = Vec::new();
    for (wish, code) in wishes.iter().zip(codes) {
        let wish = match wish.checked(reach) {
            Ok(wish) => wish,
            Err(why) => {
                told.push(Received::Refused(why.to_string()));
                continue;
            }
        };
        if !numbers.insert(wish.number.clone()) {
            told.push(Received::Refused(format!("{} stands in the list twice", wish.number)));
            continue;
        }
        let row = ASSETS.get(store.as_ref(), territory, wish.number.as_str()).await?;
        match wish.known_check(store.as_ref(), territory, row.is_none()).await {
            Err(Error::Invalid(why)) => {
                told.push(Received::Refused(why));
                continue;
            }
            known => known?,
        }
        let Some(row) = row else {
            let alike = serial_assets(store.as_ref(), territory, &wish.serial).await?;
            let here = written.iter().map(|(_, asset)| asset).chain(alike.iter().map(|row| &row.value));
            let same = |asset: &&Asset| !wish.serial.is_empty() && asset.serial.eq_ignore_ascii_case(&wish.serial);
            told.push(Received::New(here.into_iter().find(same).map(|asset| asset.number.clone())));
            written.push((None, wish.made(code_of(code), now)));
            continue;
        };
        if !reach.covers(&row.value.filed()) {
            told.push(Received::Refused(format!("{} is taken", wish.number)));
            continue;
        }
        let (asset, fields) = wish.applied(&row.value);
        let placed = wish.places(&row.value);
        if fields.is_empty() && placed.is_empty() {
            told.push(Received::Same);
        } else if how.update && !fields.is_empty() {
            told.push(Received::Changed(fields));
            written.push((Some(row), asset));
        } else {
            told.push(Received::Differs([fields, placed].concat()));
        }
    }
    if !how.dry && !written.is_empty() {
        receive_write(store, territory, written, by, now).await?;
    }
    Ok(told)
}

async fn receive_write(
    store: &SharedStore,
    territory: &TerritoryId,
    written: Vec<(Option<Row<Asset>>, Asset)>,
    by: &Person,
    now: Timestamp,
) -> Result<()> {
    let mut writes: Option<Writes<_>> = None;
    for (before, asset) in written {
        let verb = if before.is_some() { "asset_update" } else { "asset_receive" };
        let act = Act::of(now, by, verb, asset.number.clone(), "");
        let mut batch = match writes.take() {
            None => Writes::by(territory, &act)?,
            Some(batch) => batch.also(&act)?,
        };
        let expect = before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
        batch = batch.put(&ASSETS, asset.number.clone(), &asset, expect)?;
        if before.is_none() {
            batch = batch.put(&ASSET_LABELS, asset.label.clone(), &asset.number, Expect::Absent)?;
        }
        let (was, is) = (before.and_then(|row| serial_prefix(&row.value.serial)), serial_prefix(&asset.serial));
        if was != is {
            if let Some(gone) = was {
                batch = batch.remove(&ASSET_SERIALS, format!("{gone}{}", asset.number), Expect::Any);
            }
            if let Some(prefix) = is {
                batch = batch.put(&ASSET_SERIALS, prefix + &asset.number, &asset.number, Expect::Any)?;
            }
        }
        writes = Some(batch);
    }
    match writes {
        Some(writes) => writes.commit(store).await.map(|_| ()),
        None => Ok(()),
    }
}

impl AssetWish {
    /// The wish with its texts cleaned.
    fn checked(&self, reach: &Reach) -> Result<Self> {
        let number = number_read(&self.number)?;
        let text = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let wish = Self {
            number,
            kind: text(&self.kind).to_lowercase(),
            maker: text(&self.maker),
            model: text(&self.model),
            ..self.clone()
        };
        if !(1..=KIND_CHARS_MAX).contains(&wish.kind.chars().count()) {
            return Err(Error::Invalid(format!("a kind is 1 to {KIND_CHARS_MAX} characters, such as laptop")));
        }
        if [&wish.maker, &wish.model, &wish.serial].iter().any(|text| text.chars().count() > EVIDENCE_CHARS_MAX) {
            return Err(Error::Invalid("the text is too long".to_owned()));
        }
        if wish.purchased_on.zip(wish.warranty_until).is_some_and(|(bought, until)| until < bought) {
            return Err(Error::Invalid("the warranty ends before the purchase".to_owned()));
        }
        if !reach.covers(&Filed { owner: wish.owner.clone(), school: wish.school }) {
            return Err(Error::Denied(
                "equipment can be filed only within your scope: name its school or its owner".to_owned(),
            ));
        }
        match wish.serial.trim() {
            "" => Ok(Self { serial: String::new(), ..wish }),
            serial => match evidence(serial).filter(|_| serial_prefix(serial).is_some()) {
                Some(serial) => Ok(Self { serial, ..wish }),
                None => Err(Error::Invalid(format!("{serial:?} is a placeholder, not a serial number"))),
            },
        }
    }

    /// Whether whom and what it names is known; what is new is for a measure, because that is what is asked first of everything.
    async fn known_check(&self, store: &dyn Store, territory: &TerritoryId, new: bool) -> Result<()> {
        if let Some(operator) = &self.operator {
            organisation_check(store, territory, operator).await?;
        }
        if !new {
            return Ok(());
        }
        if self.measure.is_none() {
            return Err(Error::Invalid(format!("{} names no measure", self.number)));
        }
        filed_check(store, territory, &Filed { owner: self.owner.clone(), school: self.school }).await
    }

    fn made(self, label: String, now: Timestamp) -> Asset {
        Asset {
            number: self.number,
            label,
            kind: self.kind,
            maker: self.maker,
            model: self.model,
            serial: self.serial,
            owner: self.owner,
            operator: self.operator,
            school: self.school,
            measure: self.measure,
            funding: self.funding,
            price_cents: self.price_cents,
            purchased_on: self.purchased_on,
            warranty_until: self.warranty_until,
            lifecycle: Lifecycle::Received,
            epoch: 0,
            device: None,
            used_until: None,
            wiped: None,
            received: now,
        }
    }

    /// The asset as the list has it, and what of it is otherwise; what the list leaves empty is not known to it.
    fn applied(&self, asset: &Asset) -> (Asset, Vec<&'static str>) {
        let (mut to, mut fields) = (asset.clone(), Vec::new());
        let texts = [
            ("kind", &self.kind, &mut to.kind),
            ("maker", &self.maker, &mut to.maker),
            ("model", &self.model, &mut to.model),
            ("serial", &self.serial, &mut to.serial),
        ];
        for (name, said, had) in texts {
            if !said.is_empty() && said != had {
                had.clone_from(said);
                fields.push(name);
            }
        }
        field("operator", self.operator.clone(), &mut to.operator, &mut fields);
        field("measure", self.measure, &mut to.measure, &mut fields);
        field("funding", self.funding.clone(), &mut to.funding, &mut fields);
        field("price", self.price_cents, &mut to.price_cents, &mut fields);
        field("purchased", self.purchased_on, &mut to.purchased_on, &mut fields);
        field("warranty", self.warranty_until, &mut to.warranty_until, &mut fields);
        (to, fields)
    }

    /// Where it is filed otherwise: that is a move, which a list never makes.
    fn places(&self, asset: &Asset) -> Vec<&'static str> {
        let owner = self.owner.is_some() && self.owner != asset.owner;
        let school = self.school.is_some() && self.school != asset.school;
        [("owner", owner), ("school", school)]
            .into_iter()
            .filter(|(_, differs)| *differs)
            .map(|(name, _)| name)
            .collect()
    }
}

fn field<T: PartialEq>(name: &'static str, said: Option<T>, had: &mut Option<T>, fields: &mut Vec<&'static str>) {
    if said.is_some() && said != *had {
        *had = said;
        fields.push(name);
    }
}
