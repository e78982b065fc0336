//! `cartable vault add`: one person, whom no file has.

use crate::Error;
use crate::call::Call;
use crate::confirm::asked;
use crate::device::school_read;
use crate::print::{Sheet, Tone};
use clap::{Args, ValueEnum};
use model::borrower::Ine;
use serde::Serialize;
use wire::v1::{VaultImportRequest, VaultIncoming, VaultOutcome, VaultSource};

#[derive(Debug, Args)]
pub(crate) struct Add {
    #[arg(long)]
    school: String,
    #[arg(long, value_enum)]
    kind: Kind,
    #[arg(long)]
    id: Option<String>,
    #[arg(long)]
    surname: Option<String>,
    #[arg(long)]
    first_name: Option<String>,
    #[arg(long)]
    usage_name: Option<String>,
    #[arg(long)]
    class: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Pupil,
    Teacher,
    Staff,
}

/// What was added, for programs.
#[derive(Debug, Serialize)]
struct Added {
    reference: String,
    outcome: &'static str,
}

pub(super) async fn vault_add(add: Add, call: &mut Call<'_>) -> Result<(), Error> {
    let school = school_read(&add.school)?;
    let kind = match add.kind {
        Kind::Pupil => "pupil",
        Kind::Teacher => "teacher",
        Kind::Staff => "staff",
    };
    let id = told(add.id, "vault-ask-id", call).await?;
    let surname = told(add.surname, "vault-ask-surname", call).await?;
    let first_name = told(add.first_name, "vault-ask-first-name", call).await?;
    // A pupil is known everywhere by an INE, and within the school by anything else.
    let national = add.kind == Kind::Pupil && id.parse::<Ine>().is_ok();
    if add.kind == Kind::Pupil && !national && ine_like(&id) {
        return Err(Error::usage("error-vault-add-ine", &[]));
    }
    let (ine, local_id) = if national { (id, String::new()) } else { (String::new(), id) };
    let person = VaultIncoming {
        kind: kind.to_owned(),
        ine,
        local_id,
        surname,
        first_name,
        usage_name: add.usage_name.unwrap_or_default(),
        class: add.class.unwrap_or_default(),
        ..VaultIncoming::default()
    };
    let source = VaultSource::Hand.into();
    let request = VaultImportRequest { school, source, persons: vec![person], guardians: Vec::new() };
    let mut client = call.client().await?;
    let line = call.answer(client.vault_import(request)).await?.lines.pop().unwrap_or_default();
    call.progress.clear();
    let outcome = match line.outcome() {
        VaultOutcome::Added => "added",
        VaultOutcome::Updated => "updated",
        VaultOutcome::Same => "same",
        VaultOutcome::Refused | VaultOutcome::Unspecified => {
            let why = call.words.text(&format!("vault-fault-{}", line.fault.replace('_', "-")));
            let key = if line.fault == "other_name" { "error-vault-add-other" } else { "error-vault-add" };
            return Err(Error::usage(key, &[("why", &why)]));
        }
    };
    let added = Added { reference: line.reference, outcome };
    let look = call.print.look();
    let mut sheet = Sheet::default();
    sheet.section(look.text(&format!("vault-add-{outcome}")));
    sheet.line(look.text("vault-reference"), added.reference.clone(), Tone::Plain);
    call.print.one(&added, || sheet)
}

/// Whether somebody meant an INE: as long as one, and of the same letters.
fn ine_like(id: &str) -> bool {
    id.trim().len() == 11 && id.trim().bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// What was given on the command line, or else what a person types: a name there stays in the shell's history.
async fn told(given: Option<String>, question: &'static str, call: &mut Call<'_>) -> Result<String, Error> {
    match given {
        Some(given) => Ok(given),
        None if !call.surroundings.in_terminal => Err(Error::usage("error-vault-ask", &[])),
        None => {
            let question = call.words.text(question);
            asked(call, &question).await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ine_that_was_mistyped_is_no_identifier_of_a_school() {
        assert!(ine_like(" 12345678OAB ") && "12345678OAB".parse::<Ine>().is_err());
        assert!(!ine_like("4711") && !ine_like("123-456-789") && !ine_like("éléa1234567"));
    }
}
