//! A server that ran some days ago and runs again now: certificates it gave then have grown old.

use crate::process::{ServerProcess, free_port};
use controlplane::Server;
use controlplane::clock::{Clock, SystemClock};
use controlplane::config::Config;
use controlplane::init::{Wish, init};
use controlplane::opening::store_open;
use model::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The system's clock, so much slow.
#[derive(Debug)]
struct Behind(Duration);

#[tonic::async_trait]
impl Clock for Behind {
    fn now(&self) -> Timestamp {
        SystemClock.now().before(self.0)
    }

    fn ticks(&self) -> Duration {
        SystemClock.ticks()
    }

    async fn sleep(&self, while_: Duration) {
        SystemClock.sleep(while_).await;
    }
}

impl ServerProcess {
    /// Makes a control plane so long ago, runs it in this process while something is done, and stops it.
    ///
    /// What is given is to be started; `url`, `token` and the like work while it is done, too.
    ///
    /// # Panics
    /// When it cannot be made, run or stopped.
    pub async fn earlier<T>(folder: &Path, ago: Duration, act: impl AsyncFnOnce(&Self) -> T) -> (Self, T) {
        let clock = Behind(ago);
        let port = free_port();
        let wish = Wish {
            territory: "doubs".parse().expect("a territory"),
            listen: ([127, 0, 0, 1], port).into(),
            names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
            operator: "admin".to_owned(),
        };
        let made = init(&folder.join("server"), &wish, clock.now()).expect("a control plane");
        let process = Self::made(made.root().to_owned(), port);
        let config = Config::read(&made).expect("a configuration");
        let store = Arc::new(store_open(&made, &config.store, None, clock.now()).expect("a store"));
        let server = Server::build(config, &made, store.clone(), Arc::new(clock)).await.expect("a server");
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async { stopped.await.unwrap_or(()) }));
        let done = act(&process).await;
        let _ = stop.send(());
        running.await.expect("it ends").expect("in order");
        store.close().await.expect("a store closed");
        (process, done)
    }
}
