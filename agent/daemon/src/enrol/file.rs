//! `enrol.toml`: where to join and with which token, in a file that somebody else placed: on a stick for thirty machines, or on
//! the disk by whatever installed the system.

use crate::config::{ConfigFault, FILE_BYTES_MAX, file_read, line_fault};
use crate::connect::Server;
use crate::error::Error;
use crate::folder::Folder;
use crate::platform::{Here, Platform};
use model::token::Token;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// What it is called in a folder.
pub(crate) const NAME: &str = "enrol.toml";

/// What such a file says, each part of the right form. It has no `Debug`: the token is a secret.
pub(crate) struct EnrolFile {
    /// The control plane's address.
    pub(crate) server: String,
    /// The token's text.
    pub(crate) token: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Form {
    server: String,
    token: String,
}

impl EnrolFile {
    /// Reads one wherever it lies. Who may read it is not looked at: a stick's file system may know no owner.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::Config`] that says what is wrong in which line and never quotes the token.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        Self::read_as(path, false)
    }

    /// Reads one that lies on this machine's disk, where a token that others may read is not secret.
    ///
    /// # Errors
    /// As [`EnrolFile::read`], and [`Error::TokenExposed`].
    pub(crate) fn read_private(path: &Path) -> Result<Self, Error> {
        Self::read_as(path, true)
    }

    /// Places one for an agent that waits, for its owner only.
    ///
    /// # Errors
    /// [`Error::Server`] or [`Error::Token`] when one is not of the right form, [`Error::File`] when it cannot be written.
    pub(crate) fn place(path: &Path, server: &str, token: &str) -> Result<(), Error> {
        let (server, token) = (server.trim(), token.trim());
        server.parse::<Server>()?;
        token.parse::<Token>()?;
        let form = Form { server: server.to_owned(), token: token.to_owned() };
        let text = toml::to_string(&form).map_err(|e| Error::file(path)(io::Error::other(e)))?;
        let name = path.file_name().and_then(|name| name.to_str());
        let (Some(folder), Some(name)) = (path.parent(), name) else {
            return Err(Error::file(path)(io::ErrorKind::InvalidFilename.into()));
        };
        let folder = Folder::new(folder);
        folder.make()?;
        folder.write(name, text.as_bytes())
    }

    fn read_as(path: &Path, private: bool) -> Result<Self, Error> {
        // Opening a pipe would wait for ever, and a device has no end.
        if !std::fs::metadata(path).map_err(Error::file(path))?.is_file() {
            return Err(Error::file(path)(io::Error::other("not a file")));
        }
        let invalid = |fault| Error::Config { path: path.to_owned(), fault };
        let (text, exposed) = file_read(path, FILE_BYTES_MAX)?;
        if private && exposed {
            return Err(Error::TokenExposed(path.to_owned()));
        }
        let text = text.ok_or_else(|| invalid(ConfigFault::Large))?;
        // Some editors begin a text with this mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let Form { server, token } = toml::from_str(text).map_err(|e| invalid(line_fault(text, &e)))?;
        if server.parse::<Server>().is_err() {
            return Err(invalid(ConfigFault::Server));
        }
        token.parse::<Token>().map_err(|e| invalid(ConfigFault::Token(e)))?;
        Ok(Self { server, token })
    }
}

/// Deletes one; says whether there was one. What is not such a file was named by mistake, and is not the agent's to delete.
///
/// # Errors
/// [`Error::File`] when it cannot be deleted.
pub(crate) fn forget(path: &Path) -> Result<bool, Error> {
    if EnrolFile::read(path).is_err() {
        return Ok(false);
    }
    std::fs::remove_file(path).map_err(Error::file(path))?;
    if let Some(folder) = path.parent() {
        Here::folder_sync(folder).map_err(Error::file(folder))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::token::Pin;
    use std::os::unix::fs::PermissionsExt;

    fn token() -> String {
        Token::new(&[9; 31], Pin::of(b"root")).to_string()
    }

    fn read(text: &[u8], mode: u32, private: bool) -> Result<EnrolFile, Error> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        EnrolFile::read_as(&path, private)
    }

    #[test]
    fn both_keys_are_needed_and_no_other_and_the_token_is_never_quoted() {
        let token = token();
        let good = format!("server = \"https://x:1\"\ntoken = \"{token}\"\n");
        for text in [good.clone(), format!("\u{feff}# lot 3\r\n{}", good.replace('\n', "\r\n"))] {
            let file = read(text.as_bytes(), 0o600, true).ok().unwrap();
            assert_eq!((file.server.as_str(), &file.token), ("https://x:1", &token));
        }
        let spoilt = token.replace(&token[10..12], "UU");
        for (text, part) in [
            (good.replace("https", "http"), "server: "),
            (good.replace(&token, &token[..20]), "token: "),
            (good.replace(&token, &spoilt), "token: "),
            (good.replace('"', ""), "line 1"),
            (good.replace(&format!("\"{token}\""), &token), "line 2"),
            (format!("{good}tokens = 1\n"), "unknown field `tokens`"),
            ("server = \"https://x:1\"\n".to_owned(), "missing field `token`"),
            ("#".repeat(70_000), "larger than"),
        ] {
            let said = read(text.as_bytes(), 0o600, false).err().unwrap();
            let shown = format!("{said} {said:?}");
            assert!(shown.contains(part), "{text}: {shown}");
            assert!(!shown.contains(&token[..14]) && !shown.contains(&spoilt[..14]), "{shown}");
        }
        assert!(matches!(read(&[0xff, 0xfe, 0], 0o600, false), Err(Error::File { .. })));
    }

    #[test]
    fn what_is_placed_for_an_agent_that_waits_is_what_it_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper").join(NAME);
        let token = token();
        EnrolFile::place(&path, "https://x:1", &format!(" {token}\n")).unwrap();
        let read = EnrolFile::read_private(&path).ok().unwrap();
        assert_eq!((read.server.as_str(), &read.token), ("https://x:1", &token));
        assert!(matches!(EnrolFile::place(&path, "x", &token), Err(Error::Server(_))));
        assert!(matches!(EnrolFile::place(&path, "https://x:1", "x"), Err(Error::Token(_))));
        assert_eq!(EnrolFile::read(&path).ok().unwrap().token, token);
        assert!(forget(&path).unwrap() && !path.exists() && !forget(&path).unwrap());
        std::fs::write(&path, "somebody's").unwrap();
        assert!(!forget(&path).unwrap() && path.exists());
    }

    #[test]
    fn on_a_disk_it_is_for_its_owner_only_and_on_a_stick_nobody_asks() {
        let good = format!("server = \"https://x:1\"\ntoken = \"{}\"\n", token());
        assert!(matches!(read(good.as_bytes(), 0o644, true), Err(Error::TokenExposed(_))));
        assert!(read(good.as_bytes(), 0o755, false).is_ok());
        let folder = tempfile::tempdir().unwrap();
        assert!(EnrolFile::read(folder.path()).err().unwrap().to_string().contains("not a file"));
        let absent = EnrolFile::read(&folder.path().join(NAME)).err().unwrap();
        assert!(matches!(absent, Error::File { source, .. } if source.kind() == io::ErrorKind::NotFound));
    }
}
