//! What a device filters.

use super::ConvertError;
use super::resource::{days_off_read, days_off_written};
use crate::v1;
use model::filtering::{
    Browser, Days, Engine, Filtering, FilteringError, Hours, Lesson, LessonKind, Side, Slot, Unblocked, YouTube,
};
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::str::FromStr;

impl From<&Filtering> for v1::Filtering {
    fn from(filtering: &Filtering) -> Self {
        let Filtering { in_school, out_of_school, hours, lessons, unblocked, contact } = filtering;
        Self {
            in_school: Some(in_school.into()),
            out_of_school: Some(out_of_school.into()),
            hours: hours.as_ref().map(Into::into),
            lessons: lessons.iter().map(Into::into).collect(),
            unblocked: unblocked.iter().map(Into::into).collect(),
            contact: contact.clone(),
        }
    }
}

impl TryFrom<v1::Filtering> for Filtering {
    type Error = ConvertError;
    fn try_from(message: v1::Filtering) -> Result<Self, ConvertError> {
        // A side that is not said would be one that blocks nothing.
        let side = |side: Option<v1::FilterSide>, field| side.ok_or(ConvertError::invalid(field))?.try_into();
        let filtering = Self {
            in_school: side(message.in_school, "filtering.in_school")?,
            out_of_school: side(message.out_of_school, "filtering.out_of_school")?,
            hours: message.hours.map(Hours::try_from).transpose()?,
            lessons: message.lessons.into_iter().map(Lesson::try_from).collect::<Result<_, _>>()?,
            unblocked: message.unblocked.into_iter().map(Unblocked::try_from).collect::<Result<_, _>>()?,
            contact: message.contact,
        };
        filtering.check().map_err(refused)?;
        Ok(filtering)
    }
}

impl From<&Side> for v1::FilterSide {
    fn from(side: &Side) -> Self {
        Self {
            blocked: written(&side.blocked),
            open: written(&side.open),
            names_blocked: written(&side.names_blocked),
            names_open: written(&side.names_open),
            only_open: side.only_open,
            safe_search: side.safe_search,
            youtube: side.youtube.name().to_owned(),
            engine: side.engine.map(|engine| engine.name().to_owned()).unwrap_or_default(),
            other_resolvers: side.other_resolvers,
            vpn: side.vpn,
            browser: Some((&side.browser).into()),
        }
    }
}

impl TryFrom<v1::FilterSide> for Side {
    type Error = ConvertError;
    fn try_from(side: v1::FilterSide) -> Result<Self, ConvertError> {
        Ok(Self {
            blocked: read(side.blocked, "filtering.blocked")?,
            open: read(side.open, "filtering.open")?,
            names_blocked: read(side.names_blocked, "filtering.names_blocked")?,
            names_open: read(side.names_open, "filtering.names_open")?,
            only_open: side.only_open,
            safe_search: side.safe_search,
            // What a later version says that this one does not know is held to the strictest that it does.
            youtube: match side.youtube.as_str() {
                "" => YouTube::Off,
                level => level.parse().unwrap_or(YouTube::Strict),
            },
            engine: side.engine.parse::<Engine>().ok(),
            other_resolvers: side.other_resolvers,
            vpn: side.vpn,
            browser: side.browser.map(Browser::from).unwrap_or_default(),
        })
    }
}

impl From<&Browser> for v1::BrowserRules {
    fn from(browser: &Browser) -> Self {
        Self {
            no_private_windows: !browser.private_windows,
            no_developer_tools: !browser.developer_tools,
            no_other_extensions: !browser.any_extension,
            extensions: browser.extensions.iter().cloned().collect(),
            no_sign_in: !browser.sign_in,
        }
    }
}

impl From<v1::BrowserRules> for Browser {
    fn from(rules: v1::BrowserRules) -> Self {
        Self {
            private_windows: !rules.no_private_windows,
            developer_tools: !rules.no_developer_tools,
            any_extension: !rules.no_other_extensions,
            extensions: rules.extensions.into_iter().collect(),
            sign_in: !rules.no_sign_in,
        }
    }
}

impl From<&Hours> for v1::SchoolHours {
    fn from(hours: &Hours) -> Self {
        let slot = |slot: &Slot| v1::SchoolSlot {
            days: slot.days.0.into(),
            from_minute: slot.from_minute.into(),
            until_minute: slot.until_minute.into(),
        };
        Self {
            zone: hours.zone.clone(),
            slots: hours.slots.iter().map(slot).collect(),
            days_off: days_off_written(&hours.days_off),
        }
    }
}

