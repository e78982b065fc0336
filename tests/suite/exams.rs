//! Exams, during which a lent device restricts nothing: noted over real mTLS, kept to without a network.

use crate::grants::{comes_to, joined, places, stage};
use crate::loans::{A, acted, active, conflict, done, held, stock};
use crate::people::staff::{Staff, schools};
use controlplane_core::role::Role;
use model::grant::Hold;
use tests::world::{DAY, World};
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::loan_act::Deed;
use wire::v1::{LoanExam, LoanExamCancel, LoanOutcome, LoanPolicyShowRequest};

#[tokio::test]
async fn an_exam_defers_the_restriction_without_a_network_and_what_was_put_off_holds_after_it() {
    let mut world = World::new().await;
    let (machine, device) = joined(&world, "one").await;
    stock(&world, A, &[("TNE-1", Some(device.to_string()))]).await;
    let desk = Staff::invited(&world, "jeanne", vec![schools(Role::LoanDesk, &[A])]).await;
    let mut client = desk.client(&world).await;
    let day = |days: i64| {
        let date =
            jiff::Timestamp::from_millisecond(world.now().unix_millis()).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
        date.date().checked_add(jiff::Span::new().days(days)).unwrap().to_string()
    };
    let loan = active(&mut client, A, "TNE-1", &day(2)).await;
    let policy = client.loan_policy_show(LoanPolicyShowRequest {}).await.unwrap().into_inner().policy.unwrap();
    let late = i64::from(policy.grace_days) + 2;
    let exam = |from: i64, until: i64| Deed::Exam(LoanExam { from: day(from), until: day(until) });
    let refused = async |client: &mut AdminClient<Channel>, deed| {
        let answer = acted(client, &loan.id, deed).await;
        assert_eq!(answer.outcome(), LoanOutcome::Refused, "{}", answer.why);
    };
    for wrong in [exam(late, late + 14), exam(late, late - 1), exam(-3, -1), exam(400, 401)] {
        refused(&mut client, wrong).await;
    }
    assert!(conflict(&mut client, &loan.id, Deed::ExamCancel(LoanExamCancel {})).await.contains("no exam is noted"));
    // Noted, taken back, noted again: each as a grant that holds from then on.
    done(&mut client, &loan.id, exam(3, 4)).await;
    assert!(done(&mut client, &loan.id, Deed::ExamCancel(LoanExamCancel {})).await.exam_from.is_empty());
    // From the day before the restriction to the second day after it.
    let noted = done(&mut client, &loan.id, exam(late, late + 2)).await;
    assert_eq!((noted.exam_from.as_str(), noted.exam_until.as_str()), (&*day(late), &*day(late + 2)));
    refused(&mut client, exam(late, late + 2)).await;
    let (epoch, hold) = held(&world, &device.to_string()).await;
    let Hold::Lent(term) = hold else { panic!() };
    let (window, restricted) = (term.exam.unwrap(), term.restricted.unwrap());
    assert!(window.from < restricted && restricted < window.until);
    comes_to(&world, &machine, ("notice", epoch), 2).await;
    assert_eq!(machine.agent.status().unwrap().loan.unwrap().exam.unwrap().from.to_string(), day(late));

    // From here on there is no network.
    world.stop().await;
    while world.now().after(DAY / 24) < window.until {
        world.pass(DAY / 48).await;
        assert_eq!((stage(&machine), places(&machine.root)), (("notice", epoch), 2), "{:?}", world.now());
    }
    assert!(world.now() > restricted);
    comes_to(&world, &machine, ("restricted", epoch), 3).await;
    assert!(world.now().since(window.until) < DAY, "right after it");
    assert_eq!(machine.agent.status().unwrap().loan.unwrap().exam, None);
}
