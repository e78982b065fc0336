//! The names of what the agent keeps: a folder that holds others may be somebody's.

use super::{
    CLOCK_FLOOR, DOCTOR, ENROLMENT, HEAD, IDENTITY_KEY, MACHINE, PLAN_PREFIX, PROGRESS, RENEWAL, TLS, TLS_NEXT,
    TLS_NEXT_KEY, TRUST, again, loan, plan_name, ticket,
};
use crate::filter::active;
use crate::platform::door;
use crate::{acts, folder, publisher, release, resources, sent, spool, status};

/// Whether a name is a plan's, exactly.
pub(super) fn plan_named(name: &str) -> bool {
    let digest = name.strip_prefix(PLAN_PREFIX).and_then(|digest| digest.parse().ok());
    digest.is_some_and(|digest| plan_name(&digest) == name)
}

/// Whether a name in the folder is one the agent gives.
pub(crate) fn own(name: &str) -> bool {
    const OWN: [&str; 14] = [
        IDENTITY_KEY,
        TLS_NEXT_KEY,
        TLS,
        TLS_NEXT,
        RENEWAL,
        TRUST,
        HEAD,
        ENROLMENT,
        PROGRESS,
        CLOCK_FLOOR,
        MACHINE,
        DOCTOR,
        loan::FILE,
        ticket::FILE,
    ];
    OWN.contains(&name)
        || name == again::FOLDER
        || plan_named(name)
        || folder::OWN.contains(&name)
        || [spool::FOLDER, publisher::FOLDER, release::FOLDER, active::FOLDER, resources::FOLDER].contains(&name)
        || [status::FILE, acts::FILE, resources::FILE, door::NAME].contains(&name)
        || sent::is_named(name)
}
