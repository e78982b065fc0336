//! One look at one question: how far it comes with what is known.

use crate::answer::{Answer, Wanted};
use crate::cache::Outcome;
use crate::judge::{Block, Ruling};
use crate::name::Name;
use crate::question::Question;
use crate::reply::{self, Reply};
use crate::resolver::Inner;
use crate::special::{self, Special};
use crate::totals::count;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::sync::Arc;
use std::time::Duration;

/// How far a question came without waiting.
pub(crate) enum Step {
    /// The answer is written.
    Done,
    /// There is none to be given.
    Silence,
    /// Somebody must be asked first.
    Ask(Box<Wanted>),
}

/// By what a name is opened, and with it what lies behind it.
#[derive(Clone, Copy)]
enum Opened {
    Not,
    ByPolicy,
    ByFloor,
}

/// One look at one question.
pub(crate) struct Turn<'t, 'q> {
    pub(crate) inner: &'t Inner,
    pub(crate) question: &'t Question<'q>,
    pub(crate) room: usize,
    pub(crate) heard: &'t [(Wanted, Outcome)],
    pub(crate) out: &'t mut Vec<u8>,
    pub(crate) now: Duration,
}

impl Turn<'_, '_> {
    /// A name that is answered here.
    pub(crate) fn special(&mut self, special: Special) -> Step {
        match (special, self.question.kind()) {
            (Special::Here, RecordType::A | RecordType::AAAA) => self.page(None),
            (Special::HereReverse, RecordType::PTR) => {
                let (own, now) = (&self.inner.own, self.now);
                self.reply(ResponseCode::NoError).pass(&own.reverse, now);
            }
            (Special::Here | Special::HereReverse, _) => self.nothing(ResponseCode::NoError),
            (Special::Nowhere, _) => self.nothing(ResponseCode::NXDomain),
        }
        Step::Done
    }

    /// All others.
    pub(crate) fn judged(&mut self) -> Step {
        let portal = self.inner.portal_open(self.now) && special::of_portal(&self.question.name);
        let ruling = if portal { Ruling::Pass } else { self.ruling(&self.question.name) };
        match ruling {
            Ruling::Pass => self.passed(Opened::Not),
            Ruling::Allow => self.passed(Opened::ByPolicy),
            ruled => self.ruled(ruled),
        }
    }

    /// What is not simply passed.
    fn ruled(&mut self, ruling: Ruling) -> Step {
        match ruling {
            Ruling::Pass | Ruling::Allow | Ruling::Free => self.passed(Opened::ByFloor),
            Ruling::Block(block) => {
                count(&self.inner.counts.blocked);
                self.page(Some(block.info()));
                Step::Done
            }
            Ruling::NoSuchName => {
                self.nothing(ResponseCode::NXDomain);
                Step::Done
            }
            Ruling::Rewrite(target) => self.rewritten(&target),
        }
    }

    /// What an upstream says, once its aliases were judged too.
    fn passed(&mut self, mut opened: Opened) -> Step {
        let question = self.question;
        let wanted = Wanted {
            name: question.name.clone(),
            kind: question.kind(),
            secure: question.secure(),
            unchecked: question.unchecked(),
        };
        match self.known(&wanted) {
            None => Step::Ask(Box::new(wanted)),
            Some(Outcome::Failed(_)) => self.failed(),
            Some(Outcome::Answer(answer)) => {
                for alias in answer.aliases() {
                    let ruled = match opened {
                        Opened::ByFloor => break,
                        Opened::ByPolicy => self.inner.ruling_behind(alias, question.kind().into()),
                        Opened::Not => self.ruling(alias),
                    };
                    match (opened, ruled) {
                        (_, Ruling::Pass) => {}
                        (_, Ruling::Allow) => opened = Opened::ByPolicy,
                        (_, Ruling::Free) => opened = Opened::ByFloor,
                        // Anybody may point a name of theirs anywhere: what no policy opens would be open behind one that it does.
                        (Opened::ByPolicy, ruled) if ruled != Ruling::Block(Block::Floor) => {}
                        (_, ruled) => return self.ruled(ruled),
                    }
                }
                let now = self.now;
                self.reply(answer.code()).pass(&answer, now);
                Step::Done
            }
        }
    }

    /// An alias of another name, with that one's addresses; services are where they are asked for, and the new name has none to tell.
    fn rewritten(&mut self, target: &Name) -> Step {
        let kind = self.question.kind();
        let now = self.now;
        let answer: Option<Arc<Answer>> = match kind {
            RecordType::A | RecordType::AAAA => {
                let name = target.clone();
                let wanted = Wanted { name, kind, secure: false, unchecked: self.question.unchecked() };
                match self.known(&wanted) {
                    None => return Step::Ask(Box::new(wanted)),
                    Some(Outcome::Failed(_)) => return self.failed(),
                    Some(Outcome::Answer(answer)) => Some(answer),
                }
            }
            RecordType::CNAME | RecordType::HTTPS | RecordType::SVCB => None,
            // Mail and the like lead nobody past safe search.
            _ => return self.passed(Opened::ByPolicy),
        };
        let code = answer.as_ref().map_or(ResponseCode::NoError, |answer| answer.code());
        self.reply(code).alias(target, answer.as_deref(), now).end();
        count(&self.inner.counts.rewritten);
        Step::Done
    }

    fn failed(&mut self) -> Step {
        count(&self.inner.counts.failed);
        reply::failure(self.out, self.question, self.room);
        Step::Done
    }

    /// Where the local page is, for who asks for addresses; nothing for all else.
    fn page(&mut self, info: Option<u16>) {
        let own = &self.inner.own;
        let answer = match self.question.kind() {
            RecordType::A => &own.page_v4,
            RecordType::AAAA => &own.page_v6,
            _ => &own.nothing,
        };
        let now = self.now;
        let reply = self.reply(ResponseCode::NoError);
        match info {
            Some(info) => reply.info(info),
            None => reply,
        }
        .pass(answer, now);
    }

    /// That there is nothing, or no such name.
    fn nothing(&mut self, code: ResponseCode) {
        let (own, now) = (&self.inner.own, self.now);
        self.reply(code).pass(&own.nothing, now);
    }

    fn reply(&mut self, code: ResponseCode) -> Reply<'_, '_> {
        Reply::new(self.out, self.question, code, self.room)
    }

    fn ruling(&self, name: &Name) -> Ruling {
        self.inner.ruling(name, self.question.kind().into())
    }

    /// What was heard just now, or is kept.
    fn known(&self, wanted: &Wanted) -> Option<Outcome> {
        if let Some((_, outcome)) = self.heard.iter().find(|(one, _)| one == wanted) {
            return Some(outcome.clone());
        }
        // In a network's window nothing kept is of use.
        if self.inner.portal_open(self.now) {
            return None;
        }
        self.inner.kept(wanted, self.now)
    }
}
