//! Watching a rollout at a real terminal: what `script` from util-linux makes one of.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use tests::process::until;
use tests::programs::program;
use tests::reporter::Fleet;

/// The command at a terminal of its own, and what it has drawn there.
struct Screen {
    child: Child,
    drawn: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    /// Nothing where there is no `script`.
    fn of(fleet: &Fleet, rollout: &str, no_color: &str) -> Option<Self> {
        let config = fleet.server.data.join("operator/cartable.toml");
        let command = program("cartable");
        let command = format!(
            "stty rows 20 cols 60; exec {} --lang en --config {} rollout watch {rollout}",
            command.display(),
            config.display()
        );
        let mut script = Command::new(tests::system_program("script")?);
        script.args(["-qefc", &command, "/dev/null"]).env("NO_COLOR", no_color).env("TERM", "xterm");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let drawn = Arc::new(Mutex::new(Vec::new()));
        let (mut out, seen) = (child.stdout.take().unwrap(), Arc::clone(&drawn));
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = out.read(&mut piece) {
                seen.lock().unwrap().extend_from_slice(&piece[..length]);
            }
        });
        Some(Self { child, drawn })
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.drawn.lock().unwrap()).into_owned()
    }

    /// Types Ctrl-C.
    fn interrupt(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\x03").unwrap();
    }

    /// Waits for the end, which must be a good one. What is typed stays open meanwhile: `wait` would close it first, and `script` then
    /// types an end of file at a terminal that may be gone.
    fn ended_well(&mut self) {
        let typed = self.child.stdin.take();
        let status = self.child.wait().unwrap();
        drop(typed);
        assert!(status.success(), "{status}: {}", self.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_is_drawn_over_itself_and_the_terminal_is_given_back() {
    let mut fleet = Fleet::start(4).await;
    let index = "ab".repeat(32);
    let plan = ["rollout", "plan", "--bundle", "dictionnaire@2026.9", "--index", &index, "--scope", "territory"];
    let planned = fleet.server.json(&[&plan[..], &["--wave", "50%", "--urgent"]].concat());
    let id = planned["id"].as_str().unwrap();
    fleet.server.json(&["rollout", "start", id, "--yes"]);
    let Some(mut screen) = Screen::of(&fleet, id, "1") else { return };
    until(30, "two pictures", || screen.text().matches("\x1b[1;1H").count() > 1);
    let text = screen.text();
    let (_, picture) = text.split_once("\x1b[?1049h").expect("a screen of its own");
    assert!(picture.contains("dictionnaire 2026.9") && picture.contains("Wave 1  50"), "{picture}");
    assert!(picture.contains(['▓', '░']) && picture.contains("0 / "), "{picture}");
    assert!(!picture.contains("\x1b[2J"), "nothing is cleared before it is drawn: {picture}");
    let colours = ["\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"];
    assert!(!colours.iter().any(|colour| picture.contains(colour)), "no colour is wished: {picture}");
    screen.interrupt();
    screen.ended_well();
    until(10, "the terminal is given back", || screen.text().contains("\x1b[?1049l"));
    let (_, after) = screen.text().rsplit_once("\x1b[?1049l").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    assert!(screen.text().contains("\x1b[?25h"), "the cursor is seen again");
    until(10, "what was seen last stays", || screen.text().contains("Thresholds"));
    assert!(!after.contains("\x1b[?1049h"));

    // In colours, to its end: nobody has to end the watching of what is over.
    let mut screen = Screen::of(&fleet, id, "").unwrap();
    until(30, "a picture", || screen.text().contains("\x1b[1;1H"));
    assert!(colours.iter().any(|colour| screen.text().contains(colour)), "{}", screen.text());
    // A control plane that is away for a moment ends nothing.
    fleet.server.kill();
    until(30, "that it does not answer", || screen.text().contains("does not answer"));
    fleet.server.start();
    fleet.server.json(&["rollout", "abort", id, "--yes"]);
    screen.ended_well();
    until(10, "how it ended", || screen.text().contains("aborted"));
}
