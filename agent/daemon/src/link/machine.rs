//! Which machine the agent runs on, and since when.

use crate::Agent;
use crate::error::Error;
use crate::machine::Machine;
use crate::platform::Platform;
use crate::state::State;
use model::id::BootId;

/// Whether this is another machine than the one that was enrolled. A state from before that was noted belongs to this one.
pub(super) fn other_machine(agent: &Agent, state: &State) -> Result<bool, Error> {
    let here = Machine::from(&agent.machine().claims());
    let Some(kept) = state.machine() else { return state.machine_write(&here).map(|()| false) };
    let other = kept.differs(&here);
    if other {
        tracing::warn!(
            "this is not the machine that was enrolled: its disk was moved, its folder copied, or its mainboard replaced"
        );
    }
    Ok(other)
}

/// The system's name for this run of the machine; where it tells none, a random one stands for this run of the agent.
pub(super) fn boot_id(agent: &Agent) -> BootId {
    agent.machine().boot().unwrap_or_else(|| BootId::from_bytes(rand::random()))
}
