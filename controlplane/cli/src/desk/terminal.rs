//! The desk at work in a terminal: keys in, the screen out, and whatever there is sent behind it.

use super::act::{Act, Entry, Outcome};
use super::command::Command;
use super::draw::{Panel, draw};
use super::engine::Desk;
use super::fault::DeskFault;
use super::file::Journal;
use super::said::Said;
use super::screen::{Link, clock_is_off, screen};
use super::send::{BATCH, Courier};
use super::set::{Mode, Part};
use crate::Error;
use crate::call::Call;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use ratatui::DefaultTerminal;
use std::time::Duration;
use tokio::sync::mpsc;

/// The longest text typed, in characters.
const TYPED_MAX: usize = 512;
/// How often the way to the control plane is tried.
const SEND_EVERY: Duration = Duration::from_secs(10);
/// For so long an act can be taken back, even where there is a network.
const UNDO_FOR: Duration = Duration::from_secs(30);

/// What a key is for.
enum Pressed {
    Command(Command),
    Acts,
    Quit,
    Nothing,
}

/// Works until a person ends it.
///
/// # Errors
/// When there is no terminal, or the journal cannot be written: then nothing more is taken.
pub(crate) async fn work(desk: &mut Desk, journal: &mut Journal, call: &mut Call<'_>) -> Result<(), Error> {
    if !call.surroundings.in_terminal || !call.surroundings.out_terminal {
        return Err(Error::Desk(DeskFault::NoTerminal));
    }
    call.progress.clear();
    let mut terminal = ratatui::try_init()?;
    let worked = loop_until_quit(desk, journal, call, &mut terminal).await;
    ratatui::try_restore()?;
    worked
}

async fn loop_until_quit(
    desk: &mut Desk,
    journal: &mut Journal,
    call: &mut Call<'_>,
    terminal: &mut DefaultTerminal,
) -> Result<(), Error> {
    let (typist, mut keys) = mpsc::channel(256);
    // It waits in the terminal's own read until the program ends.
    std::thread::spawn(move || {
        while let Ok(event) = read() {
            if typist.blocking_send(event).is_err() {
                break;
            }
        }
    });
    let profile = call.profile().ok();
    let unknown = if profile.is_some() { Link::Unknown } else { Link::Down };
    let (mut link, mut typed, mut panel) = (unknown, String::new(), Panel::None);
    let mut courier = Courier::new(profile);
    let mut tick = tokio::time::interval(SEND_EVERY);
    loop {
        let look = call.print.look().clone();
        terminal.draw(|frame| draw(frame, &screen(desk, &link, &look), &typed, panel, &look))?;
        tokio::select! {
            biased;
            event = keys.recv() => {
                let Some(event) = event else { return Ok(()) };
                let Event::Key(key) = event else { continue };
                if key.kind == KeyEventKind::Release {
                    continue;
                }
                match pressed(&key, &mut typed, desk.mode) {
                    Pressed::Command(command) => {
                        panel = Panel::None;
                        did(desk, journal, command)?;
                    }
                    Pressed::Acts => panel = if panel == Panel::Acts { Panel::None } else { Panel::Acts },
                    Pressed::Quit => return Ok(()),
                    Pressed::Nothing => {}
                }
            }
            brought = courier.brings() => {
                link = if brought.reached { Link::Up } else { Link::Down };
                let off = clock_is_off(desk);
                let before = desk.log.counts().against;
                for entry in brought.entries {
                    journal.append(&entry)?;
                    desk.keep(entry);
                }
                if desk.log.counts().against > before {
                    desk.said = Some(Said::bad("desk-said-against"));
                } else if clock_is_off(desk) && !off {
                    desk.said = Some(Said::bad("desk-said-clock"));
                }
            }
            _ = tick.tick() => {
                if !courier.is_away() {
                    let acts = if link == Link::Up { ripe(desk) } else { Vec::new() };
                    if !acts.is_empty() {
                        let entry = Entry::Sending { acts: acts.iter().map(|act| act.id).collect() };
                        journal.append(&entry)?;
                        desk.keep(entry);
                    }
                    // With nothing to send it looks only whether the way is open: what never left can still be taken back.
                    if !acts.is_empty() || link != Link::Up {
                        courier.send(desk, acts);
                    }
                }
            }
        }
    }
}

/// The acts that go by themselves: those of which a person has had a while to think better.
fn ripe(desk: &Desk) -> Vec<Act> {
    let now = super::clock();
    let ripe = |act: &Act| now.since(act.at) >= UNDO_FOR || now < act.at;
    let acts = desk.log.outbox(BATCH);
    let count = acts.iter().take_while(|act| ripe(act)).count();
    acts.into_iter().take(count).collect()
}

/// Does one thing: what comes of it is durable before it is said.
pub(crate) fn did(desk: &mut Desk, journal: &mut Journal, command: Command) -> Result<Option<Entry>, Error> {
    let Some(entry) = desk.does(command, &super::moment()) else { return Ok(None) };
    journal.append(&entry)?;
    desk.keep(entry.clone());
    Ok(Some(entry))
}

fn pressed(key: &KeyEvent, typed: &mut String, mode: Mode) -> Pressed {
    let lending = mode != Mode::Stocktake;
    let command = match key.code {
        KeyCode::Enter => {
            let line = std::mem::take(typed);
            // A command that is none is said to be unknown like any other code.
            Command::read(&line).unwrap_or(Command::Code(line))
        }
        KeyCode::Esc if !typed.is_empty() => {
            typed.clear();
            return Pressed::Nothing;
        }
        KeyCode::Esc => Command::Clear,
        KeyCode::Backspace => {
            typed.pop();
            return Pressed::Nothing;
        }
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Pressed::Quit,
        KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => {
            if typed.chars().count() < TYPED_MAX {
                typed.push(c);
            }
            return Pressed::Nothing;
        }
        KeyCode::F(1) => return Pressed::Acts,
        KeyCode::F(2) if lending => Command::All,
        KeyCode::F(3) if lending => Command::Sign(None),
        KeyCode::F(4) if lending => Command::Part(Part::Screen, None),
        KeyCode::F(5) if lending => Command::Part(Part::Keyboard, None),
        KeyCode::F(6) if lending => Command::Part(Part::Case, None),
        KeyCode::F(7) if lending => Command::End(Outcome::NoShow, String::new()),
        KeyCode::F(8) if lending => Command::End(Outcome::Refused, String::new()),
        KeyCode::F(9) => Command::Undo,
        KeyCode::F(10) => Command::Finish,
        KeyCode::F(12) => return Pressed::Quit,
        _ => return Pressed::Nothing,
    };
    Pressed::Command(command)
}
