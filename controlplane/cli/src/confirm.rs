//! Asking a person before what cannot be undone.

use crate::Error;
use crate::call::Call;
use std::io::{BufRead, stdin};

/// Asks a question; goes on only after a yes, and refuses where nobody can answer.
pub(crate) async fn confirm(call: &mut Call<'_>, question: &str) -> Result<(), Error> {
    if !call.surroundings.in_terminal {
        return Err(Error::NotConfirmed("error-confirm-nobody"));
    }
    let line = asked(call, question).await?;
    let yes = ["o", "oui", "y", "yes"].contains(&line.to_lowercase().as_str());
    if yes { Ok(()) } else { Err(Error::NotConfirmed("error-confirm-no")) }
}

/// What a person at the terminal types in answer to a question, without the blanks around it.
pub(crate) async fn asked(call: &mut Call<'_>, question: &str) -> Result<String, Error> {
    call.note(question);
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = read.await.map_err(std::io::Error::other)??;
    Ok(line.trim().to_owned())
}
