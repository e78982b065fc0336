//! The configuration file: TOML, every key optional, none unknown.

use crate::error::Error;
use crate::filter::FilterConfig;
use crate::platform::{Here, Platform};
use crate::proxy::{Proxy, Rules};
use crate::release::Build;
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest file read, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 64 * 1024;
/// The largest file of credentials, in bytes.
const CREDENTIALS_BYTES_MAX: u64 = 1024;

/// What the agent is told about its surroundings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The folder of keys, enrolment and everything kept.
    pub state: PathBuf,
    /// An HTTP proxy that lets CONNECT through: `[http://][user:password@]host:port`.
    pub proxy: Option<String>,
    /// The file of the proxy's `user:password`; it takes the place of those in the address.
    pub proxy_credentials: Option<PathBuf>,
    /// Names reached without the proxy, as in `NO_PROXY`: parted by commas; a name covers those below it, `*` is all.
    pub no_proxy: Option<String>,
    /// Where an installer may place server and token (`enrol.toml`), if not in the usual place; deleted when the device is enrolled.
    pub enrolment_file: Option<PathBuf>,
    /// Where resources are put for everybody on the device to read, if not in the usual place.
    pub resources: Option<PathBuf>,
    /// How names are answered, by the filter.
    pub filter: FilterConfig,
    /// The certificates of the authorities by which mirrors are known, PEM, if not the system's.
    pub mirror_roots: Option<PathBuf>,
    /// The first root of the repository of the agent's releases, which the package brings; where it is not there, no release is taken.
    pub release_root: PathBuf,
    /// What is logged: `error`, `warn`, `info`, `debug`, or a filter of tracing-subscriber.
    pub log: String,
    /// The folder where `/sys`, `/proc` and `/etc` are read; for tests.
    pub root: PathBuf,
    /// Where each acknowledged section is noted after the server said so; for tests.
    #[serde(skip)]
    pub acknowledgements: Option<PathBuf>,
    /// The folder of the credentials that the service manager hands over, if it does.
    #[serde(skip)]
    pub credentials: Option<PathBuf>,
    /// The variable the proxy was taken from, if it was one.
    #[serde(skip)]
    pub proxy_variable: Option<&'static str>,
    /// Which build of the agent this is.
    #[serde(skip)]
    pub build: Build,
}

/// What is wrong with a configuration file. It never quotes the file: a password may stand in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// It is too large.
    #[error("larger than {FILE_BYTES_MAX} bytes")]
    Large,
    /// It is not the TOML that is expected.
    #[error("line {line}: {what}")]
    Line {
        /// Which line, the first being 1.
        line: usize,
        /// What the parser says.
        what: String,
    },
    /// The proxy's address is not one.
    #[error("proxy: the address is not of the form [http://][user:password@]host:port")]
    Proxy,
    /// The filter of the log is not one.
    #[error("log: {0}")]
    Log(String),
    /// A path is not absolute; which key.
    #[error("{0}: an absolute path is needed")]
    Path(&'static str),
    /// The server's address is not one.
    #[error("server: not an address such as https://cartable.example.fr:8443")]
    Server,
    /// The token is not one.
    #[error("token: {0}")]
    Token(model::token::TokenError),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            state: Here::state_folder(),
            proxy: None,
            no_proxy: None,
            enrolment_file: None,
            resources: None,
            filter: FilterConfig::default(),
            mirror_roots: None,
            release_root: Here::release_root(),
            log: "info".to_owned(),
            root: "/".into(),
            acknowledgements: None,
            proxy_credentials: None,
            proxy_variable: None,
            build: Build::default(),
            credentials: None,
        }
    }
}

