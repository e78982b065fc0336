//! `Device.CheckIn`: a device's whole life, in one handler.

use crate::admission::admitted;
use crate::asks;
use crate::caller::device_of;
use crate::clones;
use crate::grant::{granted, missing, silence};
use crate::held::{self, Said, Taken};
use crate::live::Refused;
use crate::load::{overloaded, pushed_back};
use crate::mirror;
use crate::otlp;
use crate::renew;
use crate::serving::Answering;
use crate::shared::Shared;
use crate::status::{convert_status, invalid, part_status, status};
use crate::ticket;
use crate::unary::{answer, message};
use controlplane_core::load::Class;
use controlplane_core::presence::{
    CONDITIONS_MAX, Condition, ConditionState, Kept, ObservedState, PRESENCES, Presence, sections_wanted,
};
use controlplane_core::renew::SUPERSEDED;
use controlplane_core::report::{Report, Section, report_keep};
use http::Request as Called;
use hyper::body::Body as Frames;
use model::desired::Generation;
use model::device::{JoinState, evidence};
use model::digest::Digest;
use model::id::DeviceId;
use model::resource::BundleVersion;
use model::section::{MESSAGE_BYTES_MAX, SectionKind};
use model::time::Timestamp;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tonic::codegen::{Bytes, StdError};
use tonic::{Request, Response, Status};
use wire::convert::{Assembled, boot_id};
use wire::v1::device_server::{Device as DeviceCalls, DeviceServer};
use wire::v1::{CheckInRequest, CheckInResponse, FetchRequest, FetchResponse, RenewRequest, RenewResponse};

/// The longest a check-in is held, whatever the device asks.
const HOLD_MAX: Duration = Duration::from_secs(3600);
/// What is believed of one bundle's journey, in bytes; more is a mistake, or a lie that would spend a school's budget.
const CAME_BYTES_MAX: u64 = 1 << 40;
/// The most pieces of sections in one message.
const PARTS_MAX: usize = 16;

/// Where a check-in is called.
pub(crate) const CHECK_IN: &str = "/cartable.v1.Device/CheckIn";

/// The device service.
pub(crate) struct DeviceService {
    shared: Arc<Shared>,
}

impl DeviceService {
    /// The service, with its message limit.
    pub(crate) fn server(shared: Arc<Shared>) -> DeviceServer<Self> {
        DeviceServer::new(Self { shared }).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }
}

/// Answers a check-in as [`DeviceServer`] would, and keeps less of it while it is held.
pub(crate) fn check_in<B>(shared: &Arc<Shared>, called: Called<B>) -> Answering
where
    B: Frames<Data = Bytes, Error: Into<StdError>> + Send + 'static,
{
    let (shared, message) = (Arc::clone(shared), Box::pin(message(called, MESSAGE_BYTES_MAX)));
    Box::pin(async move { Ok(answer(check_in_whole(&shared, message).await)) })
}

/// Nothing of the message is kept while the device is held.
async fn check_in_whole(
    shared: &Shared,
    message: Pin<Box<dyn Future<Output = Result<Request<CheckInRequest>, Status>> + Send>>,
) -> Result<CheckInResponse, Status> {
    let message = message.await?;
    let mut counted = shared.metrics.check_in();
    let answered = match Box::pin(take(shared, message)).await {
        Ok(taken) => held::answer(shared, taken).await,
        Err(refused) => Err(refused),
    };
    counted.ended(answered.as_ref().err());
    otlp::outcome(answered.as_ref().err());
    answered
}

