//! Who may call what: a table of data, one row a call, tested against the service's own description.

use crate::operator::Grant;
use crate::scope::{Reach, Scope};
use serde::{Deserialize, Serialize};

/// What a person of the staff is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers for the whole: people, devices, rules.
    Admin,
    /// Enrols devices and decides about them.
    Technician,
    /// Lends and takes back.
    LoanDesk,
    /// Writes rules.
    PolicyAuthor,
    /// Publishes resources and lists.
    Publisher,
    /// Reads what was done, the data protection officer among others; changes nothing.
    Auditor,
    /// Reads figures; no device and no person.
    Evaluator,
}

/// How much of the territory a grant must cover for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// Any scope will do; the call sees and changes what lies within it.
    Scoped,
    /// Only a grant over the whole territory.
    Territory,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The call's name in `admin.proto`.
    pub call: &'static str,
    /// Who may make it.
    pub roles: &'static [Role],
    /// How much they must have been granted.
    pub breadth: Breadth,
}

use Breadth::{Scoped, Territory};
use Role::{Admin, Auditor, Evaluator, LoanDesk, PolicyAuthor, Publisher, Technician};

const ALL: &[Role] = &Role::ALL;
const READERS: &[Role] = &[Admin, Technician, LoanDesk, PolicyAuthor, Auditor];
const HANDS: &[Role] = &[Admin, Technician];
const DESKS: &[Role] = &[Admin, LoanDesk];
/// Who reads identities: nobody by answering for the whole; an admin who is to lend is given that role, and the audit tells of it.
const NAME_READERS: &[Role] = &[LoanDesk];
const LOAN_READERS: &[Role] = &[Admin, LoanDesk, Technician, Auditor];
const COUNTERS: &[Role] = &[Admin, Technician, LoanDesk];
const COUNT_READERS: &[Role] = &[Admin, Technician, LoanDesk, Auditor];

const READERS_AND_PUBLISHERS: &[Role] = &[Admin, Publisher, Technician, LoanDesk, PolicyAuthor, Auditor];
/// Who helps a class on the spot: what they open for it ends by itself, within what the policy leaves to them.
const TEACHING: &[Role] = &[Admin, Technician, LoanDesk, PolicyAuthor];
/// Who publishes does not decide for whom it is.
const ASSIGNERS: &[Role] = &[Admin, PolicyAuthor];
const BUNDLE_READERS: &[Role] = &[Admin, Technician, LoanDesk, PolicyAuthor, Publisher, Auditor];

