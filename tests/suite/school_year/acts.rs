//! What a loan desk does, as it says it over the wire.

use tonic::transport::Channel;
use tonic::{Response, Status};
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{
    BorrowerKind, Grade, IncidentKind, Loan, LoanAccessory, LoanAct, LoanActsRequest, LoanAnswer, LoanApprove,
    LoanClose, LoanClosing, LoanCondition, LoanCreate, LoanHandOver, LoanOutcome, LoanPrepare, LoanReport, LoanReturn,
    LoanSign, LoanSignature, LoanSwap, PartState, SignatureMode, Signer,
};

/// What a call answered.
pub(super) fn answered<T>(answer: Result<Response<T>, Status>) -> T {
    answer.unwrap().into_inner()
}

/// An act on a loan, named by its id, its number, or what it holds.
pub(super) fn act(loan: &str, deed: Deed) -> LoanAct {
    LoanAct { loan: loan.to_owned(), why: "the year".to_owned(), deed: Some(deed), ..Default::default() }
}

/// What became of acts, in their order.
pub(super) async fn sent(desk: &mut AdminClient<Channel>, acts: Vec<LoanAct>) -> Vec<LoanAnswer> {
    let mut answers = Vec::new();
    for some in acts.chunks(200) {
        answers
            .extend(answered(desk.loan_acts(LoanActsRequest { acts: some.to_vec(), desk_unix_ms: 0 }).await).answers);
    }
    answers
}

/// Acts that are all to succeed.
pub(super) async fn all(desk: &mut AdminClient<Channel>, acts: Vec<LoanAct>) -> Vec<Loan> {
    let answers = sent(desk, acts).await;
    let loans = answers.into_iter().map(|answer| {
        assert_eq!(answer.outcome(), LoanOutcome::Done, "{}", answer.why);
        answer.loan.unwrap()
    });
    loans.collect()
}

/// One act that is to succeed.
pub(super) async fn done(desk: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> Loan {
    all(desk, vec![act(loan, deed)]).await.remove(0)
}

/// Why one act did not succeed.
pub(super) async fn conflict(desk: &mut AdminClient<Channel>, loan: &str, deed: Deed) -> String {
    let answer = sent(desk, vec![act(loan, deed)]).await.remove(0);
    assert_eq!(answer.outcome(), LoanOutcome::Conflict, "{}", answer.why);
    answer.why
}

/// A loan to a pupil that is asked for.
pub(super) fn create(school: &str, borrower: &str, due_on: &str) -> Deed {
    Deed::Create(LoanCreate {
        school: school.to_owned(),
        borrower: borrower.to_owned(),
        kind: BorrowerKind::Pupil.into(),
        minor: true,
        measure: "pupil-loan".to_owned(),
        due_on: due_on.to_owned(),
        ..Default::default()
    })
}

/// It is to be.
pub(super) const fn approve() -> Deed {
    Deed::Approve(LoanApprove {})
}

/// The agreement is made out for this laptop, with its charger.
pub(super) fn prepare(asset: &str) -> Deed {
    let charger = LoanAccessory { number: charger(asset), kind: "charger".to_owned(), state: 0 };
    Deed::Prepare(LoanPrepare { asset: asset.to_owned(), accessories: vec![charger], template: "fr-1".to_owned() })
}

/// A guardian signs.
pub(super) fn sign(on: &str) -> Deed {
    let by = Signer::Guardian1.into();
    let signature = LoanSignature { by, mode: SignatureMode::Paper.into(), on: on.to_owned(), scan: String::new() };
    Deed::Sign(LoanSign { signatures: vec![signature] })
}

/// It is handed over in good order.
pub(super) fn hand_over(asset: &str) -> Deed {
    Deed::HandOver(LoanHandOver { asset: asset.to_owned(), condition: Some(good()) })
}

/// Another one in the place of the first, which comes back with a broken screen.
pub(super) fn swap(asset: &str, broken: bool) -> Deed {
    let screen = if broken { Grade::Damaged } else { Grade::Good };
    let back = LoanCondition { screen: screen.into(), ..good() };
    Deed::Swap(LoanSwap { asset: asset.to_owned(), condition: Some(good()), back: Some(back) })
}

/// It is another's device that takes the place of one that is gone.
pub(super) fn replace(asset: &str) -> Deed {
    Deed::Swap(LoanSwap { asset: asset.to_owned(), condition: Some(good()), back: None })
}

/// Something went wrong.
pub(super) fn incident(kind: IncidentKind, complaint: &str) -> Deed {
    Deed::Incident(LoanReport { kind: kind.into(), on: String::new(), complaint: complaint.to_owned() })
}

/// It is back, with its charger or without.
pub(super) fn back(asset: &str, with_charger: bool) -> Deed {
    let state = if with_charger { PartState::Returned } else { PartState::Missing };
    let part = LoanAccessory { number: charger(asset), kind: String::new(), state: state.into() };
    Deed::Return(LoanReturn { condition: Some(good()), parts: vec![part], asset: String::new() })
}

/// It is over.
pub(super) fn close(how: LoanClosing) -> Deed {
    Deed::Close(LoanClose { how: how.into() })
}

fn charger(asset: &str) -> String {
    format!("CH-{asset}")
}

fn good() -> LoanCondition {
    let good = Grade::Good.into();
    LoanCondition { screen: good, keyboard: good, case: good, battery_wear: Some(4), disk_wear: None }
}
