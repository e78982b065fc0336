//! Categories, and sets of them.

use crate::error::{Error, Result, limit_check};
use crate::limits::{CATEGORIES_MAX, CATEGORY_BYTES_MAX};
use std::ops::BitOr;

/// What names are listed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its name in the list's own words.
    pub name: String,
    /// Whether the list means it as names to allow; such a category is never part of "all".
    pub white: bool,
}

/// A category, by its place in [`Categories`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CategoryId(pub(crate) u8);

/// A set of categories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mask(pub(crate) u128);

/// A list's categories, in an order that only grows: a mask made for one day holds for the days after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(Vec<Category>);

impl Categories {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds one, or finds it by its name; what it was first called white or not stays.
    ///
    /// # Errors
    ///
    /// When the name is none, or there are too many.
    pub fn add(&mut self, name: &str, white: bool) -> Result<CategoryId> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if name.is_empty() || name.len() > CATEGORY_BYTES_MAX || !name.bytes().all(plain) {
            return Err(Error::CategoryName(name.chars().take(CATEGORY_BYTES_MAX).collect()));
        }
        limit_check("categories", self.0.len() + 1, CATEGORIES_MAX)?;
        self.0.push(Category { name: name.to_owned(), white });
        Ok(self.id(self.0.len() - 1))
    }

    /// By its name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<CategoryId> {
        self.0.iter().position(|c| c.name == name).map(|at| self.id(at))
    }

    /// What an id stands for; none when it is another list's.
    #[must_use]
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.0.get(usize::from(id.0))
    }

    /// All of them in their order.
    #[must_use]
    pub fn all(&self) -> &[Category] {
        &self.0
    }

    /// The set of those named.
    ///
    /// # Errors
    ///
    /// When the list has no such category: a policy that names one says nothing about this list, and must not pass in silence.
    pub fn mask<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<Mask> {
        names.into_iter().try_fold(Mask::NONE, |mask, name| {
            let id = self.find(name).ok_or_else(|| Error::CategoryUnknown(name.to_owned()))?;
            Ok(mask | Mask::of(id))
        })
    }

    /// What "all" means to a policy that blocks: everything but what the list means as allowed.
    #[must_use]
    pub fn black(&self) -> Mask {
        let black = self.0.iter().enumerate().filter(|(_, c)| !c.white);
        black.fold(Mask::NONE, |mask, (at, _)| mask | Mask::of(self.id(at)))
    }

    /// Whether `later` begins with these, so that a mask of these means the same there.
    pub(crate) fn grows_to(&self, later: &Self) -> bool {
        later.0.starts_with(&self.0)
    }

    /// There are never more than [`CATEGORIES_MAX`].
    #[allow(clippy::cast_possible_truncation, reason = "128 at most")]
    #[allow(clippy::unused_self, reason = "an id is a place in these")]
    const fn id(&self, at: usize) -> CategoryId {
        CategoryId(at as u8)
    }
}

impl Mask {
    /// No category.
    pub const NONE: Self = Self(0);
    /// Every category there can be.
    pub const ALL: Self = Self(u128::MAX);

    /// One category alone.
    #[must_use]
    pub const fn of(id: CategoryId) -> Self {
        Self(1 << (id.0 & 127))
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What both hold.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What this holds and the other does not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, in the list's order.
    pub fn ids(self) -> impl Iterator<Item = CategoryId> {
        (0..128).filter(move |id| self.0 >> id & 1 == 1).map(CategoryId)
    }

    /// The first of them, in the list's order.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "127 at most, as it is not empty")]
    pub const fn first(self) -> Option<CategoryId> {
        if self.0 == 0 { None } else { Some(CategoryId(self.0.trailing_zeros() as u8)) }
    }
}

impl BitOr for Mask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
