//! The way to the server, step by step: name, port, proxy, TLS, time, answer.

use super::{Check, Fact, Finding, Outcome};
use crate::Agent;
use crate::clock::{JudgingTime, within};
use crate::connect::{Server, causes, message_limit};
use crate::error::Error;
use crate::proxy::{Proxy, tunnel};
use crate::renew::Credentials;
use crate::state::{Enrolled, trust_open};
use hyper_util::rt::TokioIo;
use identity::tls::{self, Anchor, Dates, dates_at_fault};
use model::recovery::{NONCE_BYTES, ServerTime};
use model::signed::Signed;
use model::time::Timestamp;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use wire::codec::SmallCodec;
use wire::convert::time_decode;
use wire::v1;
use wire::v1::recovery_client::RecoveryClient;

/// How long a step may take.
const STEP: Duration = Duration::from_secs(10);
/// A clock that is less far off is right; what is more, Kerberos and many sites refuse (MIT krb5 `clockskew`).
const CLOCK_RIGHT: Duration = Duration::from_secs(5);
const CLOCK_WRONG: Duration = Duration::from_secs(300);

/// A device's way to a server.
pub(super) struct Line<'a> {
    agent: &'a Agent,
    server: &'a Server,
    enrolled: Option<&'a Enrolled>,
    time: Arc<JudgingTime>,
}

/// A connection that stands.
struct Open {
    channel: Channel,
    /// The last certificate that the server sent, DER: its root.
    root: Vec<u8>,
}

/// `grpc.health.v1.HealthCheckRequest`; the whole server is asked about, which is what an empty one means.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
struct HealthCheckRequest {}

/// `grpc.health.v1.HealthCheckResponse`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
struct HealthCheckResponse {
    #[prost(int32, tag = "1")]
    status: i32,
}

/// `grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING`.
const SERVING: i32 = 1;

impl<'a> Line<'a> {
    pub(super) const fn new(
        agent: &'a Agent,
        server: &'a Server,
        enrolled: Option<&'a Enrolled>,
        time: Arc<JudgingTime>,
    ) -> Self {
        Self { agent, server, enrolled, time }
    }

    /// Looks as far as it comes; what depends on a step that failed is named as not tried.
    pub(super) async fn look(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.looked(&mut findings).await;
        let failed = findings.iter().find(|finding| finding.outcome == Outcome::Fail).map(|finding| finding.check);
        let missing = Check::LINE.into_iter().filter(|check| findings.iter().all(|finding| finding.check != *check));
        let missing: Vec<_> = missing.map(|check| Finding::not_tried(check, failed.unwrap_or(Check::Trust))).collect();
        findings.extend(missing);
        findings.sort_by_key(|finding| Check::LINE.iter().position(|check| *check == finding.check));
        findings
    }

    async fn looked(&self, findings: &mut Vec<Finding>) -> Option<()> {
        let rules = match self.agent.config.proxy_rules() {
            Ok(rules) => rules,
            Err(error) => {
                findings.push(Finding::error(Check::Proxy, error));
                return None;
            }
        };
        let proxy = rules.proxy_for(&self.server.host);
        let (host, port) = proxy.map_or((&self.server.host, self.server.port), |proxy| (&proxy.host, proxy.port));
        let addresses = self.name(host, port, findings).await?;
        self.reach(&addresses, &format!("{host}:{port}"), findings).await?;
        self.proxy(&addresses, proxy, findings).await?;
        let (anchor, judged) = match self.enrolled {
            Some(enrolled) => (Anchor::Root(enrolled.certificate.chain.last()?.clone()), "known"),
            None => (Anchor::Sent, "sent"),
        };
        let settings = |dates| tls::anonymous(anchor.clone(), dates, self.time.clone()).map(Arc::new);
        let way = (&addresses[..], proxy);
        let open = match self.open(way, settings(Dates::Judged)).await {
            Ok(open) => {
                findings.push(Finding::ok(Check::Trust, judged, Vec::new()));
                Some(open)
            }
            Err((error, dates)) => {
                findings.push(error);
                // The time can be asked for all the same, and is most likely what is wrong.
                if dates { self.open(way, settings(Dates::Ignored)).await.ok() } else { None }
            }
        };
        let open = open?;
        findings.push(self.clock(&open).await);
        if findings.iter().any(|finding| finding.check == Check::Trust && finding.outcome == Outcome::Fail) {
            return None;
        }
        findings.push(self.answer(way, open).await);
        Some(())
    }

