//! The configuration file: TOML, every key optional, none unknown.

use crate::error::Error;
use crate::proxy::{Proxy, Rules};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Where the file is looked for when none is named; it need not exist.
pub const DEFAULT_FILE: &str = "/etc/cartable/agent.toml";
/// The largest file read, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What the agent is told about its surroundings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of keys, enrolment and everything kept.
    pub state: PathBuf,
    /// An HTTP proxy that lets CONNECT through: `http://[user:password@]host:port`.
    pub proxy: Option<String>,
    /// Names reached without the proxy, as in `NO_PROXY`: parted by commas; a name covers those below it, `*` is all.
    pub no_proxy: Option<String>,
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter of tracing-subscriber.
    pub log: String,
    /// The folder where `/sys`, `/proc` and `/etc` are read; for tests.
    pub root: PathBuf,
    /// Where each acknowledged section is noted after the server said so; for tests.
    #[serde(skip)]
    pub acknowledgements: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state: "/var/lib/cartable-agent".into(),
            proxy: None,
            no_proxy: None,
            log: "info".to_owned(),
            root: "/".into(),
            acknowledgements: None,
        }
    }
}

impl Config {
    /// Reads a file and checks it.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, [`Error::Config`] with the line when it is not valid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = std::fs::File::open(path).map_err(Error::file(path))?;
        let mut text = String::new();
        let mut limited = std::io::Read::take(file, FILE_BYTES_MAX + 1);
        std::io::Read::read_to_string(&mut limited, &mut text).map_err(Error::file(path))?;
        let invalid = |why: String| Error::Config { path: path.to_owned(), why };
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(invalid(format!("larger than {FILE_BYTES_MAX} bytes")));
        }
        let config: Self = toml::from_str(&text).map_err(|e| invalid(e.to_string().trim_end().to_owned()))?;
        config.proxy_rules().map_err(|e| invalid(format!("proxy: {e}")))?;
        config.log.parse::<tracing_subscriber::EnvFilter>().map_err(|e| invalid(format!("log: {e}")))?;
        if config.state.as_os_str().is_empty() || !config.state.is_absolute() {
            return Err(invalid("state: an absolute path is needed".to_owned()));
        }
        Ok(config)
    }

    /// Takes the proxy from the environment where the file names none; `lookup` gives a variable's value.
    #[must_use]
    pub fn with_environment(mut self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| names.iter().find_map(|name| lookup(name).filter(|value| !value.is_empty()));
        if self.proxy.is_none() {
            self.proxy = first(&["https_proxy", "HTTPS_PROXY"]);
        }
        if self.no_proxy.is_none() {
            self.no_proxy = first(&["no_proxy", "NO_PROXY"]);
        }
        self
    }

    /// Which proxy leads where.
    ///
    /// # Errors
    /// [`Error::ProxyAddress`] when the address is not one.
    pub fn proxy_rules(&self) -> Result<Rules, Error> {
        let proxy = self.proxy.as_deref().filter(|p| !p.is_empty()).map(str::parse::<Proxy>).transpose()?;
        Ok(Rules::new(proxy, self.no_proxy.as_deref().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.toml");
        std::fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = read("state = \"/srv/state\"\n").unwrap();
        assert_eq!((config.state, config.root), (PathBuf::from("/srv/state"), PathBuf::from("/")));
        let environment = |name: &str| (name == "HTTPS_PROXY").then(|| "http://proxy:3128".to_owned());
        assert_eq!(read("").unwrap().with_environment(environment).proxy.as_deref(), Some("http://proxy:3128"));
        let said = read("proxy = \"http://other:8080\"").unwrap().with_environment(environment);
        assert_eq!(said.proxy.as_deref(), Some("http://other:8080"));
    }

    #[test]
    fn each_mistake_is_named_with_its_key() {
        for (text, part) in [
            ("stat = \"/x\"", "unknown field `stat`"),
            ("state = 3", "expected"),
            ("state = \"here\"", "state: an absolute path"),
            ("proxy = \"socks://x\"", "proxy:"),
            ("log = \"a=b=c\"", "log:"),
            ("state = ", "line 1"),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(part), "{text}: {said}");
        }
        assert!(read(&"#".repeat(70_000)).unwrap_err().to_string().contains("larger than"));
        assert!(matches!(Config::read(Path::new("/nowhere/agent.toml")), Err(Error::File { .. })));
    }
}
