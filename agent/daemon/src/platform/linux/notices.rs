//! Where people meet a notice: files that log-ins show by themselves, and files that tell the programs of their sessions.
//!
//! The agent runs without a privilege and reaches nobody's session. So it only says what holds; what shows it runs as whoever is to see
//! it, or as a unit of its own (decision 0019).
//!
//! | file | who reads it |
//! | --- | --- |
//! | `/etc/issue.d/cartable.issue` | the log-in of a text console, before it asks for a name |
//! | `/etc/motd.d/cartable` | pam_motd, after a log-in |
//! | `/run/cartable-agent/loan.json` | `cartable-agent notice` |
//! | `/run/cartable-agent/desktop` | `cartable-notice.path` of each session: it changes once a day, and with each stage |
//! | `/run/cartable-agent/session` | the shell and the desktop of each new session |
//! | `/run/cartable-agent/screen` | `cartable-return-screen.path` |

use crate::cli::{EN, FR};
use crate::enforce::{Enforcer, Notice};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use words::{Catalogue, Language};

/// The folder of what sessions read.
const RUN: &str = "run/cartable-agent";
/// What is told, as data.
const LOAN: &str = "run/cartable-agent/loan.json";
const DESKTOP: &str = "run/cartable-agent/desktop";
const SESSION: &str = "run/cartable-agent/session";
const SCREEN: &str = "run/cartable-agent/screen";
const ISSUE: &str = "etc/issue.d/cartable.issue";
const MOTD: &str = "etc/motd.d/cartable";

/// The files below one root.
#[derive(Debug)]
pub(super) struct Notices(PathBuf);

impl Notices {
    pub(super) fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// What is told at this moment.
    pub(super) fn read(root: &Path) -> Option<Notice> {
        serde_json::from_slice(&fs::read(root.join(LOAN)).ok()?).ok()
    }

    fn put(&self, name: &str, text: Option<&str>) -> io::Result<()> {
        let path = self.0.join(name);
        let Some(text) = text else {
            return match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.0);
        fs::create_dir_all(folder)?;
        let temporary = path.with_extension("tmp");
        fs::write(&temporary, text)?;
        // The agent's own files are for nobody else; these are for everybody.
        fs::set_permissions(&temporary, Permissions::from_mode(0o644))?;
        fs::rename(&temporary, &path)
    }
}

impl Enforcer for Notices {
    fn show(&self, notice: Option<&Notice>) -> io::Result<()> {
        if notice.is_some() && !self.0.join(RUN).is_dir() {
            fs::create_dir_all(self.0.join(RUN))?;
            fs::set_permissions(self.0.join(RUN), Permissions::from_mode(0o755))?;
        }
        let text = notice.map(both);
        let data = notice.map(serde_json::to_string_pretty).transpose()?;
        let day = notice.map(|n| format!("{} {} {:?}\n", n.epoch, n.stage, n.days_left));
        let when = |said: fn(&Notice) -> bool| text.as_deref().filter(|_| notice.is_some_and(said));
        // All are tried: one that cannot be written keeps none of the others away.
        let done = [
            self.put(LOAN, data.as_deref()),
            self.put(ISSUE, text.as_deref().map(plain).as_deref()),
            self.put(MOTD, text.as_deref()),
            self.put(SESSION, when(|notice| notice.session)),
            self.put(SCREEN, when(|notice| notice.screen)),
            self.put(DESKTOP, day.as_deref()),
        ];
        done.into_iter().collect()
    }
}

/// In French, then in English: nobody knows who will read it. The fonts of consoles have no spaces that do not break.
pub(super) fn both(notice: &Notice) -> String {
    let texts = [Language::Fr, Language::En].map(|language| notice.lines(&Catalogue::new(language, FR, EN)).join("\n"));
    bare(&format!("\n{}\n\n{}\n\n", texts[0], texts[1]))
}

/// For a console.
pub(super) fn bare(text: &str) -> String {
    text.replace(['\u{a0}', '\u{202f}'], " ")
}

/// For agetty, to which a backslash is an order (agetty(8), "Issue escapes").
fn plain(text: &str) -> String {
    text.replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use agent_core::loan::Stage;
    use model::digest::Digest;
    use model::grant::{Grant, Hold, Term};
    use model::time::Timestamp;

    fn notice(stage: Stage) -> Notice {
        let at = Timestamp::from_unix_seconds;
        let term = Term {
            loan: "P-7".to_owned(),
            start: at(0),
            notice: at(0),
            due: Some(at(9)),
            restricted: None,
            decided: None,
            exam: None,
        };
        let grant =
            Grant { key: Digest::of(b"k"), epoch: 1, hold: Hold::Lent(term), contact: "Bureau \\d, 01".to_owned() };
        Notice::of(stage, &grant, at(1)).unwrap()
    }

    #[test]
    fn each_stage_shows_where_it_is_to_show_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let notices = Notices::new(root.path().to_owned());
        let there = || [LOAN, ISSUE, MOTD, DESKTOP, SESSION, SCREEN].map(|name| root.path().join(name).exists());
        notices.show(None).unwrap();
        assert_eq!(there(), [false; 6]);
        for (stage, session, screen) in [
            (Stage::Notice, false, false),
            (Stage::Restricted, true, false),
            (Stage::ReturnScreen, true, true),
            (Stage::Missing, true, true),
            (Stage::Restricted, true, false),
            (Stage::Notice, false, false),
        ] {
            notices.show(Some(&notice(stage))).unwrap();
            assert_eq!(there(), [true, true, true, true, session, screen], "{stage:?}");
            assert_eq!(Notices::read(root.path()), Some(notice(stage)));
        }
        let issue = fs::read_to_string(root.path().join(ISSUE)).unwrap();
        assert!(issue.contains("P-7") && issue.contains("Bureau /d"), "{issue}");
        for name in [LOAN, ISSUE, MOTD, DESKTOP] {
            let mode = fs::metadata(root.path().join(name)).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o644, "{name}");
        }
        notices.show(None).unwrap();
        assert_eq!(there(), [false; 6]);
        assert_eq!(Notices::read(root.path()), None);
    }

    #[test]
    fn what_is_told_already_is_not_written_again_and_one_that_cannot_be_stops_no_other() {
        let root = tempfile::tempdir().unwrap();
        let notices = Notices::new(root.path().to_owned());
        notices.show(Some(&notice(Stage::Notice))).unwrap();
        let written = |name: &str| fs::metadata(root.path().join(name)).unwrap().modified().unwrap();
        let before = [LOAN, ISSUE, MOTD, DESKTOP].map(written);
        notices.show(Some(&notice(Stage::Notice))).unwrap();
        assert_eq!([LOAN, ISSUE, MOTD, DESKTOP].map(written), before);
        // In the way of the first of two: a folder of that name.
        fs::remove_file(root.path().join(ISSUE)).unwrap();
        fs::create_dir_all(root.path().join(ISSUE).join("x")).unwrap();
        assert!(notices.show(Some(&notice(Stage::Restricted))).is_err());
        assert!(root.path().join(SESSION).exists());
    }
}
