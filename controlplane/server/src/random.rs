//! Randomness from the system, for everything that must not be guessed.

use rand::TryRngCore;
use rand::rngs::OsRng;

/// Bytes nobody can foresee.
///
/// # Errors
/// `Unavailable` when the system gives none.
pub(crate) fn bytes<const N: usize>() -> controlplane_core::Result<[u8; N]> {
    let mut out = [0; N];
    OsRng
        .try_fill_bytes(&mut out)
        .map_err(|e| controlplane_core::Error::unavailable("the system gives no randomness", e))?;
    Ok(out)
}

/// A number from 0 to below `end` for spreading herds; need not be unforeseeable.
#[must_use]
pub(crate) fn below(end: u64) -> u64 {
    if end == 0 { 0 } else { rand::random::<u64>() % end }
}
