//! Which devices.

use crate::Error;
use crate::print::clean;
use crate::span::span_read;
use clap::{Args, ValueEnum};
use model::owner::OwnerId;
use model::uai::{Uai, UaiError};
use wire::v1;

/// Filters of `device list` and `device watch`; all must fit.
#[derive(Debug, Args)]
pub(crate) struct Filter {
    #[arg(long)]
    school: Option<String>,
    #[arg(long)]
    owner: Option<String>,
    #[arg(long)]
    model: Option<String>,
    #[arg(long, value_enum)]
    health: Option<Health>,
    #[arg(long, value_enum)]
    state: Option<State>,
    #[arg(long)]
    silent: Option<String>,
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    silent_school_days: Option<u32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Health {
    Ok,
    Warning,
    Critical,
    Unknown,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    Active,
    Quarantined,
    Revoked,
}

impl Filter {
    /// The filter as it is sent.
    pub(crate) fn request(&self) -> Result<v1::DeviceListRequest, Error> {
        Ok(v1::DeviceListRequest {
            school: self.school.as_deref().map(school_read).transpose()?.unwrap_or_default(),
            model: self.model.clone().unwrap_or_default(),
            health: self.health.map_or(v1::HealthStatus::Unspecified, Health::wire).into(),
            state: self.state.map_or(v1::JoinState::Unspecified, State::wire).into(),
            silent_seconds: self.silent.as_deref().map(span_read).transpose()?.unwrap_or_default(),
            limit: 0,
            after: String::new(),
            silent_school_days: self.silent_school_days.unwrap_or_default(),
            owner: self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default(),
        })
    }
}

/// An establishment's key as typed, repaired where a spreadsheet spoilt it.
pub(crate) fn school_read(text: &str) -> Result<String, Error> {
    text.parse::<Uai>().map(|uai| uai.to_string()).map_err(|error| match error {
        UaiError::Shape(written) => Error::usage("error-uai-shape", &[("value", &written)]),
        UaiError::Letter { written, expected } => {
            Error::usage("error-uai-letter", &[("value", &written), ("expected", &expected.to_string())])
        }
    })
}

/// An owner's slug as typed.
pub(crate) fn owner_read(text: &str) -> Result<String, Error> {
    let read: Result<OwnerId, _> = text.trim().to_lowercase().parse();
    read.map(|owner| owner.to_string()).map_err(|_| Error::usage("error-owner", &[("value", &clean(text))]))
}

impl Health {
    const fn wire(self) -> v1::HealthStatus {
        match self {
            Self::Ok => v1::HealthStatus::Ok,
            Self::Warning => v1::HealthStatus::Warning,
            Self::Critical => v1::HealthStatus::Critical,
            Self::Unknown => v1::HealthStatus::Unknown,
        }
    }
}

impl State {
    const fn wire(self) -> v1::JoinState {
        match self {
            Self::Active => v1::JoinState::Active,
            Self::Quarantined => v1::JoinState::Quarantined,
            Self::Revoked => v1::JoinState::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_school_is_repaired_or_refused_with_the_letter_that_fits() {
        assert_eq!(school_read("590121l").unwrap(), "0590121L");
        let Err(Error::Usage { key, values }) = school_read("0699990Z") else { panic!() };
        assert_eq!(key, "error-uai-letter");
        assert_eq!(values, [("value", "0699990Z".into()), ("expected", "J".into())]);
        assert!(matches!(school_read("Jules Ferry"), Err(Error::Usage { key: "error-uai-shape", .. })));
    }
}
