//! `Device.Renew`: a new certificate beside the one in force, and the switch at its first use.

use crate::caller::{binding_of, device_of, record_of};
use crate::device::busy;
use crate::shared::Shared;
use crate::status::invalid;
use controlplane_core::audit::Author;
use controlplane_core::device::Certificate;
use controlplane_core::renew::{Asked, renewal_settle};
use identity::csr::REQUEST_BYTES_MAX;
use identity::issue::renewal_window;
use model::id::DeviceId;
use model::renewal::RenewalTranscript;
use tonic::{Request, Status};
use wire::v1::{RenewRequest, RenewResponse};

/// As many check-ins as a renewal is worth: it signs, and writes durably.
const COST: u64 = 10;
/// The longest ASN.1 ECDSA signature on P-256, in bytes (two integers of at most 33).
const SIGNATURE_BYTES_MAX: usize = 72;

/// Issues the next certificate.
pub(crate) async fn renew(shared: &Shared, request: Request<RenewRequest>) -> Result<RenewResponse, Status> {
    let (device, shown) = device_of(shared, &request)?;
    let binding = binding_of(&request)?;
    let said = request.into_inner();
    let now = shared.clock.now();
    let limits = &shared.config.limits;
    if !shared.live.spend(device, COST, now, limits.device_burst, limits.device_calls_per_minute) {
        return Err(busy());
    }
    if said.csr.len() > REQUEST_BYTES_MAX {
        return Err(invalid("the certificate request is too large"));
    }
    if said.signature.len() > SIGNATURE_BYTES_MAX {
        return Err(invalid("the signature is too large"));
    }
    let ca = shared.ca();
    let asked = Asked {
        device,
        shown: &record_of(&shown),
        from: renewal_window(shown.until).0,
        transcript: RenewalTranscript { serial: &shown.serial, csr: &said.csr, channel_binding: binding.as_bytes() },
        signature: &said.signature,
    };
    let renewed = controlplane_core::renew::renew(&shared.store, shared.territory(), ca.as_ref(), &asked, now).await;
    let (certificate, chain) = renewed.map_err(|error| refuse(shared, device, error))?;
    tracing::info!(%device, until = certificate.until.unix_seconds(), "a certificate was renewed");
    let (from, until) = renewal_window(certificate.until);
    Ok(RenewResponse {
        server_unix_ms: now.unix_millis(),
        chain,
        renew_from_unix_ms: from.unix_millis(),
        renew_until_unix_ms: until.unix_millis(),
        trust: Some(ca.trust.clone()),
    })
}

/// Puts the certificate that a device has begun to use in force.
pub(crate) async fn settle(shared: &Shared, device: DeviceId, shown: &Certificate) -> Result<(), Status> {
    let now = shared.clock.now();
    let settled = renewal_settle(&shared.store, shared.territory(), device, shown, now).await;
    settled.map_err(|error| refuse(shared, device, error))?;
    tracing::info!(%device, "a renewed certificate is in force");
    Ok(())
}

fn refuse(shared: &Shared, device: DeviceId, error: controlplane_core::Error) -> Status {
    shared.refuse(Author::Rule("renewal".to_owned()), "certificate_renew", &device.to_string())(error)
}
