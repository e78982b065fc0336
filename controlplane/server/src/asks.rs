//! What users ask about single names: kept when it comes, forgotten when it is answered and over.

use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::unblock::{ASKS_A_CHECK_IN_MAX, AskKind, asks_forget, asks_keep};
use jiff::civil::Date;
use model::host::Host;
use model::id::DeviceId;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;
use wire::v1::{FilterAsk, FilterAskKind};

/// Whether a new day has begun is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);

/// Makes what a device brings durable, and says which ids it need not send again: what cannot be meant among them, too.
///
/// # Errors
/// `InvalidArgument` for too many, or an id that is none; `Unavailable` when the store fails.
pub(crate) async fn keep(shared: &Shared, device: DeviceId, asks: Vec<FilterAsk>) -> Result<Vec<Vec<u8>>, Status> {
    if asks.len() > ASKS_A_CHECK_IN_MAX {
        return Err(invalid(format!("at most {ASKS_A_CHECK_IN_MAX} asks a check-in")));
    }
    let (mut kept, mut read) = (Vec::with_capacity(asks.len()), Vec::new());
    for ask in asks {
        if ask.id.len() != 16 {
            return Err(invalid("an ask's id is 16 bytes"));
        }
        let kind = match ask.kind() {
            FilterAskKind::Unblock => Some(AskKind::Unblock),
            FilterAskKind::Report => Some(AskKind::Report),
            FilterAskKind::Unspecified => None,
        };
        if let (Some(kind), Ok(name)) = (kind, ask.name.parse::<Host>()) {
            let id = ask.id.iter().map(|byte| format!("{byte:02x}")).collect();
            read.push((id, kind, name));
        }
        kept.push(ask.id);
    }
    let done = asks_keep(&shared.store, shared.territory(), device, &read, shared.clock.now()).await.map_err(status)?;
    if done.dropped > 0 {
        // Which names nobody needs to know.
        tracing::info!(%device, dropped = done.dropped, "a device asks for more names than are kept in a day");
    }
    Ok(kept)
}

/// Looks once a day for what is over.
pub(crate) async fn asks_end(shared: Arc<Shared>) {
    let mut done: Option<Date> = None;
    loop {
        let today = shared.today();
        if done != Some(today) {
            match asks_forget(&shared.store, shared.territory(), shared.clock.now()).await {
                Ok(forgotten) if forgotten > 0 => {
                    tracing::info!(forgotten, "requests that were answered were forgotten");
                    // There may be more.
                    continue;
                }
                Ok(_) => done = Some(today),
                Err(error) => tracing::warn!(%error, "requests could not be looked through; tried again in an hour"),
            }
        }
        shared.clock.sleep(LOOK_EVERY).await;
    }
}
