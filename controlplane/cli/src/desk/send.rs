//! Sending what was done: in order, each act once, and what the control plane says of it kept.

use super::act::{Act, Answer, Entry, Outcome, What};
use super::clock;
use super::engine::Desk;
use super::fault::DeskFault;
use super::file::Journal;
use super::screen::clock_is_off;
use super::set::{Grade, ItemState, Mode, Part, Signer};
use crate::call::{ANSWER_BYTES_MAX, Call};
use crate::config::Profile;
use crate::print::{Sheet, Tone, sentence_text};
use crate::{Error, connect};
use model::loan::ActId;
use model::time::Timestamp;
use serde::Serialize;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic::{Code, Status};
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{
    CampaignNote, CampaignNoteRequest, CampaignOutcome, LoanAccessory, LoanAct, LoanActsRequest, LoanCondition,
    LoanHandOver, LoanOutcome, LoanReturn, LoanReturnParts, LoanSign, LoanSignature, PartState, SignatureMode,
    StocktakeScanRequest, StocktakeSight,
};
use words::Catalogue;

/// How many acts go at a time: a hand-over is up to three on the wire, of which 200 fit one call.
pub(crate) const BATCH: usize = 50;
/// The clock is noted again when it has moved by so much, in milliseconds.
const CLOCK_MOVED_MS: i64 = 60 * 1000;

/// What came of sending, for programs.
#[derive(Debug, Default, Serialize)]
struct Sent {
    sent: usize,
    done: usize,
    conflicts: usize,
    refused: usize,
    waiting: usize,
    clock_behind_seconds: Option<i64>,
}

/// What is known of a desk's acts and set without the desk, so that it can be sent behind its back.
#[derive(Clone, Debug)]
struct Load {
    subject: String,
    acts: Vec<Act>,
    /// The numbers of each act's accessories, in the loan's order.
    items: Vec<Vec<String>>,
    /// The moment of each act by the control plane's clock, and the day that stands on the paper.
    moments: Vec<(i64, String)>,
    behind_ms: Option<i64>,
    /// Whether the set is a campaign's.
    lends: bool,
}

/// What a try to send brought back.
pub(crate) struct Brought {
    /// Whether the control plane answered at all.
    pub(crate) reached: bool,
    /// What is to be kept.
    pub(crate) entries: Vec<Entry>,
}

/// Sends behind the screen, one try at a time.
pub(crate) struct Courier {
    profile: Option<Profile>,
    away: Option<JoinHandle<Brought>>,
}

impl Courier {
    /// One for this profile; without one it stays at home.
    pub(crate) const fn new(profile: Option<Profile>) -> Self {
        Self { profile, away: None }
    }

    /// Whether it is on its way.
    pub(crate) const fn is_away(&self) -> bool {
        self.away.is_some()
    }

    /// Sends it off with these acts; with none it only sees whether the way is open.
    pub(crate) fn send(&mut self, desk: &Desk, acts: Vec<Act>) {
        let Some(profile) = self.profile.clone().filter(|_| self.away.is_none()) else { return };
        let load = Load::of(desk, acts);
        self.away = Some(tokio::spawn(async move {
            let Ok(channel) = connect::channel(&profile).await else {
                return Brought { reached: false, entries: Vec::new() };
            };
            let mut client = AdminClient::new(channel).max_decoding_message_size(ANSWER_BYTES_MAX);
            match load.deliver(&mut client).await {
                Ok(entries) => Brought { reached: true, entries },
                // A right that is lacking is for `desk send` to say; here the acts just wait.
                Err(_) => Brought { reached: false, entries: Vec::new() },
            }
        }));
    }

    /// What it brings back; waits for ever while it is at home.
    pub(crate) async fn brings(&mut self) -> Brought {
        let Some(away) = &mut self.away else { return std::future::pending().await };
        let brought = away.await;
        self.away = None;
        brought.unwrap_or(Brought { reached: false, entries: Vec::new() })
    }
}

