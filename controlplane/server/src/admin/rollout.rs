//! Rollouts, as people plan, steer and watch them.

use super::bundle;
use super::device::found;
use crate::caller::Staff;
use crate::random;
use crate::rollouts::{local, tally_now};
use crate::shared::Shared;
use crate::status::{invalid, status};
use crate::watched::standing_now;
use controlplane_core::assignment::{TARGETS_MAX, targets_count};
use controlplane_core::calendar::calendars;
use controlplane_core::rollout::deed::Deed;
use controlplane_core::rollout::hours::Hours;
use controlplane_core::rollout::open::Held;
use controlplane_core::rollout::record::{rollout_act, rollout_get, rollout_list, rollout_make};
use controlplane_core::rollout::step::rollout_wait;
use controlplane_core::rollout::tally::{Counts, Tally};
use controlplane_core::rollout::wave::{Member, Wave, WaveSize, schools_drawn};
use controlplane_core::rollout::{Patience, Rollout, State, Thresholds};
use model::digest::Digest;
use model::id::DeviceId;
use model::uai::Uai;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tonic::Status;
use wire::v1::{
    RolloutActRequest, RolloutActResponse, RolloutCode, RolloutCounts, RolloutDeed, RolloutExplainRequest,
    RolloutExplainResponse, RolloutListRequest, RolloutListResponse, RolloutPlace, RolloutPlanRequest,
    RolloutPlanResponse, RolloutShowRequest, RolloutShowResponse, RolloutWave, RolloutWish,
};

/// The most rollouts that a list shows.
const LIST_MAX: usize = 200;

pub(super) async fn plan(
    shared: &Shared,
    staff: &Staff,
    asked: RolloutPlanRequest,
) -> Result<RolloutPlanResponse, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let wished = asked.wish.as_ref().map_or("", |wish| &wish.bundle);
    let staff = &bundle::subject_staff(shared, staff, &bundle::name_of(wished)?).await?;
    let draws: Vec<u32> = asked.wish.iter().flat_map(|wish| wish.waves.iter().map(|wave| wave.draw)).collect();
    let mut rollout = rollout_of(shared, staff, asked.wish.unwrap_or_default()).await?;
    if draws.iter().any(|draw| *draw > 0) {
        sites_draw(shared, &mut rollout, &draws).await?;
    }
    let most = shared.second_from();
    let touched = targets_count(store, territory, &rollout.scope, most).await.map_err(status)?;
    rollout.second = touched >= most;
    let now = shared.clock.now();
    let rollout = if asked.dry {
        rollout.checked().map_err(status)?
    } else {
        rollout_make(&shared.store, territory, rollout, &staff.person, now).await.map_err(status)?
    };
    Ok(RolloutPlanResponse { rollout: Some(shown(shared, rollout).await?) })
}

pub(super) async fn act(
    shared: &Shared,
    staff: &Staff,
    asked: RolloutActRequest,
) -> Result<RolloutActResponse, Status> {
    let wave = asked.wave.checked_sub(1).map(u16::try_from).transpose().map_err(|_| invalid("no such wave"))?;
    let deed = match asked.deed() {
        RolloutDeed::Approve => Deed::Approve(wave),
        RolloutDeed::Start => Deed::Start,
        RolloutDeed::Pause => Deed::Pause,
        RolloutDeed::Resume => Deed::Resume(asked.accept),
        RolloutDeed::Abort => Deed::Abort,
        RolloutDeed::RollBack => Deed::RollBack,
        RolloutDeed::Unspecified => return Err(invalid("a deed is named")),
    };
    let (store, territory, now) = (&shared.store, shared.territory(), shared.clock.now());
    let meant = rollout_get(store.as_ref(), territory, &asked.rollout).await.map_err(status)?.value;
    let staff = &bundle::subject_staff(shared, staff, &meant.name).await?;
    if deed == Deed::Start {
        somebody_check(shared, &asked.rollout).await?;
    }
    let done = rollout_act(store, territory, &asked.rollout, deed, &staff.person, &asked.why, now).await;
    let rollout = done.map_err(shared.refuse(staff.author(), deed.verb(), &asked.rollout))?;
    Ok(RolloutActResponse { rollout: Some(shown(shared, rollout).await?) })
}

