//! What figures that take minutes say on the way.

use std::sync::Arc;
use tests::swarm::crowd::Shown;

/// Says what begins; how far it is matters to nobody here.
struct Said;

impl Shown for Said {
    fn begun(&self, what: &str, steps: u64) {
        eprintln!("  {what} ({steps}) …");
    }

    fn done(&self, _: u64) {}
}

/// Told on the error output.
pub(crate) fn said() -> Arc<dyn Shown> {
    Arc::new(Said)
}
