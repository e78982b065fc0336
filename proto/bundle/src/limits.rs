//! What a bundle may be at most; beyond it, whoever packs and whoever reads says so and stops.
//!
//! A device holds two indexes at once, a version's and that of the one before, with a line for each chunk that it lacks: some 450 bytes
//! a chunk and 800 a file. So the most of both stays well within the 256 MiB that a device's service manager grants the agent.

/// The largest index, in bytes; it is held in memory.
pub const INDEX_BYTES_MAX: usize = 16 << 20;
/// The largest manifest within an index, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 64 << 10;
/// The most files.
pub const FILES_MAX: usize = 80_000;
/// The most paths, files and folders together; each is looked up while an index is read.
pub const PATHS_MAX: usize = 2 * FILES_MAX;
/// The most chunks.
pub const CHUNKS_MAX: usize = 280_000;
/// The longest path, in bytes: with the folder that holds it, still within what Windows opens by itself (260).
pub const PATH_BYTES_MAX: usize = 180;
/// The most folders of a path, with its file.
pub const PATH_DEPTH_MAX: usize = 24;
/// All files together, in bytes: an encyclopaedia with its images, in as many chunks as there may be.
pub const BUNDLE_BYTES_MAX: u64 = 16 << 30;
/// The largest patch, in bytes; a larger one would save nothing over chunks.
pub const PATCH_BYTES_MAX: usize = 256 << 20;
/// A patch's piece, in bytes: what is made at once.
pub const PIECE_BYTES_MAX: usize = 1 << 20;
/// What a piece may refer to, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 2 << 20;
/// A patch's list of instructions, in bytes: more than any version has files, and 40 MB of memory at the very most.
pub const INSTRUCTIONS_BYTES_MAX: usize = 2 << 20;