/// Sends everything there is, and says what came of it.
///
/// # Errors
/// When the control plane cannot be reached or refuses the caller; [`DeskFault::SomeAgainst`] when it did not take some of it, and
/// [`DeskFault::SomeWaiting`] when it was too busy for some.
pub(super) async fn desk_send(desk: &mut Desk, journal: &mut Journal, call: &mut Call<'_>) -> Result<(), Error> {
    let mut client = call.client().await?;
    let mut sent = Sent::default();
    for entry in call.progress.during(Load::of(desk, Vec::new()).deliver(&mut client)).await? {
        journal.append(&entry)?;
        desk.keep(entry);
    }
    loop {
        let acts = desk.log.outbox(BATCH);
        if acts.is_empty() {
            break;
        }
        let entry = Entry::Sending { acts: acts.iter().map(|act| act.id).collect() };
        journal.append(&entry)?;
        desk.keep(entry);
        let load = Load::of(desk, acts);
        let entries = call.progress.during(load.deliver(&mut client)).await?;
        let before = sent.sent;
        for entry in entries {
            if let Entry::Told { answer, .. } = &entry {
                sent.sent += 1;
                match answer {
                    Answer::Done => sent.done += 1,
                    Answer::Conflict(_) => sent.conflicts += 1,
                    Answer::Refused(_) => sent.refused += 1,
                }
            }
            journal.append(&entry)?;
            desk.keep(entry);
        }
        // Nothing was said of any of them: it is too busy now.
        if sent.sent == before {
            break;
        }
    }
    sent.waiting = desk.log.counts().waiting;
    sent.clock_behind_seconds = desk.log.behind_ms.map(|behind| behind / 1000);
    call.progress.clear();
    if clock_is_off(desk) {
        let text = call.words.text("desk-said-clock");
        call.note(&text);
    }
    let mut sheet = Sheet::default();
    sheet.section(call.words.text("desk-sent-title"));
    for (key, count, tone) in [
        ("desk-sent-sent", sent.sent, Tone::Plain),
        ("desk-sent-done", sent.done, Tone::Good),
        ("desk-sent-conflicts", sent.conflicts, if sent.conflicts > 0 { Tone::Bad } else { Tone::Plain }),
        ("desk-sent-refused", sent.refused, if sent.refused > 0 { Tone::Bad } else { Tone::Plain }),
        ("desk-sent-waiting", sent.waiting, if sent.waiting > 0 { Tone::Warning } else { Tone::Plain }),
    ] {
        sheet.line(call.words.text(key), call.print.look().number(count as u64), tone);
    }
    call.print.one(&sent, || sheet)?;
    if sent.conflicts + sent.refused > 0 {
        return Err(Error::Desk(DeskFault::SomeAgainst));
    }
    if sent.waiting > 0 { Err(Error::Desk(DeskFault::SomeWaiting)) } else { Ok(()) }
}

/// Why an act was not taken, in the reader's language.
pub(crate) fn why_say(why: &str, words: &Catalogue) -> String {
    sentence_text(why, words)
}

impl Load {
    fn of(desk: &Desk, acts: Vec<Act>) -> Self {
        let numbers = |act: &Act| {
            let items = desk.loan_of(act).map(|loan| loan.items.iter().map(|item| item.number.clone()).collect());
            items.unwrap_or_default()
        };
        let moment = |act: &Act| {
            let right = desk.log.right(act);
            let moment = jiff::Timestamp::from_millisecond(right).unwrap_or_default();
            // No clock makes the paper older than the set.
            let day = moment.to_zoned(jiff::tz::TimeZone::system()).date().max(desk.set().day);
            (right, day.to_string())
        };
        Self {
            subject: desk.set().subject.clone(),
            items: acts.iter().map(numbers).collect(),
            moments: acts.iter().map(moment).collect(),
            acts,
            behind_ms: desk.log.behind_ms,
            lends: desk.set().mode != Mode::Stocktake,
        }
    }

