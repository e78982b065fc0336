//! What people answer: a name is unblocked for a while, or not.

use super::ask::{Ask, AskKind, asks, decision_key, decisions, key_of};
use crate::assignment::{Target, target_check};
use crate::audit::{Act, Person, WHY_CHARS_MAX};
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::lesson::lesson_list;
use crate::policy::Layers;
use crate::scope::{Filed, Reach};
use crate::store::{Expect, PAGE_MAX, Revision, SharedStore, Store};
use crate::table::{Intent, Row, Table, Writes};
use model::class::Class;
use model::filtering::{UNBLOCKED_MAX, Unblocked};
use model::host::Host;
use model::id::{DeviceId, TerritoryId};
use model::time::Timestamp;
use model::uai::Uai;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Names that are unblocked, by `<target>/<name>`.
pub static UNBLOCKS: Table<UnblockHeld, Intent> = Table::new("unblock");
/// What was answered last, by `<kind>/<school or owner>/<name>`.
pub static DECISIONS: Table<Decision, Intent> = Table::new("unblock_decision");

/// The longest that a name is unblocked for a class, a school or a device.
const LIFE_MAX: Duration = Duration::from_secs(366 * 86_400);
/// For how long it is where nobody says it.
const LIFE_USUAL: Duration = Duration::from_secs(7 * 86_400);
/// What was refused is remembered for so long: whoever asks again meanwhile is seen to have been answered.
const REFUSED: Duration = Duration::from_secs(30 * 86_400);

/// A name that is unblocked, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnblockHeld {
    /// What.
    pub unblocked: Unblocked,
    /// For whom: a class, a school or a device.
    pub scope: Target,
    /// Who answered.
    pub by: String,
    /// When it was taken back, where it was before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Timestamp>,
}

/// What was answered about a name at a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why.
    pub why: String,
    /// For whom and until when it is unblocked; none: it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<(Target, Timestamp)>,
}

/// What is asked about a name at a school: by how many, never by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The latest ask, by which the group is answered.
    pub id: String,
    /// The name.
    pub name: Host,
    /// What is asked.
    pub kind: AskKind,
    /// At which school.
    pub school: Option<Uai>,
    /// Which classes.
    pub classes: BTreeSet<Class>,
    /// How many devices ask.
    pub devices: usize,
    /// Since when.
    pub first: Timestamp,
    /// When it was asked last.
    pub last: Timestamp,
    /// What was answered, if nobody has asked since.
    pub decision: Option<Decision>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is unblocked for these until then.
    Accept {
        /// For whom.
        scope: Reached,
        /// Until when; none: as long as is meant where nothing is said.
        until: Option<Timestamp>,
    },
    /// It stays as it is.
    Refuse,
}

/// Whom an answer reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reached {
    /// The class or school of that device for which a lesson is open, until it ends.
    Lesson,
    /// The class that the device serves which asked last.
    Class,
    /// Its school.
    School,
    /// That device alone.
    Device,
}

/// The names that are unblocked and were not taken back, by whom for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unblocks(BTreeMap<Target, Vec<Unblocked>>);

impl UnblockHeld {
    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.stopped.is_some() || self.unblocked.until <= now
    }

    /// When it ends, or ended.
    pub(super) fn ends(&self) -> Timestamp {
        self.stopped.unwrap_or(self.unblocked.until)
    }
}

impl Unblocks {
    /// Reads them, with the newest revision at which any was written.
    ///
    /// # Errors
    /// `Unavailable` when the store fails.
    pub async fn load(store: &dyn Store, territory: &TerritoryId) -> Result<(Self, Revision)> {
        let (mut all, mut newest) = (Self::default(), 0);
        for row in held(store, territory).await? {
            newest = newest.max(row.revision);
            if row.value.stopped.is_none() {
                all.0.entry(row.value.scope).or_default().push(row.value.unblocked);
            }
        }
        Ok((all, newest))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For whom those are that a device with these facts has.
    pub fn targets(&self, facts: &Facts) -> impl Iterator<Item = Target> {
        let targets = (!self.0.is_empty()).then(|| Target::of(facts));
        targets.into_iter().flatten().filter(|target| self.0.contains_key(target))
    }

    /// For whom others are here than there.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = Target> + 'a {
        let differs = |target: &&Target| self.0.get(*target) != other.0.get(*target);
        self.0.keys().chain(other.0.keys()).filter(differs).cloned()
    }

    /// Those for a device with these facts.
    pub fn of(&self, facts: &Facts) -> impl Iterator<Item = &Unblocked> {
        // Nothing is looked for where there is none.
        let targets = (!self.0.is_empty()).then(|| Target::of(facts));
        targets.into_iter().flatten().filter_map(|target| self.0.get(&target)).flatten()
    }
}

impl Decision {
    /// When it is over.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.accepted.as_ref().map_or_else(|| self.at.after(REFUSED), |(_, until)| *until)
    }
}

