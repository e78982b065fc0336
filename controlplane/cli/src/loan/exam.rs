//! Exams, during which lent devices restrict nothing: of one loan, or of all that a school has under way.

use super::PAGE;
use super::act::Common;
use crate::Error;
use crate::asset::day_read;
use crate::call::Call;
use crate::device::school_read;
use crate::print::{Look, Row, Tone, sentence_text};
use clap::Args;
use serde::Serialize;
use wire::v1::loan_act::Deed;
use wire::v1::{Loan, LoanAct, LoanActsRequest, LoanExam, LoanExamCancel, LoanListRequest, LoanOutcome, LoanState};

/// Acts sent at a time.
const AT_A_TIME: usize = 50;

#[derive(Debug, Args)]
pub(crate) struct Exam {
    #[arg(required_unless_present = "school", conflicts_with = "school")]
    loan: Option<String>,
    #[arg(long)]
    school: Option<String>,
    #[arg(long, required_unless_present = "cancel", conflicts_with = "cancel")]
    from: Option<String>,
    #[arg(long, required_unless_present = "cancel", conflicts_with = "cancel")]
    until: Option<String>,
    #[arg(long)]
    cancel: bool,
    #[arg(long)]
    why: String,
    #[arg(long, conflicts_with = "school")]
    act: Option<String>,
}

/// What came of one loan of a school; the field names are promised to programs.
#[derive(Debug, Default, Serialize)]
struct ExamRow {
    number: String,
    outcome: &'static str,
    why: Option<String>,
}

pub(super) async fn loan_exam(exam: Exam, call: &mut Call<'_>) -> Result<(), Error> {
    let deed = if exam.cancel {
        Deed::ExamCancel(LoanExamCancel {})
    } else {
        let day = |text: Option<&String>| text.map(|text| day_read(text)).transpose().map(Option::unwrap_or_default);
        Deed::Exam(LoanExam { from: day(exam.from.as_ref())?, until: day(exam.until.as_ref())? })
    };
    if let Some(school) = &exam.school {
        return school_exam(&school_read(school)?, &deed, &exam.why, call).await;
    }
    let verb = if exam.cancel { "exam_cancel" } else { "exam" };
    let common = Common { why: Some(exam.why), act: exam.act };
    super::loan_act(common.act(exam.loan.unwrap_or_default(), verb, deed), call).await
}

/// The same for each loan of a school that is under way. Those that have it already are passed over, so that it can be said again after
/// an interruption.
async fn school_exam(school: &str, deed: &Deed, why: &str, call: &mut Call<'_>) -> Result<(), Error> {
    let loans = active(school, call).await?;
    let (todo, same): (Vec<Loan>, Vec<Loan>) = loans.into_iter().partition(|loan| match deed {
        Deed::Exam(exam) => (&loan.exam_from, &loan.exam_until) != (&exam.from, &exam.until),
        _ => !loan.exam_from.is_empty(),
    });
    let row = |number: String, outcome| ExamRow { number, outcome, why: None };
    let mut rows: Vec<ExamRow> = same.into_iter().map(|loan| row(loan.number, "already")).collect();
    let mut client = call.client().await?;
    let (total, mut done, mut refused) = (todo.len(), 0, 0);
    for some in todo.chunks(AT_A_TIME) {
        let act = |loan: &Loan| {
            let (loan, why) = (loan.id.clone(), why.to_owned());
            LoanAct { act: String::new(), at_unix_ms: 0, loan, why, deed: Some(deed.clone()) }
        };
        let asked = LoanActsRequest { acts: some.iter().map(act).collect(), desk_unix_ms: 0 };
        let answers = call.answer(client.loan_acts(asked)).await?.answers;
        for (loan, answer) in some.iter().zip(answers) {
            if matches!(answer.outcome(), LoanOutcome::Done | LoanOutcome::Already) {
                rows.push(row(loan.number.clone(), "done"));
            } else {
                refused += 1;
                let why = Some(sentence_text(&answer.why, call.words));
                rows.push(ExamRow { why, ..row(loan.number.clone(), "refused") });
            }
        }
        done += some.len();
        call.progress.reached(done, total);
    }
    call.progress.clear();
    rows.sort_by(|one, other| one.number.cmp(&other.number));
    if call.print.for_people() && rows.is_empty() {
        call.note(&call.words.text("loan-none"));
        return Ok(());
    }
    call.print.list(&rows)?;
    if refused > 0 { Err(Error::LinesRefused(refused)) } else { Ok(()) }
}

/// The loans of a school that are under way.
async fn active(school: &str, call: &mut Call<'_>) -> Result<Vec<Loan>, Error> {
    let state = LoanState::Active.into();
    let mut request = LoanListRequest { school: school.to_owned(), state, limit: PAGE, ..LoanListRequest::default() };
    let mut client = call.client().await?;
    let mut loans = Vec::new();
    loop {
        let page = call.answer(client.loan_list(request.clone())).await?;
        loans.extend(page.loans);
        if page.next.is_empty() || page.next == request.after {
            return Ok(loans);
        }
        request.after = page.next;
    }
}

impl Row for ExamRow {
    const COLUMNS: &'static [&'static str] = &["loan-number", "loan-exam-outcome", "loan-exam-why"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = if self.outcome == "refused" { Tone::Bad } else { Tone::Plain };
        vec![
            (self.number.clone(), Tone::Plain),
            (look.text(&format!("loan-exam-{}", self.outcome)), tone),
            (self.why.clone().unwrap_or_default(), Tone::Plain),
        ]
    }
}
