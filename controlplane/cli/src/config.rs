//! The configuration file: which control plane, and who is asking.

use crate::operator::write;
use crate::{Error, Surroundings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The largest file read here, in bytes; keys, certificates and lists of serial numbers are far smaller.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// The largest scan whose digest is taken, in bytes.
const SCAN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The profile that is meant when none is named and the file names none.
pub(crate) const DEFAULT: &str = "default";

/// The file: profiles by name, and which one is meant when none is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    default: Option<String>,
    #[serde(default)]
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

impl Config {
    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let text = match file_read(path) {
            Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(Error::ConfigMissing(path.to_owned()));
            }
            read => read?,
        };
        toml::from_str(&text).map_err(|e| Error::ConfigSyntax { path: path.to_owned(), source: Box::new(e) })
    }

    /// The profile that is meant when none is named.
    pub(crate) fn default_name(&self) -> &str {
        self.default.as_deref().unwrap_or(DEFAULT)
    }

    /// Every profile with its name, its paths taken from the file's folder.
    pub(crate) fn profiles(&self, path: &Path) -> Vec<(String, Profile)> {
        self.profile.iter().map(|(name, profile)| (name.clone(), profile.placed(path))).collect()
    }

    /// Notes in the file which profile is meant when none is named; the rest of it stays as it is.
    pub(crate) fn default_set(&self, path: &Path, name: &str) -> Result<(), Error> {
        if !self.profile.contains_key(name) {
            return Err(self.missing(path, name));
        }
        let text = file_read(path)?;
        let line = format!("default = {}\n", toml::Value::from(name));
        let table = text.lines().position(|line| line.trim_start().starts_with('[')).unwrap_or(usize::MAX);
        let is_default = |line: &str| line.split('=').next().is_some_and(|key| key.trim() == "default");
        let mut out = String::new();
        let mut placed = false;
        for (at, old) in text.split_inclusive('\n').enumerate() {
            if at < table && is_default(old) {
                out.push_str(&line);
                placed = true;
            } else {
                out.push_str(old);
            }
        }
        write(path, if placed { out } else { line + &out }.as_bytes())
    }

    fn missing(&self, path: &Path, name: &str) -> Error {
        let known = self.profile.keys().cloned().collect::<Vec<_>>().join(", ");
        Error::ProfileMissing { path: path.to_owned(), name: name.to_owned(), known }
    }
}

impl Profile {
    /// The profile of this name, or the one the file means, with its paths taken from the file's folder.
    pub(crate) fn load(file: Option<&Path>, name: Option<&str>, surroundings: &Surroundings) -> Result<Self, Error> {
        let path = config_path(file, surroundings)?;
        let config = Config::load(&path)?;
        let name = name.unwrap_or_else(|| config.default_name());
        match config.profile.get(name) {
            Some(profile) => Ok(profile.placed(&path)),
            None => Err(config.missing(&path, name)),
        }
    }

    /// Where a profile of this name is to stand, and whether the file has it already.
    pub(crate) fn place(path: &Path, name: &str, server: &str, replace: bool) -> Result<(Self, bool), Error> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return Err(Error::usage("error-profile-name", &[("value", &crate::print::clean(name))]));
        }
        let known = match Config::load(path) {
            Ok(config) => config.profile.get(name).map(|profile| profile.placed(path)),
            Err(Error::ConfigMissing(_)) => None,
            Err(error) => return Err(error),
        };
        match known {
            // Without a certificate it is one that was never finished.
            Some(profile) if !replace && profile.certificate.exists() => {
                Err(Error::usage("error-profile-taken", &[("name", name), ("server", &profile.server)]))
            }
            Some(profile) if profile.server != server => {
                Err(Error::usage("error-profile-server", &[("name", name), ("server", &profile.server)]))
            }
            Some(profile) => Ok((profile, true)),
            None => {
                let file = |kind: &str| PathBuf::from(format!("{name}.{kind}"));
                let profile = Self {
                    server: server.to_owned(),
                    certificate: file("pem"),
                    key: file("key"),
                    root: file("root.pem"),
                };
                Ok((profile.placed(path), false))
            }
        }
    }

    /// Adds it to the file, which may have to be made; what stands there stays.
    pub(crate) fn add(&self, path: &Path, name: &str) -> Result<(), Error> {
        let before = match file_read(path) {
            Err(Error::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => String::new(),
            read => read?,
        };
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let own = |path: &Path| quoted(&path.file_name().unwrap_or_default().to_string_lossy());
        let gap = if before.is_empty() || before.ends_with("\n\n") {
            ""
        } else if before.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        let text = format!(
            "{before}{gap}[profile.{name}]\nserver = {}\ncertificate = {}\nkey = {}\nroot = {}\n",
            quoted(&self.server),
            own(&self.certificate),
            own(&self.key),
            own(&self.root),
        );
        write(path, text.as_bytes())
    }

    fn placed(&self, path: &Path) -> Self {
        let folder = path.parent().unwrap_or(Path::new(""));
        Self {
            server: self.server.clone(),
            certificate: folder.join(&self.certificate),
            key: folder.join(&self.key),
            root: folder.join(&self.root),
        }
    }
}