/// Every admin call there is. A call without a row is refused to everybody, and a test fails.
pub const CALLS: &[Row] = &[
    row("DeviceList", READERS, Scoped),
    row("DeviceShow", READERS, Scoped),
    row("DeviceDecide", HANDS, Scoped),
    row("DeviceWatch", READERS, Scoped),
    row("TokenCreate", HANDS, Scoped),
    row("TokenList", HANDS, Scoped),
    row("TokenRevoke", HANDS, Scoped),
    row("AssetReceive", HANDS, Scoped),
    row("AssetList", READERS, Scoped),
    row("AssetShow", READERS, Scoped),
    row("AssetStep", HANDS, Scoped),
    row("AssetMissing", &[Admin, Technician, LoanDesk], Scoped),
    row("AssetWipe", HANDS, Scoped),
    row("AssetMove", HANDS, Scoped),
    row("AssetBind", HANDS, Scoped),
    row("KitTemplatePut", HANDS, Territory),
    row("KitTemplateList", READERS, Scoped),
    row("KitCreate", HANDS, Scoped),
    row("KitList", READERS, Scoped),
    row("KitShow", READERS, Scoped),
    row("KitBind", HANDS, Scoped),
    row("KitUnbind", HANDS, Scoped),
    row("KitPass", HANDS, Scoped),
    row("KitMoves", READERS, Scoped),
    row("KitMoveDecide", HANDS, Scoped),
    row("ClassList", READERS, Scoped),
    row("ClassShow", LOAN_READERS, Scoped),
    row("ClassPut", HANDS, Scoped),
    row("ClassLend", DESKS, Scoped),
    row("CadenceShow", READERS, Scoped),
    row("CadenceSet", &[Admin, PolicyAuthor], Territory),
    row("ReleaseShow", READERS, Scoped),
    row("ReleaseSet", &[Admin], Territory),
    row("ServerStatus", ALL, Scoped),
    row("AuditList", &[Admin, Auditor], Scoped),
    row("AuditVerify", &[Admin, Auditor], Territory),
    row("DeviceDecideMany", HANDS, Scoped),
    row("OperatorInvite", &[Admin], Scoped),
    row("OperatorList", &[Admin, Auditor], Scoped),
    row("OperatorRevoke", &[Admin], Scoped),
    row("OperatorSelf", ALL, Scoped),
    row("OperatorRenew", ALL, Scoped),
    row("ProposalList", &[Admin, Technician, PolicyAuthor, LoanDesk], Scoped),
    row("ProposalDecide", &[Admin, Technician, PolicyAuthor, LoanDesk], Scoped),
    row("DeviceCompare", READERS, Scoped),
    row("DeviceMerge", HANDS, Scoped),
    row("DeviceUnmerge", HANDS, Scoped),
    row("LoanActs", DESKS, Scoped),
    row("LoanList", LOAN_READERS, Scoped),
    row("LoanShow", LOAN_READERS, Scoped),
    row("LoanRemind", DESKS, Scoped),
    row("LoanPolicyShow", LOAN_READERS, Scoped),
    row("LoanPolicySet", &[Admin], Territory),
    row("CampaignCreate", DESKS, Scoped),
    row("CampaignList", LOAN_READERS, Scoped),
    row("CampaignShow", LOAN_READERS, Scoped),
    row("CampaignReport", LOAN_READERS, Scoped),
    row("CampaignNote", DESKS, Scoped),
    row("CampaignClose", DESKS, Scoped),
    row("DeskPrepare", DESKS, Scoped),
    row("DeskNamed", NAME_READERS, Scoped),
    row("DeskAssets", DESKS, Scoped),
    row("StocktakeStart", COUNTERS, Scoped),
    row("StocktakeList", COUNT_READERS, Scoped),
    row("StocktakeScan", COUNTERS, Scoped),
    row("StocktakeReport", COUNT_READERS, Scoped),
    row("StocktakeClose", COUNTERS, Scoped),
    row("SchoolImport", &[Admin], Territory),
    row("SchoolList", ALL, Scoped),
    row("SchoolShow", ALL, Scoped),
    row("OrganisationSet", &[Admin], Territory),
    row("OrganisationList", ALL, Scoped),
    row("CalendarSet", &[Admin, PolicyAuthor], Territory),
    row("CalendarShow", ALL, Scoped),
    row("RolloutPlan", ASSIGNERS, Territory),
    row("RolloutAct", ASSIGNERS, Territory),
    row("RolloutList", READERS_AND_PUBLISHERS, Territory),
    row("RolloutShow", READERS_AND_PUBLISHERS, Territory),
    row("RolloutExplain", READERS_AND_PUBLISHERS, Scoped),
    row("ContactSet", &[Admin, LoanDesk], Scoped),
    row("ContactList", READERS, Scoped),
    row("BundleList", ALL, Scoped),
    row("BundleAssign", ASSIGNERS, Scoped),
    row("BundleAssignments", BUNDLE_READERS, Scoped),
    row("BundleExplain", READERS, Scoped),
    row("BundleReach", ALL, Scoped),
    row("BundlePush", &[Admin, Publisher], Territory),
    row("BundleFetch", &[Admin, Technician, Publisher], Scoped),
    row("FetchPolicyShow", ALL, Scoped),
    row("FetchPolicySet", &[Admin, PolicyAuthor], Territory),
    row("PolicyCheck", ASSIGNERS, Scoped),
    row("PolicyApply", ASSIGNERS, Scoped),
    row("PolicyShow", READERS, Scoped),
    row("PolicyHistory", READERS, Scoped),
    row("PolicyExplain", READERS, Scoped),
    row("LessonStart", TEACHING, Scoped),
    row("LessonList", READERS, Scoped),
    row("LessonStop", TEACHING, Scoped),
    row("UnblockList", READERS, Scoped),
    row("UnblockDecide", TEACHING, Scoped),
    row("VaultStatus", DESKS, Scoped),
    row("VaultImport", DESKS, Scoped),
    row("VaultFind", NAME_READERS, Scoped),
    row("VaultShow", NAME_READERS, Scoped),
    row("VaultErase", DESKS, Scoped),
    row("VaultExport", NAME_READERS, Scoped),
    row("VaultLeavers", NAME_READERS, Scoped),
    row("VaultRetention", &[Admin], Territory),
    row("VaultAgreement", NAME_READERS, Scoped),
];