/// What is asked within a reach, by name and school, what was asked last first.
///
/// # Errors
/// `Unavailable` when the store fails.
pub async fn unblock_list(store: &dyn Store, territory: &TerritoryId, reach: &Reach) -> Result<Vec<Group>> {
    let decisions = decisions(store, territory).await?;
    let mut groups: BTreeMap<String, (Group, BTreeSet<String>)> = BTreeMap::new();
    for row in asks(store, territory).await? {
        let device = row.id.split('/').next().unwrap_or_default().to_owned();
        let ask = row.value;
        if !reach.covers(&filed(&ask)) {
            continue;
        }
        let key = decision_key(&ask);
        let decision = decisions.get(&key).map(|row| row.value.clone());
        let entry = groups.entry(key).or_insert_with(|| {
            let group = Group {
                id: ask.id.clone(),
                name: ask.name.clone(),
                kind: ask.kind,
                school: ask.school,
                classes: BTreeSet::new(),
                devices: 0,
                first: ask.received,
                last: ask.received,
                decision,
            };
            (group, BTreeSet::new())
        });
        let (group, devices) = entry;
        if ask.received >= group.last {
            (group.id, group.last) = (ask.id, ask.received);
        }
        group.first = group.first.min(ask.received);
        group.classes.extend(ask.class);
        devices.insert(device);
    }
    let ended = groups.into_values().map(|(group, devices)| {
        let last = group.last;
        let decision = group.decision.filter(|decision| decision.at >= last);
        Group { devices: devices.len(), decision, ..group }
    });
    let mut all: Vec<Group> = ended.collect();
    all.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.name.cmp(&b.name)));
    Ok(all)
}

/// Answers what was asked: all who asked the same at that school are answered with it. An answer that is changed takes back what it
/// unblocked, and a refusal what is unblocked of that name at the school.
///
/// # Errors
/// `NotFound` for an ask that is not there or lies outside the reach; `Invalid` where there is nobody of that kind to unblock it for,
/// where a layer of theirs does not leave it or as many names are unblocked as a device takes, or for an end that cannot be meant;
/// `Conflict` when somebody else answered meanwhile.
#[allow(clippy::too_many_arguments, reason = "each is a plain value of one call")]
pub async fn unblock_decide(
    store: &SharedStore,
    territory: &TerritoryId,
    reach: &Reach,
    policies: &Layers,
    id: &str,
    answer: &Answer,
    by: &Person,
    why: &str,
    now: Timestamp,
) -> Result<(Ask, Decision)> {
    let missing = || Error::NotFound(format!("unblock request {:?}", id.chars().take(64).collect::<String>()));
    let same = asks(store.as_ref(), territory).await?.into_iter().filter(|row| row.value.id == id);
    let mut same = same.filter(|row| reach.covers(&filed(&row.value)));
    let row = same.next().ok_or_else(missing)?;
    // Devices choose these ids: nobody is to unblock another name than the one that was shown.
    if same.any(|other| other.value.name != row.value.name) {
        return Err(missing());
    }
    let device: DeviceId = row.id.split('/').next().and_then(|text| text.parse().ok()).ok_or_else(missing)?;
    let ask = row.value;
    let accepted = match answer {
        Answer::Refuse => None,
        Answer::Accept { scope, until } => {
            if ask.kind == AskKind::Report {
                return Err(Error::Invalid("this asks that a name be blocked; a policy does that".to_owned()));
            }
            let most = unblock_left(policies, &ask, device)?;
            if *scope == Reached::Lesson {
                let (target, ends) = lesson_open(store.as_ref(), territory, &ask, now).await?;
                Some((target, until.map_or(ends, |until| until.min(ends)).min(now.after(most))))
            } else {
                let until = until.unwrap_or_else(|| now.after(most.min(LIFE_USUAL)));
                if until <= now || until.since(now) > LIFE_MAX {
                    return Err(Error::Invalid("a name is unblocked for 1 to 366 days".to_owned()));
                }
                if until.since(now) > most {
                    let days = most.as_secs() / 86_400;
                    return Err(Error::Invalid(format!("the policy lets names be unblocked for {days} days at most")));
                }
                Some((scope.target(&ask, device)?, until))
            }
        }
    };
    let why: String = why.chars().take(WHY_CHARS_MAX).collect();
    let decision = Decision { at: now, by: by.name.clone(), why: why.clone(), accepted: accepted.clone() };
    let verb = if accepted.is_some() { "unblock_accept" } else { "unblock_refuse" };
    // The audit is kept for ever: it names the school and no name that a pupil asked for.
    let subject = format!("unblock:{}", ask.id);
    let mut writes = Writes::by(territory, &Act::of(now, by, verb, subject, &why))?;
    let key = decision_key(&ask);
    let before = DECISIONS.get(store.as_ref(), territory, key.as_str()).await?;
    let expect = before.as_ref().map_or(Expect::Absent, |row| Expect::At(row.revision));
    writes = writes.put(&DECISIONS, key, &decision, expect)?;
    // Who asked since for another class is answered beside the first; a refusal is for the whole school.
    let was = before.map(|row| row.value).filter(|was| accepted.is_none() || was.at >= ask.received);
    let was = was.and_then(|was| was.accepted).map(|(scope, _)| scope);
    let is = accepted.as_ref().map(|(scope, _)| scope);
    let whole = ask.school.filter(|_| accepted.is_none() && ask.kind == AskKind::Unblock);
    let (mut open, mut rows) = (0, held(store.as_ref(), territory).await?);
    rows.retain(|row| !row.value.is_over(now));
    for row in rows {
        let scope = &row.value.scope;
        let school = match scope {
            Target::School(school) => Some(*school),
            Target::Class(class) => Some(class.school),
            _ => None,
        };
        let same = row.value.unblocked.name == ask.name;
        open += usize::from(!same && Some(scope) == is);
        let taken = Some(scope) == was.as_ref() || (whole.is_some() && school == whole);
        if same && taken && Some(scope) != is && target_check(store.as_ref(), territory, reach, scope).await.is_ok() {
            // It stays there for a day: what is gone leaves no revision behind by which devices are told.
            let held = UnblockHeld { stopped: Some(now), ..row.value };
            writes = writes.put(&UNBLOCKS, row.id, &held, Expect::At(row.revision))?;
        }
    }
    if let Some((scope, until)) = accepted {
        target_check(store.as_ref(), territory, reach, &scope).await?;
        let key = key_of(&scope.to_string(), &ask.name);
        if open >= UNBLOCKED_MAX {
            return Err(Error::Invalid(format!("{UNBLOCKED_MAX} names are unblocked for them; refuse one first")));
        }
        let unblocked = Unblocked { name: ask.name.clone(), from: now, until };
        let held = UnblockHeld { unblocked, scope, by: by.name.clone(), stopped: None };
        writes = writes.put(&UNBLOCKS, key, &held, Expect::Any)?;
    }
    writes.commit(store).await?;
    Ok((ask, decision))
}

