//! A notice within somebody's session, said by a process of their own: a session's bus listens to nobody else, root included.

use crate::enforce::Notice;
use std::io;
use std::process::{Command, Stdio};
use words::Catalogue;

/// How urgent a notification is (Desktop Notifications Specification 1.2, "Urgency levels").
const NORMAL: &str = "1";
const CRITICAL: &str = "2";
/// Programs that show a text in a window until it is closed, by what most desktops have.
const DIALOGS: [(&str, &[&str]); 4] = [
    ("zenity", &["--warning", "--no-markup", "--width=640", "--title", "Cartable", "--text"]),
    ("kdialog", &["--title", "Cartable", "--sorry"]),
    ("yad", &["--fullscreen", "--center", "--no-markup", "--title=Cartable", "--button=OK:0", "--text"]),
    ("xmessage", &["-center", "-buttons", "OK"]),
];

/// A notification of the loan.
pub(super) fn notify(notice: &Notice, catalogue: &Catalogue) -> io::Result<()> {
    let urgency = if notice.session { CRITICAL } else { NORMAL };
    shown(&catalogue.text("loan-title"), &notice.lines(catalogue).join("\n"), urgency)
}

/// A notification that a site is closed, and where it says why. Not which: desktops keep what they show.
pub(super) fn closed_notify(catalogue: &Catalogue) -> io::Result<()> {
    shown(&catalogue.text("closed-title"), &catalogue.text("closed-told"), NORMAL)
}

/// A window with the notice; nothing in a stage that asks for none. Where no program can show one, a notification.
pub(super) fn dialog(notice: &Notice, catalogue: &Catalogue) -> io::Result<()> {
    if !notice.session {
        return Ok(());
    }
    let text = notice.lines(catalogue).join("\n\n");
    for (program, arguments) in DIALOGS {
        let mut command = Command::new(program);
        match command.args(arguments).arg(&text).stdin(Stdio::null()).status() {
            // Closed by its frame instead of its button (1, and 252 by yad), it was read all the same; else it showed nothing.
            Ok(status) if matches!(status.code(), Some(0 | 1 | 252)) => return Ok(()),
            Ok(status) => tracing::warn!(program, %status, "the dialog was not shown"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(program, %error, "the dialog was not shown"),
        }
    }
    notify(notice, catalogue)
}

/// Over the session's bus. `busctl` comes with systemd: a D-Bus library would weigh more than all of this.
fn shown(title: &str, text: &str, urgency: &str) -> io::Result<()> {
    // Bodies may hold markup (same specification, "Markup"), and a loan's contact is somebody's text.
    let body = text.replace('&', "&amp;").replace('<', "&lt;");
    let to = ["org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications"];
    let mut command = Command::new("busctl");
    command.args(["--user", "--quiet", "--timeout=10", "call"]).args(to).args(["Notify", "susssasa{sv}i"]);
    command.args(["Cartable", "0", "", title, &body, "0", "1", "urgency", "y", urgency, "0"]);
    done(command)
}

fn done(mut command: Command) -> io::Result<()> {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("no desktop takes notifications ({status})"))) }
}
