//! The return screen: a text console of its own that says whom to contact, until the loan says otherwise.
//!
//! Nothing is ended and nothing locked: sessions go on on their own consoles, Enter leads back to them to save what is open, and
//! Ctrl+Alt+F1 to a log-in, root's included. The screen comes back after a while.

use super::notices::{Notices, bare, both};
use crate::cli::{EN, FR};
use rustix::fs::OFlags;
use rustix::termios::{InputModes, OptionalActions, tcgetattr, tcgetwinsize, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;
use words::{Catalogue, Language};

/// Between two looks at what is to be said.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// So many looks after it was left or passed over, it comes back: a quarter of an hour.
const AWAY_LOOKS: u32 = 450;
/// Where the kernel says which console is seen.
const ACTIVE: &str = "sys/class/tty/tty0/active";
/// How wide a console is that does not say so.
const COLUMNS: usize = 80;
/// Clears a console and goes to its beginning (console_codes(4)).
const CLEAR: &str = "\x1b[0m\x1b[2J\x1b[H";

/// Fills this terminal for as long as there is a notice that asks for it.
pub(super) fn fill(root: &Path, terminal: &Path) -> io::Result<()> {
    let mut screen = Screen::open(root, terminal, &switch)?;
    let keys = screen.keys()?;
    let (mut shown, mut drawn, mut away) = (String::new(), false, 0);
    while let Some(text) = text(root) {
        let comes = text != shown || away > AWAY_LOOKS;
        if comes {
            (shown, drawn, away) = (text, false, 0);
        }
        // A console whose output is held takes nothing: it is tried again.
        if !drawn {
            drawn = screen.draw(&shown).is_ok();
        }
        if comes {
            screen.come();
        }
        match keys.recv_timeout(LOOK_EVERY) {
            Ok(()) => screen.leave(),
            Err(why) => {
                // No keyboard: it waits all the same.
                if why == RecvTimeoutError::Disconnected {
                    std::thread::sleep(LOOK_EVERY);
                }
                away = if screen.seen() { 0 } else { away + 1 };
            }
        }
    }
    // Whatever becomes of the text: nobody is to be kept from their session.
    screen.leave();
    if let Err(error) = screen.draw("") {
        tracing::warn!(%error, "the return screen's console cannot be cleared");
    }
    // Whoever starts this by what it saw before should not do so again and again.
    std::thread::sleep(LOOK_EVERY);
    Ok(())
}

/// What it says; nothing when it is over.
fn text(root: &Path) -> Option<String> {
    let notice = Notices::read(root).filter(|notice| notice.screen)?;
    let hint = |language| Catalogue::new(language, FR, EN).text("loan-screen-hint");
    Some(bare(&format!("{}{}\n{}\n", both(&notice), hint(Language::Fr), hint(Language::En))))
}

struct Screen<'a> {
    root: &'a Path,
    /// Written to without waiting: Scroll Lock holds a console's output for as long as somebody likes.
    terminal: File,
    /// Read from, which waits.
    keyboard: File,
    /// Its number, as in `tty8`.
    number: String,
    /// The console that was seen before.
    before: Option<String>,
    /// Makes another console the one that is seen.
    switch: &'a dyn Fn(&str),
}

impl<'a> Screen<'a> {
    fn open(root: &'a Path, terminal: &Path, switch: &'a dyn Fn(&str)) -> io::Result<Self> {
        let name = terminal.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let number = name.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
        let flags = |flags: OFlags| i32::try_from(flags.bits()).unwrap_or_default();
        let keyboard = OpenOptions::new().read(true).custom_flags(flags(OFlags::NOCTTY)).open(terminal)?;
        let at_once = flags(OFlags::NOCTTY | OFlags::NONBLOCK);
        let terminal = OpenOptions::new().write(true).custom_flags(at_once).open(terminal)?;
        // Ctrl+S would hold it as well; a file that is no terminal has no such modes.
        if let Ok(mut modes) = tcgetattr(&terminal) {
            modes.input_modes.remove(InputModes::IXON);
            let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        }
        Ok(Self { root, terminal, keyboard, number, before: None, switch })
    }