#[tonic::async_trait]
impl DeviceCalls for DeviceService {
    /// The same, for whoever does not go by [`CHECK_IN`].
    async fn check_in(&self, request: Request<CheckInRequest>) -> Result<Response<CheckInResponse>, Status> {
        check_in_whole(&self.shared, Box::pin(ready(Ok(request)))).await.map(Response::new)
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<RenewResponse>, Status> {
        renew::renew(self.shared.as_ref(), request).await.map(Response::new)
    }

    async fn fetch(&self, request: Request<FetchRequest>) -> Result<Response<FetchResponse>, Status> {
        let shared = self.shared.as_ref();
        let (id, certificate) = device_of(shared, &request)?;
        // What a person has yet to decide on keeps what it has, and is given nothing more.
        if admitted(shared, id, &certificate).await? != JoinState::Active {
            return Err(Status::permission_denied("a quarantined device is given no resources"));
        }
        mirror::fetch(shared, request.into_inner()).await.map(Response::new)
    }
}

/// Takes a check-in: who calls, whether they may, and what they have to say, which is durable then.
async fn take(shared: &Shared, request: Request<CheckInRequest>) -> Result<Taken<'_>, Status> {
    let (id, certificate) = device_of(shared, &request)?;
    shared.check_ins.fetch_add(1, Ordering::Relaxed);
    let mut state = match admitted(shared, id, &certificate).await {
        Err(refused) => {
            // Only who is refused for its certificate can show a copy.
            if refused.message() == SUPERSEDED {
                Box::pin(clones::superseded(shared, id, &certificate)).await?;
            }
            return Err(refused);
        }
        Ok(state) => state,
    };
    let now = shared.clock.now();
    let limits = &shared.config.limits;
    let call = shared.live.begin(id, now, limits.device_burst, limits.device_calls_per_minute).ok_or_else(busy)?;
    let mut message = request.into_inner();
    let missing = missing(granted(shared, id).await?.as_deref());
    let silenced = missing && silence(&mut message);
    let later = undone(shared, id, &mut message)?;
    let asked = std::mem::take(&mut message.asks);
    let (mut said, report) = read(shared, id, message)?;
    let mut answer = CheckInResponse::default();
    if clones::flapping(shared, id, said.boot).await? {
        // Held, each would end the other's call for ever and neither would learn of it.
        (state, said.hold) = (JoinState::Quarantined, Duration::ZERO);
        answer.wait_ms = clones::wait_ms();
    }
    let at_once = silenced || report.is_some() || later.is_some() || !asked.is_empty();
    if !asked.is_empty() && !missing {
        answer.asks_kept = Box::pin(asks::keep(shared, id, asked)).await?;
    }
    if let Some((report, observed)) = report {
        answer.stored = report.sections.iter().map(|(_, s)| s.digest.as_bytes().to_vec()).collect();
        Box::pin(keep(shared, id, &said, report, observed)).await?;
    }
    let kept = kept_of(shared, id).await?;
    match later {
        // It is said again, so nothing is wanted.
        Some(again) => answer.wait_ms = u32::try_from(again.as_millis()).unwrap_or(u32::MAX),
        None if missing => {}
        None => answer.wanted = wanted(shared, id, &said, kept),
    }
    let at_once = at_once || said.hold.is_zero() || !answer.wanted.is_empty();
    let said = Box::new(said);
    Ok(Taken { id, certificate, state, call, said, answer: at_once.then(|| Box::new(answer)) })
}

/// What is left undone under too much load: a whole check-in is refused, a report is taken out of it and is to come again after so long.
///
/// # Errors
/// `Unavailable` with a retry delay.
fn undone(shared: &Shared, id: DeviceId, message: &mut CheckInRequest) -> Result<Option<Duration>, Status> {
    let ruling = Arc::clone(&shared.ruling.borrow());
    let held = message.generation.filter(|held| held.epoch == shared.store.epoch());
    // Of who calls for the first time, nothing is planned yet: who was told after the latest rules holds them most likely.
    let newest = || held.is_some_and(|held| held.revision >= ruling.rules.changed);
    let plan = shared.live.with(id, |seat| seat.place.is(&ruling.rules, &message.plan));
    let holds = held.is_some() && plan.unwrap_or_else(newest);
    if let Some(again) = shared.load.shed(if holds { Class::Heartbeat } else { Class::Desired }) {
        return Err(overloaded(again));
    }
    if message.parts.is_empty() {
        return Ok(None);
    }
    let later = shared.load.shed(Class::Inventory);
    if later.is_some() {
        (message.parts, message.observed, message.report) = (Vec::new(), None, false);
    }
    Ok(later)
}