impl Config {
    /// Reads a file and checks it.
    ///
    /// # Errors
    /// [`Error::File`] when it cannot be read, [`Error::Config`] with the line when it is not valid, [`Error::Exposed`] when it
    /// holds a password and others may read it.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let (text, exposed) = file_read(path, FILE_BYTES_MAX)?;
        let invalid = |fault| Error::Config { path: path.to_owned(), fault };
        let text = text.ok_or_else(|| invalid(ConfigFault::Large))?;
        let config: Self = toml::from_str(&text).map_err(|e| invalid(line_fault(&text, &e)))?;
        let proxy = config.proxy_address().map_err(|_| invalid(ConfigFault::Proxy))?;
        if proxy.is_some_and(|proxy| proxy.has_credentials()) && exposed {
            return Err(Error::Exposed(path.to_owned()));
        }
        let log = config.log.parse::<tracing_subscriber::EnvFilter>();
        log.map_err(|e| invalid(ConfigFault::Log(e.to_string())))?;
        let paths = [
            ("state", Some(&config.state)),
            ("proxy_credentials", config.proxy_credentials.as_ref()),
            ("enrolment_file", config.enrolment_file.as_ref()),
            ("resources", config.resources.as_ref()),
            ("mirror_roots", config.mirror_roots.as_ref()),
            ("filter.state", config.filter.state.as_ref()),
            ("release_root", Some(&config.release_root)),
        ];
        match paths.iter().find(|(_, path)| path.is_some_and(|path| !path.is_absolute())) {
            Some((key, _)) => Err(invalid(ConfigFault::Path(key))),
            None => Ok(config),
        }
    }

    /// Takes the proxy from the environment where the file names none, and the folder of credentials; `lookup` gives a variable's
    /// value.
    #[must_use]
    pub fn with_environment(mut self, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| Some((name, lookup(name).filter(|value| !value.is_empty())?)))
        };
        if self.proxy.is_none() {
            (self.proxy_variable, self.proxy) = first(["https_proxy", "HTTPS_PROXY"]).unzip();
        }
        if self.no_proxy.is_none() {
            self.no_proxy = first(["no_proxy", "NO_PROXY"]).map(|(_, value)| value);
        }
        self.credentials = lookup("CREDENTIALS_DIRECTORY").map(PathBuf::from).filter(|folder| folder.is_absolute());
        self
    }

    /// The version of this program.
    pub(crate) fn version(&self) -> &'static str {
        self.build.version
    }

    /// Which proxy leads where.
    ///
    /// # Errors
    /// [`Error::ProxyAddress`] when the address is not one, with the name of its variable if it came from one;
    /// [`Error::File`], [`Error::Exposed`] or [`Error::ProxyCredentials`] when its credentials cannot be had.
    pub fn proxy_rules(&self) -> Result<Rules, Error> {
        let proxy = match (self.proxy_address()?, self.proxy_credentials.clone().or_else(|| self.credential())) {
            (Some(proxy), Some(path)) => Some(proxy.with_credentials(&credentials_read(&path)?)),
            (proxy, _) => proxy,
        };
        Ok(Rules::new(proxy, self.no_proxy.as_deref().unwrap_or_default()))
    }

    /// The proxy's name and password as the service manager hands them over; an empty file, or a line break, since systemd knows no empty
    /// value, is how a unit says that there are none.
    fn credential(&self) -> Option<PathBuf> {
        let path = self.credentials.as_ref()?.join("proxy-credentials");
        std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > 1).then_some(path)
    }

    /// Where an installer's file is looked for. One that was placed for this machine's own agent is not for another that somebody tries
    /// out in a folder elsewhere: that one would use its token up, and delete it.
    #[must_use]
    pub fn enrolment_place(&self) -> PathBuf {
        let own = || if self.state == Here::state_folder() { Here::config_file() } else { self.state.clone() };
        self.enrolment_file.clone().unwrap_or_else(|| own().with_file_name(crate::enrol::file::NAME))
    }

    /// Where resources are put. An agent that somebody tries out in a folder elsewhere leaves those of this machine alone.
    #[must_use]
    pub fn resources_place(&self) -> PathBuf {
        let beside = || {
            let name = self.state.file_name().map(|name| name.to_string_lossy().into_owned());
            self.state.with_file_name(format!("{}-resources", name.unwrap_or_default()))
        };
        let own = || if self.state == Here::state_folder() { Here::resources_folder() } else { beside() };
        self.resources.clone().unwrap_or_else(own)
    }

    /// Where the filter keeps what is its own. One that somebody tries out elsewhere leaves this machine's alone.
    #[must_use]
    pub fn filter_place(&self) -> PathBuf {
        let beside = || {
            let name = self.state.file_name().map(|name| name.to_string_lossy().into_owned());
            self.state.with_file_name(format!("{}-filter", name.unwrap_or_default()))
        };
        let own = || if self.state == Here::state_folder() { Here::filter_folder() } else { beside() };
        self.filter.state.clone().unwrap_or_else(own)
    }

    fn proxy_address(&self) -> Result<Option<Proxy>, Error> {
        let proxy = self.proxy.as_deref().filter(|proxy| !proxy.is_empty()).map(str::parse::<Proxy>);
        proxy.transpose().map_err(|_| Error::ProxyAddress(self.proxy_variable.unwrap_or("proxy")))
    }
}