pub(super) async fn list(shared: &Shared, asked: RolloutListRequest) -> Result<RolloutListResponse, Status> {
    let all = rollout_list(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    let found = all.into_iter().filter(|one| asked.all || one.state.is_open()).take(LIST_MAX);
    Ok(RolloutListResponse { rollouts: found.map(|one| summary(&one, &Tally::of(&one))).collect() })
}

pub(super) async fn show(shared: &Shared, asked: RolloutShowRequest) -> Result<RolloutShowResponse, Status> {
    let row = rollout_get(shared.store.as_ref(), shared.territory(), &asked.rollout).await.map_err(status)?;
    Ok(RolloutShowResponse { rollout: Some(shown(shared, row.value).await?) })
}

pub(super) async fn explain(
    shared: &Shared,
    staff: &Staff,
    asked: RolloutExplainRequest,
) -> Result<RolloutExplainResponse, Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let device = found(shared, staff, &asked.device).await?.value;
    let rules = Arc::clone(&shared.ruling.borrow());
    let mut places = Vec::new();
    for rollout in rollout_list(store, territory).await.map_err(status)?.into_iter().take(LIST_MAX) {
        if matches!(rollout.state, State::Finished | State::RolledBack) {
            continue;
        }
        let held = Held::load(store, territory, rollout, 0).await.map_err(status)?;
        let Some((facts, standing)) = standing_now(shared, &held, &device, &rules.rules).await.map_err(status)? else {
            continue;
        };
        let wave = held.rollout.wave_of(&Member::of(&facts)).map_or(0, |wave| wave + 1);
        let released = held.site(&facts).is_some_and(|site| site.open_to(facts.device).is_some());
        places.push(RolloutPlace {
            covered: standing.is_some(),
            wave: u32::try_from(wave).unwrap_or_default(),
            phase: standing.as_ref().map_or("", |standing| standing.phase.name()).to_owned(),
            code: standing.map(|standing| standing.code).unwrap_or_default(),
            opened_unix_ms: held.open_to(&facts).map_or(0, |opened| opened.at.unix_millis()),
            seed_first: held.rollout.by_site() && facts.school.is_some() && !released,
            rollout: Some(summary(&held.rollout, &Tally::of(&held.rollout))),
        });
    }
    Ok(RolloutExplainResponse { device: device.id.to_string(), places })
}

/// Whether a rollout may start for those whom it covers now: one that is for nobody would be over at once, and seem to have done what was
/// wished; one for many needs a second person, whatever it covered when it was planned.
async fn somebody_check(shared: &Shared, rollout: &str) -> Result<(), Status> {
    let (store, territory) = (shared.store.as_ref(), shared.territory());
    let row = rollout_get(store, territory, rollout).await.map_err(status)?;
    let held = Held::load(store, territory, row.value, row.revision).await.map_err(status)?;
    if !held.rollout.opened.is_empty() {
        return Ok(());
    }
    let devices = tally_now(shared, &held).await.map_err(status)?.all().devices();
    if devices == 0 {
        return Err(invalid("this rollout covers no device now; assign the bundle instead, or plan it for others"));
    }
    // It may cover more by now than when it was planned.
    let many = usize::try_from(devices).unwrap_or(usize::MAX) >= shared.second_from();
    if many && held.rollout.approved.is_none() {
        return Err(invalid("a second person has to approve this rollout first"));
    }
    Ok(())
}

