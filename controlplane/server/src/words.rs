//! What the program says to people, from its catalogue.

use crate::error::{BackupFault, Error, VaultFault};
use crate::folder::Folder;
use controlplane_store::{Error as StoreError, KeyError};
use std::error::Error as _;
use words::Catalogue;

/// What `init` made, and what to do with it.
pub(crate) fn init_text(folder: &Folder, words: &Catalogue) -> String {
    let path = |p: std::path::PathBuf| p.display().to_string().into();
    words.text_with(
        "init-done",
        &[
            ("data", path(folder.root().to_owned())),
            ("key", path(folder.ca("root.key"))),
            ("profile", path(folder.operator("cartable.toml"))),
        ],
    )
}

/// An error in the reader's words, with what to do next and what lies below.
pub(crate) fn error_text(error: &Error, words: &Catalogue) -> String {
    let path = |p: &std::path::Path| ("path", p.display().to_string().into());
    let text = match error {
        Error::NotEmpty(p) => words.text_with("error-not-empty", &[path(p)]),
        Error::File { what: "read", path: p, .. } => words.text_with("error-read", &[path(p)]),
        Error::File { path: p, .. } => words.text_with("error-write", &[path(p)]),
        Error::Config { path: p, message } => {
            words.text_with("error-config", &[path(p), ("message", message.trim_end().to_owned().into())])
        }
        Error::Listen { address, .. } => words.text_with("error-listen", &[("address", address.to_string().into())]),
        Error::Name(name) => words.text_with("error-name", &[("name", name.clone().into())]),
        Error::Damaged { path: p, why } => words.text_with("error-damaged", &[path(p), ("why", why.clone().into())]),
        Error::Backup(BackupFault::NotOurs) => words.text("error-backup-not-ours"),
        Error::Backup(BackupFault::Newer) => words.text("error-backup-newer"),
        Error::Backup(BackupFault::Damaged(why)) => {
            words.text_with("error-backup-damaged", &[("why", why.clone().into())])
        }
        Error::Backup(BackupFault::Busy) => words.text("error-backup-busy"),
        Error::Terminal => words.text("error-terminal"),
        Error::NotServing { address, why } => words
            .text_with("error-not-serving", &[("address", address.to_string().into()), ("why", why.clone().into())]),
        Error::NameLost(name) => words.text_with("error-name-lost", &[("name", name.clone().into())]),
        Error::Unfinished(p) => words.text_with("error-unfinished", &[path(p)]),
        Error::Exists(p) => words.text_with("error-exists", &[path(p)]),
        Error::Store(StoreError::NoCopy { path: p, why }) => {
            words.text_with("error-no-copy", &[path(p), ("why", why.clone().into())])
        }
        Error::Vault(VaultFault::None) => words.text("error-vault-none"),
        Error::Vault(VaultFault::Made) => words.text("error-vault-made"),
        Error::Vault(VaultFault::NotMade(p)) => words.text_with("error-vault-missing", &[path(p)]),
        Error::Vault(VaultFault::KeyInside(p)) => words.text_with("error-vault-key-inside", &[path(p)]),
        Error::Vault(VaultFault::KeyOther(p)) => words.text_with("error-vault-key-other", &[path(p)]),
        Error::Store(StoreError::Key { path: p, why: KeyError::Open }) => {
            words.text_with("error-vault-key-open", &[path(p)])
        }
        Error::Store(StoreError::Key { path: p, .. }) => words.text_with("error-vault-key-shape", &[path(p)]),
        Error::CaBusy => words.text("error-ca-busy"),
        Error::Ca(fault) => words.text(fault.key()),
        Error::Store(StoreError::InUse(p)) => words.text_with("error-in-use", &[path(p)]),
        Error::Store(StoreError::ReadOnly { path: p, .. }) => words.text_with("error-read-only", &[path(p)]),
        other => other.to_string(),
    };
    let mut text = text;
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(&format!(": {cause_text}"));
        }
        below = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::program::{EN, FR};
    use words::{Catalogue, Language, catalogue_check, command_check};

    #[test]
    fn every_message_is_in_both_languages() {
        assert_eq!(catalogue_check(FR, EN), Vec::<String>::new());
        let command = crate::arguments::command(&Catalogue::new(Language::Fr, FR, EN));
        assert_eq!(command_check(&command, FR, EN), Vec::<String>::new());
    }
}