    /// A message for each time that Enter is pressed.
    fn keys(&self) -> io::Result<Receiver<()>> {
        let (pressed, keys) = mpsc::channel();
        let mut keyboard = self.keyboard.try_clone()?;
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            // A line at a time, as consoles give them.
            while let Ok(count) = keyboard.read(&mut buffer) {
                // Ctrl+D reads as an end, and is none.
                if count == 0 {
                    std::thread::sleep(LOOK_EVERY);
                } else if pressed.send(()).is_err() {
                    break;
                }
            }
        });
        Ok(keys)
    }

    fn draw(&mut self, text: &str) -> io::Result<()> {
        let columns = tcgetwinsize(&self.terminal).map_or(COLUMNS, |size| usize::from(size.ws_col));
        // A console that was in raw mode would not return the carriage.
        self.terminal.write_all(format!("{CLEAR}{}", wrapped(text, columns).replace('\n', "\r\n")).as_bytes())
    }

    /// Whether it is the one that is seen.
    fn seen(&self) -> bool {
        self.active().is_none_or(|active| active == self.number)
    }

    /// To the front, where there are consoles.
    fn come(&mut self) {
        let Some(active) = self.active() else { return };
        if active != self.number {
            self.before = Some(active);
            (self.switch)(&self.number);
        }
    }

    /// Back to where it came from, unless somebody has gone elsewhere already.
    fn leave(&self) {
        if let Some(back) = self.back() {
            (self.switch)(back);
        }
    }

    /// Where it came from; the first console when it was in front before it began, as one that was ended and begun again.
    fn back(&self) -> Option<&str> {
        let in_front = self.active().is_some_and(|active| active == self.number);
        in_front.then(|| self.before.as_deref().unwrap_or("1"))
    }

    fn active(&self) -> Option<String> {
        let name = std::fs::read_to_string(self.root.join(ACTIVE)).ok()?;
        name.trim().strip_prefix("tty").map(str::to_owned)
    }
}

/// The text in lines that fit, broken between words: a console breaks them within.
fn wrapped(text: &str, columns: usize) -> String {
    // One column is left: a full line moves the cursor on by itself.
    let columns = if columns == 0 { COLUMNS } else { columns }.saturating_sub(1);
    let mut wrapped = String::new();
    for line in text.lines() {
        let mut used = 0;
        for word in line.split(' ') {
            let long = word.chars().count();
            if used > 0 && used + 1 + long > columns {
                wrapped.push('\n');
                used = 0;
            } else if used > 0 {
                wrapped.push(' ');
                used += 1;
            }
            wrapped.push_str(word);
            used += long;
        }
        wrapped.push('\n');
    }
    wrapped
}

