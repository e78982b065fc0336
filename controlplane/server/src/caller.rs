//! Who calls: taken from the connection's certificate, once a connection.

use crate::shared::Shared;
use controlplane_core::Error;
use controlplane_core::audit::{Author, Person};
use controlplane_core::operator::operator_admit;
use controlplane_core::role::{Allowed, allowed};
use controlplane_core::scope::Reach;
use identity::caller::{Caller, Certificate};
use model::digest::Digest;
use model::id::DeviceId;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tonic::{Request, Status};

/// The other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// What its certificate says; `None` without one, as for a device that enrols.
    pub(crate) certificate: Option<Arc<Certificate>>,
    /// The digest of the certificate that this side showed (tls-server-end-point, RFC 5929); a newer one concerns later connections.
    pub(crate) binding: Digest,
    called: Arc<AtomicBool>,
}

impl Peer {
    /// Somebody with this certificate, shown that one, who has made no call yet.
    pub(crate) fn new(certificate: Option<Certificate>, binding: Digest) -> Self {
        Self { certificate: certificate.map(Arc::new), binding, called: Arc::default() }
    }

    /// Notes that it has made a call.
    pub(crate) fn called(&self) {
        self.called.store(true, Ordering::Relaxed);
    }

    /// Whether it has made a call.
    pub(crate) fn has_called(&self) -> bool {
        self.called.load(Ordering::Relaxed)
    }
}

/// What binds an exchange to the connection that a call came on.
///
/// # Errors
/// `Internal` when the call came on no connection of the listener.
pub(crate) fn binding_of<T>(request: &Request<T>) -> Result<Digest, Status> {
    let peer = request.extensions().get::<Peer>();
    peer.map(|peer| peer.binding).ok_or_else(|| Status::internal("the connection is not known"))
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

/// A certificate as the register has it.
pub(crate) fn record_of(shown: &Certificate) -> controlplane_core::device::Certificate {
    let Certificate { serial, number, until, .. } = shown;
    controlplane_core::device::Certificate { serial: serial.clone(), number: *number, until: *until }
}

/// Who of the staff calls, in which role, and how far their word reaches in this call.
#[derive(Clone, Debug)]
pub(crate) struct Staff {
    /// The name in the certificate, and the role by which the call is allowed.
    pub(crate) person: Person,
    /// What of the territory the call may see and change.
    pub(crate) reach: Reach,
    /// The certificate that was shown.
    pub(crate) certificate: Arc<Certificate>,
}

impl Staff {
    /// As the audit names them.
    pub(crate) fn author(&self) -> Author {
        Author::Operator(self.person.name.clone())
    }
}

/// Who of the staff makes this call, if they may: by the certificate, the store's record, and the table of roles.
///
/// # Errors
/// As [`device_of`], for operators; `PermissionDenied` for who is not known, was revoked, or may not; counted for the audit.
pub(crate) async fn staff_of<T>(shared: &Shared, call: &'static str, request: &Request<T>) -> Result<Staff, Status> {
    let (name, certificate) = operator_of(shared, request)?;
    staff_admit(shared, call, name, certificate).await
}

/// The same person later in a call that lasts: whether they still may, and how far.
///
/// # Errors
/// As [`staff_of`].
pub(crate) async fn staff_again(shared: &Shared, call: &'static str, staff: &Staff) -> Result<Staff, Status> {
    staff_admit(shared, call, staff.person.name.clone(), Arc::clone(&staff.certificate)).await
}

async fn staff_admit(
    shared: &Shared,
    call: &'static str,
    name: String,
    certificate: Arc<Certificate>,
) -> Result<Staff, Status> {
    let author = || Author::Operator(name.clone());
    let now = shared.clock.now();
    let admitted = operator_admit(&shared.store, shared.territory(), &name, &certificate.serial, now).await;
    let operator = admitted.map_err(shared.refuse(author(), "operator", &name))?;
    let Some(Allowed { role, reach }) = allowed(call, &operator.grants) else {
        let denied =
            Error::Denied("your role does not allow this; `cartable operator self` shows what it does".to_owned());
        return Err(shared.refuse(author(), call, "")(denied));
    };
    Ok(Staff { person: Person { name, role }, reach, certificate })
}

/// The name and certificate of the operator who calls.
///
/// # Errors
/// As [`device_of`], for operators.
pub(crate) fn operator_of<T>(shared: &Shared, request: &Request<T>) -> Result<(String, Arc<Certificate>), Status> {
    let found = certificate_of(shared, request).and_then(|certificate| match &certificate.caller {
        Caller::Operator { territory, name } if territory == shared.territory() => {
            Ok((name.clone(), Arc::clone(certificate)))
        }
        _ => Err(Status::permission_denied("this call is for staff of this territory")),
    });
    found.inspect_err(|refused| shared.turned_away("admin_call", &name_of(request), refused.code()))
}

/// What the holder of an expired certificate is told.
pub(crate) fn certificate_expired() -> Status {
    Status::unauthenticated("this certificate has expired; renew it or enrol again")
}

/// The caller's certificate, if it is still valid: TLS looks at dates only when a connection begins and is not resumed.
fn certificate_of<'a, T>(shared: &Shared, request: &'a Request<T>) -> Result<&'a Arc<Certificate>, Status> {
    let certificate = request.extensions().get::<Peer>().and_then(|peer| peer.certificate.as_ref());
    let certificate =
        certificate.ok_or_else(|| Status::unauthenticated("this call needs a certificate; enrol first"))?;
    if certificate.until <= shared.clock.now() {
        return Err(certificate_expired());
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
