//! What can be wrong with an image, an overlay or a listing.

/// Why a listing cannot be compiled, or an image not be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Bytes that are no image of ours, or not all of one.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// An image that a later release made.
    #[error("format {0} of filter images is newer than this program")]
    Newer(u32),
    /// Too much of something.
    #[error("{what}: more than {limit}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// A category's name with other signs than a-z 0-9 - _, empty or too long.
    #[error("{0:?} is no name for a category")]
    CategoryName(String),
    /// A category that the list has not.
    #[error("there is no category {0:?}")]
    CategoryUnknown(String),
    /// An overlay whose categories are not those below it with new ones after them.
    #[error("the categories differ from those of the list below: it takes a new image, not an overlay")]
    CategoriesDiffer,
    /// Listings of two seeds, between which no change can be told.
    #[error("the lists have different seeds: it takes a new image, not an overlay")]
    SeedsDiffer,
    /// An overlay that was made on something else.
    #[error("this overlay is for another list")]
    OtherBase,
    /// A name that must never be blocked stands in the list, itself or by a name above it.
    #[error("{never}, which must never be blocked, is listed in {category}")]
    NeverListed {
        /// The name that must stay open.
        never: String,
        /// The category that would block it.
        category: String,
    },
    /// What was compiled does not answer as the listing does: a fault of this program.
    #[error("the image does not answer as the list it was made from")]
    Unfaithful,
}

/// What most of this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Refuses more than there may be.
pub(crate) fn limit_check(what: &'static str, amount: usize, limit: usize) -> Result<()> {
    if amount > limit { Err(Error::Limit { what, limit }) } else { Ok(()) }
}
