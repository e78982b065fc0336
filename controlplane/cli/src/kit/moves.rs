//! Parts that turned up at another kit.

use crate::Error;
use crate::call::Call;
use crate::print::{Look, Row, Sheet, Tone, rfc3339};
use clap::Args;
use serde::Serialize;
use wire::v1::{KitMove, KitMoveDecideRequest, KitMovesRequest};

/// Moves asked for at a time.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(crate) struct Accept {
    asset: String,
    #[arg(long)]
    slot: Option<String>,
    #[arg(long)]
    why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Dismiss {
    asset: String,
    #[arg(long)]
    why: Option<String>,
}

/// A line of the list of moves; the field names are promised to programs.
#[derive(Clone, Debug, Default, Serialize)]
struct MoveRow {
    number: String,
    from: String,
    slot: String,
    to: String,
    device: String,
    since: Option<String>,
    #[serde(skip)]
    since_unix_ms: i64,
}

pub(crate) async fn kit_moves(call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut asked = KitMovesRequest { limit: PAGE, after: String::new() };
    let mut rows: Vec<MoveRow> = Vec::new();
    loop {
        let page = call.answer(client.kit_moves(asked.clone())).await?;
        rows.extend(page.moves.into_iter().map(MoveRow::from));
        if page.next.is_empty() || page.next == asked.after {
            break;
        }
        asked.after = page.next;
    }
    call.progress.clear();
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("kit-moves-none"));
        return Ok(());
    }
    call.print.list(&rows)
}

pub(crate) async fn kit_accept(accept: Accept, call: &mut Call<'_>) -> Result<(), Error> {
    let (slot, why) = (accept.slot.unwrap_or_default(), accept.why.unwrap_or_default());
    let asked = KitMoveDecideRequest { asset: accept.asset, slot, accept: true, why };
    decided(asked, "kit-move-accepted", call).await
}

pub(crate) async fn kit_dismiss(dismiss: Dismiss, call: &mut Call<'_>) -> Result<(), Error> {
    let why = dismiss.why.unwrap_or_default();
    let asked = KitMoveDecideRequest { asset: dismiss.asset, slot: String::new(), accept: false, why };
    decided(asked, "kit-move-dismissed", call).await
}

async fn decided(asked: KitMoveDecideRequest, key: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let answer = call.answer(client.kit_move_decide(asked)).await?;
    call.progress.clear();
    let row = MoveRow::from(answer.r#move.unwrap_or_default());
    let values =
        [("number", row.number.clone().into()), ("from", row.from.clone().into()), ("to", row.to.clone().into())];
    let line = call.words.text_with(key, &values);
    call.print.one(&row, || {
        let mut sheet = Sheet::default();
        sheet.section(line);
        sheet
    })
}

impl From<KitMove> for MoveRow {
    fn from(moved: KitMove) -> Self {
        Self {
            number: moved.number,
            from: moved.from,
            slot: moved.slot,
            to: moved.to,
            device: moved.device,
            since: rfc3339(moved.since_unix_ms),
            since_unix_ms: moved.since_unix_ms,
        }
    }
}

impl Row for MoveRow {
    const COLUMNS: &'static [&'static str] =
        &["asset-number", "kit-move-from", "kit-slot", "kit-move-to", "kit-move-device", "kit-move-since"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        vec![
            (self.number.clone(), Tone::Plain),
            (self.from.clone(), Tone::Plain),
            (self.slot.clone(), Tone::Plain),
            (self.to.clone(), Tone::Warning),
            (self.device.chars().take(18).collect(), Tone::Plain),
            (look.date(self.since_unix_ms), Tone::Plain),
        ]
    }
}
