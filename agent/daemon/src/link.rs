//! The check-in loop: first start, reconnect, change and reboot are one path: look, report, hold, wait.

mod failure;
mod filter;
mod hold;
mod loan;
mod machine;
mod recovery;
mod release;
mod renewal;
mod resources;
mod rounds;
mod stored;
mod telling;
mod ticket;
mod time;

use crate::acts::Acts;
use crate::answer::{Change, Desired};
use crate::clock::{Clock, JudgingTime, within};
use crate::connect::{Connection, Server, connect, message_limit};
use crate::enforce::{Filters, Keeper, Shown};
use crate::error::Error;
use crate::peers::Pass;
use crate::proxy::Rules;
use crate::release::{Releases, Said};
use crate::report::Report;
use crate::state::{Enrolled, Enrolment, Progress, State, enrolled_read};
use crate::status::{Live, noted};
use crate::ticket::Wallet;
use crate::{Agent, sent};
use agent_core::backoff::{self, Backoff};
use agent_core::cadence::Calendar;
use agent_core::ledger::Ledger;
use agent_core::report::Sequence;
use failure::Failed;
pub(crate) use failure::fault_code;
use filter::Heard;
use hold::HoldLimit;
use machine::{boot_id, other_machine};
use model::desired::Generation;
use model::id::BootId;
use model::section::SectionKind;
use model::time::Timestamp;
use renewal::Certificates;
use resources::Beside;
use rounds::{BREATH, Rounds};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wire::v1;
use wire::v1::device_client::DeviceClient;

/// How long the server may take for an answer it does not hold back.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// A turn may take so long before a call is under way: connections, the way back and a renewal, each with its own limits.
const TURN_LIMIT: Duration = Duration::from_secs(600);
/// A machine switched on for less than this may be one of a whole school.
pub(crate) const JUST_ON: Duration = Duration::from_secs(120);
/// What a connection that stands has overcome.
const CONNECTION_FAULTS: [&str; 4] = ["unreachable", "proxy", "untrusted", "dates"];

/// A device's conversation with the control plane.
pub(crate) struct Link {
    agent: Agent,
    state: State,
    server: Server,
    proxies: Rules,
    enrolment: Enrolment,
    certificates: Certificates,
    /// The root's certificate, DER.
    root: Vec<u8>,
    time: Arc<JudgingTime>,
    /// A certificate did not hold at the time of one of the two sides.
    doubted_time: bool,
    floor: Option<Timestamp>,
    boot: BootId,
    desired: Desired,
    tickets: Wallet,
    /// What others of the school are shown, for whoever meets them beside this.
    passes: watch::Sender<Option<Arc<Pass>>>,
    report: Report,
    sequence: Sequence,
    calendar: Calendar,
    backoff: Backoff,
    connection: Option<Connection>,
    /// Whether a call is under way.
    calling: bool,
    /// The longest hold that the line has been seen to bear.
    hold_limit: HoldLimit,
    /// Over how long the server would have its devices come back; zero until it says so.
    spread: Duration,
    /// When the server last found the report wrong, since the machine was switched on.
    doubted: Option<Duration>,
    clock_ahead_ms: Option<i64>,
    /// How far the server has told of the acts on this device.
    acts_upto: Generation,
    live: Live,
    noted: Option<Live>,
    /// What the supervisor was told last.
    told: String,
    loan: Arc<Keeper>,
    /// The stage that the loan is in.
    stage: watch::Receiver<Shown>,
    /// What whoever keeps resources is told, and tells.
    beside: Beside,
    releases: Arc<Releases>,
    /// How the release that is wanted stands.
    release: watch::Receiver<Option<Said>>,
    filters: Arc<Filters>,
    /// What the filter says, and its users ask.
    heard: Heard,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// Another check-in at once.
    Go,
    /// What was held gives way to a report of the device's own.
    Report,
    /// A pause: as the server asked, else by the plan.
    Pause(Option<Duration>),
    /// The line was cut while a check-in was held, which is how a proxy treats what is quiet: another, without haste.
    Cut,
}

