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
    #[arg(long, requires = "from")]
    school: Option<String>,
    #[arg(long, required_unless_present = "cancel", requires = "until")]
    from: Option<String>,
    #[arg(long, required_unless_present = "cancel", requires = "from")]
    until: Option<String>,
    #[arg(long, conflicts_with = "replace")]
    cancel: bool,
    #[arg(long, requires = "school")]
    replace: bool,
    #[arg(long)]
    why: String,
    #[arg(long, conflicts_with = "school")]
    act: Option<String>,
}

/// What is noted of all loans of a school, or taken back.
struct SchoolExam {
    days: LoanExam,
    cancel: bool,
    replace: bool,
    why: String,
}

/// What came of one loan of a school; the field names are promised to programs.
#[derive(Debug, Default, Serialize)]
struct ExamRow {
    number: String,
    outcome: &'static str,
    why: Option<String>,
}

pub(super) async fn loan_exam(exam: Exam, call: &mut Call<'_>) -> Result<(), Error> {
    let day = |text: Option<&String>| text.map(|text| day_read(text)).transpose().map(Option::unwrap_or_default);
    let days = LoanExam { from: day(exam.from.as_ref())?, until: day(exam.until.as_ref())? };
    if let Some(school) = &exam.school {
        let all = SchoolExam { days, cancel: exam.cancel, replace: exam.replace, why: exam.why };
        return school_exam(&school_read(school)?, &all, call).await;
    }
    if exam.cancel && !days.from.is_empty() {
        return Err(Error::usage("error-exam-cancel", &[]));
    }
    let deed = if exam.cancel { Deed::ExamCancel(LoanExamCancel {}) } else { Deed::Exam(days) };
    let verb = if exam.cancel { "exam_cancel" } else { "exam" };
    let common = Common { why: Some(exam.why), act: exam.act };
    super::loan_act(common.act(exam.loan.unwrap_or_default(), verb, deed), call).await
}

/// The same for each loan of a school that is under way. Those that have it already are passed over, so that it can be said again after
/// an interruption; and those with days of their own, which somebody noted for that pupil.
async fn school_exam(school: &str, all: &SchoolExam, call: &mut Call<'_>) -> Result<(), Error> {
    let (mut rows, mut todo) = (Vec::new(), Vec::new());
    let (loans, today) = active(school, call).await?;
    for loan in loans {
        match all.passed_over(&loan, &today) {
            Some(outcome) => rows.push(ExamRow { number: loan.number, outcome, why: None }),
            None => todo.push(loan),
        }
    }
    let deed = if all.cancel { Deed::ExamCancel(LoanExamCancel {}) } else { Deed::Exam(all.days.clone()) };
    let mut client = call.client().await?;
    let (total, mut done, mut refused) = (todo.len(), 0, 0);
    for some in todo.chunks(AT_A_TIME) {
        let act = |loan: &Loan| {
            let (loan, why) = (loan.id.clone(), all.why.clone());
            LoanAct { act: String::new(), at_unix_ms: 0, loan, why, deed: Some(deed.clone()) }
        };
        let asked = LoanActsRequest { acts: some.iter().map(act).collect(), desk_unix_ms: 0 };
        let answers = call.answer(client.loan_acts(asked)).await?.answers;
        for (loan, answer) in some.iter().zip(answers) {
            if matches!(answer.outcome(), LoanOutcome::Done | LoanOutcome::Already) {
                rows.push(ExamRow { number: loan.number.clone(), outcome: "done", why: None });
            } else {
                refused += 1;
                let why = Some(sentence_text(&answer.why, call.words));
                rows.push(ExamRow { number: loan.number.clone(), outcome: "refused", why });
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

/// The loans of a school that are under way, and the server's day.
async fn active(school: &str, call: &mut Call<'_>) -> Result<(Vec<Loan>, String), Error> {
    let state = LoanState::Active.into();
    let mut request = LoanListRequest { school: school.to_owned(), state, limit: PAGE, ..LoanListRequest::default() };
    let mut client = call.client().await?;
    let mut loans = Vec::new();
    loop {
        let page = call.answer(client.loan_list(request.clone())).await?;
        loans.extend(page.loans);
        if page.next.is_empty() || page.next == request.after {
            return Ok((loans, page.today));
        }
        request.after = page.next;
    }
}

impl SchoolExam {
    /// What is said of a loan that is left as it is: it has what is wanted, or other days that somebody noted and that are not over.
    fn passed_over(&self, loan: &Loan, today: &str) -> Option<&'static str> {
        let has = !loan.exam_from.is_empty();
        let same = (&loan.exam_from, &loan.exam_until) == (&self.days.from, &self.days.until);
        // Days are written so that they sort as text.
        let over = loan.exam_until.as_str() < today;
        match (self.cancel, has, same) {
            (true, false, _) | (false, true, true) => Some("already"),
            (true, true, false) => Some("other"),
            (false, true, false) if !self.replace && !over => Some("other"),
            _ => None,
        }
    }
}

impl Row for ExamRow {
    const COLUMNS: &'static [&'static str] = &["loan-number", "loan-exam-outcome", "loan-exam-why"];

    fn cells(&self, look: &Look<'_>) -> Vec<(String, Tone)> {
        let tone = match self.outcome {
            "refused" => Tone::Bad,
            "other" => Tone::Warning,
            _ => Tone::Plain,
        };
        vec![
            (self.number.clone(), Tone::Plain),
            (look.text(&format!("loan-exam-{}", self.outcome)), tone),
            (self.why.clone().unwrap_or_default(), Tone::Plain),
        ]
    }
}
