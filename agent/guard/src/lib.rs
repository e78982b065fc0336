//! Takes the system over for the device's own resolver, and puts it back: who is asked for names, what the kernel lets through,
//! what browsers let their users do, and the page that says why.
//!
//! Linux alone. All is rooted at a folder, so that tests run on made-up trees, and programs of the system are asked where they are. What was
//! there before is kept, durably, before anything is changed; whatever moment this ends at, the next `take` or `put_back` repairs.

mod disk;
mod error;
mod hold;
mod program;

pub mod browsers;
pub mod dns;
pub mod page;
pub mod rules;

pub use disk::System;
pub use error::GuardError;

/// Puts back all that was taken over: rules, names, browsers, the rest also where one of them fails.
///
/// # Errors
/// The first [`GuardError`]; calling it again does what is left.
pub async fn put_back(system: &System) -> Result<(), GuardError> {
    // Rules first: they lead to a resolver that may answer no longer.
    let rules = rules::Rules::new(system, None).put_back().await;
    let names = dns::Dns::new(system, Vec::new()).put_back().await;
    let browsers = browsers::Browsers::new(system).put_back();
    rules.and(names).map(|_| ()).and(browsers)
}

/// What people read.
pub(crate) const FR: &str = include_str!("../i18n/fr.ftl");
pub(crate) const EN: &str = include_str!("../i18n/en.ftl");

/// What `observe` finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// All is as it should be.
    Held,
    /// Something is not; these places of the system.
    Drifted(Vec<String>),
}

impl Seen {
    pub(crate) fn of(places: Vec<String>) -> Self {
        if places.is_empty() { Self::Held } else { Self::Drifted(places) }
    }

    /// Whether nothing is to be done.
    #[must_use]
    pub const fn held(&self) -> bool {
        matches!(self, Self::Held)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn words_are_in_both_languages() {
        assert_eq!(words::catalogue_check(super::FR, super::EN), Vec::<String>::new());
    }
}