    async fn name(&self, host: &str, port: u16, findings: &mut Vec<Finding>) -> Option<Vec<SocketAddr>> {
        let named = |more: Option<String>| {
            let more = more.map(|detail| ("detail", Fact::Text(detail)));
            std::iter::once(("host", Fact::Text(host.to_owned()))).chain(more).collect::<Vec<_>>()
        };
        if let Ok(address) = host.parse::<IpAddr>() {
            findings.push(Finding::ok(Check::Name, "address", named(None)));
            return Some(vec![SocketAddr::new(address, port)]);
        }
        let found = within(&*self.agent.clock, STEP, tokio::net::lookup_host((host, port))).await;
        let (finding, addresses) = match found {
            None => (Finding::fail(Check::Name, "resolver", named(Some("no answer in 10 s".to_owned()))), None),
            Some(Ok(addresses)) => {
                let addresses: Vec<_> = addresses.take(8).collect();
                let ip = addresses.first().map(|address| address.ip().to_string());
                (Finding::ok(Check::Name, "found", named(ip)), Some(addresses))
            }
            Some(Err(error)) => {
                // `getaddrinfo` tells a name that is not there from a service that does not answer (RFC 3493, 6.1).
                let said = error.to_string();
                let code = if said.contains("Temporary failure") { "resolver" } else { "unknown" };
                (Finding::fail(Check::Name, code, named(Some(said))), None)
            }
        };
        findings.push(finding);
        addresses
    }

    async fn reach(&self, addresses: &[SocketAddr], target: &str, findings: &mut Vec<Finding>) -> Option<()> {
        let values = |detail: Option<String>| {
            let detail = detail.map(|detail| ("detail", Fact::Text(detail)));
            std::iter::once(("target", Fact::Text(target.to_owned()))).chain(detail).collect::<Vec<_>>()
        };
        let (finding, reached) = match self.dial(addresses).await {
            Ok(_) => (Finding::ok(Check::Reach, "listens", values(None)), Some(())),
            Err(error) => {
                let code = match error.kind() {
                    ErrorKind::ConnectionRefused => "closed",
                    ErrorKind::TimedOut => "silent",
                    ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => "no_route",
                    _ => "failed",
                };
                (Finding::fail(Check::Reach, code, values(Some(error.to_string()))), None)
            }
        };
        findings.push(finding);
        reached
    }

    async fn proxy(&self, addresses: &[SocketAddr], proxy: Option<&Proxy>, findings: &mut Vec<Finding>) -> Option<()> {
        let Some(proxy) = proxy else {
            findings.push(Finding::ok(Check::Proxy, "none", Vec::new()));
            return Some(());
        };
        let named = ("proxy", Fact::Text(proxy.to_string()));
        let finding = match self.dial_through(addresses, Some(proxy)).await {
            Ok(_) => Finding::ok(Check::Proxy, "through", vec![named]),
            Err(Error::Proxy { status: 407 }) => Finding::fail(Check::Proxy, "password", vec![named]),
            Err(Error::Proxy { status }) => {
                Finding::fail(Check::Proxy, "refuses", vec![named, ("status", Fact::Text(status.to_string()))])
            }
            Err(error) => Finding::fail(Check::Proxy, "odd", vec![named, ("detail", Fact::Text(error.detail()))]),
        };
        let through = finding.outcome == Outcome::Ok;
        findings.push(finding);
        through.then_some(())
    }

