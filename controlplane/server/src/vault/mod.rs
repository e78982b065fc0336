//! The identity vault on this machine: a store of its own in the data folder, and a key that lies elsewhere.

pub(crate) mod command;
mod make;
mod rekey;

pub use make::vault_make;
pub use rekey::vault_rekey;

use crate::config::{Config, VaultConfig};
use crate::error::{Error, Result, VaultFault};
use crate::folder::Folder;
use crate::opening::vault_store_open;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use controlplane_core::store::{SharedStore, Store};
use controlplane_core::vault::{SECRET_ID, SECRETS, Secret, Vault};
use controlplane_store::{Embedded, Sealed, VaultKey};
use model::borrower::ReferenceKey;
use model::id::TerritoryId;
use model::time::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open vault.
pub struct VaultStore {
    embedded: Arc<Embedded>,
    sealed: SharedStore,
    secret: Secret,
    key: ReferenceKey,
}

impl VaultStore {
    /// Opens the vault that the configuration names, if it names one. `program` is as for [`crate::opening::store_open`].
    ///
    /// # Errors
    /// [`VaultFault`] when it was not made here or the key is another's: then nothing of it was changed; [`Error::Store`] else.
    pub async fn open(
        folder: &Folder,
        config: &Config,
        program: Option<&Path>,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let Some(named) = &config.vault else { return Ok(None) };
        key_place_check(folder, &named.key)?;
        let key = VaultKey::read(&named.key)?;
        if !folder.vault().exists() {
            return Err(VaultFault::NotMade(folder.vault()).into());
        }
        let embedded = Arc::new(vault_store_open(folder, &config.store, program, now)?);
        let opened = Self::over(embedded.clone(), &key, &config.territory, named).await;
        if opened.is_err() {
            embedded.close().await?;
        }
        opened.map(Some)
    }

    /// What rules work on.
    pub(crate) fn vault(&self, fleet: SharedStore, territory: TerritoryId) -> Vault {
        Vault { fleet, sealed: Arc::clone(&self.sealed), territory, key: self.key.clone() }
    }

    /// When it was made.
    pub(crate) const fn made(&self) -> Timestamp {
        self.secret.made
    }

    /// Closes it in order.
    ///
    /// # Errors
    /// As [`Embedded::close`].
    pub(crate) async fn close(&self) -> Result<()> {
        Ok(self.embedded.close().await?)
    }

    async fn over(
        embedded: Arc<Embedded>,
        key: &VaultKey,
        territory: &TerritoryId,
        named: &VaultConfig,
    ) -> Result<Self> {
        let sealed = Sealed::over(embedded.clone(), key)?;
        let secret = secret_read(sealed.as_ref(), territory).await;
        // A value that does not open and one that is not there both say that this is not the key, or not the vault.
        let secret = secret.ok().flatten().ok_or_else(|| VaultFault::KeyOther(named.key.clone()))?;
        let key = references(&secret).ok_or_else(|| VaultFault::KeyOther(named.key.clone()))?;
        Ok(Self { embedded, sealed, secret, key })
    }
}

/// What was sealed first.
pub(crate) async fn secret_read(
    sealed: &dyn Store,
    territory: &TerritoryId,
) -> controlplane_core::Result<Option<Secret>> {
    Ok(SECRETS.get(sealed, territory, SECRET_ID).await?.map(|row| row.value))
}

/// A key that lies in the data folder would be taken along with it, and into copies of it.
pub(crate) fn key_place_check(folder: &Folder, key: &Path) -> Result<()> {
    let whole = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let place = key.parent().map(whole).unwrap_or_default();
    if place.starts_with(whole(folder.root())) {
        return Err(VaultFault::KeyInside(key.to_owned()).into());
    }
    Ok(())
}

/// The vault's key, where the configuration names one.
pub(crate) fn named(config: &Config) -> Result<&VaultConfig> {
    config.vault.as_ref().ok_or_else(|| VaultFault::None.into())
}

/// A file beside another one.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn references(secret: &Secret) -> Option<ReferenceKey> {
    let bytes = STANDARD.decode(&secret.references).ok()?;
    Some(ReferenceKey::new(bytes.as_slice().try_into().ok()?))
}

impl From<VaultFault> for Error {
    fn from(fault: VaultFault) -> Self {
        Self::Vault(fault)
    }
}
