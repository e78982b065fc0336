//! A named pipe, which by its default access list only the system and administrators may write to, and nobody from afar.

use crate::platform::door::Door;
use std::io;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, ServerOptions};

const PIPE: &str = r"\\.\pipe\cartable-agent";

/// The pipe, as the agent holds it: the instance that nobody has knocked at yet.
#[derive(Debug)]
pub(crate) struct Pipe(NamedPipeServer);

/// Either end.
#[derive(Debug)]
pub(crate) enum End {
    Agent(NamedPipeServer),
    Command(NamedPipeClient),
}

impl Door for Pipe {
    type Guest = End;

    fn open(_: &Path) -> io::Result<Self> {
        ServerOptions::new().first_pipe_instance(true).create(PIPE).map(Self)
    }

    async fn next(&mut self) -> io::Result<End> {
        self.0.connect().await?;
        let next = ServerOptions::new().create(PIPE)?;
        Ok(End::Agent(std::mem::replace(&mut self.0, next)))
    }

    async fn knock(_: &Path) -> io::Result<End> {
        ClientOptions::new().open(PIPE).map(End::Command)
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Agent(pipe) => std::pin::Pin::new(pipe).poll_read(context, buffer),
            Self::Command(pipe) => std::pin::Pin::new(pipe).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Agent(pipe) => std::pin::Pin::new(pipe).poll_write(context, bytes),
            Self::Command(pipe) => std::pin::Pin::new(pipe).poll_write(context, bytes),
        }
    }

    fn poll_flush(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Agent(pipe) => std::pin::Pin::new(pipe).poll_flush(context),
            Self::Command(pipe) => std::pin::Pin::new(pipe).poll_flush(context),
        }
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Agent(pipe) => std::pin::Pin::new(pipe).poll_shutdown(context),
            Self::Command(pipe) => std::pin::Pin::new(pipe).poll_shutdown(context),
        }
    }
}