    /// How far this clock is from the server's, which signs its own over our nonce.
    async fn clock(&self, open: &Open) -> Finding {
        let clock = &*self.agent.clock;
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let mut client = RecoveryClient::new(open.channel.clone()).max_decoding_message_size(message_limit());
        let (before, began) = (clock.now(), clock.elapsed());
        let told = within(clock, STEP, client.time(v1::TimeRequest { nonce: nonce.to_vec() })).await;
        // Half of the way there and back has passed since the server looked at its clock.
        let now = before.after(clock.elapsed().saturating_sub(began) / 2);
        let Some(Ok(told)) = told else { return Finding::warn(Check::Clock, "untold", Vec::new()) };
        let Some(server) = self.time_read(told.into_inner(), &nonce, &open.root) else {
            return Finding::fail(Check::Clock, "unsigned", Vec::new());
        };
        let ahead = now >= server;
        let off = if ahead { now.since(server) } else { server.since(now) };
        let values = vec![("now", Fact::At(now)), ("span", Fact::Seconds(off.as_secs()))];
        match (off, ahead) {
            (off, _) if off < CLOCK_RIGHT => Finding::ok(Check::Clock, "right", Vec::new()),
            (off, true) if off < CLOCK_WRONG => Finding::warn(Check::Clock, "ahead", values),
            (off, false) if off < CLOCK_WRONG => Finding::warn(Check::Clock, "behind", values),
            (_, true) => Finding::fail(Check::Clock, "ahead", values),
            (_, false) => Finding::fail(Check::Clock, "behind", values),
        }
    }

    fn time_read(&self, told: v1::TimeResponse, nonce: &[u8], root: &[u8]) -> Option<Timestamp> {
        let trust = trust_open(&told.trust?, root).ok()?;
        let signed = Signed::<ServerTime>::try_from(told.time?).ok()?;
        let time = time_decode(signed.bytes(&trust.online).ok()?).ok()?;
        let territory = self.enrolled.map_or(&trust.territory, |enrolled| &enrolled.enrolment.territory);
        (time.nonce[..] == *nonce && time.territory == *territory).then_some(time.at)
    }

    /// Whether it serves: asked with this device's certificate, where there is one that has not ended.
    async fn answer(&self, way: (&[SocketAddr], Option<&Proxy>), anonymous: Open) -> Finding {
        let shown = self.enrolled.map(|enrolled| {
            let certificate = enrolled.candidate.as_ref().unwrap_or(&enrolled.certificate);
            Credentials::new(certificate, self.time.clone())
        });
        let open = match shown {
            Some(Ok(shown)) if self.time.now() <= shown.until => match self.open(way, Ok(shown.tls)).await {
                Ok(open) => open,
                Err((finding, _)) => return Finding { check: Check::Answer, code: "cut", ..finding },
            },
            _ => anonymous,
        };
        let mut grpc = tonic::client::Grpc::new(open.channel);
        let asked = async {
            grpc.ready().await.map_err(|error| causes(&error))?;
            let path = PathAndQuery::from_static("/grpc.health.v1.Health/Check");
            let codec = SmallCodec::<HealthCheckRequest, HealthCheckResponse>::default();
            let answer = grpc.unary(tonic::Request::new(HealthCheckRequest {}), path, codec).await;
            answer.map(tonic::Response::into_inner).map_err(|status| causes(&status))
        };
        match within(&*self.agent.clock, STEP, asked).await {
            Some(Ok(HealthCheckResponse { status: SERVING })) => Finding::ok(Check::Answer, "serves", Vec::new()),
            Some(Ok(_)) => Finding::fail(Check::Answer, "stopping", Vec::new()),
            Some(Err(said)) => Finding::fail(Check::Answer, "cut", vec![("detail", Fact::Text(said))]),
            None => Finding::fail(Check::Answer, "cut", vec![("detail", Fact::Text("no answer in 10 s".to_owned()))]),
        }
    }

