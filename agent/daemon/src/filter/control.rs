//! The filter's end of its talk with the agent: one agent at a time, the newest.

use super::asks::Asks;
use super::words::{MESSAGE_BYTES_MAX, SOCKET, Said, Stands, Told};
use crate::error::Error;
use crate::folder::Folder;
use crate::frame;
use std::fs;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

/// After an error of accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The talk; dropped, it ends.
#[derive(Debug)]
pub(super) struct Control(JoinHandle<()>);

/// What is talked about.
#[derive(Clone, Debug)]
pub(super) struct Topics {
    pub(super) stands: watch::Receiver<Stands>,
    pub(super) asks: Arc<Asks>,
    /// Told when the agent says that there is something to look at.
    pub(super) look: Arc<Notify>,
}

impl Control {
    /// Listens in the filter's folder, which only root enters.
    ///
    /// # Errors
    /// [`Error::File`] when the socket cannot be made.
    pub(super) fn open(folder: &Folder, topics: Topics) -> Result<Self, Error> {
        let path = folder.path(SOCKET);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::file(&path)(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(Error::file(&path))?;
        Ok(Self(tokio::spawn(listen(listener, topics))))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn listen(listener: UnixListener, topics: Topics) {
    // An agent that was killed may leave an end that nobody reads: the next one takes its place.
    let mut talk: Option<Talk> = None;
    loop {
        match listener.accept().await {
            Ok((agent, _)) => {
                let topics = topics.clone();
                drop(talk.replace(Talk(tokio::spawn(async move {
                    if let Err(error) = talked(agent, topics).await {
                        tracing::debug!(%error, "the agent speaks no longer");
                    }
                }))));
            }
            Err(error) => {
                tracing::warn!(%error, "nobody can speak to the filter");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One talk, which ends with this.
struct Talk(JoinHandle<()>);

impl Drop for Talk {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn talked(agent: UnixStream, mut topics: Topics) -> io::Result<()> {
    let (mut from, mut to) = agent.into_split();
    let (asks, look) = (topics.asks.clone(), topics.look.clone());
    let mut news = asks.news();
    let hear = async move {
        loop {
            let told: Told = frame::take(&mut from, MESSAGE_BYTES_MAX).await?;
            asks.kept(&told.asks_kept);
            if told.look {
                look.notify_one();
            }
        }
    };
    let say = async move {
        loop {
            news.borrow_and_update();
            let stands = topics.stands.borrow_and_update().clone();
            frame::put(&mut to, &Said { stands: Some(stands), asks: topics.asks.all() }).await?;
            tokio::select! {
                changed = topics.stands.changed() => changed.map_err(io::Error::other)?,
                changed = news.changed() => changed.map_err(io::Error::other)?,
            }
        }
    };
    tokio::select! {
        heard = hear => heard,
        said = say => said,
    }
}