impl Link {
    /// Reads what the device holds, all of it verified, and takes the state folder.
    pub(crate) fn open(agent: &Agent) -> Result<Self, Error> {
        let folder = agent.folder();
        if !crate::state::enrolment_there(&folder)? {
            return Err(Error::NotEnrolled(folder.root().to_owned()));
        }
        let state = State::open(&folder)?;
        let Enrolled { enrolment, certificate, candidate, trust, held } =
            enrolled_read(&folder)?.ok_or_else(|| Error::NotEnrolled(folder.root().to_owned()))?;
        state.tls_key_next_forget(&certificate)?;
        let other_machine = other_machine(agent, &state)?;
        let floor = state.clock_floor();
        let time = Arc::new(JudgingTime::new(agent.clock.clone(), floor));
        let certificates = Certificates::new(&certificate, candidate.as_ref(), &enrolment, &time)?;
        let root = certificate.chain.last().cloned().unwrap_or_default();
        let Progress { sequence, acknowledged } = state.progress();
        let ledger = Ledger::new(enrolment.device, state.identity_key_held()?.public().fingerprint());
        let tickets = Wallet::open(&state, &certificates.names(&enrolment), &trust.online, time.now());
        let mut desired = Desired::new(ledger.above(state.loan_floor()), (trust, root.clone()), held);
        let loan = Keeper::new(agent, &time, desired.grant());
        let mut stage = loan.stage();
        desired.loan_note(*stage.borrow_and_update());
        let beside = Beside::new(&folder, &mut desired);
        let releases = Arc::new(Releases::new(agent, &folder, &time));
        releases.want(desired.release());
        let filters = Arc::new(Filters::new(agent, &folder));
        let before = noted(&folder)?.unwrap_or_default();
        let live = Live {
            version: agent.config.version().to_owned(),
            started_unix_ms: agent.clock.now(),
            conditions: desired.conditions(),
            // What the server last said holds until it says otherwise.
            last_contact_unix_ms: before.last_contact_unix_ms,
            quarantined: before.quarantined,
            refused: before.refused,
            other_machine,
            ..Live::default()
        };
        Ok(Self {
            server: enrolment.server.parse()?,
            proxies: agent.config.proxy_rules()?,
            boot: boot_id(agent),
            calendar: Calendar::new(desired.cadence()),
            report: Report::open(&folder, agent.machine(), acknowledged),
            sequence: Sequence::new(sequence),
            backoff: Backoff::default(),
            connection: None,
            calling: false,
            hold_limit: HoldLimit::default(),
            spread: Duration::ZERO,
            doubted: None,
            clock_ahead_ms: None,
            acts_upto: Acts::read(&folder).upto,
            noted: None,
            told: String::new(),
            loan: Arc::new(loan),
            stage,
            beside,
            release: releases.said(),
            releases,
            heard: Heard::new(&filters),
            filters,
            agent: agent.clone(),
            state,
            enrolment,
            certificates,
            root,
            time,
            doubted_time: false,
            floor,
            desired,
            tickets,
            passes: watch::Sender::default(),
            live,
        })
    }

    /// Keeps in touch for ever.
    pub(crate) async fn live(&mut self) {
        let clock = self.clock();
        // What is held is said before any contact, for which the filter may be needed.
        self.filter_tell(Vec::new());
        self.note();
        // Only those who have been here before: a device that has just joined is waited for.
        self.expect(JUST_ON);
        if clock.elapsed() < JUST_ON && self.sequence.held() > 0 {
            clock.sleep(backoff::power_on(rand::random())).await;
        }
        let mut rounds = Rounds::new(self.desired.generation());
        loop {
            let began = clock.elapsed();
            self.expect(TURN_LIMIT);
            let done = self.turn().await;
            self.calling = false;
            rounds.lasted(clock.elapsed().saturating_sub(began));
            let pause = match done {
                Ok(next) => {
                    self.succeeded();
                    let circling = rounds.circling(next, self.desired.generation());
                    match next {
                        Next::Go | Next::Report if !circling => continue,
                        Next::Go | Next::Report => rounds.breath().min(self.calendar.pause(None, rand::random())),
                        Next::Cut => backoff::again(self.spread, rand::random()),
                        Next::Pause(Some(asked)) if !circling || asked >= BREATH => {
                            self.calendar.pause(Some(asked), rand::random())
                        }
                        Next::Pause(_) => self.calendar.pause(None, rand::random()),
                    }
                }
                Err(failed) => self.failed(failed),
            };
            rounds.paused(pause);
            self.rest(pause).await;
        }
    }

    /// Says that the agent has stopped.
    pub(crate) fn leave(mut self) {
        self.connection = None;
        self.note();
        tracing::info!("stopped");
    }