impl TryFrom<v1::SchoolHours> for Hours {
    type Error = ConvertError;
    fn try_from(hours: v1::SchoolHours) -> Result<Self, ConvertError> {
        let bad = || ConvertError::invalid("filtering.hours");
        let slot = |slot: v1::SchoolSlot| {
            let minute = |minute: u32| u16::try_from(minute).map_err(|_| bad());
            Ok(Slot {
                days: Days(u8::try_from(slot.days).map_err(|_| bad())?),
                from_minute: minute(slot.from_minute)?,
                until_minute: minute(slot.until_minute)?,
            })
        };
        Ok(Self {
            zone: hours.zone,
            slots: hours.slots.into_iter().map(slot).collect::<Result<_, ConvertError>>()?,
            days_off: days_off_read(hours.days_off).ok_or_else(bad)?,
        })
    }
}

impl From<&Lesson> for v1::FilterLesson {
    fn from(lesson: &Lesson) -> Self {
        Self {
            id: lesson.id.to_string(),
            exam: lesson.kind == LessonKind::Exam,
            from_unix_ms: lesson.from.unix_millis(),
            until_unix_ms: lesson.until.unix_millis(),
            only_open: lesson.only_open,
            opens: written(&lesson.opens),
            blocks: written(&lesson.blocks),
            names_open: written(&lesson.names_open),
            names_blocked: written(&lesson.names_blocked),
        }
    }
}

impl TryFrom<v1::FilterLesson> for Lesson {
    type Error = ConvertError;
    fn try_from(lesson: v1::FilterLesson) -> Result<Self, ConvertError> {
        Ok(Self {
            id: lesson.id.parse().map_err(refused)?,
            kind: if lesson.exam { LessonKind::Exam } else { LessonKind::Lesson },
            from: Timestamp::from_unix_millis(lesson.from_unix_ms),
            until: Timestamp::from_unix_millis(lesson.until_unix_ms),
            only_open: lesson.only_open,
            opens: read(lesson.opens, "filtering.lessons")?,
            blocks: read(lesson.blocks, "filtering.lessons")?,
            names_open: read(lesson.names_open, "filtering.lessons")?,
            names_blocked: read(lesson.names_blocked, "filtering.lessons")?,
        })
    }
}

impl From<&Unblocked> for v1::UnblockedName {
    fn from(unblocked: &Unblocked) -> Self {
        Self {
            name: unblocked.name.to_string(),
            from_unix_ms: unblocked.from.unix_millis(),
            until_unix_ms: unblocked.until.unix_millis(),
        }
    }
}

impl TryFrom<v1::UnblockedName> for Unblocked {
    type Error = ConvertError;
    fn try_from(unblocked: v1::UnblockedName) -> Result<Self, ConvertError> {
        Ok(Self {
            name: unblocked.name.parse().map_err(|_| ConvertError::invalid("filtering.unblocked"))?,
            from: Timestamp::from_unix_millis(unblocked.from_unix_ms),
            until: Timestamp::from_unix_millis(unblocked.until_unix_ms),
        })
    }
}

fn written<T: ToString>(names: &BTreeSet<T>) -> Vec<String> {
    names.iter().map(T::to_string).collect()
}

/// One name that is none is no policy: it might be the one that matters.
fn read<T: FromStr + Ord>(names: Vec<String>, field: &'static str) -> Result<BTreeSet<T>, ConvertError> {
    names.iter().map(|name| name.parse().map_err(|_| ConvertError::invalid(field))).collect()
}

fn refused(error: FilteringError) -> ConvertError {
    ConvertError::invalid(error.field)
}

#[cfg(test)]
mod tests {
    use super::super::{plan_decode, plan_encode};
    use super::*;
    use jiff::civil::date;
    use model::desired::Plan;
    use prost::Message;

    fn names<T: FromStr + Ord>(names: &[&str]) -> BTreeSet<T> {
        names.iter().map(|name| name.parse().ok().unwrap()).collect()
    }

