//! Finding back by the identity key, as a device does whose certificate has ended.

use crate::caller::TestDevice;
use identity::csr::{key_make, request_make};
use model::digest::Digest;
use model::recovery::RecoveryTranscript;
use tonic::Status;
use tonic::transport::Channel;
use wire::v1::recovery_client::RecoveryClient;
use wire::v1::{RecoveryFinishRequest, RecoveryStartRequest};

/// A new TLS key, PEM, and its certificate with those above it, DER; over a connection without a certificate to a server with this one.
///
/// # Panics
/// When keys cannot be made.
pub async fn recovered(
    device: &TestDevice,
    channel: Channel,
    server_leaf: &[u8],
) -> Result<(String, Vec<Vec<u8>>), Status> {
    let mut client = RecoveryClient::new(channel);
    let challenge = client.start(RecoveryStartRequest {}).await?.into_inner();
    let key_pem = key_make().expect("a key");
    let csr = request_make(&key_pem).expect("a request");
    let binding = Digest::of(server_leaf);
    let transcript = RecoveryTranscript {
        nonce: &challenge.nonce,
        device: wire::convert::device_id(&device.answer.device).expect("an id"),
        generation: device.answer.identity_generation,
        csr: &csr,
        channel_binding: binding.as_bytes(),
    };
    let signature = device.signer.sign(&transcript.to_bytes()).expect("a signature");
    let finish = RecoveryFinishRequest {
        challenge: challenge.challenge,
        nonce: challenge.nonce,
        device: device.answer.device.clone(),
        identity_generation: device.answer.identity_generation,
        csr,
        signature,
    };
    Ok((key_pem, client.finish(finish).await?.into_inner().chain))
}
