//! Classes: which kits, loans and devices serve one. Who is in it stands in the vault, of which nothing here knows.

mod act;
mod list;
#[cfg(test)]
mod tests;

pub use act::{ClassWish, SUBJECTS_MAX, class_check, class_devices, class_seen, class_writes};
pub use list::{CLASSES_MAX, Serving, Through, class_serves, classes_of};

use crate::error::{Error, Result};
use model::class::Class;
use model::uai::Uai;

/// The class that a device serves, of those that are written on it, on its loan and on its kit: the first that is of no other school
/// than the one under which the device is filed.
///
/// A class of another school has ended for it: whatever is moved, and in which order, no device holds what is meant for a class
/// elsewhere. One that is filed nowhere is where its loan or its kit is.
#[must_use]
pub fn class_served(school: Option<Uai>, written: [Option<&Class>; 3]) -> Option<Class> {
    written.into_iter().flatten().find(|class| school.is_none_or(|school| school == class.school)).cloned()
}

/// Whether something that is filed there may serve a class.
pub(crate) fn class_filed(class: Option<&Class>, school: Option<Uai>, what: &str) -> Result<()> {
    match class {
        Some(class) if school != Some(class.school) => Err(Error::Invalid(format!(
            "{what} is not filed under {}, the school of class {}",
            class.school, class.label
        ))),
        _ => Ok(()),
    }
}
