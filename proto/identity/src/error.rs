//! Why an identity cannot be made, read or used.

/// Everything that goes wrong with keys, certificates and TLS settings.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key cannot be made, read or used.
    #[error("the {0} key cannot be used")]
    Key(&'static str),
    /// A certificate cannot be made or read.
    #[error("the certificate cannot be made or read")]
    Certificate(#[from] rcgen::Error),
    /// A PEM or DER file does not hold what it should.
    #[error("{0}")]
    Malformed(&'static str),
    /// A certificate request is not one, is not signed by its key, or its key is not P-256.
    #[error("the certificate request is not valid: {0}")]
    Request(&'static str),
    /// A certificate names no caller that is known here.
    #[error("the certificate names no device and no operator")]
    Caller,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// The verifier of certificates cannot be set up.
    #[error("the certificate verifier cannot be set up")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}
