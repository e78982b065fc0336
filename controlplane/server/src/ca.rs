//! The control plane's keys at work: issuing to devices, signing heads, and what devices trust.

pub(crate) mod command;
pub(crate) mod files;
pub mod publisher;
pub mod request;
pub mod root;
pub mod rotate;
pub(crate) mod status;
pub(crate) mod watch;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::random;
use bytes::Bytes;
use controlplane_core::device::Certificate;
use controlplane_core::enrol::Issuer;
use controlplane_core::invitation::{Issued, OperatorIssuer};
use files::{INTERMEDIATE, ONLINE, ONLINE_NEXT, ROOT, SERVER, TRUST, online_read, pair_read, trust_read};
use identity::caller::{Caller, certificate_read};
use identity::issue::{Authority, pin_of, point_of, until_of};
use identity::key::OnlineSigner;
use model::desired::Head;
use model::digest::Digest;
use model::id::{DeviceId, TerritoryId};
use model::key::IdentityKey;
use model::recovery::ServerTime;
use model::resource::{PeerTicket, Rendezvous};
use model::signed::{Payload, Signed};
use model::time::Timestamp;
use model::token::Pin;
use model::uai::Uai;
use wire::convert::{Trust, head_encode, ticket_encode, time_encode};

/// What the running server holds: an intermediate, its own certificate, the online key; never the root's key.
pub struct Ca {
    territory: TerritoryId,
    authority: Authority,
    online: OnlineSigner,
    /// What devices trust, signed by the root: payload, key name, signature.
    pub trust: wire::v1::Envelope,
    /// Their version.
    pub trust_version: u64,
    /// The root's certificate, DER.
    pub root: Vec<u8>,
    /// The server's certificate, then its issuers, DER.
    pub server_chain: Vec<Vec<u8>>,
    /// The server's key, PKCS #8 PEM.
    pub server_key: String,
    /// What tokens carry of the root.
    pub pin: Pin,
    /// The end of the server's certificate.
    pub server_until: Timestamp,
}

/// What a school's devices call themselves; never sent, so it needs no form.
struct Meeting;

impl Payload for Meeting {
    const PURPOSE: &'static str = "cartable peer rendezvous v1";
}

impl Ca {
    /// Reads the keys of a data folder and checks that they belong together.
    ///
    /// # Errors
    /// [`Error`] that names the file which is missing or damaged.
    pub fn read(folder: &Folder, territory: &TerritoryId) -> Result<Self> {
        let root = files::certificate_read(folder.ca(ROOT))?;
        let intermediate = pair_read(folder, INTERMEDIATE)?;
        let authority = Authority::new(&intermediate.key_pem, intermediate.chain)
            .map_err(|e| Error::Damaged { path: folder.ca("intermediate.pem"), why: e.to_string() })?;
        let server = pair_read(folder, SERVER)?;
        let damaged = |why: &str| Error::Damaged { path: folder.ca(TRUST), why: why.to_owned() };
        let envelope = trust_read(folder, TRUST)?;
        let trust = trust_open(&envelope, territory, &root).map_err(damaged)?;
        // The next key only where the trust roots have put the present one out.
        let mut keys = Vec::new();
        for name in [ONLINE, ONLINE_NEXT] {
            keys.extend(online_read(folder, name)?);
        }
        let online = keys.into_iter().find(|key| trust.online.contains(key.public()));
        let online = online.ok_or_else(|| damaged("it does not name this server's online key"))?;
        Ok(Self {
            territory: territory.clone(),
            authority,
            online,
            trust: envelope,
            trust_version: trust.version,
            pin: pin_of(&root)?,
            server_until: until_of(&server.chain[0])?,
            root,
            server_chain: server.chain,
            server_key: server.key_pem,
        })
    }

    /// Whether a server could listen with it at this time: the keys belong to their certificates, and those hold.
    ///
    /// # Errors
    /// [`Error::Damaged`] that names the file which does not serve.
    pub fn check(&self, folder: &Folder, now: Timestamp) -> Result<()> {
        let damaged = |file: &str, why: String| Error::Damaged { path: folder.ca(file), why };
        for (file, until) in [("intermediate.pem", self.authority.until), ("server.pem", self.server_until)] {
            if until <= now {
                return Err(damaged(file, "its certificate has ended; see `cartable-server ca status`".to_owned()));
            }
        }
        let tls = identity::tls::server(
            &self.root,
            self.server_chain.clone(),
            &self.server_key,
            identity::tls::system_time(),
        );
        tls.map(|_| ()).map_err(|e| damaged("server.pem", e.to_string()))
    }