    /// A connection; a finding about TLS where there is none, and whether only dates are at fault.
    async fn open(
        &self,
        (addresses, proxy): (&[SocketAddr], Option<&Proxy>),
        tls: Result<Arc<ClientConfig>, identity::Error>,
    ) -> Result<Open, (Finding, bool)> {
        let fault = |error: Error| (Finding::error(Check::Trust, error), false);
        let tls = tls.map_err(|error| fault(error.into()))?;
        let name = ServerName::try_from(self.server.host.clone());
        let name = name.map_err(|_| fault(Error::Server(self.server.to_string())))?;
        let stream = self.dial_through(addresses, proxy).await.map_err(fault)?;
        let shaken = within(&*self.agent.clock, STEP, TlsConnector::from(tls).connect(name, stream)).await;
        let stream =
            shaken.unwrap_or_else(|| Err(ErrorKind::TimedOut.into())).map_err(|error| self.tls_fault(&error))?;
        let sent = stream.get_ref().1.peer_certificates();
        let root = sent.and_then(<[_]>::last).map(|der| der.to_vec()).unwrap_or_default();
        let mut once = Some(stream);
        let connector = tower::service_fn(move |_: http::Uri| {
            let stream = once.take().map(TokioIo::new);
            std::future::ready(stream.ok_or_else(|| io::Error::from(ErrorKind::NotConnected)))
        });
        let endpoint = Endpoint::from_shared(self.server.to_string());
        let endpoint = endpoint.map_err(|_| fault(Error::Server(self.server.to_string())))?;
        let channel = within(&*self.agent.clock, STEP, endpoint.connect_with_connector(connector)).await;
        let cut = |detail: String| (Finding::fail(Check::Trust, "failed", vec![("detail", Fact::Text(detail))]), false);
        let channel = channel.ok_or_else(|| cut("no answer in 10 s".to_owned()))?;
        Ok(Open { channel: channel.map_err(|error| cut(causes(&error)))?, root })
    }

    fn tls_fault(&self, error: &io::Error) -> (Finding, bool) {
        let server = ("server", Fact::Text(self.server.to_string()));
        let detail = ("detail", Fact::Text(error.to_string()));
        let Some(fault) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
            return (Finding::fail(Check::Trust, "failed", vec![server, detail]), false);
        };
        if dates_at_fault(fault) {
            return (Finding::fail(Check::Trust, "dates", vec![server, detail]), true);
        }
        let code = match fault {
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) => "name",
            rustls::Error::InvalidCertificate(_) => "foreign",
            rustls::Error::InvalidMessage(_) => "no_tls",
            _ => "failed",
        };
        (Finding::fail(Check::Trust, code, vec![server, detail]), false)
    }

    async fn dial_through(&self, addresses: &[SocketAddr], proxy: Option<&Proxy>) -> Result<TcpStream, Error> {
        let target = || proxy.map_or_else(|| self.server.to_string(), ToString::to_string);
        let unreachable = |error: io::Error| Error::Unreachable { target: target(), why: error.to_string() };
        let mut stream = self.dial(addresses).await.map_err(unreachable)?;
        if let Some(proxy) = proxy {
            let asked = within(&*self.agent.clock, STEP, tunnel(&mut stream, proxy, &self.server.authority())).await;
            let late = || Error::Unreachable { target: target(), why: "it does not answer".to_owned() };
            asked.ok_or_else(late)??;
        }
        Ok(stream)
    }

    async fn dial(&self, addresses: &[SocketAddr]) -> io::Result<TcpStream> {
        let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
        for address in addresses {
            match within(&*self.agent.clock, STEP, TcpStream::connect(address)).await {
                Some(Ok(stream)) => return Ok(stream),
                Some(Err(error)) => failed = error,
                None => failed = ErrorKind::TimedOut.into(),
            }
        }
        Err(failed)
    }
}
