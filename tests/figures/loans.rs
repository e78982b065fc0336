//! 200,000 loans in a real store: how soon a desk sees which are overdue.

use crate::row::{Report, Row};
use controlplane_core::audit::{Act, Author};
use controlplane_core::loan::{LOANS, Loan, loan_indexes};
use controlplane_core::store::{Expect, SharedStore};
use controlplane_core::table::Writes;
use controlplane_store::{Config, Embedded};
use identity::issue::chain_of_pem;
use identity::tls;
use jiff::ToSpan;
use model::id::TerritoryId;
use model::loan::LoanId;
use model::time::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::caller::connect;
use tests::process::ServerProcess;
use tonic::transport::Channel;
use wire::v1::admin_client::AdminClient;
use wire::v1::{LoanListRequest, LoanListResponse};

const LOANS_COUNT: usize = 200_000;
/// One in so many is overdue.
const OVERDUE_ONE_IN: usize = 20;
/// A loan and its seven keys are eight writes, of which a batch holds 1,500.
const AT_A_TIME: usize = 160;
const ASKED: usize = 50;
const SCHOOLS: [&str; 5] = ["0951099D", "0750654D", "0752524L", "0920131T", "0590121L"];

/// The figures, through the admin call of a running server.
#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
pub(crate) fn measure() -> Report {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut server = ServerProcess::init(folder.path());
    let filled = runtime.block_on(fill(&server.data.join("store")));
    let began = Instant::now();
    server.start();
    let opened = began.elapsed();
    let rows = runtime.block_on(async {
        let mut client = client(&server).await;
        let first = LoanListRequest { overdue: true, limit: 100, ..Default::default() };
        let (page, warm) = asked(&mut client, &first).await;
        assert_eq!(page.loans.len(), 100);
        let next = LoanListRequest { after: page.next, ..first.clone() };
        let (_, second) = asked(&mut client, &next).await;
        // What is overdue is all at the first of the schools.
        let school = |at: usize| LoanListRequest { school: SCHOOLS[at].to_owned(), ..first.clone() };
        let (page, by_school) = asked(&mut client, &school(0)).await;
        assert_eq!(page.loans.len(), 100);
        let (page, by_other) = asked(&mut client, &school(3)).await;
        assert!(page.loans.is_empty());
        let borrower = LoanListRequest { borrower: borrower(7), ..Default::default() };
        let (_, by_borrower) = asked(&mut client, &borrower).await;
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        vec![
            Row::less("loans: 200,000 written, with their indexes", filled.as_secs_f64(), "s"),
            Row::less("loans: the server opens that store", opened.as_secs_f64(), "s"),
            Row::less("loans: overdue, first page of 100, median", millis(warm.0), "ms").within(100.0, 50.0),
            Row::less("loans: overdue, first page of 100, slowest", millis(warm.1), "ms").within(250.0, 100.0),
            Row::less("loans: overdue, second page, median", millis(second.0), "ms").within(100.0, 50.0),
            Row::less("loans: overdue of one school, first page of 100, median", millis(by_school.0), "ms")
                .within(100.0, 50.0),
            Row::less("loans: overdue of a school that has none, median", millis(by_other.0), "ms").within(100.0, 10.0),
            Row::less("loans: one borrower's, median", millis(by_borrower.0), "ms").within(100.0, 10.0),
        ]
    });
    let _ = server.stop();
    Report { area: "loans", rows }
}

/// Asks the same several times: the answer, the median time, the slowest.
#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
async fn asked(
    client: &mut AdminClient<Channel>,
    request: &LoanListRequest,
) -> (LoanListResponse, (Duration, Duration)) {
    let (mut times, mut last) = (Vec::new(), None);
    for _ in 0..ASKED {
        let began = Instant::now();
        last = Some(client.loan_list(request.clone()).await.expect("an answer").into_inner());
        times.push(began.elapsed());
    }
    times.sort();
    (last.expect("asked above"), (times[times.len() / 2], times[times.len() - 1]))
}

/// Loans as they would stand after two years of lending, written past the acts: what is measured is reading.
#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
async fn fill(folder: &Path) -> Duration {
    let began = Instant::now();
    let (store, _) = Embedded::open(Config::new(folder)).expect("a store");
    let embedded = Arc::new(store);
    let store: SharedStore = Arc::<Embedded>::clone(&embedded);
    let territory: TerritoryId = "doubs".parse().expect("a territory");
    let now = Timestamp::from_unix_millis(jiff::Timestamp::now().as_millisecond());
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    for first in (0..LOANS_COUNT).step_by(AT_A_TIME) {
        let act = Act::new(now, Author::Rule("figures".to_owned()), "fill", "loans");
        let mut writes = Writes::by(&territory, &act).expect("an act");
        for n in first..first + AT_A_TIME {
            let away = i64::try_from(n % 300).expect("small");
            let days = if n % OVERDUE_ONE_IN == 0 { -1 - away % 60 } else { 1 + away };
            let due = today.checked_add(days.days()).expect("a day").to_string();
            let id =
                LoanId::new(now, std::array::from_fn(|at| u8::try_from(n >> (8 * (at % 4)) & 255).expect("a byte")));
            let (school, asset) = (SCHOOLS[n % SCHOOLS.len()], format!("TNE26-{n:06}"));
            let good = r#"{"screen":"good","keyboard":"good","case":"good","battery_wear":4}"#;
            let text = format!(
                r#"{{"id":"{id}","number":"{school}-2026-{n:06}","state":"active","school":"{school}","kind":"pupil",
                "borrower":"{}","minor":true,"measure":"pupil-loan","start_on":"2026-09-05","due_on":"{due}",
                "template":"fr-1","accessories":[{{"number":"CH-{n}","kind":"charger","state":"out"}}],
                "signatures":[{{"by":"guardian1","mode":"paper","on":"2026-09-05"}}],
                "lines":[{{"asset":"{asset}","from":1788000000000,"out":{good}}}],"created":1788000000000,"changed":1788000000000}}"#,
                borrower(n)
            );
            let loan: Loan = serde_json::from_str(&text).expect("a loan");
            writes = writes.put(&LOANS, id.to_string(), &loan, Expect::Any).expect("a loan");
            for (table, key) in loan_indexes(&loan) {
                writes = writes.put(table, key, &id, Expect::Any).expect("an index");
            }
        }
        writes.commit(&store).await.expect("durable");
    }
    drop(store);
    embedded.close().await.expect("it closes");
    began.elapsed()
}

fn borrower(n: usize) -> String {
    format!("{:032x}", n / 2)
}

async fn client(server: &ServerProcess) -> AdminClient<Channel> {
    let read = |file: &str| std::fs::read_to_string(server.data.join("operator").join(file)).expect("a file");
    let chain = chain_of_pem(&read("operator.pem")).expect("a chain");
    let root = chain.last().expect("a root").clone();
    let time = tls::system_time();
    let config = tls::client(&root, chain, &read("operator.key"), time).expect("a configuration");
    let channel = connect(server.port, config).await.expect("a connection");
    AdminClient::new(channel).max_decoding_message_size(8 * 1024 * 1024)
}