    /// Delivers the first acts of one kind, so that their order stays; what was said of each comes back.
    async fn deliver(self, client: &mut AdminClient<Channel>) -> Result<Vec<Entry>, Status> {
        let kind = |act: &Act| match act.what {
            What::Seen { .. } => 0,
            What::Outcome { .. } => 1,
            What::Handout { .. } | What::Return { .. } => 2,
        };
        let Some(first) = self.acts.first().map(kind) else { return self.probe(client).await };
        let count = self.acts.iter().take_while(|act| kind(act) == first).count();
        let acts = &self.acts[..count];
        let (answers, behind) = match first {
            0 => self.seen(client, acts).await?,
            1 => self.outcomes(client, acts).await?,
            _ => self.lent(client, acts).await?,
        };
        let told =
            acts.iter().zip(answers).filter_map(|(act, answer)| Some(Entry::Told { act: act.id, answer: answer? }));
        Ok(self.moved(behind).into_iter().chain(told).collect())
    }

    /// Asks for nothing but the time: what is dated by a wrong clock is set right before it is sent.
    async fn probe(&self, client: &mut AdminClient<Channel>) -> Result<Vec<Entry>, Status> {
        if !self.lends || self.behind_ms.is_some() {
            return Ok(Vec::new());
        }
        let asked = clock();
        let request = CampaignNoteRequest { campaign: self.subject.clone(), notes: Vec::new(), replace: false };
        let answer = client.campaign_note(request).await?.into_inner();
        let behind_ms = answer.now_unix_ms.saturating_sub(asked.unix_millis());
        Ok(vec![Entry::Clock { behind_ms }])
    }

    fn moved(&self, behind: Option<i64>) -> Option<Entry> {
        let behind_ms = behind?;
        let moved = self.behind_ms.is_none_or(|known| (behind_ms - known).abs() > CLOCK_MOVED_MS);
        moved.then_some(Entry::Clock { behind_ms })
    }

    async fn seen(&self, client: &mut AdminClient<Channel>, acts: &[Act]) -> Result<Told, Status> {
        let sight = |(act, (right, _)): (&Act, &(i64, String))| {
            let What::Seen { code } = &act.what else { return StocktakeSight::default() };
            StocktakeSight { code: code.clone(), at_unix_ms: *right }
        };
        let sights = acts.iter().zip(&self.moments).map(sight).collect();
        let request = StocktakeScanRequest { stocktake: self.subject.clone(), sights };
        let asked = clock();
        match client.stocktake_scan(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                Ok((answer.noted.iter().map(|_| Some(Answer::Done)).collect(), behind(asked, answer.now_unix_ms)))
            }
            Err(status) => Ok((vec![Some(turned_down(status)?); acts.len()], None)),
        }
    }

    async fn outcomes(&self, client: &mut AdminClient<Channel>, acts: &[Act]) -> Result<Told, Status> {
        let note = |(act, (right, _)): (&Act, &(i64, String))| {
            let What::Outcome { loan, outcome, why } = &act.what else { return CampaignNote::default() };
            let outcome = match outcome {
                Outcome::NoShow => CampaignOutcome::NoShow,
                Outcome::Refused => CampaignOutcome::Refused,
                Outcome::Problem => CampaignOutcome::Problem,
            };
            CampaignNote {
                act: act.id.to_string(),
                loan: loan.clone(),
                outcome: outcome.into(),
                why: why.clone(),
                at_unix_ms: *right,
            }
        };
        let notes = acts.iter().zip(&self.moments).map(note).collect();
        let request = CampaignNoteRequest { campaign: self.subject.clone(), notes, replace: false };
        let asked = clock();
        match client.campaign_note(request).await {
            Ok(answer) => {
                let answer = answer.into_inner();
                let told = answer.answers.iter().map(|one| said(one.outcome(), &one.why)).collect();
                Ok((told, behind(asked, answer.now_unix_ms)))
            }
            Err(status) => Ok((vec![Some(turned_down(status)?); acts.len()], None)),
        }
    }

    async fn lent(&self, client: &mut AdminClient<Channel>, acts: &[Act]) -> Result<Told, Status> {
        let (mut wire, mut of) = (Vec::new(), Vec::new());
        for (at, act) in acts.iter().enumerate() {
            for (deed, id) in deeds(act, &self.items[at], &self.moments[at].1) {
                of.push((at, matches!(deed, Deed::HandOver(_) | Deed::Return(_))));
                wire.push(LoanAct {
                    act: id.to_string(),
                    at_unix_ms: self.moments[at].0,
                    loan: act.what.loan().unwrap_or_default().to_owned(),
                    why: String::new(),
                    deed: Some(deed),
                });
            }
        }
        let asked = clock();
        let request = LoanActsRequest { acts: wire, desk_unix_ms: asked.unix_millis() + self.behind_ms.unwrap_or(0) };
        let answer = match client.loan_acts(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Ok((vec![Some(turned_down(status)?); acts.len()], None)),
        };
        let answers = answer.answers.iter().map(|one| said(one.outcome(), &one.why));
        let told = told_of(acts.len(), of.into_iter().zip(answers));
        // What is said is how far the clock is off once what was known of it is set right.
        let behind = (answer.clock_ahead_ms != 0).then(|| self.behind_ms.unwrap_or(0) - answer.clock_ahead_ms);
        Ok((told, behind))
    }
}