    fn filtering() -> Filtering {
        let side = Side {
            blocked: names(&["adult", "all"]),
            open: names(&["sexual_education"]),
            names_blocked: names(&["games.example"]),
            names_open: names(&["education.example"]),
            only_open: true,
            safe_search: true,
            youtube: YouTube::Strict,
            engine: Some(Engine::QwantJunior),
            other_resolvers: false,
            vpn: true,
            browser: Browser { private_windows: false, extensions: names(&["a@b.example"]), ..Browser::default() },
        };
        let at = Timestamp::from_unix_seconds;
        Filtering {
            in_school: side.clone(),
            out_of_school: Side { only_open: false, youtube: YouTube::Moderate, engine: None, ..side },
            hours: Some(Hours {
                zone: "Europe/Paris".to_owned(),
                slots: vec![Slot { days: Days(31), from_minute: 480, until_minute: 1_020 }],
                days_off: vec![(date(2026, 12, 19), date(2027, 1, 3))],
            }),
            lessons: vec![Lesson {
                id: "l-1".parse().unwrap(),
                kind: LessonKind::Exam,
                from: at(1_000),
                until: at(4_600),
                only_open: true,
                opens: names(&["press"]),
                blocks: names(&["games"]),
                names_open: names(&["exam.example"]),
                names_blocked: names(&["chat.example"]),
            }],
            unblocked: vec![Unblocked { name: "open.example".parse().unwrap(), from: at(5), until: at(6) }],
            contact: "Le référent numérique".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let plan = Plan { filtering: Some(Box::new(filtering())), ..Plan::default() };
        assert_eq!(plan_decode(&plan_encode(&plan)).unwrap(), plan);
        let empty = Filtering {
            in_school: Side::default(),
            out_of_school: Side::default(),
            hours: None,
            lessons: vec![],
            unblocked: vec![],
            contact: String::new(),
        };
        let plan = Plan { filtering: Some(Box::new(empty)), ..Plan::default() };
        assert_eq!(plan_decode(&plan_encode(&plan)).unwrap(), plan);
    }

    #[test]
    fn what_is_not_as_it_must_be_is_no_plan() {
        let refused = |spoil: &dyn Fn(&mut v1::Filtering)| {
            let mut message = v1::Filtering::from(&filtering());
            spoil(&mut message);
            let plan = v1::Plan {
                check_in: Some(Plan::default().check_in.into()),
                filtering: Some(message),
                ..v1::Plan::default()
            };
            plan_decode(&plan.encode_to_vec()).unwrap_err().to_string()
        };
        assert!(refused(&|f| f.in_school = None).contains("in_school"));
        assert!(refused(&|f| f.out_of_school = None).contains("out_of_school"));
        let side =
            |spoil: fn(&mut v1::FilterSide)| refused(&|f: &mut v1::Filtering| spoil(f.in_school.as_mut().unwrap()));
        assert!(side(|side| side.blocked.push("A".to_owned())).contains("blocked"));
        assert!(side(|side| side.names_open.push("fr".to_owned())).contains("names_open"));
        let many = |n: usize| (0..n).map(|n| format!("a{n}.example")).collect();
        let too_many = |f: &mut v1::Filtering| f.in_school.as_mut().unwrap().names_blocked = many(1_501);
        assert!(refused(&too_many).contains("names"));
        let long = |f: &mut v1::Filtering| {
            let name = |n: usize| format!("{}.a{n}.example", "b".repeat(60));
            f.in_school.as_mut().unwrap().names_blocked = (0..700).map(name).collect();
        };
        assert!(refused(&long).contains("names"));
        assert!(refused(&|f| f.hours.as_mut().unwrap().slots[0].days = 300).contains("hours"));
        assert!(refused(&|f| f.hours.as_mut().unwrap().slots[0].until_minute = 1_441).contains("hours"));
        assert!(refused(&|f| f.lessons[0].until_unix_ms = i64::MAX).contains("lessons"));
        assert!(refused(&|f| f.lessons = vec![f.lessons[0].clone(); 17]).contains("lessons"));
        assert!(refused(&|f| f.unblocked[0].until_unix_ms = 5_000).contains("unblocked"));
        assert!(refused(&|f| f.contact = "a".repeat(201)).contains("contact"));
        // A level that only a later version knows is not a lower one.
        let mut message = v1::Filtering::from(&filtering());
        message.in_school.as_mut().unwrap().youtube = "stricter".to_owned();
        assert_eq!(Filtering::try_from(message).unwrap().in_school.youtube, YouTube::Strict);
    }
}