    /// One report, if there is something to tell, else one held check-in.
    async fn turn(&mut self) -> Result<Next, Failed> {
        self.look();
        self.filter_settle().await;
        self.connected().await?;
        if self.renewed().await {
            // The candidate is used from here on.
            self.connection = None;
            self.connected().await?;
        }
        if self.something_to_say() {
            return self.report_send().await;
        }
        self.held_check_in().await
    }

    async fn report_send(&mut self) -> Result<Next, Failed> {
        let mut observed = self.desired.news();
        let asked = self.heard.asks();
        let base = self.request(observed.clone(), Duration::ZERO, true);
        let messages = self.report.messages(&base, self.clock_ahead_ms, self.agent.clock.now());
        let messages = messages.map_err(|error| {
            tracing::error!(%error, "the report cannot be sent");
            Error::Answer("a report that fits in no message")
        })?;
        let mut progress = false;
        let mut next = Next::Go;
        let mut to_come: usize = messages.iter().map(Vec::len).sum();
        for parts in messages {
            to_come -= parts.len();
            let request = v1::CheckInRequest { parts, ..self.request(observed.clone(), Duration::ZERO, true) };
            let sequence = request.sequence;
            self.report.travels(&request.parts);
            let call = self.call(request)?;
            let answer = within(&*self.clock(), ANSWER_LIMIT, call).await;
            self.calling = false;
            let answer = answer.ok_or_else(|| self.late())?.map_err(|status| self.status_failed(&status))?;
            // A server with too much to do answers without keeping anything: the sequence says what is durable.
            if answer.sequence >= sequence
                && let Some(observed) = observed.take()
            {
                self.desired.told(observed);
                progress = true;
            }
            let (stored, then) = self.answered(answer, to_come > 0);
            progress |= stored;
            next = then.unwrap_or(Next::Go);
            if matches!(next, Next::Pause(Some(_))) || self.desired.missing() {
                return Ok(next);
            }
        }
        self.asks_sent(asked);
        // The first answer tells how far the clock is off, which health has waited for.
        self.look();
        // Told all there was, and the server kept nothing of it: again later, not in a circle.
        let fruitless = self.report.pending() && !progress;
        let plain_poll = !self.report.pending() && self.desired.news().is_none() && self.hold().is_zero();
        Ok(if fruitless || plain_poll { Next::Pause(None) } else { next })
    }

    /// Takes an answer: what is durable, what is wanted, what holds. Says whether something became durable, and what the
    /// answer asks for next. In the middle of a report, what the server still lacks is no news.
    fn answered(&mut self, answer: v1::CheckInResponse, midway: bool) -> (bool, Option<Next>) {
        let now = self.agent.clock.now();
        self.live.last_contact_unix_ms = Some(now);
        self.live.quarantined = answer.quarantined;
        self.live.refused = false;
        self.releases.prove();
        self.certificate_answered();
        self.spread = Duration::from_millis(answer.spread_ms.into());
        self.server_time(Timestamp::from_unix_millis(answer.server_unix_ms), now);
        let stored = self.stored(&answer);
        let wanted: Vec<_> = answer.wanted().filter_map(|kind| SectionKind::try_from(kind).ok()).collect();
        let lacking = wanted.into_iter().filter(|kind| !midway || !self.report.carried().contains(kind));
        let lacking: Vec<_> = lacking.collect();
        self.report.wants(lacking.into_iter());
        // Told of something, it is held again at once: more may follow.
        let told = answer.acts_upto.is_some();
        if let Some(upto) = answer.acts_upto {
            match Acts::take(self.state.folder(), answer.acts, upto.into()) {
                Ok(upto) => self.acts_upto = upto,
                Err(error) => {
                    // Told anyway: a full disk must not make it ask again and again; after a restart it asks once more.
                    self.acts_upto = upto.into();
                    tracing::warn!(%error, "acts on this device cannot be kept");
                }
            }
        }
        // First, for head and ticket may be signed by a key that is new.
        let trusted = self.desired.trust_take(answer.trust.as_ref(), &self.state);
        if trusted == Change::New {
            self.tickets.judge_again(&self.desired.trust().online);
        }
        if let Some(envelope) = answer.ticket {
            self.ticket_take(envelope);
        }
        let change = self.desired.take(answer.head, &answer.plan, &self.state);
        if change == Change::New {
            self.calendar.follow(self.desired.cadence());
        }
        // Also where it is the same: the server's time may have put this one right.
        self.loan.hold(self.desired.grant());
        self.releases.want(self.desired.release());
        self.filter_tell(answer.asks_kept);
        self.stage_note();
        self.wanted_tell();
        self.note();
        self.pass_tell();
        let asked = (answer.wait_ms > 0).then(|| Duration::from_millis(answer.wait_ms.into()));
        let change = if let Change::Refused(code) = trusted { Change::Refused(code) } else { change };
        let next = match (asked, change) {
            (Some(wait), _) => Some(Next::Pause(Some(wait))),
            (None, Change::Refused(_)) => Some(Next::Pause(None)),
            (None, Change::New) => Some(Next::Go),
            (None, Change::None) => (told || trusted == Change::New || self.pending()).then_some(Next::Go),
        };
        (stored, next)
    }

