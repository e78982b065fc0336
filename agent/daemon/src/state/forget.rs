//! Leaving: all that the agent keeps is deleted, so that neither an image of the disk nor the next borrower finds an identity.

use super::{ENROLMENT, IDENTITY_KEY, again, own};
use crate::error::Error;
use crate::filter::active;
use crate::folder::{self, Folder};
use crate::platform::{Here, Platform};
use crate::{publisher, release, resources, spool};

/// Deletes everything of the agent's in its folder, and the folder unless something else lies in it; says whether there was one.
///
/// # Errors
/// [`Error::Locked`] while an agent runs on it, [`Error::File`] when something cannot be deleted; called again, it goes on.
pub(crate) fn forget(folder: &Folder) -> Result<bool, Error> {
    if !folder.root().try_exists().map_err(Error::file(folder.root()))? {
        return Ok(false);
    }
    let lock = folder.lock()?;
    let renewed = folder.inner(again::FOLDER);
    // Cut anywhere, what is left is no enrolment, and soon no identity.
    for place in [folder, &renewed] {
        place.remove(ENROLMENT)?;
        place.remove(IDENTITY_KEY)?;
    }
    let durable = |at: &std::path::Path| Here::folder_sync(at).map_err(Error::file(at));
    durable(folder.root())?;
    inner_forget(folder, again::FOLDER, own)?;
    inner_forget(folder, spool::FOLDER, spool::own)?;
    inner_forget(folder, publisher::FOLDER, publisher::own)?;
    inner_forget(folder, resources::FOLDER, resources::own)?;
    release::forget(folder)?;
    inner_forget(folder, active::FOLDER, active::own)?;
    let names = folder.names(own)?;
    let kept = |name: &&String| !folder::OWN.contains(&name.as_str()) && !folder.path(name).is_dir();
    names.iter().filter(kept).try_for_each(|name| folder.remove(name))?;
    drop(lock);
    folder::OWN.iter().try_for_each(|name| folder.remove(name))?;
    durable(folder.root())?;
    // With something of somebody's in it, it stays.
    if std::fs::remove_dir(folder.root()).is_ok()
        && let Some(above) = folder.root().parent()
    {
        // On Windows the folder above is the agent's own, and empty now.
        if std::fs::remove_dir(above).is_err() {
            durable(above)?;
        }
    }
    Ok(true)
}

fn inner_forget(folder: &Folder, name: &str, own: fn(&str) -> bool) -> Result<(), Error> {
    let inner = folder.inner(name);
    if !inner.root().is_dir() {
        return Ok(());
    }
    inner.names(own)?.iter().try_for_each(|name| inner.remove(name))?;
    let _ = std::fs::remove_dir(inner.root());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::made;
    use std::fs;

    #[test]
    fn nothing_of_the_agents_is_left_and_nothing_else_is_touched() {
        let made = made(1);
        let path = made.temporary.path();
        let folder = Folder::new(path);
        let section = format!("health-1795000000000-{}", model::digest::Digest::of(b""));
        for (inner, name) in [
            ("again", "identity.key"),
            ("again", "enrolment.json"),
            ("spool", section.as_str()),
            ("releases", "slots.json"),
            ("releases/a", "cartable-agent"),
        ] {
            fs::create_dir_all(path.join(inner)).unwrap();
            fs::write(path.join(inner).join(name), b"x").unwrap();
        }
        fs::write(path.join("progress.json.tmp"), b"x").unwrap();
        assert!(matches!(forget(&folder), Err(Error::Locked(_))));
        assert!(path.join("identity.key").exists() && path.join("again/identity.key").exists());
        drop(made.state);
        fs::write(path.join("thesis.odt"), b"mine").unwrap();
        assert!(forget(&folder).unwrap());
        let left: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["thesis.odt"]);
        fs::remove_file(path.join("thesis.odt")).unwrap();
        assert!(forget(&folder).unwrap());
        assert!(!path.exists() && !forget(&folder).unwrap());
    }
}
