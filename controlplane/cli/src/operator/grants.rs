//! What somebody is to do, as typed: roles, and one scope for all of them.

use crate::Error;
use crate::device::{owner_read, school_read};
use clap::{Args, ValueEnum};
use wire::v1;

#[derive(Debug, Args)]
pub(crate) struct Grants {
    #[arg(long, value_enum, required = true)]
    role: Vec<Role>,
    #[arg(long, conflicts_with = "school")]
    owner: Option<String>,
    #[arg(long)]
    school: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    Admin,
    Technician,
    LoanDesk,
    PolicyAuthor,
    Publisher,
    Auditor,
    Evaluator,
}

impl Grants {
    /// As they are sent.
    pub(crate) fn read(&self) -> Result<Vec<v1::Grant>, Error> {
        let owner = self.owner.as_deref().map(owner_read).transpose()?.unwrap_or_default();
        let schools = self.school.iter().map(|text| school_read(text)).collect::<Result<Vec<_>, _>>()?;
        let grant =
            |role: &Role| v1::Grant { role: role.wire().into(), owner: owner.clone(), schools: schools.clone() };
        Ok(self.role.iter().map(grant).collect())
    }
}

impl Role {
    const fn wire(self) -> v1::Role {
        match self {
            Self::Admin => v1::Role::Admin,
            Self::Technician => v1::Role::Technician,
            Self::LoanDesk => v1::Role::LoanDesk,
            Self::PolicyAuthor => v1::Role::PolicyAuthor,
            Self::Publisher => v1::Role::Publisher,
            Self::Auditor => v1::Role::Auditor,
            Self::Evaluator => v1::Role::Evaluator,
        }
    }
}
