//! `cartable loan policy`: how the territory lends.

use crate::Error;
use crate::asset::{price_read, price_text};
use crate::call::Call;
use crate::print::{Look, Sheet, Tone};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use wire::v1::{self, LoanPolicySetRequest, LoanPolicyShowRequest, LoanPrice, LoanWearStep};

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Show,
    Set(Set),
}

#[derive(Debug, Args)]
pub(crate) struct Set {
    #[arg(long)]
    notice_days: Option<u32>,
    #[arg(long)]
    grace_days: Option<u32>,
    #[arg(long, value_delimiter = ',')]
    reminders: Vec<u32>,
    #[arg(long, value_delimiter = ',', requires = "wear_version")]
    wear: Vec<String>,
    #[arg(long, requires = "wear")]
    wear_version: Option<String>,
    #[arg(long)]
    worn_percent: Option<u32>,
    #[arg(long)]
    damaged_percent: Option<u32>,
    #[arg(long)]
    price: Vec<String>,
    #[arg(long, value_enum)]
    transfer: Option<Rule>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Rule {
    Follow,
    End,
}

/// A policy for programs.
#[derive(Debug, Serialize)]
struct Policy {
    notice_days: u32,
    grace_days: u32,
    reminder_days: Vec<u32>,
    wear_version: String,
    wear: Vec<Step>,
    worn_percent: Option<u32>,
    damaged_percent: Option<u32>,
    prices: Vec<Price>,
    transfer: &'static str,
}

#[derive(Debug, Serialize)]
struct Price {
    kind: String,
    cents: u32,
}

#[derive(Debug, Serialize)]
struct Step {
    from_months: u32,
    percent: u32,
}

pub(super) async fn run(verb: Verb, call: &mut Call<'_>) -> Result<(), Error> {
    let set = match verb {
        Verb::Show => None,
        Verb::Set(set) => Some(set.checked()?),
    };
    let mut client = call.client().await?;
    let shown = call.answer(client.loan_policy_show(LoanPolicyShowRequest {})).await?;
    let mut policy = shown.policy.unwrap_or_default();
    if let Some(set) = set {
        let why = set.why.clone().unwrap_or_else(|| "cartable loan policy set".to_owned());
        let asked = LoanPolicySetRequest { policy: Some(set.applied(policy)?), why };
        policy = call.answer(client.loan_policy_set(asked)).await?.policy.unwrap_or_default();
    }
    call.progress.clear();
    let policy = Policy::from(policy);
    let sheet = sheet(&policy, call.print.look());
    call.print.one(&policy, || sheet)
}

impl Set {
    fn checked(self) -> Result<Self, Error> {
        let nothing = self.notice_days.is_none()
            && self.grace_days.is_none()
            && self.reminders.is_empty()
            && self.wear.is_empty()
            && self.worn_percent.is_none()
            && self.damaged_percent.is_none()
            && self.price.is_empty()
            && self.transfer.is_none();
        if nothing {
            return Err(Error::usage("error-loan-policy-nothing", &[]));
        }
        self.wear.iter().try_for_each(|text| wear_read(text).map(|_| ()))?;
        self.price.iter().try_for_each(|text| accessory_price_read(text).map(|_| ()))?;
        Ok(self)
    }

