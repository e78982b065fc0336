//! The control plane's own keys and certificates: replaced while the server runs, and nobody is stranded.

mod command;
mod online;
mod publisher;
mod server;
mod years;
