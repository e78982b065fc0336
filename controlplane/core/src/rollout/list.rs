//! How a device stands in a rollout of the filter's list: unpacked is not in use.
//!
//! The bundle's own word says that the version lies in place. Whether names are judged by it is for the filter to say: it refuses a list that
//! closes what must stay open (domain.md, "Content filter": canaries), and then the wave has to hear of it.

use crate::presence::{Condition, ConditionState};
use model::resource::BundleVersion;

/// Reasons of the filter that speak of the list it was given, and not of the system or the policy.
const LIST_REASONS: &str = "list_";
/// It is given time, as what lies there and is not yet in use.
const STAGED: &str = "staged";

/// What the bundle's word comes to, beside what the filter says; a device that filters nothing only keeps the list.
#[must_use]
pub fn list_condition(bundle: Condition, filter: Option<&Condition>, version: &BundleVersion) -> Condition {
    let version = version.to_string();
    let Some(filter) = filter.filter(|filter| filter.version != version) else { return bundle };
    if bundle.state != ConditionState::Held || bundle.version != version {
        return bundle;
    }
    let since = bundle.since.max(filter.since);
    match filter.state {
        ConditionState::Failed if filter.reason.starts_with(LIST_REASONS) => {
            Condition { state: ConditionState::Failed, reason: filter.reason.clone(), since, ..bundle }
        }
        // Another list is in use, or none yet.
        ConditionState::Held | ConditionState::Pending => {
            Condition { state: ConditionState::Pending, reason: STAGED.to_owned(), since, ..bundle }
        }
        // Where nothing filters, or the system does not let it, the list is not at fault.
        ConditionState::Failed | ConditionState::Skipped => bundle,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(state: ConditionState, reason: &str, version: &str) -> Condition {
        let counted = serde_json::json!({ "item": "x", "state": state, "reason": reason, "version": version });
        serde_json::from_value(counted).unwrap()
    }

    #[test]
    fn a_list_counts_when_names_are_judged_by_it() {
        use ConditionState::{Failed, Held, Pending};
        let version: BundleVersion = "2".parse().unwrap();
        let bundle = || said(Held, "", "2");
        let comes_to = |bundle: Condition, filter: Option<Condition>| {
            let stands = list_condition(bundle, filter.as_ref(), &version);
            (stands.state, stands.reason)
        };
        let held = (Held, String::new());
        assert_eq!(comes_to(bundle(), None), held, "a device without a policy");
        assert_eq!(comes_to(bundle(), Some(said(Held, "", "2"))), held);
        assert_eq!(comes_to(bundle(), Some(said(Failed, "list_sentinel", "1"))), (Failed, "list_sentinel".to_owned()));
        assert_eq!(comes_to(bundle(), Some(said(Failed, "list_damaged", ""))), (Failed, "list_damaged".to_owned()));
        assert_eq!(comes_to(bundle(), Some(said(Held, "", "1"))), (Pending, STAGED.to_owned()));
        assert_eq!(comes_to(bundle(), Some(said(Pending, "starting", "1"))), (Pending, STAGED.to_owned()));
        assert_eq!(comes_to(bundle(), Some(said(Failed, "filter_away", ""))), held);
        // What the filter says of a later list is no word on this one.
        assert_eq!(comes_to(bundle(), Some(said(Failed, "list_sentinel", "2"))), held);
        let fetching = said(Pending, "downloading", "1");
        assert_eq!(comes_to(fetching, Some(said(Held, "", "1"))), (Pending, "downloading".to_owned()));
    }
}
