//! The passphrase of a desk's file: asked of a person without showing it, or read from a file.

use super::fault::DeskFault;
use crate::Error;
use crate::call::Call;
use crate::config::file_read;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest passphrase taken, in characters.
const CHARS_MAX: usize = 1_000;

/// The passphrase: the first line of a file, or what a person types.
///
/// # Errors
/// When the file cannot be read, or nobody can be asked.
pub(crate) async fn passphrase(
    file: Option<&Path>,
    question: &'static str,
    call: &mut Call<'_>,
) -> Result<Zeroizing<String>, Error> {
    if let Some(path) = file {
        let text = Zeroizing::new(file_read(path)?);
        return Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()));
    }
    if !call.surroundings.in_terminal {
        return Err(Error::Desk(DeskFault::PassphraseNobody));
    }
    let question = call.words.text(question);
    call.note(&question);
    tokio::task::spawn_blocking(typed).await.map_err(std::io::Error::other)?
}

/// What is typed until Enter, unseen.
fn typed() -> Result<Zeroizing<String>, Error> {
    enable_raw_mode()?;
    let mut text = Zeroizing::new(String::new());
    let ended = loop {
        match read() {
            Ok(Event::Key(key)) if key.kind == KeyEventKind::Release => {}
            Ok(Event::Key(key)) => match key.code {
                KeyCode::Enter => break Ok(()),
                KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                    break Err(Error::NotConfirmed("error-confirm-no"));
                }
                KeyCode::Esc => break Err(Error::NotConfirmed("error-confirm-no")),
                KeyCode::Backspace => drop(text.pop()),
                KeyCode::Char(c) if text.chars().count() < CHARS_MAX => text.push(c),
                _ => {}
            },
            Ok(_) => {}
            Err(error) => break Err(error.into()),
        }
    };
    disable_raw_mode()?;
    ended.map(|()| text)
}