impl Reached {
    fn target(self, ask: &Ask, device: DeviceId) -> Result<Target> {
        let none =
            |what: &str| Error::Invalid(format!("the device that asked is in no {what}; unblock it for another one"));
        match self {
            Self::Class => ask.class.clone().map(Target::Class).ok_or_else(|| none("class")),
            Self::School => ask.school.map(Target::School).ok_or_else(|| none("school")),
            Self::Device => Ok(Target::Device(device)),
            Self::Lesson => Err(none("lesson")),
        }
    }
}

/// For how long at most the layers of the device that asked leave it: what no plan would hold is refused while somebody is there to read why.
fn unblock_left(policies: &Layers, ask: &Ask, device: DeviceId) -> Result<Duration> {
    let (school, owner, class) = (ask.school, ask.owner.clone(), ask.class.clone());
    let facts = Facts { school, owner, class, ..Facts::bare(device) };
    let Some(composed) = policies.composed(&facts) else { return Ok(LIFE_MAX) };
    if composed.unblock {
        let days = composed.unblock_days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
        return Ok(days.unwrap_or(LIFE_MAX));
    }
    let by = composed.reasons.iter().find(|reason| reason.key == "unblock").map(|reason| reason.layer.to_string());
    let by = by.unwrap_or_default();
    Err(Error::Invalid(format!("layer {by} does not let names be unblocked; a policy of this layer can leave it")))
}

/// The lesson that is open for the class or the school of the device that asked, the one that ends last: for whom, and until when.
async fn lesson_open(
    store: &dyn Store,
    territory: &TerritoryId,
    ask: &Ask,
    now: Timestamp,
) -> Result<(Target, Timestamp)> {
    let theirs = |scope: &Target| match scope {
        Target::Class(class) => ask.class.as_ref() == Some(class),
        Target::School(school) => ask.school == Some(*school),
        _ => false,
    };
    let open = lesson_list(store, territory, &Reach::territory(), false, now).await?;
    let open = open.into_iter().filter(|held| theirs(&held.scope) && held.lesson.from <= now);
    let last = open.max_by_key(|held| held.lesson.until).map(|held| (held.scope, held.lesson.until));
    last.ok_or_else(|| Error::Invalid("no lesson is open for the device that asked".to_owned()))
}

fn filed(ask: &Ask) -> Filed {
    Filed { owner: ask.owner.clone(), school: ask.school }
}

pub(super) async fn held(store: &dyn Store, territory: &TerritoryId) -> Result<Vec<Row<UnblockHeld>>> {
    let scope = UNBLOCKS.scope(territory, "");
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = UNBLOCKS.page(store, &scope, &after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after.clone_from(&last.id);
        rows.extend(page);
    }
}
