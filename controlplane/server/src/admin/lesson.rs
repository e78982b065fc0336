//! Lessons and exams: what is opened or blocked for a class or a school for a while.

use super::cadence::rules;
use super::device::limit_of;
use crate::caller::Staff;
use crate::random;
use crate::shared::Shared;
use crate::status::{invalid, status};
use controlplane_core::assignment::{Target, TargetError};
use controlplane_core::facts::Facts;
use controlplane_core::lesson::{LessonHeld, lesson_page, lesson_start, lesson_stop};
use controlplane_core::policy::host_typed;
use model::filtering::{FilteringError, LESSON_MINUTES_MAX, Lesson, LessonKind};
use model::host::HostError;
use model::id::DeviceId;
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;
use tonic::Status;
use wire::v1::{
    LessonListRequest, LessonListResponse, LessonStartRequest, LessonStartResponse, LessonStopRequest,
    LessonStopResponse,
};

/// The most names of one kind that are read.
const NAMES_MAX: usize = 200;

pub(super) async fn start(
    shared: &Shared,
    staff: &Staff,
    asked: LessonStartRequest,
) -> Result<LessonStartResponse, Status> {
    let now = shared.clock.now();
    if !(1..=LESSON_MINUTES_MAX).contains(&asked.minutes) {
        return Err(invalid(format!("a lesson lasts 1 to {LESSON_MINUTES_MAX} minutes")));
    }
    let from = if asked.from_unix_ms == 0 { now } else { Timestamp::from_unix_millis(asked.from_unix_ms) };
    let random: [u8; 10] = random::bytes().map_err(status)?;
    let id = DeviceId::new(now, random).to_string();
    let lesson = Lesson {
        id: id.parse().map_err(|error: FilteringError| invalid(error))?,
        kind: if asked.exam { LessonKind::Exam } else { LessonKind::Lesson },
        from,
        until: from.after(Duration::from_secs(u64::from(asked.minutes) * 60)),
        only_open: asked.only_open,
        opens: read(&asked.opens, str::parse)?,
        blocks: read(&asked.blocks, str::parse)?,
        names_open: read(&asked.names_open, host_typed)?,
        names_blocked: read(&asked.names_blocked, host_typed)?,
    };
    let scope: Target = asked.scope.parse().map_err(|error: TargetError| invalid(error))?;
    let held = LessonHeld { lesson, scope, by: staff.person.name.clone(), why: asked.why, stopped: None };
    allowed(shared, &held).await?;
    let begun = lesson_start(&shared.store, shared.territory(), &staff.reach, held, &staff.person, now).await;
    let begun = begun.inspect_err(|error| shared.missed(staff, error, &asked.scope)).map_err(status)?;
    Ok(LessonStartResponse { lesson: Some(lesson_wired(&begun, now)) })
}

pub(super) async fn list(
    shared: &Shared,
    staff: &Staff,
    asked: LessonListRequest,
) -> Result<LessonListResponse, Status> {
    let now = shared.clock.now();
    let (limit, after) = (limit_of(asked.limit)?, asked.after.as_str());
    let page = lesson_page(shared.store.as_ref(), shared.territory(), &staff.reach, asked.all, after, limit, now).await;
    let (lessons, next) = page.map_err(status)?;
    Ok(LessonListResponse { lessons: lessons.iter().map(|held| lesson_wired(held, now)).collect(), next })
}

pub(super) async fn stop(
    shared: &Shared,
    staff: &Staff,
    asked: LessonStopRequest,
) -> Result<LessonStopResponse, Status> {
    let now = shared.clock.now();
    let id = super::device::short(&asked.id)?;
    let (store, territory) = (&shared.store, shared.territory());
    let stopped = lesson_stop(store, territory, &staff.reach, id, &staff.person, &asked.why, now).await;
    let stopped = stopped.inspect_err(|error| shared.missed(staff, error, id)).map_err(status)?;
    Ok(LessonStopResponse { lesson: Some(lesson_wired(&stopped, now)) })
}

pub(super) fn lesson_wired(held: &LessonHeld, now: Timestamp) -> wire::v1::Lesson {
    let lesson = &held.lesson;
    let state = match held.stopped {
        Some(_) => "stopped",
        None if held.is_over(now) => "over",
        None if held.is_ahead(now) => "ahead",
        None => "open",
    };
    wire::v1::Lesson {
        id: lesson.id.to_string(),
        scope: held.scope.to_string(),
        exam: lesson.kind == LessonKind::Exam,
        from_unix_ms: lesson.from.unix_millis(),
        until_unix_ms: lesson.until.unix_millis(),
        only_open: lesson.only_open,
        opens: texts(&lesson.opens),
        blocks: texts(&lesson.blocks),
        names_open: texts(&lesson.names_open),
        names_blocked: texts(&lesson.names_blocked),
        by: held.by.clone(),
        why: held.why.clone(),
        state: state.to_owned(),
    }
}

/// Whether the layers above leave it: what would be cut from each plan is refused while somebody is there to read why.
async fn allowed(shared: &Shared, held: &LessonHeld) -> Result<(), Status> {
    let mut facts = Facts::bare(DeviceId::new(Timestamp::default(), [0; 10]));
    match &held.scope {
        Target::School(school) => facts.school = Some(*school),
        Target::Class(class) => (facts.school, facts.class) = (Some(class.school), Some(class.clone())),
        _ => {}
    }
    let Some(composed) = rules(shared).await?.policies.composed(&facts) else {
        return Err(invalid("no policy filters anything there, so that a lesson has nothing to change"));
    };
    if held.opens() && !composed.lessons {
        let by = composed.reasons.iter().find(|reason| reason.key == "lessons").map(|reason| reason.layer.to_string());
        let by = by.unwrap_or_default();
        return Err(invalid(format!(
            "layer {by} does not let lessons open anything; it can block, or show only what is open"
        )));
    }
    for kept in &composed.kept {
        if let Some(name) = held.lesson.blocks.intersection(&kept.categories).next() {
            return Err(invalid(format!("{name} is kept open by a layer above")));
        }
        let open = |name: &&model::host::Host| kept.names.iter().any(|open| open.covers(name));
        if let Some(name) = held.lesson.names_blocked.iter().find(open) {
            return Err(invalid(format!("{name} is kept open by a layer above")));
        }
    }
    Ok(())
}

fn read<T: Ord>(texts: &[String], one: impl Fn(&str) -> Result<T, HostError>) -> Result<BTreeSet<T>, Status> {
    if texts.len() > NAMES_MAX {
        return Err(invalid("too many names"));
    }
    texts.iter().map(|text| one(text).map_err(invalid)).collect()
}

fn texts<T: ToString>(names: &BTreeSet<T>) -> Vec<String> {
    names.iter().map(T::to_string).collect()
}
