//! Any bytes, read as all that messages are read as: for tests/fuzz and the tests here, which bring the bytes.

use crate::answer::{self, Answer, Wanted};
use crate::own::Own;
use crate::question::{Fault, Question};
use crate::record::HEADER;
use crate::reply::{self, Reply};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;
use std::time::Duration;

/// When an answer is told, that came at zero.
const LATER: Duration = Duration::from_secs(7);

static OWN: LazyLock<Option<Own>> = LazyLock::new(|| Own::new((Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST)));

/// A question for addresses of `open.test`, with signatures.
const ASKED: &[u8] = b"\0\x07\x01\0\0\x01\0\0\0\0\0\x01\x04open\x04test\0\0\x01\0\x01\0\0\x29\x10\0\0\0\x80\0\0\0";

/// What must hold of any bytes, whoever sent them: as a program's question, and as an upstream's answer to one of our own.
///
/// # Errors
///
/// What did not hold.
pub fn message(bytes: &[u8]) -> Result<(), &'static str> {
    let mut out = Vec::new();
    let own = OWN.as_ref().ok_or("our own answers are none")?;
    match Question::read(bytes) {
        Ok(question) => {
            Reply::new(&mut out, &question, ResponseCode::NoError, question.room()).pass(&own.nothing, LATER);
            told(&out, question.room())?;
        }
        Err(Fault::Whole(question, code)) => {
            Reply::new(&mut out, &question, code, question.room()).end();
            told(&out, question.room())?;
        }
        Err(Fault::Bare(asked, code)) => {
            reply::bare(&mut out, &asked, code);
            told(&out, HEADER)?;
        }
        Err(Fault::Silence) => {}
    }
    let question = Question::read(ASKED).map_err(|_| "our own question is none")?;
    // Whatever does not repeat the question letter by letter is never read as its answer.
    let section = HEADER..HEADER + question.section.len();
    let mut answering = bytes.to_vec();
    if let Some(place) = answering.get_mut(section) {
        place.copy_from_slice(question.section);
    }
    for (kind, secure) in
        [(RecordType::A, true), (RecordType::A, false), (RecordType::CNAME, false), (RecordType::TXT, true)]
    {
        let wanted = Wanted { name: question.name.clone(), kind, secure, unchecked: false };
        let Some(answer) = read(&answering, &wanted)? else { continue };
        Reply::new(&mut out, &question, answer.code(), question.room()).pass(&answer, LATER);
        told(&out, question.room())?;
        same(&out, &wanted, &answer)?;
        let told_here = Reply::new(&mut out, &question, ResponseCode::NoError, question.room());
        told_here.alias(&question.name, Some(&answer), Duration::ZERO).end();
        told(&out, question.room())?;
    }
    Ok(())
}

/// Who is told an answer reads what was judged, and that it holds as long as it may.
fn same(out: &[u8], wanted: &Wanted, answer: &Answer) -> Result<(), &'static str> {
    let told = match Answer::read(out, wanted, LATER) {
        Ok(told) => told,
        Err(answer::Fault::Truncated) => return Ok(()),
        Err(_) => return Err("what is told cannot be read"),
    };
    let aged = answer.answers().map(|record| (answer.told(record.ttl, LATER), record));
    let same = told.answers().zip(aged).all(|(told, (ttl, record))| told == record && told.ttl == ttl);
    if told.aliases() != answer.aliases() || told.counts()[0] != answer.counts()[0] || !same {
        return Err("what is told is not what was judged");
    }
    Ok(())
}

fn read(bytes: &[u8], wanted: &Wanted) -> Result<Option<Answer>, &'static str> {
    let Ok(answer) = Answer::read(bytes, wanted, Duration::ZERO) else { return Ok(None) };
    if answer.answers().count() != usize::from(answer.counts()[0]) {
        return Err("an answer holds other records than it says");
    }
    Ok(Some(answer))
}

/// An answer fits, and is one.
fn told(out: &[u8], room: usize) -> Result<(), &'static str> {
    if out.len() > room.max(512) || out.len() < HEADER || out[2] & 0x80 == 0 {
        return Err("what is said is no answer that fits");
    }
    Ok(())
}