/// Reads the message; the report is what must be durable before the answer.
#[allow(clippy::type_complexity, reason = "named at its one use")]
fn read(
    shared: &Shared,
    id: DeviceId,
    request: CheckInRequest,
) -> Result<(Said, Option<(Report, Option<ObservedState>)>), Status> {
    if request.parts.len() > PARTS_MAX {
        return Err(invalid(format!("at most {PARTS_MAX} pieces a message")));
    }
    let now = shared.clock.now();
    let generation = request.generation.map(Generation::from);
    if generation.is_some_and(|g| g.epoch == u32::MAX || g.revision == u64::MAX) {
        return Err(invalid("no generation is that new"));
    }
    let said = Said {
        boot: boot_id(&request.boot).map_err(convert_status)?,
        sequence: request.sequence,
        root: digest_of(&request.sections_root).ok_or_else(|| invalid("sections_root is 32 bytes"))?,
        generation,
        plan: digest_of(&request.plan),
        trust_version: request.trust_version,
        ticket: ticket::held(&request),
        hold: Duration::from_millis(request.hold_ms.into()).min(HOLD_MAX),
        agent_version: evidence(&request.agent_version).unwrap_or_default(),
        other_machine: request.other_machine,
        acts_upto: request.acts_upto.map(Generation::from),
        clock_ahead_ms: (request.device_unix_ms != 0).then(|| request.device_unix_ms.saturating_sub(now.unix_millis())),
    };
    let observed = request.observed.map(observed_of).transpose()?;
    if request.parts.is_empty() {
        shared.live.assembly_drop(id);
    }
    let mut report = Report::default();
    for part in request.parts {
        // A kind from a newer agent: nothing here could show it; its digest keeps the roots apart, and is asked for once.
        if SectionKind::try_from(part.kind()).is_err() {
            continue;
        }
        let whole = shared.live.assemble(id, part).map_err(|refused| match refused {
            Refused::Part(error) => part_status(error),
            Refused::Busy => pushed_back(
                Status::unavailable("too many devices send large sections at this moment; try again"),
                Duration::from_secs(30),
            ),
        })?;
        let Some(whole) = whole else { continue };
        crate::facts::note(&whole, &mut report).map_err(convert_status)?;
        if report.sections.iter().any(|(kind, _)| *kind == whole.kind) {
            return Err(invalid("a section twice in one message"));
        }
        let Assembled { kind, digest, collected, packed, zstd, .. } = whole;
        report.sections.push((kind, Section::new(digest, collected, now, zstd, &packed)));
    }
    let carries = request.report || !report.sections.is_empty() || observed.is_some();
    Ok((said, carries.then_some((report, observed))))
}

/// Makes a report durable; a piece of a section alone is not one.
async fn keep(
    shared: &Shared,
    id: DeviceId,
    said: &Said,
    report: Report,
    observed: Option<ObservedState>,
) -> Result<(), Status> {
    let heard = |presence: &mut Presence| {
        let same_boot = presence.boot.replace(said.boot) == Some(said.boot);
        presence.sequence = said.sequence;
        presence.agent_version.clone_from(&said.agent_version);
        presence.seen = shared.clock.now();
        let before = presence.observed.take();
        presence.observed = match observed.clone() {
            Some(observed) => Some(observed.noted(before.as_ref(), same_boot, presence.seen)),
            None => before,
        };
        presence.other_machine = said.other_machine;
        presence.clock_ahead_ms = said.clock_ahead_ms.or(presence.clock_ahead_ms);
    };
    let kept = report_keep(&shared.store, shared.territory(), id, &heard, &report).await;
    let presence = kept.map_err(status)?;
    crate::sightings::note(shared, id, &report).await;
    shared.live.with(id, |seat| {
        seat.kept = Some(presence.kept());
        seat.flush();
    });
    Ok(())
}

