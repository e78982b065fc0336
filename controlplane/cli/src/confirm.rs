//! Asking a person before what cannot be undone.

use crate::Error;
use crate::call::Call;
use std::io::{BufRead, stdin};

/// Asks a question; goes on only after a yes, and refuses where nobody can answer.
pub(crate) async fn confirm(call: &mut Call<'_>, question: &str) -> Result<(), Error> {
    if !call.surroundings.in_terminal {
        return Err(Error::NotConfirmed("error-confirm-nobody"));
    }
    call.note(question);
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = read.await.map_err(std::io::Error::other)??;
    let yes = ["o", "oui", "y", "yes"].contains(&line.trim().to_lowercase().as_str());
    if yes { Ok(()) } else { Err(Error::NotConfirmed("error-confirm-no")) }
}
