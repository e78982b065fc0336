//! `cartable-server vault`: what each command does and says.

use super::{vault_make, vault_rekey};
use crate::arguments::VaultVerb;
use crate::error::{Error, Result};
use crate::folder::Folder;
use model::time::Timestamp;
use words::{Catalogue, Value};

/// Does it, and gives what is to be printed.
///
/// # Errors
/// [`Error`] that says what to do.
pub(crate) fn vault(verb: VaultVerb, now: Timestamp, words: &Catalogue) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|source| Error::File {
        what: "run",
        path: "cartable-server".into(),
        source,
    })?;
    match verb {
        VaultVerb::Init { data, key } => {
            let folder = Folder::new(data);
            runtime.block_on(vault_make(&folder, &key, now))?;
            let values = [
                ("key", std::path::absolute(&key).unwrap_or(key).display().to_string().into()),
                ("path", folder.config().display().to_string().into()),
            ];
            Ok(words.text_with("vault-made", &values))
        }
        VaultVerb::Rekey { data } => {
            let entries = runtime.block_on(vault_rekey(&Folder::new(data)))?;
            Ok(words.text_with("vault-rekeyed", &[("entries", Value::count(entries))]))
        }
    }
}