/// The one line of a file of credentials.
fn credentials_read(path: &Path) -> Result<String, Error> {
    let (text, exposed) = file_read(path, CREDENTIALS_BYTES_MAX)?;
    if exposed {
        return Err(Error::Exposed(path.to_owned()));
    }
    let line = text.as_deref().map(|text| text.trim_end_matches(['\r', '\n']));
    let line = line.filter(|line| line.contains(':') && !line.chars().any(char::is_control));
    line.map(str::to_owned).ok_or_else(|| Error::ProxyCredentials(path.to_owned()))
}

/// A file's text, or nothing when it is larger than the limit, and whether others may read or change the file.
pub(crate) fn file_read(path: &Path, bytes_max: u64) -> Result<(Option<String>, bool), Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let exposed = Here::file_exposed(&file).map_err(Error::file(path))?;
    let mut text = String::new();
    file.take(bytes_max + 1).read_to_string(&mut text).map_err(Error::file(path))?;
    Ok(((text.len() as u64 <= bytes_max).then_some(text), exposed))
}

/// The parser's words without its quotation of the file.
pub(crate) fn line_fault(text: &str, error: &toml::de::Error) -> ConfigFault {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    ConfigFault::Line { line: before.matches('\n').count() + 1, what: error.message().replace('\n', ", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn read(text: &str) -> Result<Config, Error> {
        read_as(text, 0o600)
    }

    fn read_as(text: &str, mode: u32) -> Result<Config, Error> {
        let folder = tempfile::tempdir().unwrap();
        Config::read(&written(&folder, text, mode))
    }

    fn written(folder: &tempfile::TempDir, text: &str, mode: u32) -> PathBuf {
        let path = folder.path().join("file");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn an_agent_elsewhere_leaves_alone_what_was_placed_for_this_machines_own() {
        let place = |config: Config| config.enrolment_place();
        assert_eq!(place(Config::default()), Path::new("/etc/cartable/enrol.toml"));
        assert_eq!(place(Config { state: "/a/agent".into(), ..Config::default() }), Path::new("/a/enrol.toml"));
        let named = Some("/b/c".into());
        assert_eq!(
            place(Config { state: "/a/agent".into(), enrolment_file: named, ..Config::default() }),
            Path::new("/b/c")
        );
    }

    #[test]
    fn a_password_never_shows_and_is_not_left_open() {
        let with = |line: &str| format!("proxy = \"http://me:s3cret@proxy:3128\"\n{line}\n");
        let broken = "proxy = \"http://me:s3cret@proxy:3128\nstate = 3";
        for text in
            [&with("stat = 1"), &with("log = \"a=b=c\""), &with("state ="), broken, "proxy = \"x://me:s3cret@p\""]
        {
            let said = read(text).unwrap_err();
            assert!(!format!("{said} {said:?}").contains("s3cret"), "{said:?}");
        }
        assert!(read(&with("stat = 1")).unwrap_err().to_string().contains("line 2: unknown field `stat`"));
        assert!(matches!(read_as(&with(""), 0o640), Err(Error::Exposed(_))));
        read_as(&with(""), 0o600).unwrap();
        read_as("proxy = \"http://proxy:3128\"", 0o644).unwrap();
    }

    #[test]
    fn credentials_have_a_file_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let rules = |text: &str, mode| {
            let path = written(&folder, text, mode);
            let config =
                Config { proxy: Some("proxy:3128".to_owned()), proxy_credentials: Some(path), ..Config::default() };
            config.proxy_rules()
        };
        assert!(rules("me:s%40:cret\n", 0o600).unwrap().proxy_for("x").unwrap().has_credentials());
        assert!(matches!(rules("me:s3cret\n", 0o644), Err(Error::Exposed(_))));
        for bad in ["", "me", "me:a\nyou:b\n", &"u:".repeat(600)] {
            assert!(matches!(rules(bad, 0o600), Err(Error::ProxyCredentials(_))), "{bad}");
        }
        // The service manager's stand in for a file that is not named; empty they are none.
        let handed = |text: &str| {
            let at = written(&folder, text, 0o400);
            std::fs::rename(at, folder.path().join("proxy-credentials")).unwrap();
            let lookup = |name: &str| match name {
                "CREDENTIALS_DIRECTORY" => Some(folder.path().display().to_string()),
                "https_proxy" => Some("proxy:3128".to_owned()),
                _ => None,
            };
            Config::default().with_environment(lookup).proxy_rules()
        };
        assert!(handed("me:s3cret").unwrap().proxy_for("x").unwrap().has_credentials());
        for none in ["", "\n"] {
            assert!(!handed(none).unwrap().proxy_for("x").unwrap().has_credentials());
        }
        assert!(matches!(handed("me"), Err(Error::ProxyCredentials(_))));
        // Without a proxy nobody needs them.
        let config = Config { proxy_credentials: Some("/nowhere".into()), ..Config::default() };
        assert!(config.proxy_rules().is_ok());
    }

    #[test]
    fn what_is_not_said_has_its_default() {
        let config = read("state = \"/srv/state\"\n").unwrap();
        assert_eq!((config.state, config.root), (PathBuf::from("/srv/state"), PathBuf::from("/")));
        let environment = |name: &str| (name == "HTTPS_PROXY").then(|| "http://proxy:3128".to_owned());
        assert_eq!(read("").unwrap().with_environment(environment).proxy.as_deref(), Some("http://proxy:3128"));
        let said = read("proxy = \"http://other:8080\"").unwrap().with_environment(environment);
        assert_eq!(said.proxy.as_deref(), Some("http://other:8080"));
        let wrong = Config::default().with_environment(|name| (name == "https_proxy").then(|| "ftp://x:1".to_owned()));
        assert!(wrong.proxy_rules().unwrap_err().to_string().starts_with("https_proxy: "));
    }

    #[test]
    fn each_mistake_is_named_with_its_key() {
        for (text, part) in [
            ("stat = \"/x\"", "unknown field `stat`"),
            ("state = 3", "expected"),
            ("state = \"here\"", "state: an absolute path"),
            ("proxy = \"socks://x\"", "proxy:"),
            ("log = \"a=b=c\"", "log:"),
            ("\nstate = ", "line 2"),
            ("proxy_credentials = \"here\"", "proxy_credentials: an absolute path"),
            ("enrolment_file = \"enrol.toml\"", "enrolment_file: an absolute path"),
        ] {
            let said = read(text).unwrap_err().to_string();
            assert!(said.contains(part), "{text}: {said}");
        }
        assert!(read(&"#".repeat(70_000)).unwrap_err().to_string().contains("larger than"));
        assert!(matches!(Config::read(Path::new("/nowhere/agent.toml")), Err(Error::File { .. })));
    }
}
