//! Where the agent takes a medium: one command at a time is let in, and whoever keeps resources is told.

use super::import::Import;
use super::words::{End, Hello, Said};
use crate::clock::{Clock, within};
use crate::frame;
use crate::platform::door::Door;
use crate::platform::{Here, Platform};
use model::time::Timestamp;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long a command may take to say what it brings.
const HELLO_LIMIT: Duration = Duration::from_secs(10);
const HELLO_BYTES_MAX: usize = 64;

/// The hatch; dropped, it is shut.
#[derive(Debug)]
pub(crate) struct Hatch(JoinHandle<()>);

impl Hatch {
    /// Opens it for the agent on this state folder. Where that fails, resources come by other roads.
    pub(crate) fn open(clock: Arc<dyn Clock>, state: PathBuf, media: watch::Sender<Option<Arc<Import>>>) -> Self {
        Self(tokio::spawn(async move {
            match <Here as Platform>::Door::open(&state) {
                Ok(door) => serve(&*clock, door, &media).await,
                Err(error) => tracing::warn!(%error, "no medium can be taken"),
            }
        }))
    }
}

impl Drop for Hatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn serve(clock: &dyn Clock, mut door: <Here as Platform>::Door, media: &watch::Sender<Option<Arc<Import>>>) {
    let mut count = 0_u64;
    loop {
        let Ok(mut guest) = door.next().await else {
            // No more files may be opened: others are closed meanwhile.
            clock.sleep(Duration::from_secs(1)).await;
            continue;
        };
        let hello = within(clock, HELLO_LIMIT, frame::take::<Hello>(&mut guest, HELLO_BYTES_MAX)).await;
        let Some(Ok(hello)) = hello else { continue };
        count += 1;
        let made = (hello.made_unix_ms != 0).then(|| Timestamp::from_unix_millis(hello.made_unix_ms));
        tracing::info!("resources are taken from a medium");
        let import = Arc::new(Import::new(format!("medium {count}"), made, guest));
        media.send_replace(Some(Arc::clone(&import)));
        let mut ended = std::pin::pin!(import.ended());
        loop {
            tokio::select! {
                () = &mut ended => break,
                // One at a time: whoever comes meanwhile is told so.
                another = door.next() => if let Ok(mut another) = another {
                    let busy = Said { pieces: Vec::new(), end: Some(End { busy: true, ..End::default() }) };
                    // Heard out first: who is cut off while they speak does not hear why.
                    let told = async {
                        frame::take::<Hello>(&mut another, HELLO_BYTES_MAX).await?;
                        frame::put(&mut another, &busy).await
                    };
                    let _ = within(clock, HELLO_LIMIT, told).await;
                } else {
                    clock.sleep(Duration::from_secs(1)).await;
                },
            }
        }
    }
}
