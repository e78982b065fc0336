//! What a list or an image may be at most; beyond it, whoever reads and whoever makes one says so and stops.

/// The longest line of a list, in bytes; a longer one is passed over without being held.
pub const LINE_BYTES_MAX: usize = 4 << 10;
/// The longest name, in bytes, without the dot at its end (RFC 1035).
pub const NAME_BYTES_MAX: usize = 253;
/// The longest label, in bytes (RFC 1035).
pub const LABEL_BYTES_MAX: usize = 63;
/// The most labels of a listed name: far more than anybody blocks by, and few enough to hold all fingerprints of a name at once.
pub const LABELS_MAX: usize = 32;
/// The most categories: a set of them is one 128-bit number.
pub const CATEGORIES_MAX: usize = 128;
/// The longest name of a category, in bytes.
pub const CATEGORY_BYTES_MAX: usize = 40;
/// The most different sets of categories that names are in.
pub const SETS_MAX: usize = 1 << 14;
/// The most names, a name in two categories counted twice while it is collected: nearly four times the largest list known.
pub const NAMES_MAX: usize = 1 << 24;
/// The largest image, in bytes.
pub const IMAGE_BYTES_MAX: usize = 160 << 20;
/// The most changes in one overlay; a day's is some hundreds, and beyond it a new image is the shorter way.
pub const CHANGES_MAX: usize = 1 << 13;
/// The most overlays on one image.
pub const CHAIN_MAX: usize = 40;
/// The most changes in all overlays on one image together: they are held in memory.
pub const CHAIN_CHANGES_MAX: usize = 1 << 16;
/// The most sheets of one filter.
pub const SHEETS_MAX: usize = 8;
/// So many faults of a list are shown; all are counted.
pub const FAULTS_SHOWN: usize = 100;