    /// Looks at what is due.
    fn look(&mut self) {
        self.stage_note();
        self.standing_note();
        let elapsed = self.agent.clock.elapsed();
        let due = self.calendar.due(elapsed);
        if due.health || due.inventory {
            if !self.desired.missing() {
                self.report.look(due, self.clock_ahead_ms, self.agent.clock.now());
            }
            self.calendar.looked(due, elapsed);
            self.note();
        }
    }

    /// Waits, and looks at what falls due meanwhile.
    async fn rest(&mut self, pause: Duration) {
        let clock = self.clock();
        let end = clock.elapsed().saturating_add(pause);
        loop {
            let left = end.saturating_sub(clock.elapsed());
            if left.is_zero() {
                return;
            }
            let while_ = left.min(self.calendar.until_due(clock.elapsed()));
            self.expect(while_);
            clock.sleep(while_).await;
            self.look();
        }
    }

    async fn connected(&mut self) -> Result<(), Failed> {
        if self.connection.is_none() {
            self.ready().await?;
            let connection = match self.connection_make().await {
                Err(Error::Dates { .. }) => {
                    self.doubted_time = true;
                    self.ready().await?;
                    self.connection_make().await?
                }
                made => made?,
            };
            tracing::info!(server = %self.server, "connected");
            self.beside.line.send_replace(Some(connection.channel.clone()));
            self.connection = Some(connection);
            // The handshake proved both sides: that is contact, though the answer may be held for long.
            self.live.last_contact_unix_ms = Some(self.agent.clock.now());
            self.live.fault = self.live.fault.take().filter(|fault| !CONNECTION_FAULTS.contains(&fault.code.as_str()));
            self.note();
        }
        Ok(())
    }

    async fn connection_make(&self) -> Result<Connection, Error> {
        let tls = self.certificates.tls();
        connect(&self.server, &self.proxies, tls, &*self.agent.clock, rand::random()).await
    }

    fn call(
        &mut self,
        request: v1::CheckInRequest,
    ) -> Result<impl Future<Output = Result<v1::CheckInResponse, tonic::Status>> + use<>, Error> {
        let channel = self.connection.as_ref().ok_or(Error::Answer("no connection"))?.channel.clone();
        let mut client = DeviceClient::new(channel)
            .max_decoding_message_size(message_limit())
            .max_encoding_message_size(message_limit());
        self.calling = true;
        self.expect(ANSWER_LIMIT + hold::GRACE + Duration::from_millis(request.hold_ms.into()));
        self.note();
        sent::note_check_in(self.state.folder(), &request);
        Ok(async move { client.check_in(request).await.map(tonic::Response::into_inner) })
    }

    fn request(&self, observed: Option<v1::Observed>, hold: Duration, report: bool) -> v1::CheckInRequest {
        v1::CheckInRequest {
            boot: self.boot.as_bytes().to_vec(),
            sequence: if report { self.sequence.next() } else { self.sequence.held() },
            generation: self.desired.generation().map(Into::into),
            plan: self.desired.plan_digest().map(|plan| plan.as_bytes().to_vec()).unwrap_or_default(),
            sections_root: self.report.root_digest().as_bytes().to_vec(),
            parts: Vec::new(),
            observed,
            hold_ms: u32::try_from(hold.as_millis()).unwrap_or(u32::MAX),
            agent_version: self.agent.config.version().to_owned(),
            report,
            device_unix_ms: self.agent.clock.now().unix_millis(),
            trust_version: self.desired.trust_version(),
            other_machine: self.live.other_machine,
            acts_upto: Some(self.acts_upto.into()),
            ticket_until_unix_ms: self.ticket_until(),
            ticket_school: self.tickets.school().map(|school| school.to_string()).unwrap_or_default(),
            asks: if report { self.heard.asks() } else { Vec::new() },
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.agent.clock.clone()
    }
}

#[cfg(test)]
mod tests;
