//! Who calls: taken from the connection's certificate, once a connection.

use crate::shared::Shared;
use identity::caller::{Caller, Certificate};
use model::id::DeviceId;
use std::sync::Arc;
use tonic::{Request, Status};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// What its certificate says; `None` without one, as for a device that enrols.
    pub(crate) certificate: Option<Arc<Certificate>>,
}

/// The device that calls, and the certificate that it shows.
///
/// # Errors
/// `Unauthenticated` without a certificate or with an expired one, `PermissionDenied` with one that is no device's of this
/// territory; counted for the audit.
pub(crate) fn device_of<T>(shared: &Shared, request: &Request<T>) -> Result<(DeviceId, Arc<Certificate>), Status> {
    let found = certificate_of(shared, request).and_then(|certificate| match &certificate.caller {
        Caller::Device { territory, device } if territory == shared.territory() => {
            Ok((*device, Arc::clone(certificate)))
        }
        _ => Err(Status::permission_denied("this call is for devices of this territory")),
    });
    found.inspect_err(|refused| shared.turned_away("device_call", &name_of(request), refused.code()))
}

/// The name of the operator who calls.
///
/// # Errors
/// As [`device_of`], for operators.
pub(crate) fn operator_of<T>(shared: &Shared, request: &Request<T>) -> Result<String, Status> {
    let found = certificate_of(shared, request).and_then(|certificate| match &certificate.caller {
        Caller::Operator { territory, name } if territory == shared.territory() => Ok(name.clone()),
        _ => Err(Status::permission_denied("this call is for staff of this territory")),
    });
    found.inspect_err(|refused| shared.turned_away("admin_call", &name_of(request), refused.code()))
}

/// The caller's certificate, if it is still valid: TLS looks at dates only when a connection begins and is not resumed.
fn certificate_of<'a, T>(shared: &Shared, request: &'a Request<T>) -> Result<&'a Arc<Certificate>, Status> {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_ref());
    let certificate =
        certificate.ok_or_else(|| Status::unauthenticated("this call needs a certificate; enrol first"))?;
    if certificate.until <= shared.clock.now() {
        return Err(Status::unauthenticated("this certificate has expired; renew it or enrol again"));
    }
    Ok(certificate)
}

/// Whom the certificate names, for the audit; empty without one.
fn name_of<T>(request: &Request<T>) -> String {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_deref());
    certificate.map_or_else(String::new, |certificate| match &certificate.caller {
        Caller::Device { device, .. } => device.to_string(),
        Caller::Operator { name, .. } => name.clone(),
    })
}
