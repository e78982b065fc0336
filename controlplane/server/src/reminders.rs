//! The reminders of each day, made by the server itself.

use crate::shared::Shared;
use controlplane_core::loan::remind_due;
use controlplane_core::scope::Reach;
use jiff::civil::Date;
use std::sync::Arc;
use std::time::Duration;

/// Whether a day has begun whose reminders are not made yet is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);
/// So many at a time, with a rest between: people come first.
const AT_A_TIME: usize = 500;
const REST: Duration = Duration::from_millis(200);

/// Makes the reminders of each day once it has begun; what could not be made is made later.
pub(crate) async fn reminders_follow(shared: Arc<Shared>) {
    let mut made: Option<Date> = None;
    loop {
        let today = shared.today();
        if made != Some(today) && remind_all(&shared).await {
            made = Some(today);
        }
        shared.clock.sleep(LOOK_EVERY).await;
    }
}

/// Whether all that were due have been made.
async fn remind_all(shared: &Shared) -> bool {
    let (territory, reach) = (shared.territory(), Reach::territory());
    loop {
        let now = shared.clock.now();
        match remind_due(&shared.store, territory, &reach, shared, None, now, AT_A_TIME).await {
            Ok(reminded) if reminded.len() < AT_A_TIME => return true,
            Ok(_) => shared.clock.sleep(REST).await,
            Err(error) => {
                tracing::warn!(%error, "reminders could not be made; tried again later");
                return false;
            }
        }
    }
}
