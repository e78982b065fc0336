//! Who is named on a paper: from the vault, or from a file that somebody wrote.

use crate::Error;
use crate::call::Call;
use crate::config::file_read;
use serde::Deserialize;
use std::path::Path;
use tonic::Code;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{VaultAgreementRequest, VaultAgreementResponse, VaultGuardian, VaultPerson};

/// Loans in one call, below what the server takes: each is audited before it is answered.
const BATCH: usize = 100;
/// Loans that are one work for the reason's sake, below what the server takes.
const WORK: usize = 8_000;

/// Who is named: a file holds this, because a command line stays in the shell's history. What is left out is a line to write on.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Identity {
    pub(super) borrower: String,
    pub(super) class: String,
    pub(super) guardian1: String,
    pub(super) guardian1_address: String,
    pub(super) guardian2: String,
    pub(super) guardian2_address: String,
    pub(super) owner_name: String,
    pub(super) school_name: String,
}

/// Whom each of these loans is for, by the vault; nobody for who is not in it, or is no more.
pub(super) async fn identities_read(
    loans: &[String],
    why: &str,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<Vec<Option<Identity>>, Error> {
    let mut named = Vec::with_capacity(loans.len());
    for work in loans.chunks(WORK) {
        // The first call says what the others are about, and its answer what may be said of them.
        let (mut why, mut beside) = (why.to_owned(), work.to_vec());
        for batch in work.chunks(BATCH) {
            let request =
                VaultAgreementRequest { loans: batch.to_vec(), why: why.clone(), beside: std::mem::take(&mut beside) };
            let answer = batch_read(request, client, call).await?;
            let mut lines = answer.lines.into_iter().map(|line| line.person.map(Identity::from)).collect::<Vec<_>>();
            lines.resize_with(batch.len(), || None);
            named.append(&mut lines);
            if !answer.why.is_empty() {
                why = answer.why;
            }
        }
    }
    Ok(named)
}

async fn batch_read(
    request: VaultAgreementRequest,
    client: &mut AdminClient<Channel>,
    call: &mut Call<'_>,
) -> Result<VaultAgreementResponse, Error> {
    match call.answer(client.vault_agreement(request)).await {
        // A loan that is not known is no error of this call: what is not there is the vault.
        Err(Error::Status(status)) if status.code() == Code::NotFound => {
            Err(Error::Absent { key: "failure-loan-vaultless", values: Vec::new() })
        }
        answer => answer,
    }
}

impl Identity {
    /// What a file says.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        toml::from_str(&file_read(path)?).map_err(|error| {
            let (path, why) = (path.display().to_string(), error.message().to_owned());
            Error::usage("error-loan-template", &[("path", &path), ("why", &why)])
        })
    }
}

impl From<VaultPerson> for Identity {
    fn from(person: VaultPerson) -> Self {
        let mut guardians = person.guardians.into_iter();
        let mut guardian = || guardians.next().map(guardian_lines).unwrap_or_default();
        let ((guardian1, guardian1_address), (guardian2, second)) = (guardian(), guardian());
        let surname = match person.usage_name.as_str() {
            "" => person.surname,
            usage => format!("{usage} ({})", person.surname),
        };
        Self {
            borrower: format!("{} {surname}", person.first_name).trim().to_owned(),
            class: person.class,
            guardian2_address: if second == guardian1_address { String::new() } else { second },
            guardian1,
            guardian1_address,
            guardian2,
            ..Self::default()
        }
    }
}

fn guardian_lines(guardian: VaultGuardian) -> (String, String) {
    let name = [guardian.title, guardian.first_name, guardian.surname];
    let name: Vec<String> = name.into_iter().filter(|part| !part.is_empty()).collect();
    (name.join(" "), guardian.address.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_address_is_written_only_where_it_is_another() {
        let guardian = |first_name: &str, street: &str| VaultGuardian {
            title: "Mme".into(),
            surname: "Zzparent".into(),
            first_name: first_name.into(),
            address: vec![street.into(), "25000 Zzville".into()],
            ..Default::default()
        };
        let of = |guardians| {
            let (surname, first_name) = ("Zzexemple".to_owned(), "Éléa".to_owned());
            Identity::from(VaultPerson { surname, first_name, guardians, ..Default::default() })
        };
        let one = of(vec![guardian("Alix", "1 rue A"), guardian("Noé", "1 rue A")]);
        assert_eq!((one.borrower.as_str(), one.guardian1.as_str()), ("Éléa Zzexemple", "Mme Alix Zzparent"));
        assert_eq!((one.guardian1_address.as_str(), one.guardian2_address.as_str()), ("1 rue A, 25000 Zzville", ""));
        assert_eq!(one.guardian2, "Mme Noé Zzparent");
        let two = of(vec![guardian("Alix", "1 rue A"), guardian("Noé", "2 rue B")]);
        assert_eq!(two.guardian2_address, "2 rue B, 25000 Zzville");
        assert_eq!(of(Vec::new()).guardian1, "");
    }
}