/// Names the schools of waves that are so many sites, drawn among those that have devices of the scope.
async fn sites_draw(shared: &Shared, rollout: &mut Rollout, draws: &[u32]) -> Result<(), Status> {
    let all = Rollout { waves: Vec::new(), ..rollout.clone() }.checked().map_err(status)?;
    let held = Held { rollout: all, revision: 0, sites: BTreeMap::new() };
    let tally = tally_now(shared, &held).await.map_err(status)?;
    let mut left: BTreeSet<Uai> = tally.schools.iter().flatten().copied().collect();
    for (wave, draw) in rollout.waves.iter_mut().zip(draws).filter(|(_, draw)| **draw > 0) {
        let drawn = schools_drawn(&rollout.id, &left, usize::try_from(*draw).unwrap_or(usize::MAX));
        left.retain(|school| !drawn.contains(school));
        wave.size = WaveSize::Schools(drawn);
    }
    Ok(())
}

async fn rollout_of(shared: &Shared, staff: &Staff, wish: RolloutWish) -> Result<Rollout, Status> {
    let now = shared.clock.now();
    let id = DeviceId::new(now, random::bytes().map_err(status)?).to_string();
    if wish.scope.len() > TARGETS_MAX {
        return Err(invalid(format!("a rollout is for 1 to {TARGETS_MAX} targets")));
    }
    let mut scope = BTreeSet::new();
    for target in &wish.scope {
        scope.insert(bundle::target_of(shared, staff, target).await?);
    }
    let (name, version) = (bundle::name_of(&wish.bundle)?, bundle::version_of(&wish.version)?);
    let index = match <[u8; 32]>::try_from(&wish.index[..]) {
        Ok(digest) => Digest::from_bytes(digest),
        Err(_) if wish.index.is_empty() => bundle::edition_of(shared, &name, Some(&version)).await?.index,
        Err(_) => return Err(invalid("a digest is 32 bytes")),
    };
    let (usual, patience) = (Thresholds::default(), Patience::default());
    let or = |given: u32, usual: u32| if given == 0 { usual } else { given };
    let minute = |minute: u32| u16::try_from(minute).map_err(|_| invalid("a day has 1440 minutes"));
    let (from, until) = (minute(wish.from_minute)?, minute(wish.until_minute)?);
    Ok(Rollout {
        id,
        name,
        version,
        index,
        scope,
        urgent: wish.urgent,
        waves: wish.waves.into_iter().map(wave_of).collect::<Result<_, _>>()?,
        thresholds: Thresholds {
            success: or(wish.success, usual.success),
            error: if wish.zero_error { 0 } else { or(wish.error, usual.error) },
            errors: wish.errors,
            sample: or(wish.sample, usual.sample),
        },
        patience: Patience {
            offered: or(wish.offered_seconds, patience.offered),
            downloading: or(wish.downloading_seconds, patience.downloading),
            verifying: or(wish.verifying_seconds, patience.verifying),
            staged: or(wish.staged_seconds, patience.staged),
            unreachable: or(wish.unreachable_seconds, patience.unreachable),
            wave: or(wish.wave_seconds, patience.wave),
            seed: or(wish.seed_seconds, patience.seed),
        },
        seeds: wish.seeds,
        site_bytes: wish.site_bytes,
        hours: ((from, until) != (0, 0)).then_some(Hours { from, until }),
        by: staff.person.name.clone(),
        why: wish.why.chars().take(controlplane_core::audit::WHY_CHARS_MAX).collect(),
        created: now,
        second: false,
        approved: None,
        agreed: BTreeMap::new(),
        state: State::Draft,
        halt: None,
        since: now,
        opened: Vec::new(),
        accepted: 0,
        left: None,
        replaced: Vec::new(),
    })
}

fn wave_of(wave: RolloutWave) -> Result<Wave, Status> {
    let schools: Result<BTreeSet<Uai>, _> = wave.schools.iter().map(|school| school.parse()).collect();
    let size = if wave.share > 0 { WaveSize::Share(wave.share) } else { WaveSize::Schools(schools.map_err(invalid)?) };
    Ok(Wave { size, agree: wave.agree })
}

