//! Whom the users of devices are to contact.

use super::device::{limit_of, owner_of, school_of};
use crate::caller::Staff;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::contact::{Whose, contact_page, contact_set};
use tonic::Status;
use wire::v1::{Contact, ContactListRequest, ContactListResponse, ContactSetRequest, ContactSetResponse};

pub(super) async fn set(
    shared: &Shared,
    staff: &Staff,
    asked: ContactSetRequest,
) -> Result<ContactSetResponse, Status> {
    let contact = asked.contact.ok_or_else(|| invalid("no contact is named"))?;
    let whose = match (school_of(&contact.school)?, owner_of(&contact.owner)?) {
        (Some(school), None) => Whose::School(school),
        (None, Some(owner)) => Whose::Owner(owner),
        (None, None) => Whose::Territory,
        (Some(_), Some(_)) => return Err(invalid("a contact is a school's or an owner's, not both")),
    };
    let (store, reach, now) = (&shared.store, &staff.reach, shared.clock.now());
    let set = contact_set(store, shared.territory(), reach, &whose, &contact.text, &staff.person, &asked.why, now);
    let changed = set.await.map_err(shared.refuse(staff.author(), "contact_set", &whose.key()))?;
    Ok(ContactSetResponse { changed })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: ContactListRequest,
) -> Result<ContactListResponse, Status> {
    let limit = limit_of(asked.limit)?;
    let page = contact_page(shared.store.as_ref(), shared.territory(), &staff.reach, &asked.after, limit);
    let (found, next) = page.await.map_err(status)?;
    let wire = |(whose, text): (Whose, String)| match whose {
        Whose::School(uai) => Contact { school: uai.to_string(), text, ..Contact::default() },
        Whose::Owner(owner) => Contact { owner: owner.to_string(), text, ..Contact::default() },
        Whose::Territory => Contact { text, ..Contact::default() },
    };
    Ok(ContactListResponse { contacts: found.into_iter().map(wire).collect(), next })
}
