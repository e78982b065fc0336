//! A fleet of test devices that call the real server as fast as it answers.

use model::digest::Digest;
use model::section::{SectionKind, Sections, sections_root};
use model::time::Timestamp;
use model::token::Token;
use std::sync::Arc;
use tests::caller::{Attempt, TestDevice};
use tests::process::ServerProcess;
use tonic::transport::Channel;
use wire::convert::section_parts;
use wire::v1::device_client::DeviceClient;
use wire::v1::{CheckInRequest, CheckInResponse, Generation};

/// A device that keeps what it was told.
pub(crate) struct Member {
    /// Keys and certificate.
    pub(crate) device: TestDevice,
    generation: Option<Generation>,
    plan: Vec<u8>,
    sections: Sections,
    sequence: u64,
}

/// Enrols so many devices with kit tokens and lets each say hello once.
pub(crate) async fn enrol(server: &ServerProcess, count: usize) -> Vec<Member> {
    let mut members = Vec::new();
    let mut token: Option<Token> = None;
    for n in 0..count {
        if n % 40 == 0 {
            token = Some(server.token(&["--kind", "kit", "--uses", "40"]).parse().expect("a token"));
        }
        let attempt = Attempt::new(token.as_ref().expect("made above"), &format!("FIG-{n}"));
        let device = attempt.enrol(server.port, &server.data).await.expect("it joins");
        let mut member = Member { device, generation: None, plan: Vec::new(), sections: Sections::new(), sequence: 0 };
        let mut client = member.connect(server.port).await;
        member.check_in(&mut client, Vec::new()).await;
        members.push(member);
    }
    members
}

impl Member {
    /// A connection with a full handshake.
    pub(crate) async fn connect(&self, port: u16) -> DeviceClient<Channel> {
        DeviceClient::new(self.device.connect(port).await.expect("a connection"))
    }

    /// A check-in; with a section's bytes, a report.
    pub(crate) async fn check_in(&mut self, client: &mut DeviceClient<Channel>, section: Vec<u8>) -> CheckInResponse {
        let report = !section.is_empty();
        let mut parts = Vec::new();
        if report {
            self.sections.insert(SectionKind::Packages, Digest::of(&section));
            self.sequence += 1;
            parts = section_parts(SectionKind::Packages, &section, Timestamp::default());
        }
        let request = CheckInRequest {
            boot: vec![1; 16],
            sequence: self.sequence,
            generation: self.generation,
            plan: self.plan.clone(),
            sections_root: sections_root(&self.sections).as_bytes().to_vec(),
            parts,
            agent_version: "0.0.0".to_owned(),
            report,
            ..CheckInRequest::default()
        };
        let answer = client.check_in(request).await.expect("an answer").into_inner();
        if let Some(head) = &answer.head {
            let head: wire::v1::Head = prost::Message::decode(head.payload.clone()).expect("a head");
            self.generation = head.generation;
            self.plan = head.plan;
        }
        answer
    }
}

/// Lets each member of a fleet do something over and over at the same time, until all have done it so often.
pub(crate) async fn all<F, Fut>(members: Vec<Member>, act: F) -> Vec<Member>
where
    F: Fn(Member) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Member> + Send + 'static,
{
    let act = Arc::new(act);
    let mut tasks = tokio::task::JoinSet::new();
    for member in members {
        let act = Arc::clone(&act);
        tasks.spawn(async move { act(member).await });
    }
    tasks.join_all().await
}