/// A rollout with how its devices stand.
async fn shown(shared: &Shared, rollout: Rollout) -> Result<wire::v1::Rollout, Status> {
    let held = Held::load(shared.store.as_ref(), shared.territory(), rollout, 0).await.map_err(status)?;
    let tally = tally_now(shared, &held).await.map_err(status)?;
    let calendars = calendars(shared.store.as_ref(), shared.territory()).await.map_err(status)?;
    let open = held.rollout.may_open(&calendars, None, local(shared));
    let mut shown = summary(&held.rollout, &tally);
    if held.rollout.state == State::Running && held.rollout.opened.len() < held.rollout.waves.len() {
        shown.waits = rollout_wait(&held.rollout, &tally, shared.clock.now(), open).name().to_owned();
    }
    shown.counts = Some(counts(&tally.all()));
    Ok(shown)
}

fn summary(rollout: &Rollout, tally: &Tally) -> wire::v1::Rollout {
    let waves = rollout.waves.iter().enumerate().map(|(n, wave)| {
        let (share, schools) = match &wave.size {
            WaveSize::Share(share) => (*share, Vec::new()),
            WaveSize::Schools(schools) => (0, schools.iter().map(ToString::to_string).collect()),
        };
        let agreed = u16::try_from(n).ok().and_then(|n| rollout.agreed.get(&n)).cloned();
        RolloutWave {
            share,
            schools,
            draw: 0,
            agree: wave.agree,
            agreed_by: agreed.unwrap_or_default(),
            opened_unix_ms: rollout.opened.get(n).map_or(0, |opened| opened.at.unix_millis()),
            counts: tally.waves.get(n).map(counts),
            sites: tally.schools.get(n).map_or(0, |schools| u32::try_from(schools.len()).unwrap_or(u32::MAX)),
        }
    });
    let codes = tally.codes.iter().map(|((phase, code), devices)| RolloutCode {
        phase: phase.name().to_owned(),
        code: code.clone(),
        devices: *devices,
    });
    wire::v1::Rollout {
        id: rollout.id.clone(),
        wish: Some(wish_of(rollout)),
        waves: waves.collect(),
        by: rollout.by.clone(),
        created_unix_ms: rollout.created.unix_millis(),
        second: rollout.second,
        approved_by: rollout.approved.clone().unwrap_or_default(),
        state: rollout.state.name().to_owned(),
        halt: rollout.halt.map_or("", |halt| halt.name()).to_owned(),
        since_unix_ms: rollout.since.unix_millis(),
        waits: String::new(),
        counts: rollout.left.as_ref().map(counts),
        codes: codes.collect(),
        wan_bytes: tally.wan_bytes,
        lan_bytes: tally.lan_bytes,
    }
}

fn wish_of(rollout: &Rollout) -> RolloutWish {
    let (limits, patience) = (&rollout.thresholds, &rollout.patience);
    let hours = rollout.hours.unwrap_or(Hours { from: 0, until: 0 });
    RolloutWish {
        bundle: rollout.name.to_string(),
        version: rollout.version.to_string(),
        index: rollout.index.as_bytes().to_vec(),
        scope: rollout.scope.iter().map(ToString::to_string).collect(),
        waves: Vec::new(),
        success: limits.success,
        error: limits.error,
        zero_error: limits.error == 0,
        errors: limits.errors,
        sample: limits.sample,
        offered_seconds: patience.offered,
        downloading_seconds: patience.downloading,
        verifying_seconds: patience.verifying,
        staged_seconds: patience.staged,
        unreachable_seconds: patience.unreachable,
        wave_seconds: patience.wave,
        seed_seconds: patience.seed,
        seeds: rollout.seeds,
        site_bytes: rollout.site_bytes,
        from_minute: hours.from.into(),
        until_minute: hours.until.into(),
        urgent: rollout.urgent,
        why: rollout.why.clone(),
    }
}

const fn counts(of: &Counts) -> RolloutCounts {
    RolloutCounts {
        closed: of.closed,
        withheld: of.withheld,
        offered: of.offered,
        downloading: of.downloading,
        verifying: of.verifying,
        staged: of.staged,
        waiting: of.waiting,
        in_place: of.in_place,
        failed: of.failed,
        stuck: of.stuck,
        skipped: of.skipped,
        unreachable: of.unreachable,
    }
}
