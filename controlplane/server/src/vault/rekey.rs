//! A new key for a vault: everything is opened with the old one and sealed anew, into a new store beside the old.

use super::{beside, make::secret_batch, named, secret_read};
use crate::backup::{owner_all, owner_like};
use crate::config::Config;
use crate::error::{Error, Result, VaultFault};
use crate::folder::{Folder, folder_make, folder_sync};
use controlplane_core::store::{Batch, Expect, PAGE_MAX, Scope, SharedStore, Store, Write};
use controlplane_core::vault::{SECRETS, Secret, TABLES};
use controlplane_store::{Config as StoreConfig, Embedded, Sealed, VaultKey};
use model::id::TerritoryId;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Gives a vault a new key, the server being stopped; answers with how many entries were sealed anew.
///
/// References stay as they are, so that loans lead to the same people. What the old key could open on this disk is removed; older backups
/// still hold it. Cut at any moment, the command is given again.
///
/// # Errors
/// [`VaultFault::None`] and [`VaultFault::KeyOther`]; [`Error::Store`] while a server runs.
pub async fn vault_rekey(folder: &Folder) -> Result<u64> {
    let config = Config::read(folder)?;
    let key_path = named(&config)?.key.clone();
    let places = Places { folder, key: &key_path };
    if let Some(done) = places.recover(&config.territory).await? {
        return Ok(done);
    }
    let old = VaultKey::read(&key_path)?;
    let new = VaultKey::make().map_err(|why| controlplane_store::Error::Key { path: key_path.clone(), why })?;
    new.write(&places.next_key())?;
    owner_like(folder.root(), &places.next_key())?;
    let moved = moved(&folder.vault(), &old, &places.next(), &new, &config.territory).await;
    let moved = match moved {
        Ok(moved) => moved,
        Err(error) => {
            places.forget()?;
            return Err(match error {
                Error::Rule(_) => VaultFault::KeyOther(key_path).into(),
                other => other,
            });
        }
    };
    owner_all(folder.root(), &places.next())?;
    rename(&folder.vault(), &places.before())?;
    rename(&places.next(), &folder.vault())?;
    folder_sync(folder.root())?;
    places.finish()?;
    Ok(moved)
}

/// What lies where while a key is changed.
struct Places<'a> {
    folder: &'a Folder,
    key: &'a Path,
}

impl Places<'_> {
    fn next(&self) -> std::path::PathBuf {
        beside(&self.folder.vault(), ".next")
    }

    fn before(&self) -> std::path::PathBuf {
        beside(&self.folder.vault(), ".before")
    }

    fn next_key(&self) -> std::path::PathBuf {
        beside(self.key, ".next")
    }

    /// Ends what was cut: forwards when the new store is in place, else backwards.
    async fn recover(&self, territory: &TerritoryId) -> Result<Option<u64>> {
        let vault = self.folder.vault();
        if !vault.exists() && self.before().exists() {
            rename(&self.before(), &vault)?;
        }
        if !vault.exists() {
            return Err(VaultFault::NotMade(vault).into());
        }
        if self.next_key().exists() {
            let key = VaultKey::read(&self.next_key())?;
            if let Some(entries) = counted(&vault, &key, territory).await? {
                self.finish()?;
                return Ok(Some(entries));
            }
        }
        self.forget()?;
        Ok(None)
    }

    fn finish(&self) -> Result<()> {
        fs::rename(self.next_key(), self.key).map_err(|source| Error::File {
            what: "written",
            path: self.key.to_owned(),
            source,
        })?;
        if let Some(parent) = self.key.parent() {
            folder_sync(parent)?;
        }
        removed(&self.before())
    }

    fn forget(&self) -> Result<()> {
        removed(&self.next())?;
        match fs::remove_file(self.next_key()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(Error::File { what: "removed", path: self.next_key(), source })
            }
            _ => Ok(()),
        }
    }
}

async fn moved(from: &Path, old: &VaultKey, to: &Path, new: &VaultKey, territory: &TerritoryId) -> Result<u64> {
    let below = Arc::new(Embedded::open(StoreConfig::new(from))?.0);
    let copied = async {
        folder_make(to)?;
        let target = Arc::new(Embedded::open(StoreConfig::new(to))?.0);
        let (read, write) = (Sealed::over(below.clone(), old)?, Sealed::over(target.clone(), new)?);
        let count = copy(&read, &write, territory).await?;
        target.close().await?;
        Ok(count)
    };
    let copied = copied.await;
    below.close().await?;
    copied
}

async fn copy(from: &SharedStore, to: &SharedStore, territory: &TerritoryId) -> Result<u64> {
    let secret = secret_read(from.as_ref(), territory).await?;
    let secret = secret.ok_or_else(|| controlplane_core::Error::NotFound("secret".to_owned()))?;
    to.commit(secret_batch(territory, &Secret { rekeyed: secret.rekeyed + 1, ..secret })?).await?;
    let mut count = 1;
    for table in TABLES.into_iter().filter(|table| *table != SECRETS.name) {
        let scope = Scope { territory: territory.clone(), tables: vec![table], prefix: String::new() };
        let mut after = String::new();
        loop {
            let page = from.scan(&scope, &after, PAGE_MAX).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(&last.id);
            count += u64::try_from(page.len()).unwrap_or(0);
            let write = |(key, entry): (_, controlplane_core::store::Entry)| Write {
                key,
                expect: Expect::Absent,
                value: Some(entry.value),
                intent: true,
            };
            let batch = Batch { writes: page.into_iter().map(write).collect(), appends: Vec::new() };
            to.commit(batch).await?;
        }
    }
    Ok(count)
}

/// How many entries a vault has, if this key opens it.
async fn counted(vault: &Path, key: &VaultKey, territory: &TerritoryId) -> Result<Option<u64>> {
    let below = Arc::new(Embedded::open(StoreConfig::new(vault))?.0);
    let sealed = Sealed::over(below.clone(), key)?;
    let counted = match secret_read(sealed.as_ref(), territory).await {
        Ok(Some(_)) => {
            let mut count = 0;
            for table in TABLES {
                count += table_count(sealed.as_ref(), territory, table).await?;
            }
            Some(count)
        }
        _ => None,
    };
    drop(sealed);
    below.close().await?;
    Ok(counted)
}

async fn table_count(store: &dyn Store, territory: &TerritoryId, table: &'static str) -> Result<u64> {
    let scope = Scope { territory: territory.clone(), tables: vec![table], prefix: String::new() };
    let (mut count, mut after) = (0, String::new());
    loop {
        let page = store.scan(&scope, &after, PAGE_MAX).await?;
        let Some((last, _)) = page.last() else { return Ok(count) };
        after.clone_from(&last.id);
        count += u64::try_from(page.len()).unwrap_or(0);
    }
}

fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).map_err(|source| Error::File { what: "written", path: to.to_owned(), source })
}

fn removed(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::File { what: "removed", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
