//! The territory's rules of lending.

use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::loan;
use model::loan::{DamageScale, LoanPolicy, PRICES_MAX, PolicyError, TransferRule, WearScale, WearStep, kind_read};
use tonic::Status;
use wire::v1::{self, LoanPolicySetRequest, LoanPolicySetResponse, LoanPolicyShowResponse, LoanPrice, LoanWearStep};

pub(crate) async fn policy_show(shared: &Shared) -> Result<LoanPolicyShowResponse, Status> {
    let policy = loan::policy_get(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    Ok(LoanPolicyShowResponse { policy: Some(shown(&policy)) })
}

pub(crate) async fn policy_set(
    shared: &Shared,
    staff: &Staff,
    asked: LoanPolicySetRequest,
) -> Result<LoanPolicySetResponse, Status> {
    let policy = read(&asked.policy.ok_or_else(|| invalid("name the policy"))?)?;
    let set =
        loan::policy_set(&shared.store, shared.territory(), &policy, &staff.person, &asked.why, shared.clock.now());
    set.await.map_err(status)?;
    Ok(LoanPolicySetResponse { policy: Some(shown(&policy)) })
}

fn read(asked: &v1::LoanPolicy) -> Result<LoanPolicy, Status> {
    // Counted before the same kind, said twice, becomes one.
    if asked.prices.len() > PRICES_MAX {
        return Err(invalid(PolicyError::Prices));
    }
    // What is too large for its place is out of its limits in any case.
    let days = |days: u32| u16::try_from(days).unwrap_or(u16::MAX);
    let step = |step: &LoanWearStep| WearStep {
        from_months: days(step.from_months),
        percent: u8::try_from(step.percent).unwrap_or(u8::MAX),
    };
    let usual = DamageScale::default();
    let percent = |asked: Option<u32>, usual: u8| asked.map_or(usual, |asked| u8::try_from(asked).unwrap_or(u8::MAX));
    Ok(LoanPolicy {
        notice_days: days(asked.notice_days),
        grace_days: days(asked.grace_days),
        reminder_days: asked.reminder_days.iter().copied().map(days).collect(),
        wear: WearScale { version: asked.wear_version.clone(), steps: asked.wear.iter().map(step).collect() },
        damage: DamageScale {
            worn_percent: percent(asked.worn_percent, usual.worn_percent),
            damaged_percent: percent(asked.damaged_percent, usual.damaged_percent),
        },
        prices: asked.prices.iter().map(|price| (kind_read(&price.kind), price.cents)).collect(),
        transfer: match asked.transfer() {
            v1::TransferRule::Follow => TransferRule::Follow,
            v1::TransferRule::End => TransferRule::End,
            v1::TransferRule::Unspecified => {
                return Err(invalid("say whether a device follows its borrower or is to be returned"));
            }
        },
    })
}

fn shown(policy: &LoanPolicy) -> v1::LoanPolicy {
    v1::LoanPolicy {
        notice_days: policy.notice_days.into(),
        grace_days: policy.grace_days.into(),
        reminder_days: policy.reminder_days.iter().copied().map(u32::from).collect(),
        wear_version: policy.wear.version.clone(),
        wear: policy
            .wear
            .steps
            .iter()
            .map(|step| LoanWearStep { from_months: step.from_months.into(), percent: step.percent.into() })
            .collect(),
        worn_percent: Some(policy.damage.worn_percent.into()),
        damaged_percent: Some(policy.damage.damaged_percent.into()),
        prices: policy.prices.iter().map(|(kind, cents)| LoanPrice { kind: kind.clone(), cents: *cents }).collect(),
        transfer: match policy.transfer {
            TransferRule::Follow => v1::TransferRule::Follow,
            TransferRule::End => v1::TransferRule::End,
        }
        .into(),
    }
}
