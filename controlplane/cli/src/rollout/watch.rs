//! `cartable rollout watch`: a picture for people at a terminal, a line whenever something has changed for everybody else.

use super::live::{cut, painted, picture};
use super::row::RolloutRow;
use super::{rollout_print, shown};
use crate::Error;
use crate::call::Call;
use crate::print::{Exit, Tone, failure_exit};
use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, size,
};
use identity::tls;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use wire::v1::Rollout;

/// How often a rollout that is watched is asked for.
const WATCH_EVERY: Duration = Duration::from_secs(2);
/// How often the picture is drawn: its times go on, and the terminal may have another width.
const DRAW_EVERY: Duration = Duration::from_secs(1);
/// A terminal that does not say how large it is.
const SIZE_USUAL: (u16, u16) = (80, 24);

/// Watches until it is over, or a person ends the watching.
pub(super) async fn rollout_watch(id: String, call: &mut Call<'_>) -> Result<(), Error> {
    let mut stop = Stop::new().map_err(Error::Output)?;
    if !(call.print.for_people() && call.surroundings.out_terminal) {
        return lines(id, &mut stop, call).await;
    }
    let rollout = shown(id.clone(), call).await?;
    call.progress.clear();
    let mut bytes = Vec::new();
    queue!(bytes, EnterAlternateScreen, Hide).map_err(Error::Output)?;
    call.print.now(&bytes)?;
    let watched = pictures(id, rollout, &mut stop, call).await;
    let mut bytes = Vec::new();
    queue!(bytes, Show, LeaveAlternateScreen).map_err(Error::Output)?;
    call.print.now(&bytes)?;
    // What was seen last stays to be read.
    rollout_print(watched?, call)
}

async fn lines(id: String, stop: &mut Stop, call: &mut Call<'_>) -> Result<(), Error> {
    let (mut before, mut first) = (None, true);
    loop {
        let rollout = tokio::select! {
            rollout = shown(id.clone(), call) => rollout?,
            () = stop.said() => return Ok(()),
        };
        let (every, over) = pace(&rollout);
        if before.as_ref() != Some(&rollout) {
            call.print.line(&RolloutRow::from(&rollout), first)?;
            (before, first) = (Some(rollout), false);
        }
        if over {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = stop.said() => return Ok(()),
        }
    }
}

/// The rollout as it was seen last.
async fn pictures(id: String, first: Rollout, stop: &mut Stop, call: &mut Call<'_>) -> Result<Rollout, Error> {
    let (mut rollout, mut silent) = (first, false);
    loop {
        let (every, over) = pace(&rollout);
        if over {
            return Ok(rollout);
        }
        let mut rest = every;
        while !rest.is_zero() {
            draw(&rollout, silent, call)?;
            tokio::select! {
                () = tokio::time::sleep(DRAW_EVERY.min(rest)) => {}
                () = stop.said() => return Ok(rollout),
            }
            rest = rest.saturating_sub(DRAW_EVERY);
        }
        let answer = tokio::select! {
            answer = shown(id.clone(), call) => answer,
            () = stop.said() => return Ok(rollout),
        };
        // A control plane that is started anew is no reason to stop watching.
        silent = answer.as_ref().is_err_and(|error| failure_exit(error) == Exit::Unavailable);
        if !silent {
            rollout = answer?;
        }
    }
}

/// How often it is looked at, and whether it is over.
fn pace(rollout: &Rollout) -> (Duration, bool) {
    // Of one that has not begun all devices are looked at anew for each answer.
    let begun = !["draft", "approved"].contains(&rollout.state.as_str());
    let over = !["draft", "approved", "running", "paused"].contains(&rollout.state.as_str());
    (if begun { WATCH_EVERY } else { WATCH_EVERY * 15 }, over)
}

/// Draws over what stands there, line by line: a screen that is cleared first is empty for a moment, and flickers.
fn draw(rollout: &Rollout, silent: bool, call: &mut Call<'_>) -> Result<(), Error> {
    let (width, height) = size().ok().filter(|(width, height)| *width > 0 && *height > 0).unwrap_or(SIZE_USUAL);
    let now = tls::system_time().current_time().and_then(|now| i64::try_from(now.as_secs()).ok());
    let now = now.unwrap_or(0).saturating_mul(1_000);
    let look = call.print.look();
    let mut lines = picture(rollout, now, look, (width.into(), height.into()));
    if silent {
        lines.truncate(usize::from(height).saturating_sub(1));
        lines.push(cut(vec![(look.text("rollout-silent"), Tone::Warning)], usize::from(width).saturating_sub(1)));
    }
    let colour = look.colour;
    let mut bytes = Vec::new();
    queue!(bytes, BeginSynchronizedUpdate).map_err(Error::Output)?;
    for (row, line) in (0..).zip(&lines) {
        queue!(bytes, MoveTo(0, row), Print(painted(line, colour)), Clear(ClearType::UntilNewLine))
            .map_err(Error::Output)?;
    }
    queue!(bytes, Clear(ClearType::FromCursorDown), EndSynchronizedUpdate).map_err(Error::Output)?;
    call.print.now(&bytes)
}

/// The signals by which a watching is ended: what they would end at once would leave the terminal as it was drawn on.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> std::io::Result<Self> {
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Self([interrupt?, terminate?, hangup?]))
    }

    async fn said(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