    /// Whether the other holds the same keys and certificates.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.authority.chain == other.authority.chain
            && self.online.public() == other.online.public()
            && self.trust == other.trust
            && self.root == other.root
            && self.server_chain == other.server_chain
    }

    /// Whether devices hear the same from both: trust roots, and the key that signs.
    #[must_use]
    pub fn speaks_as(&self, other: &Self) -> bool {
        self.trust == other.trust && self.online.public() == other.online.public()
    }

    /// A signed head.
    #[must_use]
    pub fn head_sign(&self, head: &Head) -> Signed<Head> {
        self.online.sign(head_encode(head))
    }

    /// A signed peer ticket, with what the school's devices call themselves on its days.
    #[must_use]
    pub fn ticket_sign(&self, mut ticket: PeerTicket) -> Signed<PeerTicket> {
        let days = [ticket.from, ticket.until].map(|at| at.unix_seconds().div_euclid(86_400));
        ticket.rendezvous = (days[0]..=days[1]).map(|day| self.rendezvous(ticket.school, day)).collect();
        self.online.sign(ticket_encode(&ticket))
    }

    /// What devices of a school call themselves on a day: a signature, which only this key makes and always alike, shortened.
    fn rendezvous(&self, school: Uai, day: i64) -> Rendezvous {
        let signed = self.online.sign::<Meeting>(format!("{} {school} {day}", self.territory).into());
        let digest = Digest::of(signed.parts().2);
        std::array::from_fn(|at| digest.as_bytes()[at])
    }

    /// The time, signed for the one who asked.
    #[must_use]
    pub fn time_sign(&self, time: &ServerTime) -> Signed<ServerTime> {
        self.online.sign(time_encode(time))
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn online(&self) -> Digest {
        self.online.public().fingerprint()
    }

    /// The intermediate's certificate, then the root's, DER.
    #[must_use]
    pub fn intermediate(&self) -> &[Vec<u8>] {
        &self.authority.chain
    }

    /// The end of the intermediate.
    #[must_use]
    pub fn intermediate_until(&self) -> Timestamp {
        self.authority.until
    }
}

impl Issuer for Ca {
    fn issue(
        &self,
        request: &[u8],
        device: DeviceId,
        number: u32,
        now: Timestamp,
    ) -> controlplane_core::Result<(Certificate, Vec<Vec<u8>>)> {
        let invalid = |e: identity::Error| controlplane_core::Error::Invalid(e.to_string());
        let caller = Caller::Device { territory: self.territory.clone(), device };
        let chain = self.authority.device_issue(request, &caller, now, number, random::bytes()?).map_err(invalid)?;
        let read = certificate_read(&chain[0]).map_err(invalid)?;
        Ok((Certificate { serial: read.serial, number: read.number, until: read.until }, chain))
    }
}

impl OperatorIssuer for Ca {
    fn operator_issue(&self, request: &[u8], name: &str, now: Timestamp) -> controlplane_core::Result<Issued> {
        let invalid = |e: identity::Error| controlplane_core::Error::Invalid(e.to_string());
        let caller = Caller::Operator { territory: self.territory.clone(), name: name.to_owned() };
        let chain = self.authority.operator_certify(request, &caller, now, random::bytes()?).map_err(invalid)?;
        let read = certificate_read(&chain[0]).map_err(invalid)?;
        let key = Digest::of(&point_of(&chain[0]).map_err(invalid)?);
        Ok(Issued { certificate: Certificate { serial: read.serial, until: read.until, number: 0 }, chain, key })
    }
}

/// Whether a certificate can be made for these names of a server: a name with a space would make one that nobody believes.
///
/// # Errors
/// [`Error::Name`] for the first that is neither a DNS name nor an address.
pub(crate) fn names_check(names: &[String]) -> Result<()> {
    let bad = names.iter().find(|name| rustls::pki_types::ServerName::try_from(name.as_str()).is_err());
    bad.map_or(Ok(()), |name| Err(Error::Name(name.clone())))
}

/// The trust roots in an envelope, which must be of this territory and by this root.
fn trust_open(
    envelope: &wire::v1::Envelope,
    territory: &TerritoryId,
    root: &[u8],
) -> std::result::Result<Trust, &'static str> {
    let key =
        point_of(root).ok().and_then(|point| IdentityKey::try_from(point).ok()).ok_or("the root cannot be read")?;
    let message = [wire::convert::TRUST_PURPOSE.as_bytes(), &[0], &envelope.payload].concat();
    key.verify(&message, &envelope.signature).map_err(|_| "it is not signed by this root")?;
    let trust = wire::convert::trust_decode(&envelope.payload).map_err(|_| "it cannot be read")?;
    if trust.territory != *territory {
        return Err("it is for another territory than server.toml says");
    }
    Ok(trust)
}

/// Trust roots signed by the root, as they travel and are kept.
///
/// # Errors
/// [`Error`] when the root cannot sign.
pub fn trust_sign(root: &Authority, payload: Bytes) -> Result<wire::v1::Envelope> {
    let message = [wire::convert::TRUST_PURPOSE.as_bytes(), &[0], &payload].concat();
    let key = Digest::of(&point_of(&root.chain[0])?);
    Ok(wire::v1::Envelope {
        payload,
        key: Bytes::copy_from_slice(key.as_bytes()),
        signature: root.sign(&message)?.into(),
    })
}
