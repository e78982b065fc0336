//! Who calls: taken from the connection's certificate, once a connection.

use identity::caller::{Caller, Certificate};
use model::id::{DeviceId, TerritoryId};
use std::sync::Arc;
use tonic::{Request, Status};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// What its certificate says; `None` without one, as for a device that enrols.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The device that calls.
///
/// # Errors
/// `Unauthenticated` without a device certificate of this territory.
pub(crate) fn device_of<T>(request: &Request<T>, territory: &TerritoryId) -> Result<DeviceId, Status> {
    match certificate_of(request) {
        Some(Certificate { caller: Caller::Device { territory: whose, device }, .. }) if whose == territory => {
            Ok(*device)
        }
        Some(_) => Err(Status::permission_denied("this call is for devices of this territory")),
        None => Err(Status::unauthenticated("this call needs a device certificate; enrol first")),
    }
}

/// The name of the operator who calls.
///
/// # Errors
/// `Unauthenticated` without a certificate, `PermissionDenied` with one that is no operator's of this territory.
pub(crate) fn operator_of<T>(request: &Request<T>, territory: &TerritoryId) -> Result<String, Status> {
    match certificate_of(request) {
        Some(Certificate { caller: Caller::Operator { territory: whose, name }, .. }) if whose == territory => {
            Ok(name.clone())
        }
        Some(_) => Err(Status::permission_denied("this call is for staff of this territory")),
        None => Err(Status::unauthenticated("this call needs an operator's certificate")),
    }
}

fn certificate_of<T>(request: &Request<T>) -> Option<&Certificate> {
    request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref())
}