/// The file that is meant.
pub(crate) fn config_path(file: Option<&Path>, surroundings: &Surroundings) -> Result<PathBuf, Error> {
    match file {
        Some(path) => Ok(path.to_owned()),
        None => default_path(surroundings).ok_or(Error::ConfigNowhere),
    }
}

/// A text file, within the limit.
pub(crate) fn file_read(path: &Path) -> Result<String, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut text = String::new();
    let read = File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if read as u64 > FILE_BYTES_MAX { Err(failed(io::ErrorKind::FileTooLarge.into())) } else { Ok(text) }
}

/// The bytes of a file that is not ours, such as a scan; at most [`SCAN_BYTES_MAX`].
pub(crate) fn file_bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let read = File::open(path).map_err(failed)?.take(SCAN_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > SCAN_BYTES_MAX { Err(failed(io::ErrorKind::FileTooLarge.into())) } else { Ok(bytes) }
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
        let profile = Profile::load(Some(&path), Some(name), &Surroundings::of_test())?;
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
        let missing = Profile::load(Some(Path::new("/nowhere/cartable.toml")), None, &Surroundings::of_test());
        assert!(matches!(missing, Err(Error::ConfigMissing(_))));
        assert!(matches!(Profile::load(None, None, &Surroundings::of_test()), Err(Error::ConfigNowhere)));
        let large = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        assert!(matches!(load(&large, "default"), Err(Error::File { .. })));
    }

    #[test]
    fn a_profile_is_added_and_chosen_without_touching_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/config.toml");
        let (first, known) = Profile::place(&path, "default", "https://a:1", false).unwrap();
        assert!(!known);
        first.add(&path, "default").unwrap();
        std::fs::write(&path, format!("# mine\n{}", std::fs::read_to_string(&path).unwrap())).unwrap();
        let (second, _) = Profile::place(&path, "jura", "https://b:2", false).unwrap();
        second.add(&path, "jura").unwrap();
        std::fs::write(&second.certificate, "").unwrap();
        let around = Surroundings::of_test();
        assert_eq!(Profile::load(Some(&path), None, &around).unwrap().server, "https://a:1");
        Config::load(&path).unwrap().default_set(&path, "jura").unwrap();
        Config::load(&path).unwrap().default_set(&path, "jura").unwrap();
        assert_eq!(Profile::load(Some(&path), None, &around).unwrap(), second);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("# mine\n") && text.matches("default = ").count() == 1, "{text}");
        let unknown = Config::load(&path).unwrap().default_set(&path, "nord");
        assert!(matches!(unknown, Err(Error::ProfileMissing { known, .. }) if known == "default, jura"));
        let refused = |name, server, replace| Profile::place(&path, name, server, replace).unwrap_err();
        for (error, key) in [
            (refused("jura", "https://b:2", false), "error-profile-taken"),
            (refused("jura", "https://c:3", true), "error-profile-server"),
            (refused("a/b", "https://c:3", false), "error-profile-name"),
        ] {
            assert!(matches!(error, Error::Usage { key: said, .. } if said == key), "{key}");
        }
        assert!(Profile::place(&path, "jura", "https://b:2", true).unwrap().1);
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