/// What is kept of the device's reports.
async fn kept_of(shared: &Shared, id: DeviceId) -> Result<Kept, Status> {
    if let Some(kept) = shared.live.with(id, |seat| seat.kept) {
        return Ok(kept);
    }
    let kept = presence_of(shared, id).await?.kept();
    Ok(shared.live.with(id, |seat| *seat.kept.get_or_insert(kept)))
}

/// What to ask for in full; asked again ever more rarely, so that two sides which differ for ever do not talk for ever.
fn wanted(shared: &Shared, id: DeviceId, said: &Said, kept: Kept) -> Vec<i32> {
    let now = shared.clock.now();
    let mut wanted = sections_wanted(kept, said.sequence, said.root);
    let arriving = shared.live.assembling(id);
    shared.live.with(id, |seat| {
        if wanted.is_empty() {
            seat.asked = None;
        } else if arriving || seat.asked.is_some_and(|(at, times)| now.since(at) < ask_again(times)) {
            // While pieces are arriving, the roots differ because they must.
            wanted.clear();
        } else {
            seat.asked = Some((now, seat.asked.map_or(0, |(_, times)| times.saturating_add(1))));
        }
    });
    wanted.into_iter().map(|kind| wire::v1::SectionKind::from(kind).into()).collect()
}

/// How long to wait before asking once more, having asked so many times again: ten minutes, doubled up to a day.
fn ask_again(times: u32) -> Duration {
    Duration::from_secs(600 << times.min(8)).min(Duration::from_secs(86_400))
}

pub(crate) fn busy() -> Status {
    let refused = Status::resource_exhausted("this device calls too often; it may call again in a minute");
    pushed_back(refused, Duration::from_secs(60))
}

async fn presence_of(shared: &Shared, id: DeviceId) -> Result<Presence, Status> {
    let row = PRESENCES.get(shared.store.as_ref(), shared.territory(), id.to_string()).await.map_err(status)?;
    Ok(row.map(|row| row.value).unwrap_or_default())
}

fn observed_of(observed: wire::v1::Observed) -> Result<ObservedState, Status> {
    if observed.conditions.len() > CONDITIONS_MAX {
        return Err(invalid(format!("at most {CONDITIONS_MAX} conditions")));
    }
    let conditions = observed.conditions.into_iter().map(|c| Condition {
        state: match c.state() {
            wire::v1::ConditionState::Held => ConditionState::Held,
            wire::v1::ConditionState::Failed => ConditionState::Failed,
            wire::v1::ConditionState::Skipped => ConditionState::Skipped,
            wire::v1::ConditionState::Pending | wire::v1::ConditionState::Unspecified => ConditionState::Pending,
        },
        item: evidence(&c.item).unwrap_or_default(),
        reason: evidence(&c.reason).unwrap_or_default(),
        epoch: c.epoch,
        // A version such as 1.1 is no evidence of a machine, which would be passed over.
        version: c.version.parse::<BundleVersion>().map_or_else(|_| String::new(), |version| version.to_string()),
        bytes: c.bytes,
        of_bytes: c.of_bytes,
        wan_bytes: c.wan_bytes.min(CAME_BYTES_MAX),
        lan_bytes: c.lan_bytes.min(CAME_BYTES_MAX),
        medium_bytes: c.medium_bytes.min(CAME_BYTES_MAX),
        since: Timestamp::default(),
    });
    Ok(ObservedState { conditions: conditions.collect(), generation: observed.generation.unwrap_or_default().into() })
}

fn digest_of(bytes: &[u8]) -> Option<Digest> {
    <[u8; 32]>::try_from(bytes).ok().map(Digest::from_bytes)
}
