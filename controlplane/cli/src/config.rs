//! The configuration file: which control plane, and who is asking.

use crate::{Error, Surroundings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file read here, in bytes; keys, certificates and lists of serial numbers are far smaller.
const FILE_BYTES_MAX: u64 = 256 * 1024;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    profile: BTreeMap<String, Profile>,
}

/// One control plane and the operator's credentials for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Its address, such as `https://cartable.example.fr:8443`.
    pub(crate) server: String,
    /// The operator's certificate and its issuers, PEM.
    pub(crate) certificate: PathBuf,
    /// The operator's private key, PEM.
    pub(crate) key: PathBuf,
    /// The control plane's root, PEM.
    pub(crate) root: PathBuf,
}

impl Profile {
    /// The profile of this name, with its paths taken from the file's folder.
    pub(crate) fn load(file: Option<&Path>, name: &str, surroundings: &Surroundings) -> Result<Self, Error> {
        let path = match file {
            Some(path) => path.to_owned(),
            None => default_path(surroundings).ok_or(Error::ConfigNowhere)?,
        };
        let text = match file_read(&path) {
            Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(Error::ConfigMissing(path));
            }
            read => read?,
        };
        let mut config: Config =
            toml::from_str(&text).map_err(|e| Error::ConfigSyntax { path: path.clone(), source: Box::new(e) })?;
        let Some(profile) = config.profile.remove(name) else {
            let known = config.profile.into_keys().collect::<Vec<_>>().join(", ");
            return Err(Error::ProfileMissing { path, name: name.to_owned(), known });
        };
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            certificate: folder.join(&profile.certificate),
            key: folder.join(&profile.key),
            root: folder.join(&profile.root),
            ..profile
        })
    }
}

/// A text file, within the limit.
pub(crate) fn file_read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut text = String::new();
    let read = File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > FILE_BYTES_MAX { Err(failed(io::ErrorKind::FileTooLarge.into())) } else { Ok(text) }
}

/// Where the file is by default (XDG Base Directory Specification 0.8).
fn default_path(surroundings: &Surroundings) -> Option<PathBuf> {
    let xdg = surroundings.variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = xdg.or_else(|| surroundings.variable("HOME").map(|home| Path::new(home).join(".config")))?;
    Some(folder.join("cartable/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[profile.default]\nserver = \"https://127.0.0.1:8443\"\ncertificate = \"operator.pem\"\nkey = \"/k/operator.key\"\nroot = \"root.pem\"\n";

    fn load(text: &str, name: &str) -> Result<Profile, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cartable.toml");
        std::fs::write(&path, text).unwrap();
        let profile = Profile::load(Some(&path), name, &Surroundings::of_test())?;
        assert_eq!(profile.certificate, folder.path().join("operator.pem"));
        Ok(profile)
    }

    #[test]
    fn paths_are_taken_from_the_files_folder() {
        let profile = load(GOOD, "default").unwrap();
        assert_eq!(profile.key, Path::new("/k/operator.key"));
        assert_eq!(profile.server, "https://127.0.0.1:8443");
    }

    #[test]
    fn mistakes_are_told_apart() {
        assert!(matches!(load(GOOD, "other"), Err(Error::ProfileMissing { known, .. }) if known == "default"));
        let unknown = GOOD.replace("root =", "rooot =");
        assert!(
            matches!(load(&unknown, "default"), Err(Error::ConfigSyntax { source, .. }) if source.to_string().contains("rooot"))
        );
        assert!(matches!(load("profile = 3", "default"), Err(Error::ConfigSyntax { .. })));
        let missing = Profile::load(Some(Path::new("/nowhere/cartable.toml")), "default", &Surroundings::of_test());
        assert!(matches!(missing, Err(Error::ConfigMissing(_))));
        assert!(matches!(Profile::load(None, "default", &Surroundings::of_test()), Err(Error::ConfigNowhere)));
        let large = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        assert!(matches!(load(&large, "default"), Err(Error::File { .. })));
    }

    #[test]
    fn the_default_place_follows_xdg() {
        let mut around = Surroundings::of_test();
        around.variables.insert("HOME".into(), "/home/x".into());
        assert_eq!(default_path(&around).unwrap(), Path::new("/home/x/.config/cartable/config.toml"));
        around.variables.insert("XDG_CONFIG_HOME".into(), "/etc/xdg".into());
        assert_eq!(default_path(&around).unwrap(), Path::new("/etc/xdg/cartable/config.toml"));
    }
}
