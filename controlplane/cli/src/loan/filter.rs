//! Which loans.

use crate::Error;
use crate::asset::{Measure, measure_name};
use crate::device::{owner_read, school_read};
use clap::{Args, ValueEnum};
use wire::v1::{self, LoanListRequest};

/// Filters of `loan list`; all must fit.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    #[arg(long)]
    overdue: bool,
    #[arg(long)]
    due_before: Option<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long, value_enum)]
    state: Option<State>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long, value_enum)]
    measure: Option<Measure>,
    #[arg(long)]
    funding: Option<String>,
    #[arg(long)]
    borrower: Option<String>,
    #[arg(long)]
    asset: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    Draft,
    Approved,
    AgreementPending,
    Ready,
    Active,
    ReturnedUnchecked,
    Closed,
    Cancelled,
    ClosedLost,
    ClosedStolen,
    ClosedDamaged,
}

impl Filter {
    /// The filter as it is sent.
    pub(super) fn request(self) -> Result<LoanListRequest, Error> {
        Ok(LoanListRequest {
            overdue: self.overdue,
            due_before: self.due_before.unwrap_or_default(),
            school: self.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
            state: self.state.map_or(v1::LoanState::Unspecified, State::wire).into(),
            owner: self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
            measure: measure_name(self.measure),
            funding: self.funding.unwrap_or_default(),
            borrower: self.borrower.unwrap_or_default(),
            asset: self.asset.unwrap_or_default(),
            limit: 0,
            after: String::new(),
        })
    }
}

impl State {
    const fn wire(self) -> v1::LoanState {
        match self {
            Self::Draft => v1::LoanState::Draft,
            Self::Approved => v1::LoanState::Approved,
            Self::AgreementPending => v1::LoanState::AgreementPending,
            Self::Ready => v1::LoanState::Ready,
            Self::Active => v1::LoanState::Active,
            Self::ReturnedUnchecked => v1::LoanState::ReturnedUnchecked,
            Self::Closed => v1::LoanState::Closed,
            Self::Cancelled => v1::LoanState::Cancelled,
            Self::ClosedLost => v1::LoanState::ClosedLost,
            Self::ClosedStolen => v1::LoanState::ClosedStolen,
            Self::ClosedDamaged => v1::LoanState::ClosedDamaged,
        }
    }
}