/// Makes another console the one that is seen: by logind, which knows of graphical sessions, else by `chvt`.
fn switch(number: &str) {
    let seat = ["org.freedesktop.login1", "/org/freedesktop/login1/seat/seat0", "org.freedesktop.login1.Seat"];
    let mut logind = Command::new("busctl");
    logind.args(["--quiet", "--timeout=5", "call"]).args(seat).args(["SwitchTo", "u", number]);
    let mut plain = Command::new("chvt");
    plain.arg(number);
    let done = |command: &mut Command| {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    if !done(&mut logind) && !done(&mut plain) {
        tracing::warn!(console = number, "the console cannot be switched to: neither logind nor chvt does it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enforce::{Enforcer, Notice};
    use agent_core::loan::Stage;
    use model::digest::Digest;
    use model::grant::{Grant, Hold};
    use model::time::Timestamp;
    use std::cell::RefCell;
    use std::path::PathBuf;

    fn missing(contact: &str) -> Notice {
        let grant = Grant { key: Digest::of(b"k"), epoch: 1, hold: Hold::Missing, contact: contact.to_owned() };
        Notice::of(Stage::Missing, &grant, Timestamp::from_unix_seconds(1)).unwrap()
    }

    fn until(console: &PathBuf, what: impl Fn(&str) -> bool) {
        while !what(&std::fs::read_to_string(console).unwrap()) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn it_goes_back_only_from_its_own_console_and_to_the_first_when_it_knows_no_other() {
        let root = tempfile::tempdir().unwrap();
        let console = root.path().join("tty8");
        std::fs::write(&console, "").unwrap();
        let active = root.path().join(ACTIVE);
        std::fs::create_dir_all(active.parent().unwrap()).unwrap();
        let mut screen = Screen::open(root.path(), &console, &|_| ()).unwrap();
        assert_eq!(screen.back(), None, "no consoles");
        std::fs::write(&active, "tty8\n").unwrap();
        assert_eq!(screen.back(), Some("1"));
        screen.before = Some("2".to_owned());
        assert_eq!(screen.back(), Some("2"));
        std::fs::write(&active, "tty3\n").unwrap();
        assert_eq!(screen.back(), None);
    }

    #[test]
    fn lines_are_broken_between_words_and_nothing_is_lost() {
        assert_eq!(wrapped("a device of ours\n\nend", 9), "a device\nof ours\n\nend\n");
        assert_eq!(wrapped("extraordinary day", 5), "extraordinary\nday\n");
        let long = "mot ".repeat(50);
        let lines = wrapped(&long, 0);
        assert!(lines.lines().all(|line| line.chars().count() < COLUMNS), "{lines}");
        assert_eq!(lines.matches("mot").count(), 50);
    }

    #[test]
    fn it_comes_to_the_front_once_and_leads_back_to_where_somebody_was() {
        let root = tempfile::tempdir().unwrap();
        let console = root.path().join("tty8");
        std::fs::write(&console, "").unwrap();
        let active = root.path().join(ACTIVE);
        std::fs::create_dir_all(active.parent().unwrap()).unwrap();
        let went = RefCell::new(Vec::new());
        // Consoles that do as they are told.
        let switch = |number: &str| {
            std::fs::write(&active, format!("tty{number}\n")).unwrap();
            went.borrow_mut().push(number.to_owned());
        };
        let mut screen = Screen::open(root.path(), &console, &switch).unwrap();
        // A machine without consoles is left alone.
        screen.come();
        screen.leave();
        assert!(screen.seen() && went.borrow().is_empty());
        std::fs::write(&active, "tty2\n").unwrap();
        assert!(!screen.seen());
        screen.come();
        screen.come();
        assert!(screen.seen());
        assert_eq!(*went.borrow(), ["8"]);
        screen.leave();
        screen.leave();
        assert_eq!(*went.borrow(), ["8", "2"], "back to the session, and no further");
        // Somebody who went to another console by themselves stays there.
        screen.come();
        std::fs::write(&active, "tty1\n").unwrap();
        screen.leave();
        assert_eq!(*went.borrow(), ["8", "2", "8"]);
        // From there it comes anew, and leads back there.
        screen.come();
        screen.leave();
        assert_eq!(went.borrow()[3..], ["8", "1"]);
    }

    #[test]
    fn it_says_what_holds_until_it_is_over() {
        let root = tempfile::tempdir().unwrap();
        let console = root.path().join("tty8");
        std::fs::write(&console, "").unwrap();
        let notices = Notices::new(root.path().to_owned());
        notices.show(Some(&missing("01 00 00 00 00"))).unwrap();
        let (at, on) = (root.path().to_owned(), console.clone());
        let screen = std::thread::spawn(move || fill(&at, &on));
        until(&console, |text| text.contains("01 00 00 00 00") && text.contains("Enter") && text.contains("Entrée"));
        // Somebody else is to be called now.
        notices.show(Some(&missing("02 00 00 00 00"))).unwrap();
        until(&console, |text| text.contains("02 00 00 00 00"));
        notices.show(None).unwrap();
        screen.join().unwrap().unwrap();
        let text = std::fs::read_to_string(&console).unwrap();
        assert!(text.ends_with(CLEAR) && !text.contains(['\u{a0}', '\u{202f}']), "{text}");
    }
}
