//! Making a vault: its key, its store, its line in the configuration.

use super::{beside, key_place_check};
use crate::backup::owner_all;
use crate::backup::owner_like;
use crate::config::Config;
use crate::error::{Error, Result, VaultFault};
use crate::folder::{Folder, file_replace, folder_make, folder_sync, text_read};
use crate::random;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use controlplane_core::store::{Batch, Expect, SharedStore, Write};
use controlplane_core::vault::{SECRET_ID, SECRETS, Secret};
use controlplane_store::{Config as StoreConfig, Embedded, Sealed, VaultKey};
use model::id::TerritoryId;
use model::time::Timestamp;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Makes a vault in a data folder, with a new key in a file that is not there yet. A server that runs has it from its next start on.
///
/// # Errors
/// [`VaultFault::Made`] and [`VaultFault::KeyInside`]; [`Error`] when something is there already or cannot be written.
pub async fn vault_make(folder: &Folder, key_path: &Path, now: Timestamp) -> Result<()> {
    let config = Config::read(folder)?;
    if config.vault.is_some() {
        return Err(VaultFault::Made.into());
    }
    let key_path = std::path::absolute(key_path).map_err(|source| Error::File {
        what: "written",
        path: key_path.to_owned(),
        source,
    })?;
    key_place_check(folder, &key_path)?;
    if folder.vault().exists() {
        return Err(Error::Exists(folder.vault()));
    }
    if key_path.exists() {
        return Err(Error::Exists(key_path));
    }
    let key = VaultKey::make().map_err(|why| controlplane_store::Error::Key { path: key_path.clone(), why })?;
    key.write(&key_path)?;
    owner_like(folder.root(), &key_path)?;
    let draft = beside(&folder.vault(), ".draft");
    let gone = fs::remove_dir_all(&draft);
    if let Err(source) = gone.or_else(|e| if e.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(e) }) {
        return Err(Error::File { what: "removed", path: draft, source });
    }
    let references = STANDARD.encode(random::bytes::<32>()?);
    let secret = Secret { references, made: now, rekeyed: 0 };
    store_fill(&draft, &key, &config.territory, &secret).await?;
    owner_all(folder.root(), &draft)?;
    fs::rename(&draft, folder.vault()).map_err(|source| Error::File {
        what: "written",
        path: folder.vault(),
        source,
    })?;
    folder_sync(folder.root())?;
    let text = text_read(&folder.config())?;
    // A string as JSON writes it is one that TOML reads.
    let quoted = serde_json::to_string(&key_path.display().to_string()).unwrap_or_default();
    let text = format!("{}\n\n[vault]\nkey = {quoted}\n", text.trim_end());
    file_replace(&folder.config(), text.as_bytes(), false)?;
    owner_like(folder.root(), &folder.config())?;
    Config::read(folder).map(|_| ())
}

async fn store_fill(path: &Path, key: &VaultKey, territory: &TerritoryId, secret: &Secret) -> Result<()> {
    folder_make(path)?;
    let embedded = Arc::new(Embedded::open(StoreConfig::new(path))?.0);
    let sealed: SharedStore = Sealed::over(embedded.clone(), key)?;
    sealed.commit(secret_batch(territory, secret)?).await?;
    drop(sealed);
    Ok(embedded.close().await?)
}

/// The one write that is no act: it is how a vault begins.
pub(super) fn secret_batch(territory: &TerritoryId, secret: &Secret) -> Result<Batch> {
    let value = serde_json::to_vec(secret).map_err(|e| Error::Wish(e.to_string()))?;
    let key = SECRETS.key(territory, SECRET_ID);
    let write = Write { key, expect: Expect::Absent, value: Some(value.into()), intent: true };
    Ok(Batch { writes: vec![write], appends: Vec::new() })
}
