//! The newest loan epoch that was ever held: what was said under an older one stays void, whatever becomes of the head.

use super::State;
use crate::error::Error;
use agent_core::ledger::LoanFloor;

/// Its file: the epoch of the control plane and that of the loan.
pub(super) const FILE: &str = "loan_epoch";

impl State {
    /// The newest loan epoch; a damaged note is forgotten, and the head that is held says it again.
    pub(crate) fn loan_floor(&self) -> LoanFloor {
        let read = self.folder.read(FILE).ok().flatten();
        read.and_then(|bytes| floor_of(std::str::from_utf8(&bytes).ok()?)).unwrap_or_default()
    }

    pub(crate) fn loan_floor_write(&self, floor: LoanFloor) -> Result<(), Error> {
        let LoanFloor { generation_epoch, loan_epoch } = floor;
        self.folder.write(FILE, format!("{generation_epoch} {loan_epoch}\n").as_bytes())
    }
}

fn floor_of(text: &str) -> Option<LoanFloor> {
    let (generation, loan) = text.trim_end().split_once(' ')?;
    Some(LoanFloor { generation_epoch: generation.parse().ok()?, loan_epoch: loan.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::made;

    #[test]
    fn an_epoch_is_kept_and_damage_is_no_reason_to_stop() {
        let made = made(1);
        let state = &made.state;
        assert_eq!(state.loan_floor(), LoanFloor::default());
        let floor = LoanFloor { generation_epoch: 2, loan_epoch: 41 };
        state.loan_floor_write(floor).unwrap();
        assert_eq!(state.loan_floor(), floor);
        for damaged in [&b""[..], b"2", b"2 x", b"\xff\xff"] {
            state.folder().write(FILE, damaged).unwrap();
            assert_eq!(state.loan_floor(), LoanFloor::default());
        }
    }
}
