//! A client of the wire that says whatever a test wants said, right or wrong.

use identity::csr::{key_make, request_make};
use identity::issue::chain_of_pem;
use identity::key::IdentitySigner;
use identity::tls;
use model::device::Claims;
use model::token::{Token, Transcript};
use rustls::{ClientConfig, HandshakeKind};
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use wire::v1::enrolment_client::EnrolmentClient;
use wire::v1::{FinishRequest, FinishResponse, StartRequest, StartResponse};

/// Connects to a port of loopback with these TLS settings; says why not as text.
pub async fn connect(port: u16, config: ClientConfig) -> Result<Channel, String> {
    let connector = TlsConnector::from(Arc::new(config));
    let endpoint = Endpoint::from_static("http://localhost");
    let connect = tower::service_fn(move |_: http::Uri| {
        let connector = connector.clone();
        async move {
            let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
            tcp.set_nodelay(true)?;
            let name = rustls::pki_types::ServerName::try_from("localhost").map_err(std::io::Error::other)?;
            Ok::<_, std::io::Error>(hyper_util::rt::TokioIo::new(connector.connect(name, tcp).await?))
        }
    });
    endpoint.connect_with_connector(connect).await.map_err(|e| format!("{e:?}"))
}

/// Connects with settings that are used again, so that sessions are resumed; gives the kind of handshake there was.
pub async fn connect_again(port: u16, config: &Arc<ClientConfig>) -> Result<(Channel, HandshakeKind), String> {
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.map_err(|e| e.to_string())?;
    tcp.set_nodelay(true).map_err(|e| e.to_string())?;
    let name = rustls::pki_types::ServerName::try_from("localhost").map_err(|e| e.to_string())?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, tcp).await.map_err(|e| format!("{e:?}"))?;
    let kind = stream.get_ref().1.handshake_kind().ok_or("no handshake")?;
    let mut once = Some(hyper_util::rt::TokioIo::new(stream));
    let connect = tower::service_fn(move |_: http::Uri| {
        std::future::ready(once.take().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotConnected)))
    });
    let channel = Endpoint::from_static("http://localhost").connect_with_connector(connect).await;
    channel.map(|channel| (channel, kind)).map_err(|e| format!("{e:?}"))
}

/// A device made in a test: keys, certificate, and what the server told it.
pub struct TestDevice {
    /// The identity key.
    pub signer: Arc<IdentitySigner>,
    /// The TLS key, PKCS #8 PEM.
    pub key_pem: String,
    /// The certificate and those above it, DER.
    pub chain: Vec<Vec<u8>>,
    /// The whole answer.
    pub answer: FinishResponse,
}

/// What goes into a finish; a test spoils a part.
pub struct Attempt {
    /// The token as the device has it.
    pub token: Token,
    /// The identity key.
    pub signer: Arc<IdentitySigner>,
    /// The TLS key, PKCS #8 PEM.
    pub key_pem: String,
    /// The certificate request, DER.
    pub csr: Vec<u8>,
    /// What it says of itself.
    pub claims: Claims,
    /// Overrides the channel binding.
    pub binding: Option<Vec<u8>>,
}

impl Attempt {
    /// An honest attempt with a fresh identity.
    ///
    /// # Panics
    /// When keys cannot be made.
    #[must_use]
    pub fn new(token: &Token, serial: &str) -> Self {
        let (signer, _) = IdentitySigner::generate().expect("a key");
        let key_pem = key_make().expect("a key");
        let csr = request_make(&key_pem).expect("a request");
        let claims = Claims { serial: Some(serial.to_owned()), ..Claims::default() };
        Self { token: token.clone(), signer: Arc::new(signer), key_pem, csr, claims, binding: None }
    }

    /// Asks for a challenge.
    pub async fn start(&self, client: &mut EnrolmentClient<Channel>) -> Result<StartResponse, tonic::Status> {
        let request = StartRequest {
            token_id: self.token.id.to_string(),
            identity_key: self.signer.public().as_bytes().to_vec(),
            claims: Some(self.claims.clone().into()),
            agent_version: "0.0.0-test".to_owned(),
        };
        client.start(request).await.map(tonic::Response::into_inner)
    }

    /// Answers the challenge.
    ///
    /// # Panics
    /// When the key cannot sign.
    #[must_use]
    pub fn finish(&self, server_leaf: &[u8], challenge: &StartResponse) -> FinishRequest {
        let digest = model::digest::Digest::of(server_leaf);
        let binding = self.binding.clone().unwrap_or_else(|| digest.as_bytes().to_vec());
        let transcript = Transcript { nonce: &challenge.nonce, csr: &self.csr, channel_binding: &binding };
        FinishRequest {
            challenge: challenge.challenge.clone(),
            csr: self.csr.clone(),
            signature: self.signer.sign(&transcript.to_bytes()).expect("a signature"),
            proof: self.token.key().proof(&transcript, self.signer.public()),
        }
    }

    /// The whole exchange on a connection of its own.
    ///
    /// # Panics
    /// When the server cannot be reached.
    pub async fn enrol(self, port: u16, data: &Path) -> Result<TestDevice, tonic::Status> {
        let config = tls::enrolling(self.token.pin, tls::system_time()).expect("settings");
        let mut client = EnrolmentClient::new(connect(port, config).await.expect("a connection"));
        let challenge = self.start(&mut client).await?;
        let answer = client.finish(self.finish(&server_leaf(data), &challenge)).await?.into_inner();
        Ok(TestDevice { signer: self.signer, key_pem: self.key_pem, chain: answer.chain.clone(), answer })
    }
}

impl TestDevice {
    /// A connection in this device's name.
    pub async fn connect(&self, port: u16) -> Result<Channel, String> {
        let root = self.chain.last().expect("a root");
        let config = tls::client(root, self.chain.clone(), &self.key_pem, tls::system_time());
        connect(port, config.map_err(|e| e.to_string())?).await
    }

    /// The same device with its next key and certificate.
    #[must_use]
    pub fn with(&self, key_pem: String, chain: Vec<Vec<u8>>) -> Self {
        Self { signer: Arc::clone(&self.signer), key_pem, chain, answer: self.answer.clone() }
    }
}

/// The certificate of a server, from its folder.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn server_leaf(data: &Path) -> Vec<u8> {
    let pem = std::fs::read_to_string(data.join("ca/server.pem")).expect("a certificate");
    chain_of_pem(&pem).expect("a chain").remove(0)
}
