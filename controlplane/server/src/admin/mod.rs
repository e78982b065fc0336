//! `Admin`: what people ask, one file a noun.

mod asset;
mod audit;
mod basis;
mod bundle;
mod cadence;
mod calendar;
mod calls;
mod campaign;
mod class;
mod compare;
mod contact;
mod desk;
mod device;
mod explain;
mod fetch;
mod kit;
mod lesson;
mod loan;
mod operator;
mod organisation;
mod policy;
mod proposal;
mod release;
mod rollout;
mod school;
mod server;
mod spread;
mod stocktake;
mod token;
mod turns;
mod unblock;
mod vault;

pub(crate) use operator::grant;
pub(crate) use vault::retention_of;

use crate::caller::{Staff, staff_of};
use crate::shared::Shared;
use std::sync::Arc;
use tonic::{Request, Status};
use wire::v1::admin_server::AdminServer;

/// The largest message staff send, in bytes.
const REQUEST_BYTES_MAX: usize = 256 * 1024;
/// The largest page staff get, in bytes.
const PAGE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The admin service.
pub(crate) struct AdminService {
    shared: Arc<Shared>,
}

impl AdminService {
    /// The service, with its message limits.
    pub(crate) fn server(shared: Arc<Shared>) -> AdminServer<Self> {
        AdminServer::new(Self { shared })
            .max_decoding_message_size(REQUEST_BYTES_MAX)
            .max_encoding_message_size(PAGE_BYTES_MAX)
    }

    /// Who calls, and what is asked; refused to all but staff whose role allows this call.
    async fn asked<T>(&self, call: &'static str, request: Request<T>) -> Result<(Staff, T), Status> {
        let staff = staff_of(&self.shared, call, &request).await?;
        Ok((staff, request.into_inner()))
    }
}