/// A call that is allowed: in which role, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The first role of the row that the operator has.
    pub role: Role,
    /// What the operator's grants in such roles cover together.
    pub reach: Reach,
}

/// What these grants allow of a call; nothing when they do not.
#[must_use]
pub fn allowed(call: &str, grants: &[Grant]) -> Option<Allowed> {
    let row = CALLS.iter().find(|row| row.call == call)?;
    let fits =
        |grant: &&Grant| row.roles.contains(&grant.role) && (row.breadth == Scoped || grant.scope == Scope::Territory);
    let role = row.roles.iter().copied().find(|role| grants.iter().filter(fits).any(|grant| grant.role == *role))?;
    Some(Allowed { role, reach: Reach::of(grants.iter().filter(fits).map(|grant| grant.scope.clone())) })
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] = [Admin, Technician, LoanDesk, PolicyAuthor, Publisher, Auditor, Evaluator];

    /// The name in tables and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Technician => "technician",
            Self::LoanDesk => "loan_desk",
            Self::PolicyAuthor => "policy_author",
            Self::Publisher => "publisher",
            Self::Auditor => "auditor",
            Self::Evaluator => "evaluator",
        }
    }
}

const fn row(call: &'static str, roles: &'static [Role], breadth: Breadth) -> Row {
    Row { call, roles, breadth }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn grant(role: Role, scope: Scope) -> Grant {
        Grant { role, scope }
    }

    fn school(uai: &str) -> Scope {
        Scope::Schools(BTreeSet::from([uai.parse().unwrap()]))
    }

    #[test]
    fn a_row_stands_for_each_call_once_and_names_somebody() {
        let names: BTreeSet<&str> = CALLS.iter().map(|row| row.call).collect();
        assert_eq!(names.len(), CALLS.len());
        assert!(CALLS.iter().all(|row| !row.roles.is_empty()));
    }

    #[test]
    fn identities_are_read_at_a_loan_desk_and_nowhere_else() {
        let reading = ["DeskNamed", "VaultFind", "VaultShow", "VaultExport", "VaultLeavers", "VaultAgreement"];
        for row in CALLS {
            assert_eq!(row.roles == [LoanDesk], reading.contains(&row.call), "{}", row.call);
        }
        let both = [grant(Admin, Scope::Territory), grant(LoanDesk, school("0951099D"))];
        let may = allowed("VaultShow", &both).unwrap();
        assert!(may.role == LoanDesk && !may.reach.contains(&school("0750654D")), "an admin's reach adds nothing");
    }

    #[test]
    fn grants_add_up_and_only_those_in_a_role_of_the_row_count() {
        let grants = [
            grant(Technician, school("0951099D")),
            grant(Technician, Scope::Owner("commune-a".parse().unwrap())),
            grant(Evaluator, Scope::Territory),
        ];
        let may = allowed("DeviceDecide", &grants).unwrap();
        assert_eq!(may.role, Technician);
        assert!(!may.reach.is_territory());
        assert!(may.reach.contains(&school("0951099D")));
        assert!(!may.reach.contains(&school("0750654D")));
        assert_eq!(allowed("CadenceSet", &grants), None);
        assert_eq!(allowed("AuditList", &grants), None);
        assert_eq!(allowed("NoSuchCall", &[grant(Admin, Scope::Territory)]), None);
    }

    #[test]
    fn what_needs_the_territory_is_refused_to_a_part_of_it() {
        assert_eq!(allowed("CadenceSet", &[grant(Admin, school("0951099D"))]), None);
        assert!(allowed("CadenceSet", &[grant(PolicyAuthor, Scope::Territory)]).is_some());
    }
}
