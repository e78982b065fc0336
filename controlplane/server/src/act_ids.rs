//! The ids of acts on loans, forgotten once nobody can send those acts again.

use crate::shared::Shared;
use controlplane_core::loan::acts_forget;
use jiff::civil::Date;
use std::sync::Arc;
use std::time::Duration;

/// Whether a new day has begun is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// A rest between two pages: people come first.
const REST: Duration = Duration::from_millis(200);

/// Looks through them once a day.
pub(crate) async fn act_ids_end(shared: Arc<Shared>) {
    let mut done: Option<Date> = None;
    loop {
        let today = shared.today();
        if done != Some(today) && all_looked_at(&shared).await {
            done = Some(today);
        }
        shared.clock.sleep(LOOK_EVERY).await;
    }
}

/// Whether all of them were looked at.
async fn all_looked_at(shared: &Shared) -> bool {
    let (mut after, mut forgotten) = (String::new(), 0);
    loop {
        match acts_forget(&shared.store, shared.territory(), &after, shared.clock.now()).await {
            Ok((over, next)) => {
                forgotten += over;
                after = next;
            }
            Err(error) => {
                tracing::warn!(%error, "act ids could not be looked through; tried again in an hour");
                return false;
            }
        }
        if after.is_empty() {
            if forgotten > 0 {
                tracing::info!(forgotten, "act ids whose time was over were forgotten");
            }
            return true;
        }
        shared.clock.sleep(REST).await;
    }
}