/// What an act is on the wire, in order, each with its own id.
fn deeds(act: &Act, numbers: &[String], day: &str) -> Vec<(Deed, ActId)> {
    let parts = |items: &[ItemState], state: fn(ItemState) -> Option<PartState>| -> Vec<LoanAccessory> {
        let each = numbers.iter().zip(items).filter_map(|(number, item)| {
            Some(LoanAccessory { number: number.clone(), kind: String::new(), state: state(*item)?.into() })
        });
        each.collect()
    };
    match &act.what {
        What::Handout { asset, items, condition, signer, .. } => {
            let signed = signer.map(|signer| {
                let signature = LoanSignature {
                    by: signer_of(signer).into(),
                    mode: SignatureMode::Paper.into(),
                    on: day.to_owned(),
                    scan: String::new(),
                };
                (Deed::Sign(LoanSign { signatures: vec![signature] }), act.signature)
            });
            let over = LoanHandOver { asset: asset.clone(), condition: Some(condition_of(condition)) };
            // What was not handed out is not owed.
            let not_given = parts(items, |item| (item != ItemState::There).then_some(PartState::Returned));
            let not_given =
                (!not_given.is_empty()).then_some((Deed::ReturnParts(LoanReturnParts { parts: not_given }), act.parts));
            signed.into_iter().chain([(Deed::HandOver(over), act.id)]).chain(not_given).collect()
        }
        What::Return { asset, items, condition, .. } => {
            let parts = parts(items, |item| {
                Some(match item {
                    ItemState::There => PartState::Returned,
                    ItemState::Missing => PartState::Missing,
                    ItemState::Damaged => PartState::Damaged,
                })
            });
            let back = LoanReturn { condition: Some(condition_of(condition)), parts, asset: asset.clone() };
            vec![(Deed::Return(back), act.id)]
        }
        What::Outcome { .. } | What::Seen { .. } => Vec::new(),
    }
}

/// What was said of each act, and how far the desk's clock is behind.
type Told = (Vec<Option<Answer>>, Option<i64>);

