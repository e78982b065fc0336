//! Off all summer, and with a wrong clock: devices find back, and nobody else does.

mod away;
mod clock;
mod kills;
pub(crate) mod proof;