    /// What is named, in the place of what was.
    fn applied(self, before: v1::LoanPolicy) -> Result<v1::LoanPolicy, Error> {
        let wear = self.wear.iter().map(|text| wear_read(text)).collect::<Result<Vec<_>, _>>()?;
        let mut prices = before.prices;
        for text in &self.price {
            let named = accessory_price_read(text)?;
            prices.retain(|price| price.kind != named.kind);
            // For nothing: none is known any more.
            prices.extend(Some(named).filter(|price| price.cents > 0));
        }
        Ok(v1::LoanPolicy {
            worn_percent: self.worn_percent.or(before.worn_percent),
            damaged_percent: self.damaged_percent.or(before.damaged_percent),
            prices,
            notice_days: self.notice_days.unwrap_or(before.notice_days),
            grace_days: self.grace_days.unwrap_or(before.grace_days),
            reminder_days: if self.reminders.is_empty() { before.reminder_days } else { self.reminders },
            wear_version: self.wear_version.unwrap_or(before.wear_version),
            wear: if wear.is_empty() { before.wear } else { wear },
            transfer: match self.transfer {
                None => before.transfer,
                Some(Rule::Follow) => v1::TransferRule::Follow.into(),
                Some(Rule::End) => v1::TransferRule::End.into(),
            },
        })
    }
}

impl From<v1::LoanPolicy> for Policy {
    fn from(policy: v1::LoanPolicy) -> Self {
        let transfer = if policy.transfer() == v1::TransferRule::End { "end" } else { "follow" };
        let step = |step: LoanWearStep| Step { from_months: step.from_months, percent: step.percent };
        Self {
            notice_days: policy.notice_days,
            grace_days: policy.grace_days,
            reminder_days: policy.reminder_days,
            wear_version: policy.wear_version,
            wear: policy.wear.into_iter().map(step).collect(),
            worn_percent: policy.worn_percent,
            damaged_percent: policy.damaged_percent,
            prices: policy.prices.into_iter().map(|LoanPrice { kind, cents }| Price { kind, cents }).collect(),
            transfer,
        }
    }
}

/// A step of a wear scale as typed: `12:80`, from 12 months on 80 % of the price.
fn wear_read(text: &str) -> Result<LoanWearStep, Error> {
    let read = text.split_once(':').and_then(|(months, percent)| {
        Some(LoanWearStep { from_months: months.trim().parse().ok()?, percent: percent.trim().parse().ok()? })
    });
    read.ok_or_else(|| Error::usage("error-loan-wear", &[("value", text)]))
}

/// What accessories of a kind cost, as typed: `charger:39,00`, in euros.
fn accessory_price_read(text: &str) -> Result<LoanPrice, Error> {
    let bad = || Error::usage("error-loan-price", &[("value", text)]);
    let (kind, price) = text.rsplit_once(':').ok_or_else(bad)?;
    let kind = kind.trim().to_lowercase();
    if kind.is_empty() {
        return Err(bad());
    }
    Ok(LoanPrice { kind, cents: price_read(price).map_err(|_| bad())? })
}

fn sheet(policy: &Policy, look: &Look<'_>) -> Sheet {
    let mut sheet = Sheet::default();
    sheet.section(look.text("loan-policy-title"));
    let days = |days: u32| look.count("loan-days", usize::try_from(days).unwrap_or(usize::MAX));
    sheet.line(look.text("loan-policy-notice"), days(policy.notice_days), Tone::Plain);
    sheet.line(look.text("loan-policy-grace"), days(policy.grace_days), Tone::Plain);
    let reminders: Vec<String> = policy.reminder_days.iter().map(|day| format!("J+{day}")).collect();
    sheet.line(look.text("loan-policy-reminders"), reminders.join(", "), Tone::Plain);
    let rule = look.text(&format!("loan-policy-transfer-{}", policy.transfer));
    sheet.line(look.text("loan-policy-transfer"), rule, Tone::Plain);
    let version = [("version", policy.wear_version.as_str().into())];
    sheet.section(look.words.text_with("loan-policy-wear", &version));
    for step in &policy.wear {
        let months = look.count("loan-months", usize::try_from(step.from_months).unwrap_or(usize::MAX));
        sheet.line(months, format!("{} %", step.percent), Tone::Plain);
    }
    sheet.section(look.text("loan-policy-damage"));
    for (key, percent) in [("loan-amount-worn", policy.worn_percent), ("loan-amount-damaged", policy.damaged_percent)] {
        if let Some(percent) = percent {
            sheet.line(look.text(key), format!("{percent} %"), Tone::Plain);
        }
    }
    if !policy.prices.is_empty() {
        sheet.section(look.text("loan-policy-prices"));
        for price in &policy.prices {
            sheet.line(price.kind.clone(), price_text(price.cents, look), Tone::Plain);
        }
    }
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_a_scale_is_months_and_hundredths() {
        assert_eq!(wear_read("12:80").map(|s| (s.from_months, s.percent)).ok(), Some((12, 80)));
        for bad in ["12", "a:1", "1:", "-1:5"] {
            assert!(wear_read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_price_is_a_kind_and_euros() {
        let read = |text: &str| accessory_price_read(text).map(|price| (price.kind, price.cents)).ok();
        assert_eq!(read("Charger:39"), Some(("charger".to_owned(), 3_900)));
        assert_eq!(read("clé 4G : 12,50 €"), Some(("clé 4g".to_owned(), 1_250)));
        for bad in ["charger", ":39", "charger:", "charger:a", "charger:-1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