/// What is told of each act by the answers to its deeds: whose each is, and whether it is the change of hands.
///
/// The change of hands is what counts. Once it is done, a signature or an accessory that was not taken is to be seen; what nothing
/// was said of is sent again with all of its act, of which each deed is done once.
fn told_of(acts: usize, answers: impl Iterator<Item = ((usize, bool), Option<Answer>)>) -> Vec<Option<Answer>> {
    let mut told: Vec<Option<Answer>> = vec![None; acts];
    let mut lacking: Vec<Option<String>> = vec![None; acts];
    let mut unsaid = vec![false; acts];
    for ((at, is_main), answer) in answers {
        match answer {
            None => unsaid[at] = true,
            Some(answer) if is_main => told[at] = Some(answer),
            Some(Answer::Conflict(why) | Answer::Refused(why)) => {
                lacking[at].get_or_insert(why);
            }
            Some(Answer::Done) => {}
        }
    }
    for ((told, lacking), unsaid) in told.iter_mut().zip(lacking).zip(unsaid) {
        if unsaid {
            *told = None;
        } else if let (Some(Answer::Done), Some(why)) = (&told, lacking) {
            *told = Some(Answer::Conflict(why));
        }
    }
    told
}

fn said(outcome: LoanOutcome, why: &str) -> Option<Answer> {
    match outcome {
        LoanOutcome::Done | LoanOutcome::Already => Some(Answer::Done),
        LoanOutcome::Conflict => Some(Answer::Conflict(why.to_owned())),
        LoanOutcome::Refused | LoanOutcome::NotFound => Some(Answer::Refused(why.to_owned())),
        LoanOutcome::Unavailable | LoanOutcome::Unspecified => None,
    }
}

/// A call that was turned down as a whole, where that is about what was asked; else it is tried again later.
fn turned_down(status: Status) -> Result<Answer, Status> {
    let own = std::error::Error::source(&status).is_none();
    match status.code() {
        Code::FailedPrecondition | Code::Aborted if own => Ok(Answer::Conflict(status.message().to_owned())),
        Code::InvalidArgument | Code::NotFound if own => Ok(Answer::Refused(status.message().to_owned())),
        _ => Err(status),
    }
}

fn behind(asked: Timestamp, now_unix_ms: i64) -> Option<i64> {
    (now_unix_ms != 0).then(|| now_unix_ms.saturating_sub(asked.unix_millis()))
}

const fn signer_of(signer: Signer) -> wire::v1::Signer {
    match signer {
        Signer::Guardian1 => wire::v1::Signer::Guardian1,
        Signer::Guardian2 => wire::v1::Signer::Guardian2,
        Signer::Borrower => wire::v1::Signer::Borrower,
    }
}

fn condition_of(parts: &[(Part, Grade)]) -> LoanCondition {
    let grade = |part: Part| {
        let grade = parts.iter().find(|(known, _)| *known == part).map_or(Grade::Good, |(_, grade)| *grade);
        i32::from(match grade {
            Grade::Good => wire::v1::Grade::Good,
            Grade::Worn => wire::v1::Grade::Worn,
            Grade::Damaged => wire::v1::Grade::Damaged,
        })
    };
    LoanCondition {
        screen: grade(Part::Screen),
        keyboard: grade(Part::Keyboard),
        case: grade(Part::Case),
        ..LoanCondition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_told_only_when_something_was_said_of_each_of_its_deeds() {
        let done = || Some(Answer::Done);
        let against = || Some(Answer::Conflict("why".to_owned()));
        let told = |sign, over, parts| {
            let answers = [((0, false), sign), ((0, true), over), ((0, false), parts)];
            told_of(2, answers.into_iter().chain([((1, true), done())]))
        };
        assert_eq!(told(done(), done(), done()), [done(), done()]);
        for (sign, over, parts) in [(None, done(), done()), (done(), None, done()), (done(), done(), None)] {
            assert_eq!(told(sign, over, parts), [None, done()]);
        }
        assert_eq!(told(done(), done(), against()), [against(), done()]);
        assert_eq!(told(Some(Answer::Refused("why".to_owned())), done(), done()), [against(), done()]);
        let first = Some(Answer::Refused("first".to_owned()));
        assert_eq!(told(against(), first.clone(), against()), [first, done()]);
    }
}
